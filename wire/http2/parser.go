package http2

import (
	"cmp"
	"slices"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
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
	derived []proto.Message // to stand behind the frame in hand
	streams streams
	open    func(*proto.Message) http1.Tap // who wants the body of a message; may be nil
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
	late     bool          // the first frame was none to begin with
	block    uint32        // stream whose header block is not ended; 0 for none
	pending  *block        // that header block
	dec      *hpackDecoder // of the header blocks that this side sends
	agreed   agreed        // what this side announced
	frame    *progress     // nil between frames
	partial  proto.Message
}

// reset makes s a direction of which nothing is known.
func (s *side) reset(limits proto.Limits) {
	s.begun, s.settings, s.lost, s.missing, s.late, s.block, s.pending = false, false, false, false, false, 0, nil
	s.dec = newDecoder(limits.Head)
	s.agreed.reset()
}

// defaultMaxFrame is the payload that may be sent before anything is agreed on
// (RFC 9113, section 4.2).
const defaultMaxFrame = 1 << 14

// New returns a Parser. Of a payload, and of the body of a message, it keeps
// Limits.Body octets of data, or Limits.Head of anything else; and so many of a
// field list, counted as RFC 9113, section 6.5.2, does.
func New(limits proto.Limits) *Parser {
	p := &Parser{limits: limits.WithDefaults()}
	p.runs.Limits = p.limits
	p.sides[0].dir, p.sides[1].dir = wire.ClientToServer, wire.ServerToClient
	p.reset()
	return p
}

// reset makes p a parser of a connection that begins.
func (p *Parser) reset() {
	p.sides[0].reset(p.limits)
	p.sides[1].reset(p.limits)
	p.streams.reset()
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
		p.reset()
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
	st := proto.State{
		Due: p.streams.due(), Settled: p.streams.settled, EndedBy: p.streams.endedBy,
		Partial: [2]*proto.Message{p.progress(&p.sides[0]), p.progress(&p.sides[1])},
		Framed:  !p.sides[1].lost,
	}
	st.Got, st.Want = p.streams.coming()
	st.Answered = p.streams.streamed()
	return st
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
	p.cutHalves(proto.Side(s.dir), why)
	p.giveDerived()
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
	p.giveDerived()
	s.buf.Release()
	s.first = p.now
}

// giveDerived gives what the last frame completed.
func (p *Parser) giveDerived() {
	p.out = append(p.out, p.derived...)
	clear(p.derived)
	p.derived = p.derived[:0]
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
