package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/proto"
)

// A player plays one recorded connection on one that stands.
type player struct {
	*live
	render renderer
	rules  *match.Rules
	vars   *match.Vars
	tally  *tally
	strict bool          // every difference of the peer fails, not only its key
	looked bool          // the peer's messages are looked up, not awaited in order
	linger time.Duration // how long a server waits for a client to close
	board  *board
	index  int // on the board

	// Called before each of our steps; an error ends the replay.
	pace func(context.Context, step) error
	// startTLS shakes hands in mid-stream.
	startTLS func(context.Context, *wire.TLS) error
	stopped  func() error // by whom the replay was; nil while it goes on

	last time.Time // of the last thing that was played, where timing counts

	i, j     int               // our next step, the peer's next item
	peers    []*match.Item     // the peer's items, in the order in which they are awaited
	sent     int               // messages
	unacked  int               // octets written since the last read
	queued   chan func() error // for the writer; nil while there is none
	written  chan error        // what ended the writer, one value
	writeErr error             // what ended our writing
}

// errPlayed says that a connection ended before its end on the tape; why is a
// mismatch already.
var errPlayed = errors.New("the connection ended early")

// play plays to the end. An error says that it could not.
func (p *player) play(ctx context.Context) error {
	p.peers = slices.Clone(p.s.peer)
	p.stopped = func() error { return context.Cause(ctx) }
	defer func() {
		if p.queued != nil {
			p.c.Abort()
			p.drain()
		}
	}()
	for p.i < len(p.s.own) || p.j < len(p.peers) {
		if p.i < len(p.s.own) && p.j >= p.s.own[p.i].gate {
			ready, err := p.ready(p.s.own[p.i])
			if err != nil {
				return err
			}
			if ready {
				if err := p.act(ctx, p.s.own[p.i]); err != nil {
					return err
				}
				p.i++
				continue
			}
		}
		if p.j >= len(p.peers) || p.i < len(p.s.own) && p.j >= p.s.own[p.i].gate && p.peers[p.j].Begin > p.s.own[p.i].Begin {
			// Ours comes first, and is not ready.
			more, err := p.fill()
			if err != nil {
				return p.silent(err)
			}
			if !more {
				return p.early(nil)
			}
			continue
		}
		if err := p.await(p.peers[p.j]); err != nil {
			return err
		}
		p.timing(p.peers[max(0, p.j)])
		p.j++
		p.board.done(p.index, p.j)
		p.settleAt()
	}
	return p.finish()
}

// finish waits for what we still write and looks for what should not be there.
func (p *player) finish() error {
	if p.queued != nil {
		if p.silence > 0 {
			p.c.SetWriteDeadline(time.Now().Add(p.silence))
		}
		p.drain()
	}
	if err := p.stopped(); err != nil {
		return err
	}
	if p.writeErr != nil {
		m := match.Mismatch{Kind: match.Unsent, TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Got: "write: " + p.writeErr.Error()}
		if p.s.awaits == 0 {
			p.tally.mismatch(m)
		} else {
			// All that was expected came: what the peer left unread it did not need.
			p.tally.differ(m)
		}
	}
	return p.tail()
}

// timing compares how long an item took with the tape's range, where the tape
// has one and requires it.
func (p *player) timing(it *match.Item) {
	if !p.rules.RequireTiming {
		return
	}
	now := time.Now()
	took := now.Sub(p.last)
	if w := it.Wait; w != nil && !p.last.IsZero() && (took < w.Min || took > w.Max) {
		m := match.Mismatch{Kind: match.Timing, Path: "time", TapeLine: it.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Want: w.String(), Got: "took " + took.String()}
		if it.Message != nil {
			m.N = it.Message.N
		}
		p.tally.mismatch(m)
	}
	p.last = now
}

// settleAt settles where nothing is under way.
func (p *player) settleAt() {
	if p.i == len(p.s.own) || p.j == p.s.own[p.i].gate {
		p.settle()
	}
}

// ready reports whether a step of ours may come. A server answers in the middle
// of a message when as much of it came as had on the tape.
func (p *player) ready(s step) (bool, error) {
	if p.s.ours != wire.ServerToClient || s.Message == nil || p.j >= len(p.peers) {
		return true, nil
	}
	m := p.peers[p.j].Message
	if m == nil || p.peers[p.j].Begin > s.Begin {
		return true, nil
	}
	need := s.Seen - m.Span.From
	if need <= 0 || len(p.queue) > 0 {
		return true, nil
	}
	return p.arrivedPart(m, need), nil
}

// act does one thing of ours.
func (p *player) act(ctx context.Context, s step) error {
	if err := p.board.wait(ctx, s.Begin); err != nil {
		return err
	}
	if p.pace != nil {
		if err := p.pace(ctx, s); err != nil {
			return err
		}
	}
	if s.Message != nil {
		return p.send(s)
	}
	switch s.Event.Kind {
	case wire.KindEOF:
		if p.j == len(p.peers) && !p.moreOwn() {
			return nil // closing says the same
		}
		p.do(p.c.CloseWrite)
	case wire.KindReset:
		p.do(p.c.Abort)
		p.i = len(p.s.own) - 1 // nothing can follow
		p.j = len(p.peers)
		p.taken, p.in, p.queue = p.read, nil, nil
	case wire.KindSecure:
		p.drain()
		return p.startTLS(ctx, s.Event.TLS)
	}
	return nil
}

func (p *player) moreOwn() bool { return p.i+1 < len(p.s.own) }

// inline is how many octets may be written without anybody reading: what any
// socket buffers.
const inline = 32 << 10

// send sends a message. A long one is written while the peer is read, since it
// may answer in the middle and read no further until its answer is taken.
func (p *player) send(s step) error {
	data, notes, err := p.render.render(s.Message)
	if err != nil {
		return err
	}
	for _, n := range notes {
		p.tally.note("%s", n)
	}
	p.wrote(data)
	p.sent++
	if p.rules.RequireTiming {
		p.last = time.Now()
	}
	if p.unacked += len(data); p.unacked > inline && p.queued == nil {
		p.startWriter()
	}
	c := p.c
	p.do(func() error {
		_, err := c.Write(data)
		return err
	})
	if p.writeErr == nil {
		p.tally.sent.Add(1)
	}
	return nil
}

// do writes, or ends our direction: at once, or when the writer comes to it.
func (p *player) do(f func() error) {
	switch {
	case p.queued != nil:
		p.queued <- f
	case p.writeErr == nil:
		p.writeErr = f()
	}
}

// startWriter starts the goroutine that writes from now on.
func (p *player) startWriter() {
	// Room for all that can be said, so that nobody waits for the writer.
	queued, written := make(chan func() error, len(p.s.own)+1), make(chan error, 1)
	p.queued, p.written = queued, written
	go func() {
		var err error
		for f := range queued {
			if err == nil {
				err = f()
			}
		}
		written <- err
	}()
}

// drain waits until the writer has written all, and ends it.
func (p *player) drain() {
	if p.queued == nil {
		return
	}
	close(p.queued)
	if err := <-p.written; p.writeErr == nil {
		p.writeErr = err
	}
	p.queued = nil
}

// await takes the peer's next item and compares it.
func (p *player) await(it *match.Item) error {
	p.unacked = 0
	if it.Message == nil {
		return p.awaitEnd(it)
	}
	m := it.Message
	same := 0 // octets of what came that are known to be the tape's
	for {
		if equal, more := p.equal(m, &same); equal {
			// Compared without being read.
			p.takeEqual(len(m.Raw), p.over())
			p.tally.received.Add(1)
			return nil
		} else if !more {
			if got := p.message(m); got != nil {
				return p.compare(it, got)
			}
		}
		ok, err := p.fill()
		if err != nil {
			return p.silent(err)
		}
		if !ok && p.end != nil {
			if got := p.message(m); got != nil {
				return p.compare(it, got)
			}
			if len(m.Raw) == 0 || !m.Complete && m.Span.Len() == 0 {
				return nil
			}
			return p.early(it)
		}
	}
}

// over reports whether all exchanges end with the item that is awaited.
func (p *player) over() bool {
	return p.i == len(p.s.own) || p.j+1 == p.s.own[p.i].gate
}

// equal reports whether what came begins with exactly the recorded message, or,
// with more, whether it may yet. Its first same octets are known to, and same is
// moved on.
func (p *player) equal(m *match.Message, same *int) (equal, more bool) {
	if len(m.Spans) > 0 || p.busy || p.packets() || len(p.queue) > 0 || !(p.s.lazy && m.Complete && framed(m) || p.s.bytes) {
		return false, false
	}
	n := min(len(p.in), len(m.Raw))
	if !bytes.Equal(p.in[*same:n], m.Raw[*same:n]) {
		return false, false
	}
	*same = n
	return n == len(m.Raw), n < len(m.Raw) && p.end == nil
}

// message returns the peer's next message where it is there, or where no more
// will come.
func (p *player) message(want *match.Message) *match.Message {
	if !want.IsRaw() {
		p.parse()
		if m := p.next(); m != nil {
			return m
		}
		if p.parser != nil || len(p.in) == 0 || p.end == nil {
			return nil
		}
	}
	n := len(want.Raw)
	switch {
	case p.packets():
		if len(p.grams) == 0 {
			return nil
		}
		n = p.grams[0]
		p.grams = p.grams[1:]
	case len(p.in) == 0:
		return nil
	case len(want.Spans) > 0 && p.end == nil:
		// Of a length that is not known: as much as fits.
		got := p.raw(want, len(p.in))
		if out := match.Compare(want, got, p.rules, &match.Vars{}); len(out.Mismatches) > 0 && len(p.in) < 2*n+64<<10 {
			return nil
		}
		return got
	case len(want.Spans) > 0:
		n = len(p.in)
	case len(p.in) < n && p.end == nil:
		return nil
	}
	return p.raw(want, min(n, len(p.in)))
}

// raw makes a message of the next n octets.
func (p *player) raw(want *match.Message, n int) *match.Message {
	return match.Live(proto.Message{
		Conn: want.Conn, Proto: want.Proto, Kind: proto.KindRaw, Dir: want.Dir, Complete: n == len(want.Raw) || len(want.Spans) > 0,
		Span: proto.Span{From: p.taken, To: p.taken + int64(n)}, EndedBy: "end of stream",
		Body: proto.Body{Size: int64(n)},
	}, bytes.Clone(p.in[:n]))
}

// compare compares a message with the item that is awaited.
func (p *player) compare(it *match.Item, got *match.Message) error {
	defer p.drop(got.Span.To)
	if p.rules.OrderAny {
		p.prefer(got)
		it = p.peers[p.j]
	}
	if interim(got) && !interim(it.Message) {
		// One that the tape has not; what is awaited is still to come.
		m := match.Mismatch{Kind: match.Extra, Path: "interim response", Got: match.Describe(got), TapeLine: it.Line, N: it.Message.N, Tape: p.s.conv.Tape, Conn: it.Message.Conn, Offset: -1}
		p.found(m, false)
		p.j--
		return nil
	}
	out := match.Compare(it.Message, got, p.rules, p.vars)
	if p.looked && !out.Key {
		out = p.find(got, out)
	}
	p.tally.compared(out)
	p.tally.received.Add(1)
	for _, m := range out.Mismatches {
		p.found(m, !out.Key)
	}
	if p.s.ours == wire.ServerToClient && !out.Key {
		return errUnmatched
	}
	return nil
}

// find goes to the recorded message that agrees with one that came: the next that
// does, or else the first. Where none does, nothing moves.
func (p *player) find(got *match.Message, otherwise match.Outcome) match.Outcome {
	n := len(p.peers)
	for k := range n {
		k = (p.j + k) % n
		m := p.peers[k].Message
		if m == nil {
			continue
		}
		if out := match.Compare(m, got, p.rules, p.vars); out.Key {
			p.j = k
			p.i = slices.IndexFunc(p.s.own, func(s step) bool { return s.gate > k })
			if p.i < 0 {
				p.i = len(p.s.own)
			}
			return out
		}
	}
	return otherwise
}

// found tells a mismatch of the peer. A server minds only keys, unless strict.
func (p *player) found(m match.Mismatch, key bool) {
	if p.s.ours == wire.ClientToServer || p.strict || key {
		p.tally.mismatch(m)
	} else {
		p.tally.differ(m)
	}
}

// errUnmatched says that the peer's message is none that the tape answers.
var errUnmatched = errors.New("nothing on the tape answers what came")

// prefer moves the item that got is equal to, if there is one, to the front.
func (p *player) prefer(got *match.Message) {
	for k := p.j; k < len(p.peers); k++ {
		m := p.peers[k].Message
		if m != nil && len(match.Compare(m, got, p.rules, &match.Vars{}).Mismatches) == 0 {
			it := p.peers[k]
			p.peers = slices.Insert(slices.Delete(p.peers, k, k+1), p.j, it)
			return
		}
	}
}

// awaitEnd waits for an end of the peer's direction and compares it.
func (p *player) awaitEnd(it *match.Item) error {
	staying := p.linger > 0 && p.i == len(p.s.own)
	if staying {
		p.silence, p.until = p.linger, time.Time{}
	}
	for p.end == nil {
		if _, err := p.fill(); err != nil {
			if staying && errors.Is(err, errSilence) {
				return errPlayed // it may stay, and we need not
			}
			return p.silent(err)
		}
		if p.rules.TailAny {
			p.in, p.queue, p.taken = p.in[:0], nil, p.read
		}
		if len(p.in) > maxTail {
			break
		}
	}
	if err := p.tail(); err != nil {
		return err
	}
	if p.end == nil {
		return errPlayed
	}
	want := "eof"
	switch it.Event.Kind {
	case wire.KindReset:
		want = "rst"
	case wire.KindAlert:
		want = "alert " + it.Event.Alert.String()
	}
	got := endName(p.end)
	// A peer that is closed with bytes unread resets: to a server, as good.
	if got == want || p.s.ours == wire.ServerToClient && !p.strict {
		return nil
	}
	kind := match.Different
	switch got {
	case "rst":
		kind = match.Reset
	case "eof":
		kind = match.EarlyEnd
	default:
		kind = match.Alert
	}
	p.tally.mismatch(match.Mismatch{Kind: kind, Path: "end of the connection", TapeLine: it.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Want: want, Got: "the peer's was " + got})
	return nil
}

// maxTail is how much is read of what nobody expects.
const maxTail = 64 << 10

// tail tells of bytes after the last that was expected. Those of a client that
// goes on are its affair.
func (p *player) tail() error {
	n := p.read - p.taken
	if n == 0 || p.rules.TailAny || p.j < len(p.peers) && p.peers[p.j].Message != nil {
		return nil
	}
	line := p.s.conv.Line
	if k := len(p.peers); k > 0 {
		last := p.peers[min(p.j, k-1)]
		line = last.Line
	}
	p.tally.mismatch(match.Mismatch{Kind: match.Tail, Path: "tail", TapeLine: line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1,
		Got: fmt.Sprintf("%d bytes after the last that was expected: %s", n, match.Show(p.in))})
	p.taken, p.in, p.queue = p.read, nil, nil
	return nil
}

// fill reads once, for the message that is awaited. How a connection ends that
// we abandon is nothing of the peer's.
func (p *player) fill() (bool, error) {
	due := 0
	if m := p.awaited(); m != nil {
		due = len(m.Raw)
	}
	more, err := p.live.fill(due)
	if p.end != nil && p.stopped() != nil {
		return false, p.stopped()
	}
	return more, err
}

// awaited returns the message that is awaited, nil for none.
func (p *player) awaited() *match.Message {
	if p.j < len(p.peers) {
		return p.peers[p.j].Message
	}
	return nil
}

// silent tells how far a replay came when nothing more did.
func (p *player) silent(err error) error {
	if !errors.Is(err, errSilence) {
		return err
	}
	m := match.Mismatch{Kind: match.Silence, TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1}
	got, want := p.read-p.taken, int64(0)
	if p.j < len(p.peers) {
		m.TapeLine = p.peers[p.j].Line
	}
	if w := p.awaited(); w != nil {
		m.N, m.Path, want = w.N, string(w.Kind), int64(len(w.Raw))
	}
	m.Got = fmt.Sprintf("sent %d of %d; got %d of %d expected bytes, then silence for %v", p.sent, p.s.sends, got, want, p.silence)
	p.tally.mismatch(m)
	return errPlayed
}

// early tells that the peer ended before its time. A nil item says that we had
// something to say.
func (p *player) early(it *match.Item) error {
	if p.s.ours == wire.ServerToClient && !p.strict && p.awaited() == nil {
		return errPlayed
	}
	name := endName(p.end)
	m := match.Mismatch{Kind: match.EarlyEnd, TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Got: "the peer ended the connection"}
	switch {
	case name == "rst":
		m.Kind, m.Got = match.Reset, "the peer reset the connection"
	case name != "eof":
		m.Kind, m.Got = match.Alert, name
		if _, ok := errors.AsType[*wire.AlertError](p.end); !ok {
			m.Kind = match.EarlyEnd
		}
	}
	if it != nil {
		m.TapeLine, m.N, m.Path = it.Line, it.Message.N, string(it.Message.Kind)
		m.Want = match.Describe(it.Message)
	}
	m.Got += fmt.Sprintf(": sent %d of %d, got %d of %d", p.sent, p.s.sends, p.gotMessages(), p.s.awaits)
	p.tally.mismatch(m)
	return errPlayed
}

func (p *player) gotMessages() int {
	n := 0
	for _, it := range p.peers[:p.j] {
		if it.Message != nil {
			n++
		}
	}
	return n
}

// wait sleeps until a moment, unless it is less than a millisecond away.
func wait(ctx context.Context, until time.Time) error {
	d := time.Until(until)
	if d < time.Millisecond {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
