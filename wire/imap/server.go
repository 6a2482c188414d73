package imap

import (
	"bytes"
	"fmt"
	"strings"

	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// A response is one in progress: it has a literal.
type response struct {
	m    proto.Message
	r    *Response
	left int64 // octets of the literal in progress
	size int   // octets of the lines so far
}

// maxLiterals bounds the literals of a response.
const maxLiterals = 1 << 10

// readServer reads as many responses as there are.
func (p *Parser) readServer(s *line.Side) {
	for s.Buf.Len() > 0 {
		if x := p.response; x != nil && x.left > 0 {
			p.readPart(s, x)
			continue
		}
		if !p.core.Lines(s, p.response == nil) {
			return
		}
		text, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
		switch {
		case ok && p.response != nil:
			p.goOn(s, text, eol)
		case ok:
			p.responseLine(s, text, eol)
		case long:
			p.cutResponse(s, fmt.Sprintf("a line longer than %d octets", p.core.Limits.Line))
			p.core.RawLine(s, &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("line longer than %d octets", p.core.Limits.Line)})
		default:
			return
		}
	}
}

// responseLine takes the first line of a response, the held octets of the side.
func (p *Parser) responseLine(s *line.Side, text []byte, eol proto.EOL) {
	m := p.core.Message(s, proto.KindReply)
	m.Head = bytes.Clone(s.Buf.Held())
	r := readResponse(m.Head[:len(text):len(text)])
	if r == nil {
		p.core.RawBytes(s, 0, &proto.Note{Offset: m.Span.From, Text: "line is no response: it has no tag, * or + before what it says", Rule: "RFC 9051 2.2.2"})
		return
	}
	m.Value = r
	m.Tile(proto.LeafResponseLine, m.Span.To)
	if n := p.core.AfterTLS(s, "RFC 9051 6.2.1"); n != nil {
		m.Notes = append(m.Notes, *n)
	}
	p.noteLF(&m, m.Span.To, eol)
	if r.Tag == "*" {
		p.untagged(&m, r)
	}
	x := &response{m: m, r: r, size: len(m.Head)}
	if r.Tag == "*" && r.Status == "" && p.opens(s, x, text) {
		return
	}
	p.finish(s, x)
}

func (p *Parser) noteLF(m *proto.Message, end int64, eol proto.EOL) {
	if eol == proto.EOLLF {
		m.Notes = proto.AddNote(m.Notes, proto.Note{Offset: end - 1, Text: "response line ends in bare LF", Rule: "RFC 9051 2.2"})
	}
}

// untagged gives a response without a tag its exchange: the greeting has none, nor
// has what no command waits for.
func (p *Parser) untagged(m *proto.Message, r *Response) {
	greeting := !p.greeted && (r.Status == "OK" || r.Status == "PREAUTH" || r.Status == "BYE")
	p.greeted = true
	switch c := p.oldest(); {
	case greeting:
	case c != nil:
		m.Exchange = c.exchange
	default:
		m.Kind = proto.KindPush
	}
}

// opens goes on with the literal that a line announces, and reports whether it
// does.
func (p *Parser) opens(s *line.Side, x *response, text []byte) bool {
	size, _, ok := announced(text)
	if !ok {
		return false
	}
	p.core.Release(s)
	p.response = x
	if len(x.r.Literals) == maxLiterals || x.size > p.core.Limits.Head {
		p.cutResponse(s, fmt.Sprintf("more than %d literals, or lines longer than %d octets", maxLiterals, p.core.Limits.Head))
		return true
	}
	x.r.Literals = append(x.r.Literals, Literal{x.m.Body.Size, size})
	x.left = size
	return true
}

// readPart reads what there is of a literal of the server's.
func (p *Parser) readPart(s *line.Side, x *response) {
	part := s.Buf.Next(int(min(x.left, int64(s.Buf.Len()))))
	x.left -= int64(len(part))
	x.m.Body.Keep(part, p.core.Limits.Body)
	p.core.Release(s)
	leaves := x.m.Leaves
	if last := &leaves[len(leaves)-1]; last.Name == proto.LeafLiteral && x.r.Literals[len(x.r.Literals)-1].Size > x.left+int64(len(part)) {
		last.To = s.Buf.Start()
		return
	}
	x.m.Tile(proto.LeafLiteral, s.Buf.Start())
}

// goOn takes a line behind a literal, the held octets of the side.
func (p *Parser) goOn(s *line.Side, text []byte, eol proto.EOL) {
	x := p.response
	end := s.Buf.Offset()
	x.m.Tile(proto.LeafResponseLine, end)
	p.noteLF(&x.m, end, eol)
	x.size += len(text) + 2
	text = bytes.Clone(text)
	x.r.Lines = append(x.r.Lines, text)
	p.response = nil
	if !p.opens(s, x, text) {
		x.m.Span.To = end
		p.finish(s, x)
	}
}

// cutResponse gives the response in progress as far as it came, because of why.
func (p *Parser) cutResponse(s *line.Side, why string) {
	x := p.response
	if x == nil {
		return
	}
	p.response = nil
	x.m.Span.To = x.m.Leaves[len(x.m.Leaves)-1].To
	x.m.EndedBy = why
	p.core.Emit(s, x.m)
}

// finish gives a response that is whole.
func (p *Parser) finish(s *line.Side, x *response) {
	m, r := x.m, x.r
	m.Complete, m.EndedBy = true, "line end"
	switch r.Tag {
	case "*":
		p.core.Emit(s, m)
	case "+":
		p.goAhead(s, m)
	default:
		p.completed(s, m, r)
	}
}

// goAhead takes a request to go on: for a literal, the answer to a challenge, or
// what the server will say while the client idles.
func (p *Parser) goAhead(s *line.Side, m proto.Message) {
	c := p.hold
	if c == nil {
		if c = p.oldest(); c != nil {
			m.Exchange = c.exchange
		}
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "request to go on that no command waits for", Rule: "RFC 9051 7.6"})
		p.core.Emit(s, m)
		return
	}
	m.Exchange = c.exchange
	m.EndedBy = "+ line"
	p.core.Emit(s, m)
	p.wait(c, false)
	p.settled++
	p.ended = m.EndedBy
	p.hold = nil
	switch {
	case c.literal >= 0:
		p.proceed(c)
		p.beginLiteral(c)
	case c.verb == "IDLE":
		p.idle = c
	case c.verb == "AUTHENTICATE":
		p.after = c
	}
	p.resume()
}

// resume reads what of the client's was held since before the server spoke.
func (p *Parser) resume() {
	client := &p.core.Sides[0]
	p.readClient(client)
	if client.Ended && p.hold == nil {
		p.core.FlushSide((*reader)(p), client, "end of stream")
	}
}

// completed takes a response with a command's tag.
func (p *Parser) completed(s *line.Side, m proto.Message, r *Response) {
	var c *command
	for _, other := range p.pending {
		if other.tag == r.Tag[:min(len(r.Tag), maxTag)] {
			c = other
			break
		}
	}
	p.greeted = true
	if c == nil {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.From, Text: "tag of no command that waits", Rule: "RFC 9051 2.2.2"})
		p.core.Emit(s, m)
		return
	}
	m.Exchange, m.EndedBy = c.exchange, "tagged "+r.Status
	compressed := c.verb == "COMPRESS" && r.Status == "OK" && p.hold == c
	if compressed {
		m.Notes = append(m.Notes, proto.Note{Offset: m.Span.To, Text: "what follows is compressed and not read", Rule: "RFC 4978 3"})
	}
	p.core.Emit(s, m)
	p.settled++
	p.ended = m.EndedBy
	p.core.AnswerTLS(c.exchange, r.Status == "OK")
	p.forget(c)
	if p.hold != c {
		return
	}
	p.hold = nil
	p.core.Opaque = p.core.Opaque || compressed
	p.resume()
}

// readResponse reads the first line of a response, nil for what is none.
func readResponse(text []byte) *Response {
	r := &Response{Number: -1, Lines: [][]byte{text}}
	tag, rest, _ := bytes.Cut(text, []byte(" "))
	r.Tag = string(tag)
	if r.Tag == "+" {
		r.Text = rest
		return r
	}
	word, after, _ := bytes.Cut(rest, []byte(" "))
	name := strings.ToUpper(string(word))
	switch {
	case name == "OK" || name == "NO" || name == "BAD",
		r.Tag == "*" && (name == "BYE" || name == "PREAUTH"):
		r.Status, r.Text = name, after
		r.Code = codeOf(after)
	case r.Tag != "*" || name == "":
		return nil
	default:
		if n, ok := number(word); ok {
			r.Number = n
			word, after, _ = bytes.Cut(after, []byte(" "))
			name = strings.ToUpper(string(word))
		}
		r.Name, r.Text = name, after
	}
	if r.Tag == "" {
		return nil
	}
	return r
}

// codeOf returns the response code that a text begins with (RFC 9051, section
// 7.1).
func codeOf(text []byte) string {
	if len(text) == 0 || text[0] != '[' {
		return ""
	}
	i := bytes.IndexByte(text, ']')
	if i < 0 {
		return ""
	}
	return string(text[1:i])
}

// number reads a word of digits.
func number(word []byte) (int64, bool) {
	if len(word) == 0 || len(word) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range word {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
