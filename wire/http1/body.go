package http1

import (
	"strconv"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// bodyData takes octets of a body that is not chunked.
func (s *side) bodyData() bool {
	n := s.buf.Len()
	if n == 0 {
		return false
	}
	if s.state == stateFixed {
		n = int(min(int64(n), s.left))
	}
	off := s.buf.Offset()
	s.keep(off, s.buf.Next(n))
	s.left -= int64(n)
	s.buf.Release()
	s.grow(proto.LeafBody, s.buf.Start())
	return s.bodyDone()
}

// bodyDone finishes the message if its body or chunk has come to its end.
func (s *side) bodyDone() bool {
	switch {
	case s.state == stateFixed && s.left == 0:
		s.done(s.lengthReached())
	case s.state == stateChunkData && s.left == 0:
		s.state = stateChunkEnd
	}
	return true
}

// lengthReached is the reason of a body framed by Content-Length.
func (s *side) lengthReached() string {
	if s.size == 0 {
		return "Content-Length 0 reached"
	}
	b := make([]byte, 0, 48)
	b = append(b, "Content-Length "...)
	b = strconv.AppendInt(b, s.size, 10)
	return string(append(b, " reached"...))
}

// done gives the message in progress, complete, and keeps the books.
func (s *side) done(endedBy string) {
	p, n := s.p, s.exchange
	s.undoCodings()
	if s.dir == wire.ClientToServer {
		s.finish(true, endedBy)
		p.asking(n)
		return
	}
	interim := s.response.Interim()
	s.finish(true, endedBy)
	if interim {
		return
	}
	p.endedBy = endedBy
	if n == 0 {
		return
	}
	p.settled++
	if len(p.due) > 0 && p.due[0].n == n {
		p.answered()
	}
}

// broken gives the message in progress as it stands, since its framing tells
// nothing more; what follows is raw up to the next turn.
func (s *side) broken(text string, rule string) bool {
	s.refuse(s.buf.Start(), text, rule)
	s.finish(false, text)
	s.toRaw("octets behind the broken framing of a body", rule)
	return true
}

// cutBody gives a message that stops in its body, with all its octets.
func (s *side) cutBody(why string) {
	switch s.state {
	case stateFixed:
		why += " after " + strconv.FormatInt(s.size, 10) + " of " + strconv.FormatInt(s.size+s.left, 10) + " octets"
	case stateClose:
		why += " before the body's end was known"
	case stateTrailer:
		s.cutTrailer()
		why += " in the trailer section"
	default:
		s.cutChunk()
		why += " before the last chunk"
	}
	s.note(s.tiled, why, "RFC 9112 8")
	s.finish(false, why)
}
