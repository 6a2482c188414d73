package http1

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/token"
)

// fieldLine reads a field line, of the head or of the trailer section.
func (s *side) fieldLine(leaf proto.LeafName, off int64, text []byte, eol proto.EOL) {
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
	n := token.Len(text)
	colon := n
	if n == len(text) || text[n] != ':' {
		colon = bytes.IndexByte(text, ':')
	}
	if colon < 0 {
		s.refuse(off, "field line has no colon", "RFC 9112 5")
		// What folds onto it belongs to no field either.
		s.lines.add(place{name0: lostName, end: end})
		s.unplain = true
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
	s.lines.add(place{name0: base, name1: base + int32(n), val0: base + int32(v0), val1: base + int32(v1), end: end})
}

// plainFields reads the field lines that are as they should be, which nearly all
// are, up to the first that is not or is not all there: that is fieldLine's.
func (s *side) plainFields() {
	if !s.buf.Fresh() {
		return
	}
	p := s.buf.Peek()
	held := len(s.buf.Held())
	if most := s.p.limits.Head - held; len(p) > most {
		p = p[:max(0, most)]
	}
	from := s.buf.Offset()
	at := 0
	for {
		rest := p[at:]
		n := token.Len(rest)
		if n == 0 || n == len(rest) || rest[n] != ':' {
			break
		}
		end := n + control(rest[n:])
		if len(rest) < end+2 || rest[end] != '\r' || rest[end+1] != '\n' || end > s.p.limits.Line {
			break
		}
		v0, v1 := trim(rest[:end], n+1)
		base := held + at
		at += end + 2
		s.lines.add(place{name0: int32(base), name1: int32(base + n), val0: int32(base + v0), val1: int32(base + v1), end: int32(held + at)})
		s.leaf(proto.LeafFieldLine, from+int64(at))
	}
	s.buf.Next(at)
}

// foldedLine reads a line that starts with white space.
func (s *side) foldedLine(off int64, text []byte, base, end int32) {
	if len(s.lines) == 0 {
		s.refuse(off, "white space before the first field: line ignored", "RFC 9112 2.2")
		return
	}
	s.note(off, "obsolete line folding", "RFC 9112 5.2")
	v0, v1 := trim(text, 0)
	s.lines.add(place{name0: foldName, val0: base + int32(v0), val1: base + int32(v1), end: end})
	s.unplain = true
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

// In place of where a name begins: what a line is that is no field by itself.
const (
	lostName = -1 // it has no colon, and what folds onto it belongs to no field either
	foldName = -2 // it continues the line before
)

// takeFields makes the Fields of the lines read so far, over head, whose octets
// stand from the offset base on.
func (s *side) takeFields(head []byte, base int64) Fields {
	lines := s.lines.take()
	if !s.unplain {
		return Fields{head: head, base: base, places: lines}
	}
	s.unplain = false
	all := Fields{head: head, base: base, places: lines}
	var list []Field
	lost := false
	for i := range lines {
		l := &lines[i]
		switch {
		case l.name0 == lostName:
			lost = true
		case l.name0 != foldName:
			lost = false
			list = append(list, all.at(i))
		case !lost:
			// RFC 9112, section 5.2: a fold is one or more SP. The values have no
			// room behind them, so that append copies and the head stays as it came.
			f := &list[len(list)-1]
			f.To = base + int64(l.end)
			if l.val0 < l.val1 && len(f.Value) > 0 {
				f.Value = append(f.Value, ' ')
			}
			f.Value = append(f.Value, head[l.val0:l.val1]...)
		}
	}
	return FieldsOf(list...)
}

// isControl reports whether c is a control octet other than HTAB.
func isControl(c byte) bool { return c < 0x20 && c != '\t' || c == 0x7f }

// control returns the index of the first control octet of p, HTAB among them,
// len(p) for none. It takes eight octets at a time.
func control(p []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(p); i += 8 {
		x := binary.LittleEndian.Uint64(p[i:])
		d := x ^ 0x7f*ones
		// The highest bit of an octet that is below 0x20, or 0x7f. A borrow sets
		// others too, but only behind one that is set rightly.
		if hit := ((x-0x20*ones)&^x | (d-ones)&^d) & highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for i < len(p) && p[i] >= 0x20 && p[i] != 0x7f {
		i++
	}
	return i
}

// hasControl reports whether p has a control octet, HTAB among them.
func hasControl(p []byte) bool { return control(p) < len(p) }
