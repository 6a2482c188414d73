package http2

import (
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// protoName is the Proto of all Messages, as ALPN names it.
const protoName = "h2"

// A Parser reads both directions of one HTTP/2 connection. It implements
// [proto.Parser].
type Parser struct {
	core    proto.Duplex
	sides   [2]side
	derived []proto.Message // to stand behind the frame in hand
	streams streams
	open    func(*proto.Message) http1.Tap // who wants the body of a message; may be nil
}

// A side is one direction.
type side struct {
	*proto.Stream
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
	p := &Parser{}
	p.core.Init(protoName, limits)
	for i := range p.sides {
		p.sides[i].Stream = &p.core.Sides[i]
	}
	p.reset()
	return p
}

// reset makes p a parser of a connection that begins.
func (p *Parser) reset() {
	p.sides[0].reset(p.core.Limits)
	p.sides[1].reset(p.core.Limits)
	p.streams.reset()
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message { return p.core.Feed((*duplex)(p), e) }

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message { return p.core.Close((*duplex)(p)) }

// A duplex is the Parser as its [proto.Duplex] sees it.
type duplex Parser

// Read implements [proto.Reader].
func (d *duplex) Read(side int) {
	for s := &d.sides[side]; (*Parser)(d).step(s); {
	}
}

// Gap implements [proto.Reader].
func (d *duplex) Gap(side int, size int64) bool { return (*Parser)(d).gap(&d.sides[side], size) }

// Flush implements [proto.Reader].
func (d *duplex) Flush(side int, why string) { (*Parser)(d).flush(&d.sides[side], why) }

// Secured implements [proto.Reader].
func (d *duplex) Secured() { (*Parser)(d).reset() }

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
		s.partial.Span.To, s.partial.Last = s.Buf.Start(), p.core.Now
	case s.Buf.Len() > 0:
		s.partial = p.core.Message(s.Stream, proto.KindFrame)
		s.partial.Head = s.Buf.All()
		s.partial.Span.To = s.Buf.End()
	default:
		return p.core.Runs.Partial(s.Dir)
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
	case s.Buf.Len() == 0:
		return false
	case !s.begun:
		return p.begin(s)
	case s.Buf.Len() < frameHeaderLen:
		return false
	}
	p.header(s)
	return true
}

// gap takes octets that are missing. Within a payload the frames after it are
// still found: true.
func (p *Parser) gap(s *side, size int64) bool {
	if g := s.frame; g != nil && size <= int64(g.left) {
		g.m.Tile(proto.LeafPayload, g.m.Span.To)
		s.Buf.Gap(size)
		g.left -= int(size)
		g.holed = true
		g.m.Span.To += size
		g.m.Tile(proto.LeafGap, g.m.Span.To)
		if g.left == 0 {
			p.finish(s, proto.Ending(wire.KindGap))
		}
		return true
	}
	// Where the next frame begins nothing tells, unless nothing began yet.
	s.lost = s.begun || s.Buf.Len() > 0 || s.lost
	return false
}

// flush ends what is in progress on a side, because of why.
func (p *Parser) flush(s *side, why string) {
	if s.frame != nil {
		if s.frame.left == 0 {
			why = proto.Ending(wire.KindGap)
		}
		p.finish(s, why)
	}
	if s.Buf.Len() > 0 {
		p.raw(s, "a beginning that is not complete", "")
	}
	p.core.Out = p.core.Runs.End(p.core.Out, s.Dir, why)
	p.cutHalves(proto.Side(s.Dir), why)
	p.giveDerived()
}

// emit gives the Message of a frame, and what it completed.
func (p *Parser) emit(s *side, m proto.Message) {
	m.Last = p.core.Now
	p.core.Emit(s.Stream, m, "a frame followed")
	p.giveDerived()
	p.core.Release(s.Stream)
}

// giveDerived gives what the last frame completed.
func (p *Parser) giveDerived() {
	p.core.Out = append(p.core.Out, p.derived...)
	clear(p.derived)
	p.derived = p.derived[:0]
}

// raw adds all octets of the buffer to the raw run of a side, with a note if it
// begins one and text is not "".
func (p *Parser) raw(s *side, text, rule string) {
	var note *proto.Note
	if text != "" {
		note = &proto.Note{Offset: s.Buf.Start(), Text: text, Rule: rule}
	}
	p.core.Raw(s.Stream, s.Buf.Len(), note)
}
