package line

import (
	"bytes"
	"fmt"
	"strconv"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// reply is the reply in progress. Its octets are the held ones of the buffer.
type reply struct {
	code  int // of the first line; 0 for no reply in progress
	lines []textLine
	notes []proto.Note
}

// textLine is a line within the held octets.
type textLine struct {
	text, end, next int // indexes: of the text, behind it, of the next line
}

// readServer reads as many replies as there are.
func (p *Parser) readServer(s *side) {
	for s.buf.Len() > 0 {
		if p.opaque {
			p.rawBytes(s, s.buf.Len(), nil)
			return
		}
		if p.content != nil && p.content.doubtful {
			p.finishContent("line of one dot, and the server's reply")
		}
		if s.raw {
			p.rawLine(s, nil)
			continue
		}
		if p.agreed && p.reply.code == 0 && (s.buf.Peek()[0] == 0x15 || s.buf.Peek()[0] == 0x16) {
			p.beginOpaque(s)
			continue
		}
		from := len(s.buf.Held())
		line, eol, ok, long := s.buf.Line(p.limits.Line)
		switch {
		case !ok && !long:
			return
		case !ok:
			p.cutReply(s, fmt.Sprintf("a line longer than %d octets", p.limits.Line))
			p.rawLine(s, &proto.Note{Offset: s.buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.limits.Line)})
		default:
			p.replyLine(s, from, len(line), eol)
		}
	}
}

// replyLine takes the line at an index of the held octets.
func (p *Parser) replyLine(s *side, from, n int, eol proto.EOL) {
	held := s.buf.Held()
	line := held[from : from+n]
	offset := s.buf.Start() + int64(from)
	code, sep := replyCode(line)
	first := p.reply.code == 0
	if first {
		if code == 0 {
			p.rawBytes(s, 0, &proto.Note{Offset: offset, Text: "line does not begin with a three-digit code", Rule: p.rule("RFC 5321 4.2", "RFC 959 4.2")})
			return
		}
		p.reply.code = code
		if p.agreed {
			p.noteReply(offset, "plain text after the server agreed to begin TLS", "RFC 3207 4.2")
		}
	}
	if eol == proto.EOLLF {
		p.noteReply(offset+int64(n), "reply line ends in bare LF", p.rule("RFC 5321 2.3.8", "RFC 959 4.2"))
	}
	// RFC 5321, section 4.5.3.1.5: 512 octets with the code and the CRLF.
	if p.name == nameSMTP && n+2 > 512 {
		p.noteReply(offset, "reply line longer than 512 octets", "RFC 5321 4.5.3.1.5")
	}
	text, final := from, false
	switch {
	case p.name == nameFTP && !first:
		// RFC 959, section 4.2: the last line begins with the same code and a
		// space; lines between may begin with anything.
		final = code == p.reply.code && sep != '-'
		if code == p.reply.code {
			text = from + min(n, 4)
		}
	case code == 0:
		p.noteReply(offset, "line within a reply does not begin with its code", p.rule("RFC 5321 4.2.1", ""))
	default:
		// RFC 5321, section 4.2.1: a hyphen on every line but the last, the
		// same code on all.
		final = sep != '-'
		text = from + min(n, 4)
		if code != p.reply.code {
			p.noteReply(offset, fmt.Sprintf("code %d within a reply that began with %d", code, p.reply.code), p.rule("RFC 5321 4.2.1", ""))
		}
	}
	p.reply.lines = append(p.reply.lines, textLine{text, from + n, len(held)})
	if final {
		p.finishReply(s, code)
	} else if len(held) > p.limits.Head || len(p.reply.lines) >= maxReplyLines {
		p.cutReply(s, fmt.Sprintf("longer than %d octets or %d lines", p.limits.Head, maxReplyLines))
	}
}

// maxReplyLines bounds a reply as Limits.Head does, for lines that are short.
const maxReplyLines = 1 << 14

func (p *Parser) noteReply(offset int64, text, rule string) {
	p.reply.notes = proto.AddNote(p.reply.notes, proto.Note{Offset: offset, Text: text, Rule: rule})
}

// replyCode returns the code that a line begins with and the octet behind it,
// a space where the line ends there. The code is 0 if there is none.
func replyCode(line []byte) (code int, sep byte) {
	if len(line) < 3 || line[0] < '1' || line[0] > '5' {
		return 0, 0
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, 0
		}
		code = code*10 + int(c-'0')
	}
	if len(line) == 3 {
		return code, ' '
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, 0
	}
	return code, line[3]
}

// finishReply gives the reply in progress, whose last line has code, and matches
// it.
func (p *Parser) finishReply(s *side, code int) {
	m := p.replyMessage(s, code)
	m.Complete, m.EndedBy = true, strconv.Itoa(code)+" final line"
	preliminary := code < 200
	exchange := p.match(code, preliminary)
	m.Exchange = exchange
	if exchange == 0 && p.greeted {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "reply to no command"})
	}
	p.emit(s, m)
	if exchange == 0 {
		p.greeted = p.greeted || !preliminary
		return
	}
	p.ended = m.EndedBy
	if preliminary || p.lmtp.reply(exchange, code) {
		return
	}
	p.answered++
	p.settled++
	p.decide(exchange, code)
}

// match returns the exchange that a reply belongs to, 0 for none.
func (p *Parser) match(code int, preliminary bool) int {
	if !p.greeted {
		// The greeting may come after commands that did not wait for it. Any
		// other code says that the recording began without it.
		greeting := code == 220 || code == 120 || code == 421 || code == 554
		if greeting || p.answered == p.asked {
			return 0
		}
		p.greeted = true
	}
	if p.answered == p.asked {
		return 0
	}
	return p.answered + 1
}

// decide takes the final reply to an exchange on which it hangs how the client's
// bytes read on.
func (p *Parser) decide(exchange, code int) {
	client := &p.sides[0]
	if exchange == p.tls {
		p.tls = 0
		p.agreed = code/100 == 2
	}
	if c := p.content; c != nil && exchange == c.exchange {
		c.answered = true
	}
	switch {
	case p.answered != p.asked:
		// More was sent ahead and is read already.
	case code == 354 && p.name != nameFTP, (code == 340 || code == 335) && p.name != nameFTP && p.name != nameSMTP:
		p.beginContent(code)
	case code == 334 && p.name == nameSMTP && exchange == p.hold && p.verb == "AUTH":
		// RFC 4954, section 4: the next line is the answer to a challenge.
		p.after = code
	}
	if exchange == p.hold {
		p.hold = 0
	}
	// What is read here was held since before the server spoke.
	p.readClient(client)
	if client.ended && p.hold == 0 {
		p.flush(client, proto.Ending(wire.KindEOF))
	}
}

// cutReply gives the reply in progress as far as it came. The octets of a line
// that is not whole are no part of it.
func (p *Parser) cutReply(s *side, why string) {
	if p.reply.code == 0 {
		return
	}
	m := p.replyMessage(s, p.reply.code)
	m.EndedBy = why
	m.Exchange = p.match(p.reply.code, true)
	p.emit(s, m)
}

// replyMessage makes a Message of the reply in progress and forgets it.
func (p *Parser) replyMessage(s *side, code int) proto.Message {
	m := p.message(s, proto.KindReply)
	m.Head = bytes.Clone(s.buf.Held())
	m.Notes = p.reply.notes
	r := &Reply{Code: code, Lines: make([][]byte, len(p.reply.lines))}
	m.Value = r
	m.Leaves = make([]proto.Leaf, len(p.reply.lines))
	at := m.Span.From
	for i, l := range p.reply.lines {
		r.Lines[i] = m.Head[l.text:l.end:l.end]
		to := m.Span.From + int64(l.next)
		m.Leaves[i] = proto.Leaf{Span: proto.Span{From: at, To: to}, Name: "reply-line"}
		at = to
	}
	p.reply = reply{lines: p.reply.lines[:0]}
	return m
}

// flush ends what is in progress on a side, because of why.
func (p *Parser) flush(s *side, why string) {
	if s.dir == wire.ServerToClient {
		p.cutReply(s, why)
	} else {
		p.flushClient(s, why)
	}
	if n := s.buf.Len(); n > 0 {
		p.rawBytes(s, n, &proto.Note{Offset: s.buf.Offset(), Text: "line is not complete"})
	}
	p.out = p.runs.End(p.out, s.dir, why)
	s.raw = false
}
