package line

import (
	"bytes"

	"wiretape/wire/proto"
)

// A Text reads what a server sends up to a line of one dot: a message of POP3, an
// article or a list of NNTP. It undoes the doubling of dots (RFC 3977, section
// 3.1.1; RFC 1939, section 3). A server that means the end ends it so, whatever
// line ends it has.
type Text struct {
	core *Core
	m    proto.Message
	rule string
	end  int64  // offset behind the octets of the text
	held []byte // the line in progress, while it may become that of one dot
	mid  bool   // in the middle of a line
	last byte   // of the octets so far
}

// NewText returns a Text that goes on behind m, which has the octets held in the
// buffer of s. Rule is the section that notes cite.
func NewText(c *Core, s *Side, m proto.Message, rule string) *Text {
	c.Release(s)
	return &Text{core: c, m: m, rule: rule, end: m.Span.To}
}

// Read reads as far as the octets of s go, and reports whether the text ended.
func (t *Text) Read(s *Side) (done bool) {
	for s.Buf.Len() > 0 && !done {
		part := s.Buf.Peek()
		if i := bytes.IndexByte(part, '\n'); i >= 0 {
			part = part[:i+1]
		}
		done = t.part(s.Buf.Next(len(part)))
		t.core.Release(s)
	}
	return done
}

// part takes a line, or a part of one without its end.
func (t *Text) part(part []byte) (done bool) {
	if t.mid {
		t.add(part)
		return false
	}
	switch maybe := string(t.held) + string(part[:min(len(part), 4)]); maybe {
	case ".\r\n", ".\n":
		if maybe == ".\n" {
			t.note(t.end, "text is ended by a dot and a bare LF")
		}
		t.held = append(t.held, part...)
		return true
	case ".", ".\r":
		t.held = append(t.held, part...)
		return false
	}
	part = append(t.held, part...)
	t.held = nil
	if part[0] == '.' {
		if len(part) > 1 && part[1] != '.' {
			t.note(t.end, "line of text begins with a dot that is not doubled")
		}
		t.end++
		part = part[1:]
	}
	t.mid = true
	t.add(part)
	return false
}

// add adds octets to the body; a line end is the last of them, if any.
func (t *Text) add(part []byte) {
	if len(part) == 0 {
		return
	}
	t.m.Body.Keep(part, t.core.Limits.Body)
	t.end += int64(len(part))
	if n := len(part); part[n-1] == '\n' {
		if n > 1 {
			t.last = part[n-2]
		}
		if t.last != '\r' {
			t.note(t.end-1, "line of text ends in bare LF")
		}
		t.mid = false
	}
	t.last = part[len(part)-1]
}

func (t *Text) note(offset int64, text string) {
	t.m.Notes = proto.AddNote(t.m.Notes, proto.Note{Offset: offset, Text: text, Rule: t.rule})
}

// Message returns the Message: whole once Read has said so, and else as far as it
// came.
func (t *Text) Message() proto.Message {
	m := t.m
	whole := len(t.held) > 0 && t.held[len(t.held)-1] == '\n'
	if !whole && len(t.held) > 0 {
		m.Body.Keep(t.held, t.core.Limits.Body)
		t.end += int64(len(t.held))
		t.held = nil
	}
	m.Complete = whole
	m.Tile(proto.LeafText, t.end)
	m.Span.To = t.end + int64(len(t.held))
	if whole {
		m.Tile(proto.LeafEndMark, m.Span.To)
		m.EndedBy = "line of one dot"
	}
	return m
}

// Partial returns the Message in progress, for [proto.State].
func (t *Text) Partial() *proto.Message {
	m := t.m
	m.Span.To, m.Last = t.end+int64(len(t.held)), t.core.duplex.Now
	return &m
}
