package http1

import (
	"bytes"
	"math"

	"wiretape/wire/proto"
)

// chunkLeaf ends a tile of a chunked body.
func (s *side) chunkLeaf(name proto.LeafName) {
	// A chunk in progress goes on as the leaf that it is.
	if n := len(s.leaves); n >= maxChunks && s.leaves[n-1].Name != name {
		name = proto.LeafMore
	}
	s.grow(name, s.buf.Offset())
}

// chunkSize reads the line before a chunk.
//
//	chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
func (s *side) chunkSize() bool {
	off := s.buf.Offset()
	if p := s.buf.Peek(); len(p) > 0 && !startsChunk(p[0]) {
		return s.noChunk("chunk size is not a number")
	}
	limit := s.p.limits.Line
	text, eol, ok, long := s.buf.Line(limit)
	if !ok && !long {
		return false
	}
	if long {
		text = s.buf.Peek()[:limit]
	}
	size, digits, rest := hexadecimal(text)
	switch {
	case digits < 0:
		s.state = stateChunkSize
		return s.broken("chunk size does not fit 63 bits", "RFC 9112 7.1")
	case digits == 0 && ok && len(bytes.Trim(text, spaces)) == 0:
		s.refuse(off, "empty line in place of a chunk size", "RFC 9112 7.1")
		s.chunkLeaf(proto.LeafChunkSize)
		s.buf.Release()
		return true
	case digits == 0, len(rest) > 0 && digits == 1 && size == 0 && lower(rest[0]) == 'x':
		s.buf.Rewind()
		return s.noChunk("chunk size is not a number")
	}
	s.checkChunkSize(off, text, rest, digits)
	s.left = size
	if long {
		s.note(off, "chunk extension is longer than the limit for lines", "RFC 9112 7.1.1")
		s.buf.Next(limit)
		s.chunkLeaf(proto.LeafChunkSize)
		s.buf.Release()
		s.state = stateChunkSkip
		return true
	}
	if eol == proto.EOLLF {
		s.note(s.buf.Offset()-1, "chunk-size line ends in bare LF", "RFC 9112 7.1")
	}
	s.chunkLeaf(proto.LeafChunkSize)
	s.buf.Release()
	s.chunkBegins()
	return true
}

// chunkBegins goes on behind a chunk-size line.
func (s *side) chunkBegins() {
	if s.left == 0 {
		s.state = stateTrailer
		return
	}
	s.state = stateChunkData
	s.chunks++
}

// chunkSkip passes over the rest of a chunk-size line.
func (s *side) chunkSkip() bool {
	if s.buf.Len() == 0 {
		return false
	}
	p := s.buf.Peek()
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		s.buf.Next(len(p))
	} else {
		s.buf.Next(i + 1)
	}
	s.grow(s.leaves[len(s.leaves)-1].Name, s.buf.Offset())
	s.buf.Release()
	if i >= 0 {
		s.chunkBegins()
	}
	return true
}

// chunkData takes octets of a chunk.
func (s *side) chunkData() bool {
	n := int(min(int64(s.buf.Len()), s.left))
	if n == 0 {
		return false
	}
	off := s.buf.Offset()
	s.keep(off, s.buf.Next(n))
	s.left -= int64(n)
	s.chunkLeaf(proto.LeafChunkData)
	s.buf.Release()
	return s.bodyDone()
}

// chunkEnd reads the line end behind a chunk.
func (s *side) chunkEnd() bool {
	p := s.buf.Peek()
	switch {
	case len(p) == 0:
		return false
	case p[0] == '\n':
		s.note(s.buf.Offset(), "chunk data ends in bare LF", "RFC 9112 7.1")
		s.buf.Next(1)
	case p[0] != '\r':
		return s.broken("no CRLF behind the chunk data", "RFC 9112 7.1")
	case len(p) == 1:
		return false
	case p[1] != '\n':
		return s.broken("no CRLF behind the chunk data", "RFC 9112 7.1")
	default:
		s.buf.Next(2)
	}
	s.chunkLeaf(proto.LeafChunkEnd)
	s.buf.Release()
	s.state = stateChunkSize
	s.left = -1
	return true
}

// noChunk goes on where a chunk size should stand and none does. Before the
// first chunk the body is likely not chunked at all, whatever the head says: it
// is taken as it comes.
func (s *side) noChunk(text string) bool {
	if s.chunks > 0 || s.size > 0 || s.response == nil {
		return s.broken(text, "RFC 9112 7.1")
	}
	s.refuse(s.buf.Offset(), text+": the body is taken as not chunked", "RFC 9112 7.1")
	s.state = stateClose
	s.setFraming(FramingClose, -1)
	if s.left >= 0 {
		s.state = stateFixed
		s.setFraming(FramingContentLength, s.left)
	}
	return s.bodyDone()
}

// checkChunkSize notes what a chunk-size line has beside the size.
func (s *side) checkChunkSize(off int64, text, rest []byte, digits int) {
	const rule = "RFC 9112 7.1"
	if len(text) > 0 && isSpace(text[0]) {
		s.refuse(off, "white space before the chunk size", rule)
	}
	if digits > 16 {
		s.note(off, "chunk size has more than 16 digits", rule)
	}
	ext := bytes.TrimLeft(rest, " \t")
	if len(ext) < len(rest) {
		s.note(off+int64(len(text)-len(rest)), "white space behind the chunk size", "RFC 9112 7.1.1")
	}
	if len(ext) == 0 {
		return
	}
	at := off + int64(len(text)-len(ext))
	switch {
	case len(bytes.Trim(ext, " \t\r")) == 0:
		s.note(at, "bare CR behind the chunk size", "RFC 9112 2.2")
	case ext[0] != ';':
		s.refuse(at, "the chunk size is followed by neither an extension nor a line end", rule)
	case hasControl(ext):
		s.note(at, "control character in a chunk extension", "RFC 9112 7.1.1")
	case looseSpace(ext):
		s.note(at, "white space in a chunk extension", "RFC 9112 7.1.1")
	}
}

// looseSpace reports whether there is white space in a chunk extension outside its
// quoted strings.
func looseSpace(ext []byte) bool {
	quoted := false
	for i := 0; i < len(ext); i++ {
		switch c := ext[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case (c == ' ' || c == '\t') && !quoted:
			return true
		}
	}
	return false
}

// startsChunk reports whether a chunk-size line, or what is leniently taken for
// one, may start with c.
func startsChunk(c byte) bool {
	return hexDigit(c) >= 0 || isSpace(c)
}

// spaces are the octets that some recipients pass over before a chunk size.
const spaces = " \t\r\n\v\f"

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// hexadecimal reads the hexadecimal number that p starts with, white space
// before it aside. Digits is 0 for none, and -1 if it does not fit.
func hexadecimal(p []byte) (n int64, digits int, rest []byte) {
	p = bytes.TrimLeft(p, spaces)
	for digits < len(p) {
		d := hexDigit(p[digits])
		if d < 0 {
			break
		}
		if n > (math.MaxInt64-int64(d))/16 {
			return 0, -1, nil
		}
		n = 16*n + int64(d)
		digits++
	}
	return n, digits, p[digits:]
}

// hexDigit returns the value of c, -1 for none.
func hexDigit(c byte) int {
	switch c = lower(c); {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// trailerLine reads one line behind the last chunk.
func (s *side) trailerLine() bool {
	off := s.buf.Offset()
	text, eol, ok, long := s.buf.Line(s.p.limits.Head - len(s.buf.Held()))
	if !ok {
		if long {
			s.buf.Rewind()
			s.dropLeavesFrom(s.buf.Start())
			return s.broken("trailer section is longer than the limit", "RFC 9112 7.1.2")
		}
		return false
	}
	if len(text) > 0 {
		s.fieldLine(proto.LeafTrailerLine, off, text, eol)
		return true
	}
	s.leaf(proto.LeafTrailerEnd, s.buf.Offset())
	if eol == proto.EOLLF {
		s.note(off, "empty line ends in bare LF", "RFC 9112 2.2")
	}
	s.takeTrailers()
	s.done("0-chunk")
	return true
}

// takeTrailers makes the trailer fields of the lines read so far.
func (s *side) takeTrailers() {
	base := s.buf.Start()
	var ts Fields
	if len(s.lines) > 0 {
		ts = s.takeFields(bytes.Clone(s.buf.Held()), base)
	}
	s.buf.Release()
	for i := range ts.Len() {
		for _, name := range [...]string{"Content-Length", "Transfer-Encoding", "Host", "Content-Encoding", "Content-Type", "Content-Range", "Trailer", "Set-Cookie"} {
			if equalFold(ts.name(i), name) {
				s.note(ts.at(i).From, name+" in the trailer section: ignored", "RFC 9110 6.5.1")
			}
		}
	}
	s.trailers = ts
}

// dropLeavesFrom forgets the tiles from the offset at on, and their notes.
func (s *side) dropLeavesFrom(at int64) {
	n := len(s.leaves)
	for n > 0 && s.leaves[n-1].To > at {
		n--
	}
	s.leaves, s.tiled = s.leaves[:n], at
	n = len(s.notes)
	for n > 0 && s.notes[n-1].Offset >= at {
		n--
	}
	s.notes = s.notes[:n]
}

// cutTrailer takes a trailer section that stops in the middle.
func (s *side) cutTrailer() {
	off := s.buf.Offset()
	if rest := s.buf.Next(s.buf.Len()); len(rest) > 0 {
		s.fieldLine(proto.LeafTrailerLine, off, bytes.TrimSuffix(rest, []byte{'\r'}), proto.EOLNone)
	}
	s.takeTrailers()
}

// cutChunk takes the octets of chunk framing that stops in the middle.
func (s *side) cutChunk() {
	if s.buf.Len() == 0 {
		return
	}
	s.buf.Next(s.buf.Len())
	if s.state == stateChunkEnd {
		s.chunkLeaf(proto.LeafChunkEnd)
	} else {
		s.chunkLeaf(proto.LeafChunkSize)
	}
	s.buf.Release()
}
