package line

import (
	"bytes"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A Core is what the readers of all line protocols share: the octets of both
// directions, the raw bytes between the lines, and what STARTTLS and its kin
// change. A [Reader] is driven by it. [Core.Init] makes it ready.
type Core struct {
	Limits proto.Limits
	Sides  [2]Side
	Opaque bool // TLS that was not decrypted, or compression: raw up to KindSecure

	duplex proto.Duplex
	tls    int    // exchange of a command that asks for TLS; 0 for none
	verb   string // of that command
	agreed bool   // it was accepted, and nothing was said since
	left   bool   // TLS begins that the recording shows from outside
	fresh  bool   // that was found in this call: nothing of it is given yet
	hello  *Side  // where it was found, until it is noted
}

// A Side is one direction.
type Side struct {
	*proto.Stream
	Ended bool // its stream ended
	raw   bool // up to the next line end
}

// A Reader reads one protocol's lines. A [Core] calls it.
type Reader interface {
	// Read reads as far as the octets of s can be understood.
	Read(s *Side)
	// Flush ends what is in progress on s, because of why. Octets that it leaves
	// unread become raw.
	Flush(s *Side, why string)
	// Waits reports whether it hangs on the server's next reply how the client's
	// octets are to be read, so that their end does not flush them.
	Waits() bool
	// Secured says that TLS began, behind what Flush ended.
	Secured()
}

// Init makes c ready.
func (c *Core) Init(name string, limits proto.Limits) {
	c.duplex.Init(name, limits)
	c.Limits = c.duplex.Limits
	for i := range c.Sides {
		c.Sides[i].Stream = &c.duplex.Sides[i]
	}
}

// Feed takes an event for r, as [proto.Parser] has it.
func (c *Core) Feed(r Reader, e wire.Event) []proto.Message {
	c.resume(r)
	c.duplex.Now, c.duplex.Conn = e.At, e.Conn
	s := &c.Sides[proto.Side(e.Dir)]
	c.duplex.Out = c.duplex.Runs.Turn(c.duplex.Out, e, c.Sides[0].Buf.Span(), c.Sides[1].Buf.Span())
	switch e.Kind {
	case wire.KindData:
		c.data(r, s, e.Data)
	case wire.KindGap:
		c.gap(r, s, e)
	case wire.KindEOF:
		s.Ended = true
		if s.Dir == wire.ServerToClient || !r.Waits() {
			c.FlushSide(r, s, proto.Ending(e.Kind))
		}
	case wire.KindReset, wire.KindClose:
		c.flushAll(r, proto.Ending(e.Kind))
	case wire.KindSecure:
		c.secured(r)
	}
	return c.duplex.Out
}

// Close ends everything in progress, as [proto.Parser] has it.
func (c *Core) Close(r Reader) []proto.Message {
	c.resume(r)
	c.flushAll(r, "end of recording")
	return c.duplex.Out
}

// resume starts a call: what came with TLS and was not taken by Rest is raw.
func (c *Core) resume(r Reader) {
	c.duplex.Out = c.duplex.Out[:0]
	if !c.fresh {
		return
	}
	c.fresh = false
	for i := range c.Sides {
		r.Read(&c.Sides[i])
	}
}

// Upgraded reports whether TLS has begun that the recording shows from outside, in
// the form in which HTTP names what follows it.
func (c *Core) Upgraded() (token string, ok bool) { return "TLS/1.0", c.left }

// Rest returns the octets of d from there on, which no Message has carried, and the
// offset of the first. All of them are there in the call that follows the Feed in
// which Upgraded became true; who takes them over gives the Core no further event.
func (c *Core) Rest(d wire.Dir) (offset int64, data []byte) {
	s := &c.Sides[proto.Side(d)]
	s.Buf.Rewind()
	return s.Buf.Start(), s.Buf.Peek()
}

func (c *Core) data(r Reader, s *Side, data []byte) {
	if len(data) == 0 {
		return
	}
	if s.Buf.Start() == s.Buf.End() {
		s.First = c.duplex.Now
	}
	s.Buf.Push(data)
	r.Read(s)
	s.Buf.Keep()
}

func (c *Core) gap(r Reader, s *Side, e wire.Event) {
	if e.Size = proto.GapSize(e, s.Buf.End()); e.Size == 0 {
		return
	}
	c.FlushSide(r, s, proto.Ending(e.Kind))
	c.duplex.Out = append(c.duplex.Out, proto.Gap(e, c.duplex.Name, s.Buf.End(), c.duplex.Secure))
	s.Buf.Gap(e.Size)
}

// secured forgets all state but what was counted: both sides discard what they
// knew (RFC 3207, section 4.2; RFC 4642, section 2.2; RFC 2595, section 4).
func (c *Core) secured(r Reader) {
	c.flushAll(r, proto.Ending(wire.KindSecure))
	c.duplex.Secure, c.Opaque = true, false
	c.tls, c.agreed, c.left, c.hello = 0, false, false, nil
	for i := range c.Sides {
		c.Sides[i].raw, c.Sides[i].Ended = false, false
	}
	r.Secured()
}

// flushAll ends everything in progress. What the server said last may still
// decide how held bytes of the client read, so it comes first.
func (c *Core) flushAll(r Reader, why string) {
	c.FlushSide(r, &c.Sides[1], why)
	c.FlushSide(r, &c.Sides[0], why)
}

// FlushSide ends what is in progress on a side, because of why.
func (c *Core) FlushSide(r Reader, s *Side, why string) {
	r.Flush(s, why)
	if n := s.Buf.Len(); n > 0 {
		c.RawBytes(s, n, &proto.Note{Offset: s.Buf.Offset(), Text: "line is not complete"})
	}
	c.duplex.Out = c.duplex.Runs.End(c.duplex.Out, s.Dir, why)
	s.raw = false
}

// Lines takes what is no protocol's off the front of the unread octets of a side,
// and reports whether others are left. Fresh says that they stand where a Message
// begins: a handshake may be there.
func (c *Core) Lines(s *Side, fresh bool) bool {
	for s.Buf.Len() > 0 {
		switch {
		case c.fresh:
			return false
		case c.Opaque && c.hello == s:
			c.hello = nil
			c.RawBytes(s, s.Buf.Len(), &proto.Note{Offset: s.Buf.Offset(), Text: "a TLS handshake, not decrypted"})
		case c.Opaque:
			c.RawBytes(s, s.Buf.Len(), nil)
		case s.raw:
			c.RawLine(s, nil)
		case fresh && c.handshake(s):
			c.Opaque, c.left, c.fresh, c.hello = true, true, true, s
		default:
			return true
		}
	}
	return false
}

// handshake reports whether TLS follows that the recording has not decrypted: a
// record of type handshake, or the server's alert.
func (c *Core) handshake(s *Side) bool {
	b := s.Buf.Peek()[0]
	return c.agreed && (b == 0x16 || b == 0x15 && s.Dir == wire.ServerToClient)
}

// AskTLS says that the command of an exchange asks for TLS.
func (c *Core) AskTLS(exchange int, verb string) {
	if c.tls == 0 {
		c.tls, c.verb = exchange, verb
	}
}

// AnswerTLS says whether an exchange ended as it should. It does nothing unless
// that exchange asks for TLS.
func (c *Core) AnswerTLS(exchange int, ok bool) {
	if exchange == c.tls && c.tls > 0 {
		c.tls, c.agreed = 0, ok
	}
}

// AfterTLS says of the next Message of a side what its plain text means where TLS
// was asked for: a Note for it, nil for nothing. A client that goes on in plain
// text takes its word back.
func (c *Core) AfterTLS(s *Side, rule string) *proto.Note {
	switch {
	case s.Dir == wire.ServerToClient && c.agreed:
		return &proto.Note{Offset: s.Buf.Start(), Text: "plain text after the server agreed to begin TLS", Rule: rule}
	case s.Dir == wire.ServerToClient || c.tls == 0 && !c.agreed:
		return nil
	}
	c.agreed = false
	return &proto.Note{Offset: s.Buf.Start(), Text: "sent in plain text after " + c.verb + " and before TLS began: a server that keeps it runs it inside TLS", Rule: rule}
}

// Message returns a Message of the held octets of a side, without Value.
func (c *Core) Message(s *Side, kind proto.Kind) proto.Message {
	return c.duplex.Message(s.Stream, kind)
}

// Emit gives a Message, behind whatever raw bytes came before it, and forgets
// the held octets.
func (c *Core) Emit(s *Side, m proto.Message) {
	m.Last = c.duplex.Now
	c.duplex.Emit(s.Stream, m, "a line followed")
	c.Release(s)
}

// Release forgets the held octets of a side: a Message in progress has them.
func (c *Core) Release(s *Side) { c.duplex.Release(s.Stream) }

// RawBytes adds n octets behind the held ones to the raw run of a side, the held
// ones first.
func (c *Core) RawBytes(s *Side, n int, note *proto.Note) { c.duplex.Raw(s.Stream, n, note) }

// RawLine adds octets up to and with the next line end to the raw run.
func (c *Core) RawLine(s *Side, note *proto.Note) {
	b := s.Buf.Peek()
	n := len(b)
	s.raw = true
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		n, s.raw = i+1, false
	}
	c.RawBytes(s, n, note)
}

// Progress returns what is in progress on a side, in m: the raw run, or lines
// that are not complete; nil for nothing.
func (c *Core) Progress(i int, m *proto.Message) *proto.Message {
	kind := proto.KindCommand
	if i == 1 {
		kind = proto.KindReply
	}
	return c.duplex.Progress(c.Sides[i].Stream, kind, m)
}
