package line

import (
	"bytes"
	"fmt"
	"strconv"

	"wiretape/wire/proto"
)

// readClient reads as far as the client's octets can be understood before the
// server says more.
func (p *Parser) readClient(s *side) {
	for s.buf.Len() > 0 {
		switch {
		case p.opaque:
			p.rawBytes(s, s.buf.Len(), nil)
		case p.content != nil:
			if !p.readContent(s) {
				return
			}
		case p.hold != 0:
			// RFC 2920, section 3.1: DATA and AUTH come last in a group. Who
			// sends more all the same leaves it to the reply what that is.
			if s.buf.Len() <= p.limits.Head {
				return
			}
			p.giveUpHold(s)
		case s.raw:
			p.rawLine(s, nil)
		case p.agreed && s.buf.Peek()[0] == 0x16:
			p.beginOpaque(s)
		default:
			line, eol, ok, long := s.buf.Line(p.limits.Line)
			switch {
			case ok:
				p.clientLine(s, line, eol)
			case long:
				p.rawLine(s, &proto.Note{Offset: s.buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.limits.Line)})
			default:
				return
			}
		}
	}
}

// giveUpHold reads on without the reply that was waited for. What follows DATA is
// most likely content.
func (p *Parser) giveUpHold(s *side) {
	data := p.hold != 0 && p.verb == "DATA" && s.buf.Len() > 0
	p.hold = 0
	if data {
		p.beginContent(354)
		p.content.note(s.buf.Start(), "content sent before the server asked for it", p.rule("RFC 2920 3.1", ""))
	}
}

// beginOpaque reads both directions as raw from here on: TLS follows that the
// recording has not decrypted.
func (p *Parser) beginOpaque(s *side) {
	p.opaque = true
	p.rawBytes(s, s.buf.Len(), &proto.Note{Offset: s.buf.Offset(), Text: "a TLS handshake, not decrypted"})
}

// clientLine takes a whole line, the held octets of the side.
func (p *Parser) clientLine(s *side, line []byte, eol proto.EOL) {
	text := withoutTelnet(line)
	if len(text) > 0 && (text[0] < ' ' || text[0] >= 0x7f) && p.after == 0 {
		p.rawBytes(s, 0, &proto.Note{Offset: s.buf.Start(), Text: "line does not begin with a command"})
		return
	}
	if p.after != 0 {
		p.answerLine(s, line, eol)
		return
	}
	c := &Command{}
	head := bytes.Clone(s.buf.Held())
	skip := len(line) - len(text)
	text = head[skip:len(line):len(line)]
	verb := text
	if before, after, ok := bytes.Cut(text, []byte{' '}); ok {
		verb, c.Args = before, after
	}
	c.Verb = upper(verb)

	m := p.message(s, proto.KindCommand)
	m.Head, m.Value = head, c
	m.Leaves = []proto.Leaf{{Span: m.Span, Name: "command-line"}}
	m.Complete, m.EndedBy = true, "line end"
	if p.tls != 0 || p.agreed {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "sent in plain text after " + p.tlsVerb() + " and before TLS began: a server that keeps it runs it inside TLS", Rule: p.rule("RFC 3207 4.2", "")})
	}
	// RFC 5321, section 4.5.3.1.4; RFC 4954, section 4, allows AUTH more.
	if p.name == nameSMTP && len(line)+2 > 512 && c.Verb != "AUTH" {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "command line longer than 512 octets", Rule: "RFC 5321 4.5.3.1.4"})
	}
	if eol == proto.EOLLF {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.To - 1, Text: "command ends in bare LF", Rule: p.rule("RFC 5321 2.3.8", "RFC 959 5.3")})
	}
	p.agreed = false
	p.asked++
	m.Exchange = p.asked
	p.emit(s, m)
	p.command(c)
}

// command takes note of what a command changes.
func (p *Parser) command(c *Command) {
	p.lmtp.command(c.Verb, p.asked)
	args := string(bytes.ToUpper(bytes.TrimSpace(c.Args)))
	switch {
	case c.Verb == "STARTTLS",
		p.name == nameFTP && c.Verb == "AUTH" && (args == "TLS" || args == "TLS-C" || args == "SSL"):
		if p.tls == 0 {
			p.tls = p.asked
		}
	case p.name == nameFTP:
	case c.Verb == "DATA", c.Verb == "AUTH", p.name != nameSMTP && (c.Verb == "POST" || c.Verb == "IHAVE"):
		p.hold, p.verb = p.asked, c.Verb
	case c.Verb == "BDAT":
		// RFC 3030, section 2: so many octets follow without being asked for,
		// and one reply answers both.
		size, _, _ := bytes.Cut(bytes.TrimSpace(c.Args), []byte(" "))
		if n, err := strconv.ParseInt(string(size), 10, 64); err == nil && n > 0 {
			p.content = &content{exchange: p.asked, left: n, counted: true}
		}
	}
}

// tlsVerb names the command that asked for TLS.
func (p *Parser) tlsVerb() string {
	if p.name == nameFTP {
		return "AUTH TLS"
	}
	return "STARTTLS"
}

// answerLine takes the line that a reply asked for.
func (p *Parser) answerLine(s *side, line []byte, eol proto.EOL) {
	m := p.message(s, proto.KindContent)
	n := int64(len(line))
	m.Body = proto.Body{Data: bytes.Clone(line), Size: n}
	m.Value = &Content{After: p.after}
	m.Leaves = []proto.Leaf{
		{Span: proto.Span{From: m.Span.From, To: m.Span.From + n}, Name: "content"},
		{Span: proto.Span{From: m.Span.From + n, To: m.Span.To}, Name: "line-end"},
	}
	if n == 0 {
		m.Leaves = m.Leaves[1:]
	}
	if eol == proto.EOLLF {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.To - 1, Text: "line ends in bare LF", Rule: p.rule("RFC 5321 2.3.8", "")})
	}
	m.Complete, m.EndedBy = true, "line end"
	p.asked++
	m.Exchange = p.asked
	p.hold, p.verb, p.after = p.asked, "AUTH", 0
	p.emit(s, m)
}

// flushClient ends what the client has in progress, because of why.
func (p *Parser) flushClient(s *side, why string) {
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
