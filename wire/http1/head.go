package http1

import (
	"bytes"
	"encoding/binary"
	"strings"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A line is a field line of the head or the trailer section as indexes into it.
type line struct {
	name0, name1 int32
	val0, val1   int32
	end          int32 // behind the line's end
	fold         bool  // it continues the line before; it has no name
}

// start decides what the octets at a message's boundary are. It needs no more
// of them than the decision takes, so that it falls alike however they are cut.
func (s *side) start() bool {
	s.begin()
	if !s.emptyLines() {
		return false
	}
	p := s.buf.Peek()
	if len(p) == 0 {
		return false
	}
	if s.dir == wire.ServerToClient {
		return s.startResponse(p)
	}
	if !isToken[p[0]] && p[0] != ' ' && p[0] != '\t' {
		return s.toRaw("not HTTP/1: no method", "RFC 9112 3")
	}
	s.state = stateHead
	return true
}

// emptyLines passes over empty lines before a start line. It returns false when
// the octets behind them are not yet enough to tell, or became raw.
func (s *side) emptyLines() bool {
	for {
		p := s.buf.Peek()
		if len(p) == 0 {
			return true
		}
		n := 0
		switch {
		case p[0] == '\n':
			n = 1
		case p[0] == '\r' && len(p) == 1:
			return false
		case p[0] == '\r' && p[1] == '\n':
			n = 2
		default:
			return true
		}
		if len(s.buf.Held())+n > s.p.limits.Line {
			s.toRaw("too many empty lines before a start line", "RFC 9112 2.2")
			return true
		}
		if len(s.tiles) == 0 {
			s.note(s.from, "empty line before the start line", "RFC 9112 2.2")
		}
		s.buf.Next(n)
		s.grow(leafEmptyLine, s.buf.Offset())
	}
}

// startResponse looks for the first octets of a status line.
func (s *side) startResponse(p []byte) bool {
	match := bytes.HasPrefix(p, []byte("HTTP/"))
	for _, want := range [...]string{"HTTP/", "ICY "} {
		if match {
			break
		}
		n := min(len(want), len(p))
		if equalFold(p[:n], want[:n]) {
			if n < len(want) {
				return false
			}
			match = true
		}
	}
	switch {
	case match:
		s.state = stateHead
		return true
	case len(s.p.due) > 0 && s.p.due[0].request.Version == "HTTP/0.9":
		return s.simpleResponse()
	case len(s.p.due) == 0 && s.p.asked > 0 && !s.p.asking0():
		return s.toRaw("octets after the response, which nothing asked for", "RFC 9112 6.3")
	}
	return s.toRaw("not HTTP/1: no status line", "RFC 9112 4")
}

// simpleResponse starts the reply to a request of HTTP/0.9: a body alone.
func (s *side) simpleResponse() bool {
	s.buf.Rewind()
	s.tiles, s.notes, s.tiled = s.tiles[:0], s.notes[:0], s.from
	s.response = &Response{Version: "HTTP/0.9", Framing: FramingClose, Length: -1, KeepAliveWhy: "HTTP/0.9"}
	s.bind()
	s.state = stateClose
	return true
}

// headLines reads the lines of the head that are there.
func (s *side) headLines() bool {
	for s.state == stateHead {
		if !s.headLine() {
			return false
		}
	}
	return true
}

// headLine reads one line of the head.
func (s *side) headLine() bool {
	limit := s.p.limits.Head - len(s.buf.Held())
	if !s.started {
		limit = min(limit, s.p.limits.Line)
	}
	off := s.buf.Offset()
	text, eol, ok, long := s.buf.Line(limit)
	if !ok {
		if long {
			if s.started {
				return s.toRaw("head is longer than the limit", "RFC 9112 3")
			}
			return s.toRaw("start line is longer than the limit", "RFC 9112 3")
		}
		return false
	}
	return s.takeLine(off, text, eol)
}

// takeLine reads a line of the head that starts at the offset off.
func (s *side) takeLine(off int64, text []byte, eol proto.EOL) bool {
	switch {
	case !s.started:
		if !s.startLine(off, text) {
			return s.toRaw("not HTTP/1: no request line", "RFC 9112 3")
		}
		s.started = true
		s.lines = s.lines[:0]
		if s.dir == wire.ServerToClient {
			s.leaf(leafStatusLine, s.buf.Offset())
		} else {
			s.leaf(leafRequestLine, s.buf.Offset())
		}
		if eol == proto.EOLLF {
			s.note(s.buf.Offset()-1, "start line ends in bare LF", "RFC 9112 2.2")
		}
		if s.request != nil && s.request.Version == "HTTP/0.9" {
			return s.headEnd()
		}
	case len(text) == 0 && eol != proto.EOLNone:
		s.leaf(leafHeadEnd, s.buf.Offset())
		if eol == proto.EOLLF {
			s.note(off, "empty line ends in bare LF", "RFC 9112 2.2")
		}
		return s.headEnd()
	default:
		s.fieldLine(leafField, off, text, eol)
	}
	return true
}

// fieldLine reads a field line, of the head or of the trailer section.
func (s *side) fieldLine(leaf leafName, off int64, text []byte, eol proto.EOL) {
	s.leaf(leaf, s.buf.Offset())
	if eol == proto.EOLLF {
		s.note(s.buf.Offset()-1, "field line ends in bare LF", "RFC 9112 2.2")
	}
	if hasControl(text) {
		s.controls(off, text)
	}
	base := int32(off - s.buf.Start())
	end := int32(s.buf.Offset() - s.buf.Start())
	if len(text) > 0 && (text[0] == ' ' || text[0] == '\t') {
		s.foldedLine(off, text, base, end)
		return
	}
	// Nearly always the first octet that is in no token is the colon.
	n := 0
	for n < len(text) && isToken[text[n]] {
		n++
	}
	colon := n
	if n == len(text) || text[n] != ':' {
		colon = bytes.IndexByte(text, ':')
	}
	if colon < 0 {
		s.refuse(off, "field line has no colon", "RFC 9112 5")
		// What folds onto it belongs to no field either.
		s.lines = append(s.lines, line{name0: -1, end: end})
		return
	}
	bad := n
	for n = colon; n > 0 && (text[n-1] == ' ' || text[n-1] == '\t'); {
		n--
	}
	if n < colon {
		if s.dir == wire.ClientToServer {
			s.refuse(off+int64(n), "white space before the colon", "RFC 9112 5.1")
		} else {
			s.note(off+int64(n), "white space before the colon", "RFC 9112 5.1")
		}
	}
	if n == 0 {
		s.refuse(off, "field has no name", "RFC 9112 5")
	}
	if bad < n {
		s.note(off+int64(bad), "field name has an octet that no token may have", "RFC 9110 5.1")
	}
	v0, v1 := trim(text, colon+1)
	if v1-v0 > s.p.limits.Line {
		s.note(off, "field line is longer than the limit for lines", "RFC 9112 2.3")
	}
	s.lines = append(s.lines, line{name0: base, name1: base + int32(n), val0: base + int32(v0), val1: base + int32(v1), end: end})
}

// foldedLine reads a line that starts with white space.
func (s *side) foldedLine(off int64, text []byte, base, end int32) {
	if len(s.lines) == 0 {
		s.refuse(off, "white space before the first field: line ignored", "RFC 9112 2.2")
		return
	}
	s.note(off, "obsolete line folding", "RFC 9112 5.2")
	v0, v1 := trim(text, 0)
	s.lines = append(s.lines, line{val0: base + int32(v0), val1: base + int32(v1), end: end, fold: true})
}

// trim returns where text from from on starts and ends without white space
// (OWS, RFC 9110, section 5.6.3).
func trim(text []byte, from int) (v0, v1 int) {
	v0, v1 = from, len(text)
	for v0 < v1 && (text[v0] == ' ' || text[v0] == '\t') {
		v0++
	}
	for v1 > v0 && (text[v1-1] == ' ' || text[v1-1] == '\t') {
		v1--
	}
	return v0, v1
}

// controls notes the control octets of a field line, one note of a kind.
func (s *side) controls(off int64, text []byte) {
	var nul, cr, ctl bool
	for i, c := range text {
		switch {
		case c == 0 && !nul:
			nul = true
			s.refuse(off+int64(i), "NUL in a field line", "RFC 9110 5.5")
		case c == '\r' && !cr:
			cr = true
			s.note(off+int64(i), "bare CR in a field line", "RFC 9112 2.2")
		case isControl(c) && c != 0 && c != '\r' && !ctl:
			ctl = true
			s.note(off+int64(i), "control character in a field line", "RFC 9110 5.5")
		}
	}
}

// fields builds the Fields of lines over head, their octets from the offset
// base on.
func fields(head []byte, base int64, lines []line) Fields {
	if len(lines) == 0 {
		return nil
	}
	fs := make(Fields, len(lines)) // folds and lines without a colon are few
	n := 0
	lost := false
	for i := range lines {
		l := &lines[i]
		if !l.fold {
			lost = l.name0 < 0
			if !lost {
				f := &fs[n]
				f.Name = head[l.name0:l.name1:l.name1]
				f.Value = head[l.val0:l.val1:l.val1]
				f.From, f.To = base+int64(l.name0), base+int64(l.end)
				n++
			}
			continue
		}
		if lost {
			continue
		}
		f := &fs[n-1]
		f.To = base + int64(l.end)
		if l.val0 == l.val1 {
			continue
		}
		// RFC 9112, section 5.2: a fold is one or more SP. The full slice
		// expression makes append copy, so that the head stays as it came.
		if len(f.Value) > 0 {
			f.Value = append(f.Value[:len(f.Value):len(f.Value)], ' ')
		}
		f.Value = append(f.Value[:len(f.Value):len(f.Value)], head[l.val0:l.val1]...)
	}
	if n == 0 {
		return nil
	}
	return fs[:n:n]
}

// startLine reads the first line and reports whether it is one.
func (s *side) startLine(off int64, text []byte) bool {
	if s.dir == wire.ServerToClient {
		s.statusLine(off, text)
		return true
	}
	return s.requestLine(off, text)
}

// isToken holds the octets of a token (RFC 9110, section 5.6.2).
var isToken = func() (t [256]bool) {
	for c := range 256 {
		t[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return t
}()

// isControl reports whether c is a control octet other than HTAB.
func isControl(c byte) bool { return c < 0x20 && c != '\t' || c == 0x7f }

// hasControl reports whether p may hold a control octet, HTAB among them. It
// takes eight octets at a time.
func hasControl(p []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(p) >= 8 {
		x := binary.LittleEndian.Uint64(p)
		d := x ^ 0x7f*ones
		if ((x-0x20*ones)&^x|(d-ones)&^d)&highs != 0 {
			return true
		}
		p = p[8:]
	}
	for _, c := range p {
		if c < 0x20 || c == 0x7f {
			return true
		}
	}
	return false
}
