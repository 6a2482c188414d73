package websocket

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// maxControl is the longest payload of a control frame (RFC 6455, section 5.5).
const maxControl = 125

// progress is a frame whose header came.
type progress struct {
	f       *Frame
	m       proto.Message
	left    int64 // octets of the payload to come
	holed   bool  // octets of the payload are missing
	control []byte
}

// header reads a frame's header, and reports whether it is there.
func (p *Parser) header(s *side) bool {
	b := s.Buf.Peek()
	if len(b) < 2 {
		return false
	}
	n := 2
	bits := 7
	switch b[1] & 0x7f {
	case 126:
		n, bits = 4, 16
	case 127:
		n, bits = 10, 64
	}
	masked := b[1]&0x80 != 0
	if masked {
		n += 4
	}
	if len(b) < n {
		return false
	}
	b = s.Buf.Next(n)
	f := &Frame{Fin: b[0]&0x80 != 0, RSV: b[0] >> 4 & 7, Opcode: Opcode(b[0] & 0xf), Masked: masked, Bits: bits}
	g := &progress{f: f, m: p.core.Message(s.Stream, proto.KindFrame)}
	g.m.Value, g.m.Head = f, slices.Clone(b)
	g.m.Span.To = s.Buf.Offset()
	s.frame, s.begun = g, true
	g.m.Tile(proto.LeafFrameHeader, g.m.Span.To)
	switch bits {
	case 7:
		f.Length = int64(b[1] & 0x7f)
	case 16:
		f.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case 64:
		length := binary.BigEndian.Uint64(b[2:])
		if length > math.MaxInt64 {
			g.note(2, "the length has its highest bit set", "RFC 6455 5.2")
			length = math.MaxInt64
		}
		f.Length = int64(length)
	}
	if masked {
		copy(f.Key[:], b[n-4:])
	}
	g.left = f.Length
	p.checkHeader(s, g)
	p.joinFrame(s, g)
	s.Buf.Release()
	return true
}

// checkHeader notes what a header breaks of RFC 6455, section 5.
func (p *Parser) checkHeader(s *side, g *progress) {
	f := g.f
	client := s.Dir == wire.ClientToServer
	switch {
	case client && !f.Masked:
		g.note(1, "a client's frame is not masked", "RFC 6455 5.1")
	case !client && f.Masked:
		g.note(1, "a server's frame is masked", "RFC 6455 5.1")
	}
	if lengthBits(f.Length) < f.Bits {
		g.note(1, fmt.Sprintf("the length %d stands in %d bits, %d are enough", f.Length, f.Bits, lengthBits(f.Length)), "RFC 6455 5.2")
	}
	if f.Opcode.reserved() {
		g.note(0, fmt.Sprintf("the opcode 0x%x is reserved", uint8(f.Opcode)), "RFC 6455 5.2")
	}
	p.checkReserved(g)
	if f.Opcode.Control() {
		if !f.Fin {
			g.note(0, "a control frame is fragmented", "RFC 6455 5.5")
		}
		if f.Length > maxControl {
			g.note(1, fmt.Sprintf("a control frame has %d octets, more than %d", f.Length, maxControl), "RFC 6455 5.5")
		}
	}
	if s.closed && !f.Opcode.Control() {
		g.note(0, "a data frame behind a Close frame", "RFC 6455 5.5.1")
	}
	s.closed = s.closed || f.Opcode == Close
}

// checkReserved notes reserved bits that nothing has given a meaning. Of an
// extension that is not known any may have one.
func (p *Parser) checkReserved(g *progress) {
	f := g.f
	deflate := p.agreed == nil || p.agreed.Deflate != nil
	known := 0
	if deflate {
		known = 1
	}
	if f.RSV == 0 || p.agreed != nil && len(p.agreed.Extensions) > known {
		return
	}
	if f.RSV&RSV1 != 0 {
		switch {
		case !deflate:
			g.note(0, "RSV1 is set, and no extension was agreed on", "RFC 6455 5.2")
		case f.Opcode != Text && f.Opcode != Binary:
			g.note(0, fmt.Sprintf("RSV1 is set on a %s frame", f.Opcode), "RFC 7692 6.1")
		}
	}
	if f.RSV&2 != 0 {
		g.note(0, "RSV2 is set", "RFC 6455 5.2")
	}
	if f.RSV&1 != 0 {
		g.note(0, "RSV3 is set", "RFC 6455 5.2")
	}
}

// payload reads what there is of a frame's payload, and reports whether that was
// all of it.
func (p *Parser) payload(s *side) bool {
	g := s.frame
	for g.left > 0 && s.Buf.Len() > 0 {
		at := s.Buf.Offset()
		b := s.Buf.Next(int(min(g.left, int64(len(p.scratch)))))
		if g.f.Masked {
			mask4(p.scratch[:], b, g.f.Key, g.f.Length-g.left)
			b = p.scratch[:len(b)]
		}
		g.left -= int64(len(b))
		limit := p.core.Limits.Body
		if g.holed {
			limit = 0 // it does not go on with what is kept
		}
		g.m.Body.Keep(b, limit)
		switch {
		case g.f.Opcode == Close || g.f.Opcode == Ping || g.f.Opcode == Pong:
			g.control = append(g.control, b[:min(len(b), maxControl-len(g.control))]...)
		case s.msg != nil && !g.f.Opcode.Control() && !g.f.Opcode.reserved():
			s.msg.take(p, s, g, b, at)
		}
		g.m.Span.To = s.Buf.Offset()
	}
	s.Buf.Release()
	if g.left > 0 {
		return false
	}
	p.finish(s, fmt.Sprintf("length %d reached", g.f.Length))
	return true
}

// finish gives the frame in progress, whole or as far as it came, and the message
// that it ends.
func (p *Parser) finish(s *side, why string) {
	g := s.frame
	s.frame = nil
	m := &g.m
	m.Tile(proto.LeafPayload, m.Span.To)
	if g.holed {
		// Some of the payload is not in the body.
		m.Body.Size = max(m.Body.Size, m.Span.Len()-int64(len(m.Head)))
		m.Body.Cut = m.Body.Size > int64(len(m.Body.Data))
	}
	whole := g.left == 0 && !g.holed
	m.Complete, m.EndedBy, m.Last = whole, why, p.core.Now
	if g.left == 0 && g.holed {
		m.EndedBy = "octets are missing from the recording"
	}
	f := g.f
	if whole && f.Opcode == Close {
		f.takeClose(g)
	}
	ends := s.msg != nil && !f.Opcode.Control() && !f.Opcode.reserved()
	if ends {
		s.msg.m.Span.To = m.Span.To
		if whole && f.Fin && s.msg.text.cut() && !s.msg.value.Compressed {
			g.note(int(m.Span.Len()), "the text ends within a character", "RFC 6455 8.1")
		}
	}
	p.core.Emit(s.Stream, *m, "a frame followed")
	if ends && f.Fin {
		p.endMessage(s, whole, why)
	}
	if whole && f.Opcode.Control() {
		p.talk.control(s.Dir, f, g.control)
	}
	s.First = p.core.Now
}

// takeClose reads the payload of a Close frame (RFC 6455, section 5.5.1).
func (f *Frame) takeClose(g *progress) {
	header := len(g.m.Head)
	switch {
	case f.Length == 0:
		return
	case f.Length == 1:
		g.note(header, "a Close frame of one octet: a code has two", "RFC 6455 5.5.1")
		return
	}
	f.Code = CloseCode(binary.BigEndian.Uint16(g.control))
	f.Reason = g.control[2:len(g.control):len(g.control)]
	if text, section := f.Code.fault(); text != "" {
		g.note(header, text, "RFC 6455 "+section)
	}
	if f.Length <= maxControl && !utf8.Valid(f.Reason) {
		g.note(header+2, "the reason is not UTF-8", "RFC 6455 5.5.1")
	}
}

// note says that the octet at an index of the frame deviates from a rule.
func (g *progress) note(at int, text, rule string) {
	offset := min(g.m.Span.From+int64(at), g.m.Span.To)
	g.m.Notes = proto.AddNote(g.m.Notes, proto.Note{Offset: offset, Text: text, Rule: rule})
}
