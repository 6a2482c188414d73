package pop3

import (
	"bytes"
	"fmt"

	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// maxCommand is the longest command, octets with the CRLF (RFC 2449, section 4).
const maxCommand = 255

// readClient reads as far as the client's octets can be understood before the
// server says more.
func (p *Parser) readClient(s *line.Side) {
	for s.Buf.Len() > 0 {
		if p.hold && !p.core.Opaque {
			if s.Buf.Len() <= p.core.Limits.Head {
				return
			}
			p.hold = false
		}
		if !p.core.Lines(s, true) {
			return
		}
		text, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
		switch {
		case ok && p.after:
			p.answer(s, text, eol)
		case ok:
			p.command(s, text, eol)
		case long:
			p.core.RawLine(s, &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.core.Limits.Line)})
		default:
			return
		}
	}
}

// command takes a line, the held octets of the side.
func (p *Parser) command(s *line.Side, text []byte, eol proto.EOL) {
	if len(text) > 0 && (text[0] < ' ' || text[0] >= 0x7f) {
		p.core.RawBytes(s, 0, &proto.Note{Offset: s.Buf.Start(), Text: "line does not begin with a command"})
		return
	}
	m := p.core.Message(s, proto.KindCommand)
	m.Head = bytes.Clone(s.Buf.Held())
	c := line.NewCommand(m.Head[:len(text):len(text)])
	m.Value = c
	m.Tile(proto.LeafCommandLine, m.Span.To)
	m.Complete, m.EndedBy = true, "line end"
	if n := p.core.AfterTLS(s, "RFC 2595 4"); n != nil {
		m.Notes = append(m.Notes, *n)
	}
	if len(text)+2 > maxCommand && c.Verb != "AUTH" {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "command line longer than 255 octets", Rule: "RFC 2449 4"})
	}
	if eol == proto.EOLLF {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.To - 1, Text: "command ends in bare LF", Rule: "RFC 1939 3"})
	}
	k := kindOf(c)
	m.Exchange = p.ask(k)
	p.hold = k == auths
	if c.Verb == "STLS" {
		p.core.AskTLS(m.Exchange, c.Verb)
	}
	p.core.Emit(s, m)
}

// ask begins an exchange and returns it.
func (p *Parser) ask(k kind) int {
	if len(p.queue) == p.asked-p.answered && len(p.queue) < maxQueue {
		p.queue = append(p.queue, k)
	}
	p.asked++
	return p.asked
}

// kindOf returns what the reply to a command is like. RFC 1939, section 5: RETR
// and TOP have text, and the lists where no message is named; RFC 2449, section 5:
// CAPA. AUTH alone lists mechanisms in practice.
func kindOf(c *line.Command) kind {
	named := len(bytes.TrimSpace(c.Args)) > 0
	switch c.Verb {
	case "CAPA", "RETR", "TOP":
		return texts
	case "LIST", "UIDL":
		if !named {
			return texts
		}
	case "AUTH":
		if !named {
			return texts
		}
		return auths
	}
	return plain
}

// answer takes the line that answers a challenge.
func (p *Parser) answer(s *line.Side, text []byte, eol proto.EOL) {
	m := line.Answer(&p.core, s, text, eol, "RFC 1939 3")
	p.after = false
	m.Exchange = p.ask(auths)
	p.hold = true
	p.core.Emit(s, m)
}
