package http2

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"wiretape/wire/proto"
)

// progress is a frame whose header came.
type progress struct {
	f     *Frame
	m     proto.Message
	kept  []byte // header and payload, up to the limit
	left  int    // octets of the payload to come
	holed bool   // octets of the payload are missing
}

// header reads a frame's header.
func (p *Parser) header(s *side) {
	b := s.Buf.Next(frameHeaderLen)
	id := binary.BigEndian.Uint32(b[5:])
	f := &Frame{
		Type: FrameType(b[3]), Flags: Flags(b[4]), Stream: id &^ (1 << 31),
		Length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
	}
	g := &progress{f: f, m: p.core.Message(s.Stream, proto.KindFrame), kept: slices.Clone(b), left: f.Length}
	g.m.Value = f
	g.m.Span.To = s.Buf.Offset()
	s.frame = g
	g.m.Tile(proto.LeafFrameHeader, g.m.Span.To)
	s.Buf.Release()

	if id>>31 == 1 {
		g.note(5, "the reserved bit is set", "4.1")
	}
	if s.missing && !s.settings {
		g.note(0, "the connection preface is missing", "3.4")
	}
	switch {
	case s.settings:
	case f.Type != FrameSettings:
		g.note(3, fmt.Sprintf("the first frame is %s, not SETTINGS", f.Type), "3.4")
	case f.Flags.Has(FlagAck):
		g.note(4, "the first frame acknowledges SETTINGS, in place of SETTINGS of its own", "3.4")
	}
	if !s.settings && f.Type != FrameSettings {
		// It may well be that the recording begins in the middle.
		s.late = true
		s.dec.table.lose()
	}
	s.settings = true
	other := &p.sides[1-proto.Side(s.Dir)]
	if most := other.agreed.most(SettingMaxFrameSize); f.Length > int(most) {
		g.note(0, fmt.Sprintf("payload of %d octets, more than the MAX_FRAME_SIZE of %d", f.Length, most), "4.2")
	}
	f.checkHeader(g.note)
	s.checkBlock(g)
	g.m.Stream = f.Stream
	g.m.Exchange = p.enter(s, f, p.known(), g.note)
}

// known reports whether both directions are on record from their beginnings, and
// are read.
func (p *Parser) known() bool {
	c, s := &p.sides[0], &p.sides[1]
	return c.begun && s.begun && !c.lost && !s.lost && !c.missing && !c.late && !s.late
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
	b := s.Buf.Next(g.left)
	g.left -= len(b)
	if !g.holed {
		limit := frameHeaderLen + p.core.Limits.Head
		if g.f.Type == FrameData {
			limit = frameHeaderLen + 1 + p.core.Limits.Body
		}
		g.kept = append(g.kept, b[:min(len(b), max(0, limit-len(g.kept)))]...)
	}
	g.m.Span.To = s.Buf.Offset()
	s.Buf.Release()
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
	m.Tile(proto.LeafPayload, m.Span.To)
	f, whole := g.f, g.left == 0 && !g.holed
	came := len(g.kept) - frameHeaderLen
	m.Head = g.kept[:len(g.kept):len(g.kept)]
	if whole {
		f.takePayload(s.Dir, g.kept[frameHeaderLen:], g.note)
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
		data = data[:min(int64(len(data)), int64(p.core.Limits.Body), size)]
		m.Body = proto.Body{Data: data, Size: size, Cut: size > int64(len(data))}
	} else if whole && came < f.Length {
		g.note(frameHeaderLen, fmt.Sprintf("only %d of %d octets of the payload are kept", came, f.Length), "")
	}
	m.Complete, m.EndedBy = whole, why
	if f.Type == FrameHeaders || f.Type == FramePushPromise || f.Type == FrameContinuation {
		p.fragment(s, g, whole && came >= f.Length)
	}
	if whole {
		p.take(s, g)
	}
	p.emit(s, *m)
}

// take does what a whole frame that is no header block changes.
func (p *Parser) take(s *side, g *progress) {
	f, m, t := g.f, &g.m, &p.streams
	side := proto.Side(s.Dir)
	st := t.open[f.Stream]
	ack := f.Flags.Has(FlagAck)
	switch f.Type {
	case FrameData:
		other := &p.sides[1-side]
		t.spend(st, side, int64(f.Length), int64(other.agreed.most(SettingInitialWindowSize)), p.known(), g.note)
		f.Flow = t.flow(s.Dir, side, st)
		if st != nil && !(st.promised && side == 0) {
			p.data(s, st, m)
			if f.Flags.Has(FlagEndStream) {
				p.endStream(s, st)
			}
		}
	case FrameRSTStream:
		if st != nil && f.Length == 4 {
			p.rst(s, st, f, m)
		}
	case FrameSettings:
		count(&t.settings, side == 0 && !ack, side == 1 && ack)
		if !ack {
			p.announce(s, f, g.note)
			break
		}
		other := &p.sides[1-side]
		if len(other.agreed.waiting) == 0 && p.known() {
			g.note(0, "acknowledges SETTINGS that were not sent", "6.5.3")
		}
		p.acknowledge(other)
	case FramePing:
		t.ping(side, f, p.known(), g.note)
	case FrameGoAway:
		if f.Length >= 8 && f.Stream == 0 {
			p.away(s, f, m, g.note)
		}
	case FrameWindowUpdate:
		if f.Length == 4 {
			t.widen(st, 1-side, f, g.note)
			f.Flow = t.flow(dirOf(1-side), 1-side, st)
		}
	}
	if f.Stream != 0 {
		f.State = t.state(f.Stream)
	}
}

// note says that the octet at an index of the frame deviates from a section of
// RFC 9113, or of another RFC if that is named.
func (g *progress) note(at int, text, section string) {
	if section != "" && !strings.HasPrefix(section, "RFC ") {
		section = "RFC 9113 " + section
	}
	offset := min(g.m.Span.From+int64(at), g.m.Span.To)
	g.m.Notes = proto.AddNote(g.m.Notes, proto.Note{Offset: offset, Text: text, Rule: section})
}
