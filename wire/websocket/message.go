package websocket

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// message is one in progress, of one frame or of several.
type message struct {
	m      proto.Message // what will be given, if joined
	value  *Message
	joined bool // it is more than its frame
	text   textCheck
	torn   bool // octets are missing, or it could not be inflated
}

// A deflate is what one direction's compression needs.
type deflate struct {
	on    bool
	fresh bool // each message is compressed by itself
	bits  int
	z     *inflater
	lost  bool // what later messages refer to is not known
}

func newDeflate(agreed *Handshake, d wire.Dir) deflate {
	switch {
	case agreed == nil:
		return deflate{on: true, bits: 15}
	case agreed.Deflate == nil:
		return deflate{}
	case d == wire.ClientToServer:
		return deflate{on: true, fresh: agreed.Deflate.ClientNoTakeover, bits: agreed.Deflate.ClientBits}
	}
	return deflate{on: true, fresh: agreed.Deflate.ServerNoTakeover, bits: agreed.Deflate.ServerBits}
}

// joinFrame finds the message that a data frame belongs to, and begins one if it
// is the first.
func (p *Parser) joinFrame(s *side, g *progress) {
	f := g.f
	switch f.Opcode {
	case Continuation:
		if s.msg == nil {
			g.note(0, "a continuation of no message", "RFC 6455 5.4")
			return
		}
		s.msg.value.Frames++
		f.Joined = true
		g.m.Exchange = s.msg.m.Exchange
	case Text, Binary:
		if s.msg != nil {
			g.note(0, fmt.Sprintf("a new message within a fragmented one: %s, not continuation", f.Opcode), "RFC 6455 5.4")
			p.endMessage(s, false, "a new message began")
		}
		g.m.Exchange = p.talk.begin(s.Dir)
		p.beginMessage(s, g)
	}
}

func (p *Parser) beginMessage(s *side, g *progress) {
	f := g.f
	v := &Message{Opcode: f.Opcode, Frames: 1, Compressed: f.RSV&RSV1 != 0 && s.deflate.on}
	c := &message{value: v, joined: !f.Fin || v.Compressed, m: g.m}
	c.m.Kind, c.m.Derived, c.m.Value, c.m.Head, c.m.Leaves, c.m.Notes = proto.KindMessage, true, v, nil, nil, nil
	c.text.off = f.Opcode != Text
	f.Joined = c.joined
	s.msg = c
	if !v.Compressed {
		return
	}
	d := &s.deflate
	if d.z == nil {
		d.z = new(inflater)
	}
	if d.lost && !d.fresh {
		c.torn = true
		c.note("not inflated: it refers to an earlier message that could not be read", "RFC 7692 7.2.3")
		return
	}
	d.lost = false
	d.z.begin(d.fresh, 1<<d.bits, func(b []byte) {
		c.m.Body.Keep(b, p.core.Limits.Body)
		if c.text.feed(b) >= 0 {
			c.note("the text is not UTF-8", "RFC 6455 8.1")
		}
	})
}

// take takes octets of the payload of a frame, which stand at an offset of the
// stream.
func (c *message) take(p *Parser, s *side, g *progress, b []byte, at int64) {
	c.value.Wire += int64(len(b))
	if c.value.Compressed {
		if c.torn {
			return
		}
		if err := s.deflate.z.feed(b); err != nil {
			c.damaged(&s.deflate, err)
		}
		return
	}
	if c.joined {
		c.m.Body.Keep(b, p.core.Limits.Body)
	}
	if i := c.text.feed(b); i >= 0 {
		g.m.Notes = proto.AddNote(g.m.Notes, proto.Note{Offset: at + int64(i), Text: "the text is not UTF-8", Rule: "RFC 6455 8.1"})
	}
}

// damaged notes that a message could not be inflated. What came before the damage
// stays in its body.
func (c *message) damaged(d *deflate, err error) {
	c.torn, d.lost = true, true
	c.note(err.Error(), "RFC 7692 7.2.2")
}

// tear says that octets are missing.
func (c *message) tear(d *deflate) {
	c.text.off = true
	if c.value.Compressed && !c.torn {
		d.lost = true
	}
	c.torn = true
}

// endMessage ends the message in progress, because of why, and gives it if it is
// more than its frame.
func (p *Parser) endMessage(s *side, whole bool, why string) {
	c := s.msg
	s.msg = nil
	if c.value.Compressed && !c.torn {
		var err error
		if whole {
			err = s.deflate.z.end()
		} else {
			s.deflate.lost = true
		}
		if err != nil {
			c.damaged(&s.deflate, err)
		}
		if s.deflate.z.faulty {
			c.note(fmt.Sprintf("a distance is longer than the window of %d octets that was agreed on", 1<<s.deflate.bits), "RFC 7692 7.1.2")
		}
		if whole && c.text.cut() {
			c.note("the text ends within a character", "RFC 6455 8.1")
		}
	}
	if whole {
		p.talk.message(s.Dir, c.m.Exchange)
	}
	if !c.joined {
		return
	}
	c.m.Complete, c.m.EndedBy, c.m.Last = whole && !c.torn, why, p.core.Now
	if whole {
		c.m.EndedBy = "FIN"
	}
	p.core.Emit(s.Stream, c.m, "a frame followed")
}

// note says what is wrong with the message as a whole.
func (c *message) note(text, rule string) {
	c.m.Notes = proto.AddNote(c.m.Notes, proto.Note{Offset: c.m.Span.From, Text: text, Rule: rule})
}
