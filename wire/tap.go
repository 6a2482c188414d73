package wire

import (
	"sync"
	"time"
)

// A Tap orders the events of one recording: one clock, one numbering and one
// mutex for all its connections. The mutex is held while the sink runs and never
// across a system call of a connection, so a slow sink pauses the recording's
// connections and reorders nothing.
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

// conn returns the number of a new connection: 1, 2, …
func (t *Tap) conn() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns++
	return t.conns
}

// emit stamps e and gives it to the sink.
func (t *Tap) emit(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sink == nil {
		return
	}
	// Under the mutex, so that times never decrease in the order of the sink.
	e.At = time.Since(t.start)
	t.sink(e)
}
