package wire

import (
	"sync"
	"time"
)

// A Tap orders the events of one recording: one clock, one numbering and one
// mutex for all its connections. The mutex is held while the sink runs and never
// across a system call of a connection, so a slow sink pauses the recording's
// connections and reorders nothing. A sink calls no method of a [Conn].
type Tap struct {
	start time.Time // with its monotonic reading

	mu    sync.Mutex
	sink  Sink
	conns int
}

// NewTap starts a recording: its clock reads zero now. A nil sink drops all
// events.
func NewTap(sink Sink) *Tap {
	return &Tap{start: time.Now(), sink: sink}
}

// Start returns the wall-clock time at which the recording started.
func (t *Tap) Start() time.Time { return t.start }

// A place is a connection's in its recording.
type place struct {
	tap *Tap

	// guarded by tap.mu:
	id     int  // 0 before its first event
	closed bool // its last event is out
}

// emit numbers and stamps e and gives it to the sink. It returns false, and
// drops e, after the connection's KindClose: that is its last event, whatever
// was under way in another goroutine.
func (p *place) emit(e Event) bool {
	t := p.tap
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.closed {
		return false
	}
	// Under the mutex, so that numbers are in the order of first events.
	if p.id == 0 {
		t.conns++
		p.id = t.conns
	}
	p.closed = e.Kind == KindClose
	if t.sink == nil {
		return true
	}
	e.Conn = p.id
	// Under the mutex, so that times never decrease in the order of the sink.
	e.At = time.Since(t.start)
	t.sink(e)
	return true
}

// number returns the connection's number, 0 before its first event.
func (p *place) number() int {
	p.tap.mu.Lock()
	defer p.tap.mu.Unlock()
	return p.id
}
