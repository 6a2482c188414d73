// Package wiretest provides a connection in memory, for tests of what runs over
// a [wire.Conn]: buffered, with addresses, deadlines, half-close and reset, none
// of which [net.Pipe] has all of. It works inside testing/synctest: who waits on
// it is durably blocked, and its deadlines run on the bubble's clock.
package wiretest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// capacity is how many bytes of one direction are under way, at most: 256 KiB. A
// writer waits for the reader beyond it.
const capacity = 256 << 10

// A Conn is one end of a [Pair].
type Conn struct {
	in, out       *half
	local, remote net.Addr
}

// Pair returns the two ends of a new connection. Their addresses are those of
// TCP on 192.0.2.1 and 192.0.2.2, which are for documentation.
func Pair() (client, server *Conn) {
	a := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 49152}
	b := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 80}
	up, down := newHalf(), newHalf()
	return &Conn{in: down, out: up, local: a, remote: b},
		&Conn{in: up, out: down, local: b, remote: a}
}

// Read reads what is there, or waits.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.in.read(p)
	return n, c.opError("read", err)
}

// Write writes all of p, waiting for the reader where need be.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.out.write(p)
	return n, c.opError("write", err)
}

// CloseWrite ends our direction: the peer reads what is there, then io.EOF.
func (c *Conn) CloseWrite() error {
	return c.opError("close", c.out.end())
}

// Close closes both directions. What the peer has not read it can still read.
func (c *Conn) Close() error {
	c.out.end()
	c.out.abandon(net.ErrClosed)
	c.in.refuse()
	return nil
}

// SetLinger with 0 resets the connection: reads and writes at both ends fail
// with ECONNRESET and what was not read is lost. Any other value does nothing.
func (c *Conn) SetLinger(sec int) error {
	if sec == 0 {
		c.out.reset()
		c.in.reset()
	}
	return nil
}

// LocalAddr returns our address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines; the zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}

// SetReadDeadline sets the deadline of reads.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readDeadline, t)
	return nil
}

// SetWriteDeadline sets the deadline of writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeDeadline, t)
	return nil
}

// opError gives an error the form that those of package net have.
func (c *Conn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.local, Addr: c.remote, Err: err}
}

// A half is one direction.
type half struct {
	mu   sync.Mutex
	cond sync.Cond

	// guarded by mu:
	buf           []byte
	ended         bool  // the writer will write no more
	writeErr      error // of every further write
	readErr       error // of every further read, at once
	readDeadline  deadline
	writeDeadline deadline
}

func newHalf() *half {
	h := &half{}
	h.cond.L = &h.mu
	return h
}

func (h *half) read(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case h.readErr != nil:
			return 0, h.readErr
		case h.readDeadline.passed():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(h.buf) > 0:
			n := copy(p, h.buf)
			h.buf = h.buf[n:]
			h.cond.Broadcast()
			return n, nil
		case h.ended:
			return 0, io.EOF
		}
		h.cond.Wait()
	}
}

func (h *half) write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for {
		switch {
		case h.writeErr != nil:
			return n, h.writeErr
		case h.writeDeadline.passed():
			return n, os.ErrDeadlineExceeded
		case h.ended:
			return n, syscall.EPIPE
		}
		if m := min(capacity-len(h.buf), len(p)-n); m > 0 {
			h.buf = append(h.buf, p[n:n+m]...)
			n += m
			h.cond.Broadcast()
		}
		if n == len(p) {
			return n, nil
		}
		h.cond.Wait()
	}
}

// end is the writer's FIN.
func (h *half) end() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ended = true
	h.cond.Broadcast()
	return nil
}

// abandon gives every further write err: the writer is closed.
func (h *half) abandon(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.writeErr = err
	h.writeDeadline.stop()
	h.cond.Broadcast()
}

// refuse says that the reader is closed: its reads fail, and what the peer
// writes meets nobody.
func (h *half) refuse() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.readErr = net.ErrClosed
	h.buf = nil
	if h.writeErr == nil {
		h.writeErr = syscall.EPIPE
	}
	h.readDeadline.stop()
	h.cond.Broadcast()
}

// reset loses what is under way.
func (h *half) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buf = nil
	if h.readErr == nil {
		h.readErr = syscall.ECONNRESET
	}
	if h.writeErr == nil {
		h.writeErr = syscall.ECONNRESET
	}
	h.cond.Broadcast()
}

func (h *half) setDeadline(d *deadline, t time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	d.stop()
	*d = deadline{at: t}
	if wait := time.Until(t); !t.IsZero() && wait > 0 {
		d.timer = time.AfterFunc(wait, func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.cond.Broadcast()
		})
	}
	h.cond.Broadcast()
}

// A deadline wakes those who wait when it passes.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}
