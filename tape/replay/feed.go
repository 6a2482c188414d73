package replay

import (
	"bytes"
	"errors"
	"syscall"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A fed is bytes of one direction for the parser.
type fed struct {
	dir      wire.Dir
	data     []byte // ours
	from, to int64  // the peer's, in its stream
}

// feed gives the parser an event and takes the peer's messages.
func (l *live) feed(e wire.Event) {
	if l.parser == nil {
		return
	}
	e.Conn = 1
	for _, m := range l.parser.Feed(e) {
		l.take(m)
	}
}

// take queues a message of the peer that was not taken by its bytes.
func (l *live) take(m proto.Message) {
	if m.Dir != l.peer || m.Kind == proto.KindGap || m.Derived {
		return
	}
	skip := l.skipped[proto.Side(m.Dir)]
	m.Span.From += skip
	m.Span.To += skip
	if m.Span.To > l.taken {
		l.queue = append(l.queue, m)
	}
}

// parse gives the parser what it was not given.
func (l *live) parse() {
	if l.parser == nil {
		return
	}
	for _, f := range l.unfed {
		data := f.data
		if data == nil && f.dir == l.peer {
			data = l.in[f.from-l.taken:][:f.to-f.from]
		}
		l.busy = true
		l.feed(wire.Event{Kind: wire.KindData, Dir: f.dir, Data: data})
	}
	l.unfed = l.unfed[:0]
	if l.end != nil {
		l.feedEnd()
	}
	l.pass()
}

// feedEnd tells the parser how the peer's direction ended, once.
func (l *live) feedEnd() {
	if l.parser == nil {
		return
	}
	kind := wire.KindEOF
	if errors.Is(l.end, syscall.ECONNRESET) {
		kind = wire.KindReset
	}
	l.feed(wire.Event{Kind: kind, Dir: l.peer})
	for _, m := range l.parser.Close() {
		l.take(m)
	}
	l.parser = nil
}

// skip forgets what the parser was not given: whole exchanges, all taken.
func (l *live) skip() {
	if l.busy {
		return
	}
	for _, f := range l.unfed {
		if f.dir == l.peer {
			l.skipped[proto.Side(f.dir)] += f.to - f.from
		} else {
			l.skipped[proto.Side(f.dir)] += int64(len(f.data))
		}
	}
	l.unfed = l.unfed[:0]
}

// settle says that every exchange so far is over on both sides, and that nothing
// more came.
func (l *live) settle() {
	if !l.s.lazy || l.parser == nil || len(l.in) > 0 || len(l.queue) > 0 {
		return
	}
	if l.busy {
		l.parse()
		if l.parser == nil {
			return
		}
		s := l.parser.State(1)
		l.busy = s.Due > 0 || s.Partial[0] != nil || s.Partial[1] != nil
		return
	}
	l.skip()
}

// writes says that data is ours and about to leave.
func (l *live) writes(data []byte) {
	if l.parser != nil {
		l.unfed = append(l.unfed, fed{dir: l.s.ours, data: data})
		if !l.s.lazy {
			l.parse()
		}
	}
}

// keep copies what is taken and not fed, so that the parser can be given it.
func (l *live) keep(to int64) {
	base := l.taken
	for i := range l.unfed {
		f := &l.unfed[i]
		if f.dir != l.peer || f.from >= to || f.data != nil {
			continue
		}
		if f.to > to {
			// Only its beginning goes.
			rest := fed{dir: f.dir, from: to, to: f.to}
			f.to = to
			f.data = bytes.Clone(l.in[f.from-base : to-base])
			l.unfed = append(l.unfed, fed{})
			copy(l.unfed[i+2:], l.unfed[i+1:])
			l.unfed[i+1] = rest
			return
		}
		f.data = bytes.Clone(l.in[f.from-base : f.to-base])
	}
}
