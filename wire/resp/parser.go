package resp

import (
	"bytes"

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
	core  proto.Duplex
	sides [2]side

	exchanges
	partial [2]proto.Message
}

// A side is one direction.
type side struct {
	*proto.Stream
	raw bool // up to the next line end
	building
}

// New returns a parser of one connection.
func New(limits proto.Limits) *Parser {
	p := &Parser{}
	p.core.Init(name, limits)
	for i := range p.sides {
		p.sides[i].Stream = &p.core.Sides[i]
	}
	p.mode.Version = 2
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message { return p.core.Feed((*duplex)(p), e) }

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message { return p.core.Close((*duplex)(p)) }

// A duplex is the Parser as its [proto.Duplex] sees it.
type duplex Parser

// Read implements [proto.Reader].
func (d *duplex) Read(side int) { (*Parser)(d).read(&d.sides[side]) }

// Gap implements [proto.Reader].
func (d *duplex) Gap(side int, size int64) bool { return false }

// Flush implements [proto.Reader].
func (d *duplex) Flush(side int, why string) { (*Parser)(d).flush(&d.sides[side], why) }

// Secured implements [proto.Reader].
func (d *duplex) Secured() {}

// flush ends what is in progress on a side, because of why.
func (p *Parser) flush(s *side, why string) {
	p.cut(s, why)
	if n := s.Buf.Len(); n > 0 {
		p.core.Raw(s.Stream, n, &proto.Note{Offset: s.Buf.Offset(), Text: "line is not complete"})
	}
	s.raw = false
}

// rawLine adds octets up to and with the next line end to the raw run.
func (p *Parser) rawLine(s *side, note *proto.Note) {
	b := s.Buf.Peek()
	n := len(b)
	s.raw = true
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		n, s.raw = i+1, false
	}
	p.core.Raw(s.Stream, n, note)
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
	if !s.open && s.Buf.Len() == 0 {
		return p.core.Runs.Partial(s.Dir)
	}
	m := &p.partial[i]
	*m = p.core.Message(s.Stream, proto.KindCommand)
	m.Span.To = s.Buf.End()
	if s.open {
		m.First, m.Span.From = s.begun, s.from
	}
	if i == 1 {
		m.Kind = proto.KindReply
	}
	return m
}
