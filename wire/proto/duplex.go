package proto

import (
	"cmp"
	"slices"
	"time"

	"wiretape/wire"
)

// A Duplex is what parsers share that read both directions of a connection: the
// octets of each that are not read yet, the raw runs between what can be read, and
// what events other than data do to both. A parser has one, made ready by
// [Duplex.Init], and gives it a [Reader] to drive.
type Duplex struct {
	Name   string // Message.Proto
	Limits Limits
	Sides  [2]Stream // by [Side]
	Runs   Runs
	Out    []Message     // what the event in hand has completed
	Now    time.Duration // At of that event
	Conn   int           // of that event
	Secure bool
}

// A Stream is one direction.
type Stream struct {
	Dir   wire.Dir
	Buf   Buffer
	First time.Duration // At of the first octet of what is in progress
}

// A Reader reads one protocol. A [Duplex] calls it; side is that of [Side].
type Reader interface {
	// Read reads as far as the octets of a direction can be understood.
	Read(side int)
	// Gap says that size octets, at least one, are missing. It returns true where
	// what is in progress goes on behind them; the Buffer then knows of them.
	// Where it returns false, Flush is called and a Message of [KindGap] stands
	// for them.
	Gap(side int, size int64) (within bool)
	// Flush ends what is in progress in a direction, because of why.
	Flush(side int, why string)
	// Secured says that TLS began, behind what Flush has ended.
	Secured()
}

// Init makes d ready. Name is that of its Messages.
func (d *Duplex) Init(name string, limits Limits) {
	d.Name, d.Limits = name, limits.WithDefaults()
	d.Runs.Limits = d.Limits
	d.Sides[0].Dir, d.Sides[1].Dir = wire.ClientToServer, wire.ServerToClient
}

// Feed takes an event for r, as [Parser] has it.
func (d *Duplex) Feed(r Reader, e wire.Event) []Message {
	d.Out = d.Out[:0]
	d.Now, d.Conn = e.At, e.Conn
	side := Side(e.Dir)
	s := &d.Sides[side]
	d.Out = d.Runs.Turn(d.Out, e, d.Sides[0].Buf.Span(), d.Sides[1].Buf.Span())
	switch e.Kind {
	case wire.KindData:
		if len(e.Data) == 0 {
			break
		}
		if s.Buf.Start() == s.Buf.End() {
			s.First = d.Now
		}
		s.Buf.Push(e.Data)
		r.Read(side)
		s.Buf.Keep()
	case wire.KindGap:
		if e.Size = GapSize(e, s.Buf.End()); e.Size > 0 && !r.Gap(side, e.Size) {
			d.flush(r, side, Ending(e.Kind))
			d.Out = append(d.Out, Gap(e, d.Name, s.Buf.End(), d.Secure))
			s.Buf.Gap(e.Size)
		}
	case wire.KindEOF:
		d.flush(r, side, Ending(e.Kind))
	case wire.KindReset, wire.KindClose:
		d.flushAll(r, Ending(e.Kind))
	case wire.KindSecure:
		d.flushAll(r, Ending(e.Kind))
		d.Secure = true
		r.Secured()
	}
	return d.Out
}

// Close ends everything in progress, as [Parser] has it.
func (d *Duplex) Close(r Reader) []Message {
	d.Out = d.Out[:0]
	d.flushAll(r, "end of recording")
	return d.Out
}

func (d *Duplex) flushAll(r Reader, why string) {
	d.flush(r, 0, why)
	d.flush(r, 1, why)
}

func (d *Duplex) flush(r Reader, side int, why string) {
	r.Flush(side, why)
	d.Out = d.Runs.End(d.Out, d.Sides[side].Dir, why)
}

// Message returns a Message of the held octets of a direction, without Value.
func (d *Duplex) Message(s *Stream, kind Kind) Message {
	return Message{
		Conn: d.Conn, Proto: d.Name, Kind: kind, Dir: s.Dir, Secure: d.Secure,
		First: s.First, Last: d.Now, Span: Span{s.Buf.Start(), s.Buf.Offset()},
	}
}

// Emit gives a Message, its notes in order, behind whatever raw octets came before
// it, whose run it ends because of why.
func (d *Duplex) Emit(s *Stream, m Message, why string) {
	d.Out = d.Runs.End(d.Out, s.Dir, why)
	slices.SortStableFunc(m.Notes, func(a, b Note) int { return cmp.Compare(a.Offset, b.Offset) })
	d.Out = append(d.Out, m)
}

// Release forgets the held octets of a direction: a Message has them.
func (d *Duplex) Release(s *Stream) {
	s.Buf.Release()
	s.First = d.Now
}

// Raw adds n octets behind the held ones to the raw run of a direction, the held
// ones first. The note is for a run that begins with them; nil for none.
func (d *Duplex) Raw(s *Stream, n int, note *Note) {
	s.Buf.Next(n)
	like := Message{Conn: d.Conn, Proto: d.Name, Dir: s.Dir, Secure: d.Secure, First: s.First}
	if note != nil && d.Runs.Partial(s.Dir) == nil {
		like.Notes = []Note{*note}
	}
	d.Out = d.Runs.Add(d.Out, like, d.Now, s.Buf.Start(), s.Buf.Held())
	d.Release(s)
}

// Progress returns what is in progress of a direction: octets that are not read, as
// a Message of a kind, in m; or the raw run; nil for nothing.
func (d *Duplex) Progress(s *Stream, kind Kind, m *Message) *Message {
	if s.Buf.Start() == s.Buf.End() {
		return d.Runs.Partial(s.Dir)
	}
	*m = d.Message(s, kind)
	m.Span.To = s.Buf.End()
	m.Head = s.Buf.All()
	return m
}
