package resp

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// name is what Messages bear.
const name = "redis"

// What a Message holds at most. What is beyond is counted and not kept.
const (
	maxDepth  = 128     // aggregates within each other; more is not read
	maxValues = 1 << 14 // values of one Message
	maxLeaves = 1 << 12 // of one Message; the last is for all the rest
)

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	limits proto.Limits
	sides  [2]side
	runs   proto.Runs
	now    time.Duration
	conn   int
	secure bool
	out    []proto.Message

	exchanges
	partial [2]proto.Message
}

// A side is one direction.
type side struct {
	dir   wire.Dir
	buf   proto.Buffer  // what is not read yet; only a line is waited for
	first time.Duration // At of its first octet
	raw   bool          // up to the next line end
	building
}

// New returns a parser of one connection.
func New(limits proto.Limits) *Parser {
	p := &Parser{limits: limits.WithDefaults()}
	p.runs.Limits = p.limits
	p.sides[0].dir, p.sides[1].dir = wire.ClientToServer, wire.ServerToClient
	p.mode.Version = 2
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message {
	p.out = p.out[:0]
	p.now, p.conn = e.At, e.Conn
	s := &p.sides[proto.Side(e.Dir)]
	p.out = p.runs.Turn(p.out, e, p.sides[0].buf.Span(), p.sides[1].buf.Span())
	switch e.Kind {
	case wire.KindData:
		if len(e.Data) > 0 {
			if s.buf.Start() == s.buf.End() {
				s.first = p.now
			}
			s.buf.Push(e.Data)
			p.read(s)
			s.buf.Keep()
		}
	case wire.KindGap:
		if e.Size = proto.GapSize(e, s.buf.End()); e.Size > 0 {
			p.flush(s, proto.Ending(e.Kind))
			p.out = append(p.out, proto.Gap(e, name, s.buf.End(), p.secure))
			s.buf.Gap(e.Size)
		}
	case wire.KindEOF:
		p.flush(s, proto.Ending(e.Kind))
	case wire.KindReset, wire.KindClose:
		p.flushAll(proto.Ending(e.Kind))
	case wire.KindSecure:
		p.flushAll(proto.Ending(e.Kind))
		p.secure = true
	}
	return p.out
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message {
	p.out = p.out[:0]
	p.flushAll("end of recording")
	return p.out
}

func (p *Parser) flushAll(why string) {
	p.flush(&p.sides[0], why)
	p.flush(&p.sides[1], why)
}

// flush ends what is in progress on a side, because of why.
func (p *Parser) flush(s *side, why string) {
	p.cut(s, why)
	if n := s.buf.Len(); n > 0 {
		p.rawBytes(s, n, &proto.Note{Offset: s.buf.Offset(), Text: "line is not complete"})
	}
	p.out = p.runs.End(p.out, s.dir, why)
	s.raw = false
}

// rawBytes adds n octets behind the held ones to the raw run of a side, the held
// ones first.
func (p *Parser) rawBytes(s *side, n int, note *proto.Note) {
	s.buf.Next(n)
	like := proto.Message{Conn: p.conn, Proto: name, Dir: s.dir, Secure: p.secure}
	if note != nil && p.runs.Partial(s.dir) == nil {
		like.Notes = []proto.Note{*note}
	}
	p.out = p.runs.Add(p.out, like, p.now, s.buf.Start(), s.buf.Held())
	s.buf.Release()
	s.first = p.now
}

// rawLine adds octets up to and with the next line end to the raw run.
func (p *Parser) rawLine(s *side, note *proto.Note) {
	b := s.buf.Peek()
	n := len(b)
	s.raw = true
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		n, s.raw = i+1, false
	}
	p.rawBytes(s, n, note)
}

// emit gives a Message, behind whatever raw octets came before it.
func (p *Parser) emit(s *side, m proto.Message) {
	p.out = p.runs.End(p.out, s.dir, "a value followed")
	slices.SortStableFunc(m.Notes, func(a, b proto.Note) int { return cmp.Compare(a.Offset, b.Offset) })
	p.out = append(p.out, m)
}

// State implements [proto.Parser]. A Partial has neither Value nor octets.
func (p *Parser) State() proto.State {
	st := proto.State{
		Due: p.due(), Settled: p.settled, EndedBy: p.ended,
		Want: -1, Framed: true,
		Partial: [2]*proto.Message{p.progress(0), p.progress(1)},
	}
	if b := &p.sides[1].building; b.open && b.inBulk {
		st.Got, st.Want = b.bulkSize-b.bulkLeft, b.bulkSize
	}
	return st
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	s := &p.sides[i]
	if !s.open && s.buf.Len() == 0 {
		return p.runs.Partial(s.dir)
	}
	m := &p.partial[i]
	*m = proto.Message{
		Conn: p.conn, Proto: name, Kind: proto.KindCommand, Dir: s.dir, Secure: p.secure,
		First: s.first, Last: p.now, Span: proto.Span{From: s.buf.Start(), To: s.buf.End()},
	}
	if s.open {
		m.First, m.Span.From = s.begun, s.from
	}
	if i == 1 {
		m.Kind = proto.KindReply
	}
	return m
}
