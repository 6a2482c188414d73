package http2

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// protoName is the Proto of all Messages, as ALPN names it.
const protoName = "h2"

// A Parser reads both directions of one HTTP/2 connection. It implements
// [proto.Parser].
type Parser struct {
	limits  proto.Limits
	sides   [2]side
	runs    proto.Runs
	now     time.Duration
	conn    int
	secure  bool
	out     []proto.Message
	streams streams
}

// A side is one direction.
type side struct {
	dir      wire.Dir
	buf      proto.Buffer
	first    time.Duration // At of the first octet of what is in progress
	begun    bool          // the preface, or its absence, is behind us
	settings bool          // the first frame is behind us
	lost     bool          // no HTTP/2, or frames are lost: raw from here on
	missing  bool          // the preface was not there
	block    uint32        // stream whose header block is not ended; 0 for none
	maxFrame uint32        // MAX_FRAME_SIZE that this side announced
	frame    *progress     // nil between frames
	partial  proto.Message
}

// progress is a frame whose header came.
type progress struct {
	f     *Frame
	m     proto.Message
	kept  []byte // header and payload, up to the limit
	left  int    // octets of the payload to come
	tiled int64  // end of the last leaf
	holed bool   // octets of the payload are missing
}

// defaultMaxFrame is the payload that may be sent before anything is agreed on
// (RFC 9113, section 4.2).
const defaultMaxFrame = 1 << 14

// New returns a Parser. Of a payload it keeps Limits.Body octets of data, or
// Limits.Head of anything else.
func New(limits proto.Limits) *Parser {
	p := &Parser{limits: limits.WithDefaults()}
	p.runs.Limits = p.limits
	p.sides[0] = side{dir: wire.ClientToServer, maxFrame: defaultMaxFrame}
	p.sides[1] = side{dir: wire.ServerToClient, maxFrame: defaultMaxFrame}
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message {
	p.out = p.out[:0]
	p.now, p.conn = e.At, e.Conn
	s := &p.sides[proto.Side(e.Dir)]
	p.out = p.runs.Turn(p.out, e, p.sides[0].buf.Span(), p.sides[1].buf.Span())
	switch e.Kind {
	case wire.KindData:
		if len(e.Data) == 0 {
			break
		}
		if s.buf.Start() == s.buf.End() && s.frame == nil {
			s.first = p.now
		}
		s.buf.Push(e.Data)
		for p.step(s) {
		}
		s.buf.Keep()
	case wire.KindGap:
		p.gap(s, e)
	case wire.KindEOF:
		p.flush(s, proto.Ending(e.Kind))
	case wire.KindReset, wire.KindClose:
		p.flushAll(proto.Ending(e.Kind))
	case wire.KindSecure:
		p.flushAll(proto.Ending(e.Kind))
		p.secure = true
		for i := range p.sides {
			s := &p.sides[i]
			s.begun, s.settings, s.lost, s.block, s.maxFrame = false, false, false, 0, defaultMaxFrame
		}
	}
	return p.out
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message {
	p.out = p.out[:0]
	p.flushAll("end of recording")
	return p.out
}

// State implements [proto.Parser]. Due counts requests, and the SETTINGS and PING
// frames of the client that are not acknowledged.
func (p *Parser) State() proto.State {
	return proto.State{
		Due: p.streams.due(), Settled: p.streams.settled, EndedBy: p.streams.endedBy,
		Partial: [2]*proto.Message{p.progress(&p.sides[0]), p.progress(&p.sides[1])},
		Want:    -1, Framed: !p.sides[1].lost,
	}
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(s *side) *proto.Message {
	switch {
	case s.frame != nil:
		s.partial = s.frame.m
		s.partial.Head = s.frame.kept[:frameHeaderLen]
		s.partial.Span.To, s.partial.Last = s.buf.Start(), p.now
	case s.buf.Len() > 0:
		s.partial = p.message(s)
		s.partial.Head = s.buf.All()
		s.partial.Span.To = s.buf.End()
	default:
		return p.runs.Partial(s.dir)
	}
	return &s.partial
}

// step reads one thing and reports whether there may be another.
func (p *Parser) step(s *side) bool {
	switch {
	case s.lost:
		p.raw(s, "", "")
		return false
	case s.frame != nil:
		return p.payload(s)
	case s.buf.Len() == 0:
		return false
	case !s.begun:
		return p.begin(s)
	case s.buf.Len() < frameHeaderLen:
		return false
	}
	p.header(s)
	return true
}

// begin reads what a direction begins with: the client's preface, or bytes that
// tell that this is something else.
func (p *Parser) begin(s *side) bool {
	b := s.buf.Peek()
	if s.dir == wire.ClientToServer {
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
		case s.dir == wire.ServerToClient && string(b[:5]) == "HTTP/":
			what = "looks like an HTTP/1.x response"
		case s.dir == wire.ClientToServer:
			what = "looks like an HTTP/1.x request, not the connection preface"
		}
		p.raw(s, what, "RFC 9113 3.4")
		return false
	}
	s.begun = true
	s.missing = s.dir == wire.ClientToServer
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
	m := p.message(s)
	m.Head = slices.Clone(s.buf.Next(len(Preface)))
	m.Span.To = s.buf.Offset()
	m.Value = ClientPreface{}
	m.Leaves = []proto.Leaf{{Span: m.Span, Name: "preface"}}
	m.Complete, m.EndedBy = true, "24 octets"
	p.emit(s, m)
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

// gap takes octets that are missing. Within a payload the frames after it are
// still found.
func (p *Parser) gap(s *side, e wire.Event) {
	if e.Size = proto.GapSize(e, s.buf.End()); e.Size == 0 {
		return
	}
	if g := s.frame; g != nil && e.Size <= int64(g.left) {
		if g.m.Span.To > g.tiled {
			g.leaf("payload", g.m.Span.To)
		}
		s.buf.Gap(e.Size)
		g.left -= int(e.Size)
		g.holed = true
		g.m.Span.To += e.Size
		g.leaf("gap", g.m.Span.To)
		if g.left == 0 {
			p.finish(s, proto.Ending(e.Kind))
		}
		return
	}
	begun := s.begun || s.buf.Len() > 0 || s.lost
	p.flush(s, proto.Ending(e.Kind))
	p.out = append(p.out, proto.Gap(e, protoName, s.buf.End(), p.secure))
	s.buf.Gap(e.Size)
	// Where the next frame begins nothing tells, unless nothing began yet.
	s.lost = begun
}

// flush ends what is in progress on a side, because of why.
func (p *Parser) flush(s *side, why string) {
	if s.frame != nil {
		if s.frame.left == 0 {
			why = proto.Ending(wire.KindGap)
		}
		p.finish(s, why)
	}
	if s.buf.Len() > 0 {
		p.raw(s, "a beginning that is not complete", "")
	}
	p.out = p.runs.End(p.out, s.dir, why)
}

func (p *Parser) flushAll(why string) {
	p.flush(&p.sides[0], why)
	p.flush(&p.sides[1], why)
}

// message returns a Message that begins at the first octet of the buffer.
func (p *Parser) message(s *side) proto.Message {
	return proto.Message{
		Conn: p.conn, Proto: protoName, Kind: proto.KindFrame, Dir: s.dir, Secure: p.secure,
		First: s.first, Last: p.now, Span: proto.Span{From: s.buf.Start(), To: s.buf.Start()},
	}
}

// emit gives a Message, behind whatever raw bytes came before it.
func (p *Parser) emit(s *side, m proto.Message) {
	slices.SortStableFunc(m.Notes, func(a, b proto.Note) int { return cmp.Compare(a.Offset, b.Offset) })
	m.Last = p.now
	p.out = p.runs.End(p.out, s.dir, "a frame followed")
	p.out = append(p.out, m)
	s.buf.Release()
	s.first = p.now
}

// raw adds all octets of the buffer to the raw run of a side, with a note if it
// begins one and text is not "".
func (p *Parser) raw(s *side, text, rule string) {
	like := proto.Message{Conn: p.conn, Proto: protoName, Dir: s.dir, Secure: p.secure}
	if text != "" && p.runs.Partial(s.dir) == nil {
		like.Notes = []proto.Note{{Offset: s.buf.Start(), Text: text, Rule: rule}}
	}
	p.out = p.runs.Add(p.out, like, p.now, s.buf.Start(), s.buf.Next(s.buf.Len()))
	s.buf.Release()
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
