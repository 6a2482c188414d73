package http1

import (
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

// waits reports whether the client's octets, which are no HTTP, stand behind a
// request that may end HTTP: the answer tells what they are. RFC 9110, section
// 7.8, has the client wait for it, but not all do.
func (s *side) waits() bool {
	due := s.p.due
	s.waiting = s.dir == wire.ClientToServer && len(due) > 0 && due[len(due)-1].leaves && s.buf.Len() <= s.p.limits.Head
	return s.waiting
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
	s.stop(proto.Ending(wire.KindData))
	if s.state == stateRaw {
		if s.raw.spent {
			s.p.answered()
		}
		s.reset()
	}
}

// stop has raw Messages end here, whether or not the octets that wait are known
// to be raw yet.
func (s *side) stop(why string) {
	s.p.out = s.p.runs.Stop(s.p.out, s.dir, s.buf.Start(), s.buf.End(), why)
}

// takeRaw makes all octets of the buffer raw. Those that came with an upgrade
// stay until the next call, for Rest.
func (s *side) takeRaw() {
	if s.p.fresh || s.buf.Len() == 0 {
		return
	}
	like := s.rawMessage()
	s.raw.note = proto.Note{}
	s.p.out = s.p.runs.Add(s.p.out, like, s.p.now, s.buf.Start(), s.buf.Next(s.buf.Len()))
	s.buf.Release()
	s.first = s.p.now
}

// endRaw gives the raw octets that wait, and the raw Message in progress.
func (s *side) endRaw(why string) {
	s.takeRaw()
	s.p.out = s.p.runs.End(s.p.out, s.dir, why)
}

// rawMessage returns a raw Message that begins with the first octet of the
// buffer, without octets.
func (s *side) rawMessage() proto.Message {
	m := proto.Message{
		Conn:     s.p.conn,
		Exchange: s.raw.exchange,
		Proto:    protoName,
		Kind:     proto.KindRaw,
		Dir:      s.dir,
		First:    s.first,
		Secure:   s.p.secure,
	}
	if s.raw.note.Text != "" {
		m.Notes = []proto.Note{s.raw.note}
	}
	return m
}
