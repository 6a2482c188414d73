package line

import (
	"wiretape/wire"
	"wiretape/wire/proto"
)

// State implements [proto.Parser]. Nothing is due before the first command: a
// server may greet or not. Content that has not ended, and the text that 334 or
// 354 asks for, is not for the server to answer. A Partial has no Value.
func (p *Parser) State() proto.State {
	s := proto.State{
		Due: p.asked - p.answered, Settled: p.settled, EndedBy: p.ended,
		Want: -1, Framed: !p.opaque,
		Partial: [2]*proto.Message{p.progress(0), p.progress(1)},
	}
	if c := p.content; c != nil && !c.doubtful && !c.answered {
		s.Due--
	}
	return s
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	s := &p.sides[i]
	m := &p.partial[i]
	if c := p.content; i == 0 && c != nil && c.begun {
		*m = c.m
		m.Span.To, m.Last = c.end()+int64(len(c.dot)), p.now
		return m
	}
	if s.buf.Start() == s.buf.End() {
		return p.runs.Partial(s.dir)
	}
	kind := proto.KindCommand
	if s.dir == wire.ServerToClient {
		kind = proto.KindReply
	}
	*m = p.message(s, kind)
	m.Span.To = s.buf.End()
	m.Head = s.buf.All()
	return m
}
