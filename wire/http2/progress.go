package http2

import (
	"encoding/binary"
	"fmt"
	"slices"

	"wiretape/wire/proto"
)

// progress is a frame whose header came.
type progress struct {
	f     *Frame
	m     proto.Message
	kept  []byte // header and payload, up to the limit
	left  int    // octets of the payload to come
	tiled int64  // end of the last leaf
	holed bool   // octets of the payload are missing
}

// header reads a frame's header.
func (p *Parser) header(s *side) {
	b := s.buf.Next(frameHeaderLen)
	id := binary.BigEndian.Uint32(b[5:])
	f := &Frame{
		Type: FrameType(b[3]), Flags: Flags(b[4]), Stream: id &^ (1 << 31),
		Length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
	}
	g := &progress{f: f, m: p.message(s), kept: slices.Clone(b), left: f.Length}
	g.m.Value = f
	g.m.Span.To = s.buf.Offset()
	s.frame = g
	g.leaf("frame-header", g.m.Span.To)
	s.buf.Release()

	if id>>31 == 1 {
		g.note(5, "the reserved bit is set", "4.1")
	}
	if s.missing && !s.settings {
		g.note(0, "the connection preface is missing", "3.4")
	}
	if !s.settings && (f.Type != FrameSettings || f.Flags.Has(FlagAck)) {
		g.note(3, fmt.Sprintf("the first frame is %s, not SETTINGS", f.Type), "3.4")
	}
	s.settings = true
	other := &p.sides[1-proto.Side(s.dir)]
	if f.Length > int(other.maxFrame) {
		g.note(0, fmt.Sprintf("payload of %d octets, more than the MAX_FRAME_SIZE of %d", f.Length, other.maxFrame), "4.2")
	}
	f.checkHeader(g.note)
	s.checkBlock(g)
	g.m.Exchange = p.streams.exchange(s.dir, f)
}

// checkBlock notes frames that break a header block. RFC 9113, section 6.10: it
// goes on with CONTINUATION frames of the same stream, and nothing else in
// between.
func (s *side) checkBlock(g *progress) {
	f := g.f
	switch {
	case s.block != 0 && (f.Type != FrameContinuation || f.Stream != s.block):
		g.note(3, fmt.Sprintf("%s of stream %d within the header block of stream %d", f.Type, f.Stream, s.block), "6.10")
	case s.block == 0 && f.Type == FrameContinuation:
		g.note(3, "CONTINUATION without a header block to go on with", "6.10")
	}
	s.block = 0
	switch f.Type {
	case FrameHeaders, FramePushPromise, FrameContinuation:
		if !f.Flags.Has(FlagEndHeaders) {
			s.block = f.Stream
		}
	}
}

// payload reads what there is of a frame's payload, and reports whether that was
// all of it.
func (p *Parser) payload(s *side) bool {
	g := s.frame
	b := s.buf.Next(g.left)
	g.left -= len(b)
	if !g.holed {
		limit := frameHeaderLen + p.limits.Head
		if g.f.Type == FrameData {
			limit = frameHeaderLen + 1 + p.limits.Body
		}
		g.kept = append(g.kept, b[:min(len(b), max(0, limit-len(g.kept)))]...)
	}
	g.m.Span.To = s.buf.Offset()
	s.buf.Release()
	if g.left > 0 {
		return false
	}
	p.finish(s, fmt.Sprintf("length %d reached", g.f.Length))
	return true
}

// finish gives the frame in progress, whole or as far as it came.
func (p *Parser) finish(s *side, why string) {
	g := s.frame
	s.frame = nil
	m := &g.m
	if m.Span.To > g.tiled {
		g.leaf("payload", m.Span.To)
	}
	f, whole := g.f, g.left == 0 && !g.holed
	came := len(g.kept) - frameHeaderLen
	m.Head = g.kept[:len(g.kept):len(g.kept)]
	if whole {
		f.takePayload(s.dir, g.kept[frameHeaderLen:], g.note)
	}
	if f.Type == FrameData {
		from := frameHeaderLen
		if f.padded() {
			from = min(from+1, len(g.kept))
		}
		size := m.Span.Len() - int64(from)
		if whole {
			size = max(0, size-int64(f.PadLength))
		}
		m.Head = g.kept[:from:from]
		data := g.kept[from:]
		data = data[:min(int64(len(data)), int64(p.limits.Body), size)]
		m.Body = proto.Body{Data: data, Size: size, Cut: size > int64(len(data))}
	} else if whole && came < f.Length {
		g.note(frameHeaderLen, fmt.Sprintf("only %d of %d octets of the payload are kept", came, f.Length), "")
	}
	m.Complete, m.EndedBy = whole, why
	if whole {
		p.streams.take(s.dir, f)
		p.announce(s, f)
	}
	p.emit(s, *m)
}

// announce takes the settings that bear on the reading of frames.
func (p *Parser) announce(s *side, f *Frame) {
	for _, v := range f.Settings {
		if v.ID == SettingMaxFrameSize && v.fault(s.dir) == "" {
			s.maxFrame = v.Value
		}
	}
}

// leaf ends a tile at the offset to.
func (g *progress) leaf(name string, to int64) {
	from := g.tiled
	if len(g.m.Leaves) == 0 {
		from = g.m.Span.From
	}
	g.m.Leaves = append(g.m.Leaves, proto.Leaf{Span: proto.Span{From: from, To: to}, Name: name})
	g.tiled = to
}

// note says that the octet at an index of the frame deviates from a section of
// RFC 9113.
func (g *progress) note(at int, text, section string) {
	if section != "" {
		section = "RFC 9113 " + section
	}
	offset := min(g.m.Span.From+int64(at), g.m.Span.To)
	g.m.Notes = proto.AddNote(g.m.Notes, proto.Note{Offset: offset, Text: text, Rule: section})
}
