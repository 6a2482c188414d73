package websocket

import (
	"wiretape/wire"
	"wiretape/wire/proto"
)

// protoName is the Proto of all Messages.
const protoName = "websocket"

// A Parser reads both directions of one WebSocket connection, from behind its
// opening handshake on. It implements [proto.Parser].
type Parser struct {
	core    proto.Duplex
	agreed  *Handshake // nil where the handshake was not seen
	sides   [2]side
	talk    talk
	scratch [4 << 10]byte // a part of a payload, unmasked
}

// A side is one direction.
type side struct {
	*proto.Stream
	begun   bool      // a frame is behind us
	lost    bool      // frames are lost: raw from here on
	closed  bool      // a Close frame is behind us
	frame   *progress // nil between frames
	msg     *message  // of which more frames are to come, or that of frame
	deflate deflate
	partial proto.Message
}

// New returns a Parser for what a handshake has agreed on. A nil one was not seen:
// what says that it is compressed is then taken to be, by the defaults of
// permessage-deflate. A body is kept up to Limits.Body octets.
func New(limits proto.Limits, agreed *Handshake) *Parser {
	p := &Parser{agreed: agreed}
	p.core.Init(protoName, limits)
	for i := range p.sides {
		s := &p.core.Sides[i]
		p.sides[i].Stream, p.sides[i].deflate = s, newDeflate(agreed, s.Dir)
	}
	return p
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
func (d *duplex) Secured() {}

// State implements [proto.Parser]. No reply is owed to a message, so that only a
// Ping and a Close of the client are Due. Framed is false while the client has sent
// more messages than the server after them: then nothing tells whether more is to
// come. Got and Want are of the payload in progress.
func (p *Parser) State() proto.State {
	s := &p.sides[1]
	st := proto.State{
		Due: p.talk.due(), Settled: p.talk.settled, EndedBy: p.talk.endedBy,
		Partial: [2]*proto.Message{p.progress(&p.sides[0]), p.progress(s)},
		Want:    -1, Framed: !s.lost && p.talk.asked == 0,
	}
	if s.frame != nil {
		st.Got, st.Want = s.frame.f.Length-s.frame.left, s.frame.f.Length
	}
	return st
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(s *side) *proto.Message {
	switch {
	case s.frame != nil:
		s.partial = s.frame.m
		s.partial.Span.To, s.partial.Last = s.Buf.Start(), p.core.Now
	case s.Buf.Len() > 0:
		s.partial = p.core.Message(s.Stream, proto.KindFrame)
		s.partial.Head = s.Buf.All()
		s.partial.Span.To = s.Buf.End()
	case s.msg != nil:
		s.partial = s.msg.m
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
	}
	return p.header(s)
}

// gap takes octets that are missing. Within a payload the frames after it are
// still found: true.
func (p *Parser) gap(s *side, size int64) bool {
	if g := s.frame; g != nil && size <= g.left {
		g.m.Tile(proto.LeafPayload, g.m.Span.To)
		s.Buf.Gap(size)
		g.left -= size
		g.holed = true
		g.m.Span.To += size
		g.m.Tile(proto.LeafGap, g.m.Span.To)
		if s.msg != nil && !g.f.Opcode.Control() {
			s.msg.tear(&s.deflate)
		}
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
		p.finish(s, why)
	}
	if s.Buf.Len() > 0 {
		p.raw(s, "the beginning of a frame that is not complete", "")
	}
	if s.msg != nil {
		p.endMessage(s, false, why)
	}
	p.core.Out = p.core.Runs.End(p.core.Out, s.Dir, why)
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

// A talk is who waits for what.
type talk struct {
	numbered int   // exchanges so far
	open     []int // those of the client's complete messages that no message answers yet, at most maxOpen

	asked   int      // messages of the client beyond those of the server since
	pings   [][]byte // payloads of the client's Pings without a Pong, at most maxPings
	closing bool     // the client's Close has no answer yet
	closed  bool     // the server has sent Close
	settled int
	endedBy string
}

const (
	maxPings = 64
	maxAsked = 1 << 20
	maxOpen  = 1 << 12
)

func (t *talk) due() int {
	n := len(t.pings)
	if t.closing {
		n++
	}
	return n
}

// begin returns the exchange of a message that begins. As nothing says which
// message answers which, the server's next is taken for the answer to the oldest of
// the client's that has none; where there is none it is an exchange of its own.
func (t *talk) begin(d wire.Dir) (exchange int) {
	if d == wire.ServerToClient && len(t.open) > 0 {
		exchange = t.open[0]
		t.open = append(t.open[:0], t.open[1:]...)
		return exchange
	}
	t.numbered++
	return t.numbered
}

// message takes the complete message of an exchange.
func (t *talk) message(d wire.Dir, exchange int) {
	switch {
	case d == wire.ClientToServer:
		if !t.closed && !t.closing {
			t.asked = min(t.asked+1, maxAsked)
			if len(t.open) < maxOpen {
				t.open = append(t.open, exchange)
			}
		}
	case t.asked > 0:
		t.asked--
		t.settled++
		t.endedBy = "FIN"
	default:
		t.endedBy = "FIN"
	}
}

// control takes a complete control frame.
func (t *talk) control(d wire.Dir, f *Frame, payload []byte) {
	switch client := d == wire.ClientToServer; {
	case f.Opcode == Ping && client && !t.closed && len(t.pings) < maxPings:
		t.pings = append(t.pings, payload)
	case f.Opcode == Pong && !client:
		// RFC 6455, section 5.5.3: the latest Ping alone may be answered.
		for i := len(t.pings) - 1; i >= 0; i-- {
			if string(t.pings[i]) == string(payload) {
				t.settled += i + 1
				t.endedBy = "Pong"
				t.pings = append(t.pings[:0], t.pings[i+1:]...)
				break
			}
		}
	case f.Opcode == Close && client:
		t.closing = !t.closed
	case f.Opcode == Close:
		// Nothing follows it (RFC 6455, section 5.5.1).
		t.settled += t.due()
		t.asked, t.open, t.pings, t.closing, t.closed = 0, nil, nil, false, true
		t.endedBy = "Close"
	}
}
