package http1

import (
	"bytes"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/token"
)

// noMethod says of a client's octets why they are no request.
const noMethod = "not HTTP/1: no method"

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
	if !token.Has(p[0]) && p[0] != ' ' && p[0] != '\t' {
		if s.waits() {
			return false
		}
		return s.toRaw(noMethod, "RFC 9112 3")
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
		if len(s.leaves) == 0 {
			s.note(s.from, "empty line before the start line", "RFC 9112 2.2")
		}
		s.buf.Next(n)
		s.grow(proto.LeafEmptyLine, s.buf.Offset())
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
	s.leaves.drop()
	s.notes, s.tiled = s.notes[:0], s.from
	s.response = &Response{Version: "HTTP/0.9", Framing: FramingClose, Length: -1, KeepAliveWhy: "HTTP/0.9"}
	s.bind()
	s.state = stateClose
	return true
}

// headLines reads the lines of the head that are there.
func (s *side) headLines() bool {
	for s.state == stateHead {
		if s.started {
			s.plainFields()
		}
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
		if s.dir == wire.ServerToClient {
			s.leaf(proto.LeafStatusLine, s.buf.Offset())
		} else {
			s.leaf(proto.LeafRequestLine, s.buf.Offset())
		}
		if eol == proto.EOLLF {
			s.note(s.buf.Offset()-1, "start line ends in bare LF", "RFC 9112 2.2")
		}
		if s.request != nil && s.request.Version == "HTTP/0.9" {
			return s.headEnd()
		}
	case len(text) == 0 && eol != proto.EOLNone:
		s.leaf(proto.LeafHeadEnd, s.buf.Offset())
		if eol == proto.EOLLF {
			s.note(off, "empty line ends in bare LF", "RFC 9112 2.2")
		}
		return s.headEnd()
	default:
		s.fieldLine(proto.LeafFieldLine, off, text, eol)
	}
	return true
}

// startLine reads the first line and reports whether it is one.
func (s *side) startLine(off int64, text []byte) bool {
	if s.dir == wire.ServerToClient {
		s.statusLine(off, text)
		return true
	}
	return s.requestLine(off, text)
}
