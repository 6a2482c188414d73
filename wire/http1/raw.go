package http1

import (
	"bytes"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A rawRun is what the raw octets from here to the next turn have in common.
type rawRun struct {
	exchange int
	note     proto.Note // on the first Message of the run; no Text when there is none
	spent    bool       // they stand in place of the reply to the exchange due first
}

// toRaw gives up on the octets that no Message carried: they and what follows
// are raw up to the next turn.
func (s *side) toRaw(text, rule string) bool {
	s.buf.Rewind()
	first := s.first
	s.reset()
	s.first = first
	s.state = stateRaw
	s.raw.note = proto.Note{Offset: s.buf.Start(), Text: text, Rule: rule}
	if s.dir == wire.ServerToClient && len(s.p.due) > 0 {
		s.raw.spent, s.raw.exchange = true, s.p.due[0].n
	}
	return true
}

// tunnel makes all that follows raw, and what is pending too.
func (s *side) tunnel() {
	switch s.state {
	case stateStart, stateHead:
		s.toRaw("", "")
	case stateRaw:
	default:
		s.cut("upgrade before its end")
	}
	s.raw = rawRun{}
	s.state = stateTunnel
}

// turn notes that the other direction speaks.
func (s *side) turn() {
	end := s.buf.End()
	s.prune()
	if end > s.buf.Start() && (len(s.turns) == 0 || s.turns[len(s.turns)-1].at < end) {
		s.turns = append(s.turns, turn{at: end})
	}
	switch s.state {
	case stateTunnel:
		s.flush(true)
	case stateRaw:
		s.flush(true)
		if s.raw.spent {
			s.p.answered()
		}
		s.reset()
	}
}

// flush gives the raw octets as Messages, cut at multiples of proto.RawRun and
// at turns. The last piece stays unless all are wanted.
func (s *side) flush(all bool) {
	if s.p.fresh {
		return
	}
	for s.buf.Len() > 0 {
		from := s.buf.Start()
		to := (from/proto.RawRun + 1) * proto.RawRun
		next := time.Duration(-1)
		whole := to <= s.buf.End()
		if len(s.turns) > 0 && s.turns[0].at <= to {
			to, whole = s.turns[0].at, true
			next = s.turns[0].first
			s.turns = s.turns[:copy(s.turns, s.turns[1:])]
		}
		if !whole && !all {
			return
		}
		to = min(to, s.buf.End())
		if to > from {
			s.emitRaw(from, to)
		}
		s.first = s.p.now
		if next >= 0 {
			s.first = next
		}
	}
	s.turns = s.turns[:0]
}

// emitRaw gives the octets from from, the first of the buffer, to to.
func (s *side) emitRaw(from, to int64) {
	m := s.rawMessage(from, to)
	m.Body.Data = bytes.Clone(m.Body.Data)
	m.Complete = true
	s.raw.note = proto.Note{}
	s.buf.Next(int(to - from))
	s.buf.Release()
	s.p.out = append(s.p.out, m)
}

// rawMessage returns a raw Message over octets of the buffer.
func (s *side) rawMessage(from, to int64) proto.Message {
	m := proto.Message{
		Conn:     s.p.conn,
		Exchange: s.raw.exchange,
		Kind:     proto.KindRaw,
		Dir:      s.dir,
		Body:     proto.Body{Data: s.buf.All()[:to-from], Size: to - from},
		Leaves:   []proto.Leaf{{Span: proto.Span{From: from, To: to}, Name: "raw"}},
		Span:     proto.Span{From: from, To: to},
		First:    s.first,
		Last:     s.p.now,
		Secure:   s.p.secure,
	}
	if s.raw.note.Text != "" {
		m.Notes = []proto.Note{s.raw.note}
	}
	return m
}
