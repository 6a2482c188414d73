package line

import "wiretape/wire/proto"

// State implements [proto.Parser]. Nothing is due before the first command: a
// server may greet or not. Content that has not ended, and the text that 334 or
// 354 asks for, is not for the server to answer. A Partial of content has a
// [Content] as its Value, even before the first octet of one that BDAT announced;
// any other has none.
func (p *Parser) State() proto.State {
	s := proto.State{
		Due: p.asked - p.answered, Settled: p.settled, EndedBy: p.ended,
		Want: -1, Framed: !p.core.Opaque,
		Partial: [2]*proto.Message{p.progress(0), p.progress(1)},
	}
	if c := p.content; c != nil && !c.doubtful && !c.answered {
		s.Due--
	}
	return s
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	m := &p.partial[i]
	if c := p.content; i == 0 && c != nil && c.begun {
		*m = c.m
		m.Span.To, m.Last = c.end()+int64(len(c.dot)), p.core.duplex.Now
		return m
	}
	if c := p.content; i == 0 && c != nil && c.counted {
		// Nothing came yet of what was announced.
		*m = p.core.Message(&p.core.Sides[0], proto.KindContent)
		m.Value = &Content{Size: c.size}
		return m
	}
	if t := p.text; i == 1 && t != nil {
		*m = *t.Partial()
		return m
	}
	return p.core.Progress(i, m)
}
