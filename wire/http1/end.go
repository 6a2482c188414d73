package http1

import (
	"bytes"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// gap takes octets that are missing from the recording.
func (s *side) gap(e wire.Event) {
	why := proto.Ending(e.Kind)
	n := proto.GapSize(e, s.buf.End())
	if n == 0 {
		return
	}
	switch s.state {
	case stateFixed, stateClose, stateChunkData:
		// Within a body whose end is known the framing survives.
		in := n
		if s.state != stateClose {
			in = min(n, s.left)
			s.left -= in
		}
		s.note(s.tiled, "octets of the body are missing from the recording", "")
		s.untap("octets are missing from the recording")
		s.size += in
		s.holed = true
		s.buf.Gap(in)
		s.leaf(proto.LeafGap, s.buf.Start())
		n -= in
		s.bodyDone()
	case stateRaw, stateTunnel:
		s.endRaw(why)
	default:
		s.cut(why)
	}
	if n == 0 {
		return
	}
	if s.state != stateStart && s.state != stateRaw && s.state != stateTunnel {
		s.cut(why)
	}
	e.Size = n
	s.p.out = append(s.p.out, proto.Gap(e, protoName, s.buf.End(), s.p.secure))
	s.buf.Gap(n)
	s.first = s.p.now
}

// end takes the end of the direction.
func (s *side) end(e end) {
	switch {
	case s.state == stateRaw || s.state == stateTunnel:
		s.endRaw(e.why)
	case s.state == stateClose && e.whole:
		if e.untold {
			s.note(s.tiled, "TLS ended without close_notify: the body may be truncated", "RFC 9112 9.8")
		}
		s.done(e.why)
	default:
		s.cut(e.why)
	}
}

// cut ends what is in progress before its time. Nothing stays pending.
func (s *side) cut(why string) {
	switch s.state {
	case stateStart:
		if s.buf.End() == s.buf.Start() {
			s.reset()
			return
		}
		if s.waiting {
			s.toRaw(noMethod, "RFC 9112 3")
			s.endRaw(why)
			s.reset()
			return
		}
		s.toRaw("only the beginning of a message: "+why, "RFC 9112 8")
		s.endRaw(why)
		s.reset()
	case stateHead:
		s.cutHead(why)
	default:
		s.cutBody(why)
	}
}

// cutHead gives a head that stops in the middle.
func (s *side) cutHead(why string) {
	off := s.buf.Offset()
	if rest := s.buf.Next(s.buf.Len()); len(rest) > 0 {
		rest = bytes.TrimSuffix(rest, []byte{'\r'})
		s.takeLine(off, rest, proto.EOLNone)
		if s.state == stateRaw {
			s.endRaw(why)
			s.reset()
			return
		}
	}
	if !s.began {
		return // the line was a whole message: the simple request of HTTP/0.9
	}
	s.note(s.buf.Offset(), why+" in the head", "RFC 9112 8")
	s.takeHead()
	if s.dir == wire.ServerToClient {
		s.bind()
	} else {
		s.exchange = s.p.ask(s.request)
	}
	s.finish(false, why+" in the head")
}
