// Package answer writes what a protocol demands by itself: acknowledgements of
// HTTP/2, Pongs of WebSocket, Telnet's side of a negotiation. They become due in the
// sink of a connection, which must not write.
package answer

import (
	"sync"

	"wiretape/wire"
)

// A Writer writes, from a goroutine of its own, what has become due on one
// connection. What a peer does not read waits; how much may is its user's to say.
// Its methods are for any goroutine.
type Writer struct {
	running sync.WaitGroup
	changed chan struct{} // one token: there is something to write, or nothing more will be

	mu      sync.Mutex // guards what follows
	due     []byte
	stopped bool
}

// New returns a Writer that keeps what is due until Start.
func New() *Writer { return &Writer{changed: make(chan struct{}, 1)} }

// Add has b written behind what waits.
func (w *Writer) Add(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.due = append(w.due, b...)
	}
	w.wake()
}

// Waiting returns how many octets wait.
func (w *Writer) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.due)
}

// Replace has b written in place of what waits.
func (w *Writer) Replace(b []byte) {
	w.Drop()
	w.Add(b)
}

// Drop forgets what waits.
func (w *Writer) Drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = nil
}

// Start begins to write to conn. It is called once.
func (w *Writer) Start(conn *wire.Conn) {
	w.running.Go(func() {
		for range w.changed {
			w.mu.Lock()
			b, stopped := w.due, w.stopped
			w.due = nil
			w.mu.Unlock()
			if stopped {
				return
			}
			if len(b) > 0 {
				conn.Write(b) // its failure is an event of the connection
			}
		}
	})
}

// Stop has nothing more written.
func (w *Writer) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped, w.due = true, nil
	w.wake()
}

// Wait returns when what was being written at Stop is out, which it never is where
// the peer does not read and the connection stands.
func (w *Writer) Wait() { w.running.Wait() }

// wake has the goroutine look. w.mu is held.
func (w *Writer) wake() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}
