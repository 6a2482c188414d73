package pop3

import (
	"bytes"
	"fmt"
	"strings"

	"wiretape/wire"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// maxReply is the longest first line of a reply, octets with the CRLF (RFC 1939,
// section 3).
const maxReply = 512

// readServer reads as many replies as there are.
func (p *Parser) readServer(s *line.Side) {
	for s.Buf.Len() > 0 {
		if p.text != nil {
			if !p.text.Read(s) {
				return
			}
			m := p.text.Message()
			p.text = nil
			p.settle(s, m)
			continue
		}
		if !p.core.Lines(s, true) {
			return
		}
		text, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
		switch {
		case ok:
			p.replyLine(s, text, eol)
		case long:
			p.core.RawLine(s, &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.core.Limits.Line)})
		default:
			return
		}
	}
}

// replyLine takes the first line of a reply, the held octets of the side.
func (p *Parser) replyLine(s *line.Side, text []byte, eol proto.EOL) {
	status, lower := statusOf(text)
	if status == "" {
		p.core.RawBytes(s, 0, &proto.Note{Offset: s.Buf.Start(), Text: "line begins with neither +OK nor -ERR", Rule: "RFC 1939 3"})
		return
	}
	m := p.core.Message(s, proto.KindReply)
	m.Head = bytes.Clone(s.Buf.Held())
	r := readReply(status, m.Head[:len(text)])
	m.Value = r
	m.Tile(proto.LeafReplyLine, m.Span.To)
	if n := p.core.AfterTLS(s, "RFC 2595 4"); n != nil {
		m.Notes = append(m.Notes, *n)
	}
	if lower {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "status is not in upper case", Rule: "RFC 1939 3"})
	}
	if len(text)+2 > maxReply {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "reply line longer than 512 octets", Rule: "RFC 1939 3"})
	}
	if eol == proto.EOLLF {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.To - 1, Text: "reply line ends in bare LF", Rule: "RFC 1939 3"})
	}
	k := p.match(&m, r)
	if k == texts && status == OK {
		p.text = line.NewText(&p.core, s, m, "RFC 1939 3")
		return
	}
	m.Complete, m.EndedBy = true, status+" line"
	p.settle(s, m)
}

// statusOf returns what a line begins with, "" for none of a reply's beginnings.
// Lower reports whether it has small letters.
func statusOf(text []byte) (status string, lower bool) {
	for _, status := range []string{OK, Err} {
		n := len(status)
		if len(text) >= n && strings.EqualFold(string(text[:n]), status) && (len(text) == n || !letter(text[n])) {
			return status, string(text[:n]) != status
		}
	}
	if len(text) > 0 && text[0] == '+' && (len(text) == 1 || text[1] == ' ') {
		return Continue, false
	}
	return "", false
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// readReply reads the first line of a reply.
func readReply(status string, text []byte) *Reply {
	r := &Reply{Status: status, Text: bytes.TrimPrefix(text[len(status):len(text):len(text)], []byte(" "))}
	if status == Continue || len(r.Text) == 0 || r.Text[0] != '[' {
		return r
	}
	if i := bytes.IndexByte(r.Text, ']'); i > 0 {
		r.Code = string(r.Text[1:i])
	}
	return r
}

// match gives a reply its exchange and returns what that is like.
func (p *Parser) match(m *proto.Message, r *Reply) kind {
	switch {
	case !p.greeted && r.Status != Continue:
		p.greeted = true
		if r.Status == OK {
			r.Stamp = stampOf(r.Text)
		}
		return plain
	case p.answered == p.asked:
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "reply to no command"})
		return plain
	}
	m.Exchange = p.answered + 1
	k := plain
	if len(p.queue) > 0 {
		k = p.queue[0]
	}
	if r.Status == Continue && k != auths {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "challenge that no AUTH asked for", Rule: "RFC 5034 4"})
	}
	return k
}

// stampOf returns the timestamp of a greeting, nil for none (RFC 1939, section 7).
func stampOf(text []byte) []byte {
	i, j := bytes.IndexByte(text, '<'), bytes.LastIndexByte(text, '>')
	if i < 0 || j < i || bytes.IndexByte(text[i:j], '@') < 0 {
		return nil
	}
	return text[i : j+1 : j+1]
}

// settle gives a reply that is complete.
func (p *Parser) settle(s *line.Side, m proto.Message) {
	r := m.Value.(*Reply)
	p.core.Emit(s, m)
	if m.Exchange == 0 {
		return
	}
	k := plain
	if len(p.queue) > 0 {
		k, p.queue = p.queue[0], p.queue[1:]
	}
	p.answered++
	p.settled++
	p.ended = m.EndedBy
	p.core.AnswerTLS(m.Exchange, r.Status == OK)
	if !p.hold || p.answered != p.asked {
		return
	}
	p.hold = false
	p.after = r.Status == Continue && k == auths
	// What is read here was held since before the server spoke.
	client := &p.core.Sides[0]
	p.readClient(client)
	if client.Ended && !p.hold {
		p.core.FlushSide((*reader)(p), client, proto.Ending(wire.KindEOF))
	}
}
