package imap

import (
	"fmt"

	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// A literal is one of the client's, in progress.
type literal struct {
	of   *command
	size int64
	m    proto.Message
	got  bool // an octet came
}

// beginLiteral has the client's next octets read as the literal that a command
// announced.
func (p *Parser) beginLiteral(c *command) {
	p.literal = &literal{of: c, size: c.literal}
	p.rest = c
}

// message returns the literal as far as it came.
func (l *literal) message(p *Parser) proto.Message {
	s := &p.core.Sides[0]
	m := l.m
	if !l.got {
		m = p.core.Message(s, proto.KindContent)
		m.Value = &line.Content{Size: l.size}
	}
	m.Exchange = l.of.exchange
	m.Span.To = s.Buf.Start()
	return m
}

// readLiteral reads what there is of a literal, and reports whether it is whole.
func (p *Parser) readLiteral(s *line.Side) (done bool) {
	l := p.literal
	if s.Buf.Len() > 0 && !l.got {
		l.m = l.message(p)
		l.got = true
	}
	n := int(min(l.size-l.m.Body.Size, int64(s.Buf.Len())))
	l.m.Body.Keep(s.Buf.Next(n), p.core.Limits.Body)
	p.core.Release(s)
	if l.m.Body.Size < l.size {
		return false
	}
	p.literal = nil
	if l.size > 0 {
		p.give(s, l, true, fmt.Sprintf("literal %d reached", l.size))
	}
	return true
}

// cutLiteral gives the literal in progress as far as it came, because of why.
func (p *Parser) cutLiteral(s *line.Side, why string) {
	l := p.literal
	p.literal = nil
	if l != nil && l.got && l.m.Body.Size > 0 {
		p.give(s, l, false, why)
	}
}

func (p *Parser) give(s *line.Side, l *literal, complete bool, why string) {
	m := l.message(p)
	m.Complete, m.EndedBy = complete, why
	m.Tile(proto.LeafLiteral, m.Span.To)
	p.core.Emit(s, m)
}
