package line

import (
	"bytes"
	"fmt"
	"strconv"

	"wiretape/wire/proto"
)

// readClient reads as far as the client's octets can be understood before the
// server says more.
func (p *Parser) readClient(s *Side) {
	for s.Buf.Len() > 0 {
		switch {
		case !p.core.Opaque && p.content != nil:
			if !p.readContent(s) {
				return
			}
		case !p.core.Opaque && p.hold != 0:
			// RFC 2920, section 3.1: DATA and AUTH come last in a group. Who
			// sends more all the same leaves it to the reply what that is.
			if s.Buf.Len() <= p.core.Limits.Head {
				return
			}
			p.giveUpHold(s)
		case !p.core.Lines(s, true):
			return
		default:
			line, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
			switch {
			case ok:
				p.clientLine(s, line, eol)
			case long:
				p.core.RawLine(s, &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.core.Limits.Line)})
			default:
				return
			}
		}
	}
}

// giveUpHold reads on without the reply that was waited for. What follows DATA is
// most likely content.
func (p *Parser) giveUpHold(s *Side) {
	data := p.hold != 0 && p.verb == "DATA" && s.Buf.Len() > 0
	p.hold = 0
	if data {
		p.beginContent(354)
		p.content.note(s.Buf.Start(), "content sent before the server asked for it", p.aheadRule)
	}
}

// clientLine takes a whole line, the held octets of the side.
func (p *Parser) clientLine(s *Side, line []byte, eol proto.EOL) {
	text := withoutTelnet(line)
	if len(text) > 0 && (text[0] < ' ' || text[0] >= 0x7f) && p.after == 0 {
		p.core.RawBytes(s, 0, &proto.Note{Offset: s.Buf.Start(), Text: "line does not begin with a command"})
		return
	}
	if p.after != 0 {
		p.answerLine(s, line, eol)
		return
	}
	head := bytes.Clone(s.Buf.Held())
	c := NewCommand(head[len(line)-len(text) : len(line) : len(line)])

	m := p.core.Message(s, proto.KindCommand)
	m.Head, m.Value = head, c
	m.Tile(proto.LeafCommandLine, m.Span.To)
	m.Complete, m.EndedBy = true, "line end"
	if n := p.core.AfterTLS(s, p.tlsRule); n != nil {
		m.Notes = append(m.Notes, *n)
	}
	// RFC 4954, section 4, and RFC 4643, section 2.4, allow more to who logs in.
	if p.commandMost > 0 && len(line)+2 > p.commandMost && c.Verb != p.answerVerb {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: fmt.Sprintf("command line longer than %d octets", p.commandMost), Rule: p.commandMostRule})
	}
	if eol == proto.EOLLF {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.To - 1, Text: "command ends in bare LF", Rule: p.commandEnd})
	}
	p.asked++
	m.Exchange = p.asked
	p.core.Emit(s, m)
	p.command(c)
}

// command takes note of what a command changes.
func (p *Parser) command(c *Command) {
	p.lmtp.command(c.Verb, p.asked)
	args := string(bytes.ToUpper(bytes.TrimSpace(c.Args)))
	if name, ok := p.asksTLS(c.Verb, args); ok {
		p.core.AskTLS(p.asked, name)
		return
	}
	switch {
	case c.Verb == "":
	case c.Verb == p.textVerb && len(p.lists) < maxLists:
		p.lists = append(p.lists, p.asked)
	case p.isHeld(c.Verb, args):
		p.hold, p.verb = p.asked, c.Verb
	case c.Verb == p.counted:
		// RFC 3030, section 2: so many octets follow without being asked for,
		// and one reply answers both.
		size, _, _ := bytes.Cut(bytes.TrimSpace(c.Args), []byte(" "))
		if n, err := strconv.ParseInt(string(size), 10, 64); err == nil && n > 0 {
			p.content = &content{exchange: p.asked, left: n, size: n, counted: true}
		}
	}
}

// maxLists bounds the commands without a reply that are followed for the sake of
// what the reply is.
const maxLists = 4096

// answerLine takes the line that a reply asked for.
func (p *Parser) answerLine(s *Side, line []byte, eol proto.EOL) {
	m := Answer(&p.core, s, line, eol, p.answerRule)
	m.Value = &Content{After: p.after, Answer: true}
	p.asked++
	m.Exchange = p.asked
	p.hold, p.after = p.asked, 0 // for p.verb still
	p.core.Emit(s, m)
}

// Answer returns the Message of a line that answers a challenge: the held octets
// of a side, without its exchange. Rule is cited where the line ends in a bare LF.
func Answer(c *Core, s *Side, line []byte, eol proto.EOL, rule string) proto.Message {
	m := c.Message(s, proto.KindContent)
	m.Body.Keep(line, c.Limits.Body)
	m.Value = &Content{Answer: true}
	m.Tile(proto.LeafContent, m.Span.From+int64(len(line)))
	m.Tile(proto.LeafLineEnd, m.Span.To)
	if eol == proto.EOLLF {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.To - 1, Text: "line ends in bare LF", Rule: rule})
	}
	m.Complete, m.EndedBy = true, "line end"
	return m
}

// flushClient ends what the client has in progress, because of why.
func (p *Parser) flushClient(s *Side, why string) {
	p.giveUpHold(s)
	p.after = 0
	p.readClient(s)
	c := p.content
	if c == nil {
		return
	}
	if c.doubtful {
		p.finishContent("line of one dot")
		return
	}
	p.cutContent(why)
}

// withoutTelnet returns line without the Telnet commands that it begins with: an
// FTP client puts IAC IP IAC DM before ABOR (RFC 959, section 4.1.3).
func withoutTelnet(line []byte) []byte {
	for len(line) >= 2 && line[0] == 0xff && line[1] >= 0xf0 && line[1] != 0xff {
		line = line[2:]
	}
	return line
}

// upper returns b with its ASCII letters in upper case. Unlike bytes.ToUpper it
// leaves octets alone that are not UTF-8.
func upper(b []byte) string {
	out := bytes.Clone(b)
	for i, c := range out {
		if 'a' <= c && c <= 'z' {
			out[i] = c - 'a' + 'A'
		}
	}
	return string(out)
}
