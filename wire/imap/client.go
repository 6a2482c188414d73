package imap

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// readClient reads as far as the client's octets can be understood before the
// server says more.
func (p *Parser) readClient(s *line.Side) {
	for p.literal != nil || s.Buf.Len() > 0 {
		switch {
		case p.literal != nil:
			if !p.readLiteral(s) {
				return
			}
			continue
		case p.hold != nil && !p.core.Opaque:
			// RFC 9051, section 4.3: who does not wait for the word to go on leaves
			// it to the server what these octets are.
			if s.Buf.Len() <= p.core.Limits.Head {
				return
			}
			p.giveUpHold()
			continue
		case !p.core.Lines(s, p.rest == nil):
			return
		}
		text, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
		switch {
		case ok && p.after != nil:
			p.answer(s, text, eol)
		case ok:
			p.command(s, text, eol)
		case long:
			p.rest = nil
			p.core.RawLine(s, &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.core.Limits.Line)})
		default:
			return
		}
	}
}

// giveUpHold reads on without the reply that was waited for, as if it were the
// word to go on.
func (p *Parser) giveUpHold() {
	c := p.hold
	if c == nil {
		return
	}
	p.hold = nil
	if c.literal >= 0 {
		p.wait(c, false)
		p.beginLiteral(c)
	}
}

// command takes a line, the held octets of the side: a command, or the rest of
// one.
func (p *Parser) command(s *line.Side, text []byte, eol proto.EOL) {
	if p.rest == nil && len(text) > 0 && (text[0] < ' ' || text[0] >= 0x7f) {
		p.core.RawBytes(s, 0, &proto.Note{Offset: s.Buf.Start(), Text: "line does not begin with a tag"})
		return
	}
	m := p.core.Message(s, proto.KindCommand)
	m.Head = bytes.Clone(s.Buf.Held())
	m.Tile(proto.LeafCommandLine, m.Span.To)
	m.Complete, m.EndedBy = true, "line end"
	if n := p.core.AfterTLS(s, "RFC 9051 6.2.1"); n != nil {
		m.Notes = append(m.Notes, *n)
	}
	note := func(offset int64, text, rule string) {
		m.Notes = append(m.Notes, proto.Note{Offset: offset, Text: text, Rule: rule})
	}
	if eol == proto.EOLLF {
		note(m.Span.To-1, "command ends in bare LF", "RFC 9051 2.2")
	}
	text = m.Head[:len(text):len(text)]
	size, sync, more := announced(text)
	v := &Command{Rest: p.rest != nil, More: more}
	c := p.rest
	p.rest = nil
	switch idle := p.idle != nil; {
	case v.Rest:
		v.Args = text
	case idle && strings.EqualFold(string(text), "DONE"):
		v.Verb = "DONE"
		c, p.idle = p.idle, nil
		p.proceed(c)
	default:
		v.read(text)
		if v.Verb == "" {
			note(m.Span.From, "line has no tag and command", "RFC 9051 2.2.1")
		}
		if idle {
			note(m.Span.From, "only DONE may be sent while the client idles", "RFC 9051 6.3.13")
		}
		c = p.begin(v.Tag, v.Verb)
		if v.Tag == "" {
			p.forget(c) // nothing could complete it
		}
		if c.verb == "STARTTLS" && !more {
			p.core.AskTLS(c.exchange, c.verb)
		}
	}
	m.Value, m.Exchange = v, c.exchange
	p.core.Emit(s, m)
	p.follow(c, v, size, sync)
}

// follow says what comes behind a line of a command.
func (p *Parser) follow(c *command, v *Command, size int64, sync bool) {
	c.literal = -1
	switch {
	case v.More:
		c.literal = size
		if !sync {
			p.beginLiteral(c)
			return
		}
		p.hold = c
	case v.Verb == "AUTHENTICATE", v.Verb == "IDLE", v.Verb == "COMPRESS":
		p.hold = c
	}
	if p.isPending(c) {
		p.wait(c, true)
	}
}

// isPending reports whether a command is not completed: a server may refuse one
// before it has all of it.
func (p *Parser) isPending(c *command) bool {
	return slices.Contains(p.pending, c)
}

// read reads a line: tag, verb, arguments.
func (c *Command) read(text []byte) {
	tag, rest, _ := bytes.Cut(text, []byte(" "))
	c.Tag = string(tag)
	verb, args, more := bytes.Cut(rest, []byte(" "))
	if more && strings.EqualFold(string(verb), "UID") {
		// RFC 9051, section 6.4.9: UID is a prefix.
		var second []byte
		second, args, more = bytes.Cut(args, []byte(" "))
		verb = rest[:len(verb)+1+len(second)]
	}
	c.Verb = strings.ToUpper(string(verb))
	if more {
		c.Args = args
	}
}

// announced reads the announcement of a literal that a line ends with: {n}, {n+},
// which does not wait for the server (RFC 7888), and both behind a tilde (RFC
// 3516).
func announced(text []byte) (size int64, sync, ok bool) {
	if len(text) < 3 || text[len(text)-1] != '}' {
		return 0, false, false
	}
	i := bytes.LastIndexByte(text, '{')
	if i < 0 {
		return 0, false, false
	}
	digits, plus := bytes.CutSuffix(text[i+1:len(text)-1], []byte("+"))
	if len(digits) == 0 || len(digits) > 18 || len(bytes.Trim(digits, "0123456789")) > 0 {
		return 0, false, false
	}
	size, err := strconv.ParseInt(string(digits), 10, 64)
	return size, !plus, err == nil
}

// answer takes the line that answers a challenge.
func (p *Parser) answer(s *line.Side, text []byte, eol proto.EOL) {
	m := line.Answer(&p.core, s, text, eol, "RFC 9051 2.2")
	c := p.after
	p.after = nil
	p.proceed(c)
	m.Exchange = c.exchange
	p.hold = c
	p.wait(c, true)
	p.core.Emit(s, m)
}
