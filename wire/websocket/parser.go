package websocket

import (
	"cmp"
	"slices"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// protoName is the Proto of all Messages.
const protoName = "websocket"

// A Parser reads both directions of one WebSocket connection, from behind its
// opening handshake on. It implements [proto.Parser].
type Parser struct {
	limits  proto.Limits
	agreed  *Handshake // nil where the handshake was not seen
	sides   [2]side
	runs    proto.Runs
	now     time.Duration
	conn    int
	secure  bool
	out     []proto.Message
	talk    talk
	scratch [4 << 10]byte // a part of a payload, unmasked
}

// A side is one direction.
type side struct {
	dir     wire.Dir
	buf     proto.Buffer
	first   time.Duration // At of the first octet of what is in progress
	begun   bool          // a frame is behind us
	lost    bool          // frames are lost: raw from here on
	closed  bool          // a Close frame is behind us
	frame   *progress     // nil between frames
	msg     *message      // of which more frames are to come, or that of frame
	deflate deflate
	partial proto.Message
}

// New returns a Parser for what a handshake has agreed on. A nil one was not seen:
// what says that it is compressed is then taken to be, by the defaults of
// permessage-deflate. A body is kept up to Limits.Body octets.
func New(limits proto.Limits, agreed *Handshake) *Parser {
	p := &Parser{limits: limits.WithDefaults(), agreed: agreed}
	p.runs.Limits = p.limits
	for i, d := range [2]wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		p.sides[i].dir = d
		p.sides[i].deflate = newDeflate(agreed, d)
	}
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
	case wire.KindReset, wire.KindClose, wire.KindSecure:
		p.flushAll(proto.Ending(e.Kind))
		p.secure = p.secure || e.Kind == wire.KindSecure
	}
	return p.out
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message {
	p.out = p.out[:0]
	p.flushAll("end of recording")
	return p.out
}

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
		s.partial.Span.To, s.partial.Last = s.buf.Start(), p.now
	case s.buf.Len() > 0:
		s.partial = p.message(s)
		s.partial.Head = s.buf.All()
		s.partial.Span.To = s.buf.End()
	case s.msg != nil:
		s.partial = s.msg.m
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
	}
	return p.header(s)
}

// gap takes octets that are missing. Within a payload the frames after it are
// still found.
func (p *Parser) gap(s *side, e wire.Event) {
	if e.Size = proto.GapSize(e, s.buf.End()); e.Size == 0 {
		return
	}
	if g := s.frame; g != nil && e.Size <= g.left {
		if g.m.Span.To > g.tiled {
			g.leaf("payload", g.m.Span.To)
		}
		s.buf.Gap(e.Size)
		g.left -= e.Size
		g.holed = true
		g.m.Span.To += e.Size
		g.leaf("gap", g.m.Span.To)
		if s.msg != nil && !g.f.Opcode.Control() {
			s.msg.tear(&s.deflate)
		}
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
		p.finish(s, why)
	}
	if s.buf.Len() > 0 {
		p.raw(s, "the beginning of a frame that is not complete", "")
	}
	if s.msg != nil {
		p.endMessage(s, false, why)
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
	p.out = p.runs.End(p.out, s.dir, "a frame followed")
	p.out = append(p.out, m)
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
