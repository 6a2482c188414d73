package telnet

import "wiretape/wire/proto"

// plain takes octets where text is due, as many as go together, and returns how
// many.
func (p *Parser) plain(s *side, b []byte) int {
	switch {
	case s.opaque:
		p.out = p.runs.Add(p.out, proto.Message{Conn: p.conn, Proto: protoName, Dir: s.dir, Secure: p.secure}, p.now, s.off, b)
		s.off += int64(len(b))
		return len(b)
	case b[0] == byte(IAC):
		// Whether the text ends is not known before the next octet.
		p.beginCommand(s)
		return 1
	}
	n := 0
	for n < len(b) && b[n] != '\n' && b[n] != '\r' && b[n] != byte(IAC) {
		n++
	}
	p.beginText(s, s.off)
	if s.cr || n == 0 {
		// What CR means hangs on the octet behind it.
		p.character(s, b[0], s.off+1)
		return 1
	}
	n = min(n, p.limits.Line-int(s.text.Span.Len()))
	p.keep(s, b[:n], s.off+int64(n))
	return n
}

// beginText has text begin at an offset, unless it is in progress. The other
// side's text ends where this one speaks, so that a prompt is a Message before
// its answer; the negotiations of either end nothing.
func (p *Parser) beginText(s *side, from int64) {
	p.endText(&p.sides[1-proto.Side(s.dir)], "the other side spoke")
	if s.texting {
		return
	}
	s.texting, s.cr = true, false
	s.text = p.message(s, from)
	s.text.Value = &Text{}
}

// character takes one octet of text; to is the offset behind it.
func (p *Parser) character(s *side, c byte, to int64) {
	cr := s.cr
	s.cr = false
	switch {
	case c == '\n':
		p.keep(s, []byte{c}, to)
		p.endLine(s, "line end")
		return
	case cr && c == 0:
		// RFC 854, page 12: CR NUL is CR alone.
		s.off, s.text.Span.To, s.text.Last = to, to, p.now
		p.endLine(s, "CR NUL")
		return
	case cr:
		s.text.Notes = proto.AddNote(s.text.Notes, proto.Note{Offset: s.text.Span.To - 1, Text: "CR is followed by neither LF nor NUL", Rule: "RFC 854"})
	}
	s.cr = c == '\r' && !p.binary(s)
	p.keep(s, []byte{c}, to)
}

// keep adds octets to the text, which are those of the stream up to an offset.
func (p *Parser) keep(s *side, b []byte, to int64) {
	m := &s.text
	m.Body.Keep(b, p.limits.Body)
	s.off, m.Span.To, m.Last = to, to, p.now
	if m.Span.Len() >= int64(p.limits.Line) && !s.cr && b[len(b)-1] != '\n' {
		p.endText(s, "line too long")
	}
}

// endLine ends the text at a line end.
func (p *Parser) endLine(s *side, why string) {
	s.text.Value.(*Text).Line = true
	p.endText(s, why)
}

// endText gives the text in progress, if there is any.
func (p *Parser) endText(s *side, why string) {
	if !s.texting {
		return
	}
	s.texting, s.cr = false, false
	m := s.text
	m.Complete, m.EndedBy = true, why
	m.Tile(proto.LeafText, m.Span.To)
	s.text = proto.Message{}
	p.out = append(p.out, m)
}
