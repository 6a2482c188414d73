package http2

import (
	"slices"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// begin reads what a direction begins with: the client's preface, or bytes that
// tell that this is something else.
func (p *Parser) begin(s *side) bool {
	b := s.Buf.Peek()
	if s.Dir == wire.ClientToServer {
		n := min(len(b), len(Preface))
		if string(b[:n]) == Preface[:n] {
			if n < len(Preface) {
				return false
			}
			p.preface(s)
			return true
		}
	}
	if len(b) < frameHeaderLen {
		return false
	}
	// The length of a frame whose header is all text would be two megabytes and
	// more, before such a length can be agreed on.
	if isText(b[:frameHeaderLen]) {
		s.lost = true
		what := "text, not a frame"
		switch {
		case s.Dir == wire.ServerToClient && string(b[:5]) == "HTTP/":
			what = "looks like an HTTP/1.x response"
		case s.Dir == wire.ClientToServer:
			what = "looks like an HTTP/1.x request, not the connection preface"
		}
		p.raw(s, what, "RFC 9113 3.4")
		return false
	}
	s.begun = true
	s.missing = s.Dir == wire.ClientToServer
	return true
}

// isText reports whether b is ASCII text.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

func (p *Parser) preface(s *side) {
	s.begun = true
	m := p.core.Message(s.Stream, proto.KindFrame)
	m.Head = slices.Clone(s.Buf.Next(len(Preface)))
	m.Span.To = s.Buf.Offset()
	m.Value = ClientPreface{}
	m.Tile(proto.LeafPreface, m.Span.To)
	m.Complete, m.EndedBy = true, "24 octets"
	p.emit(s, m)
}
