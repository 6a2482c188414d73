package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// errWriteClosed is what a write gives after our own half-close.
var errWriteClosed = errors.New("write after the half-close")

// A Conn is one connection whose every event goes to a [Tap]. One goroutine
// reads, with [Conn.Read] or [Conn.Pump]; writes may come from any number of
// goroutines and are serialised. All other methods may be called from any
// goroutine, but none from the tap's sink. A Conn is a [net.Conn].
type Conn struct {
	place
	facts   Facts
	host    string // of facts.Target: what a certificate has to be for
	in, out Dir    // of what we read and write
	packets bool   // a read or write is a datagram
	raw     *rawConn

	// A gate is held while it is full. Gates are channels and no mutexes since
	// they are held across system calls: who waits at one is durably blocked in
	// the sense of testing/synctest.
	reading chan struct{}
	writing chan struct{}

	wasReset atomic.Bool // the peer's RST was seen, by a read or a write

	// owned by the holder of reading:
	readErr error // the end of the peer's direction; later reads return it

	// owned by the holder of writing:
	halfClosed bool

	// written by who holds both gates and mu, read under any of them:
	secure *tls.Conn // nil before TLS

	// guarded by mu:
	mu            sync.Mutex
	tls           *TLS
	upgrade       chan struct{} // closed when the handshake under way ends; nil when there is none
	readDeadline  time.Time
	writeDeadline time.Time
	closed        bool
}

// NewConn makes a Conn of a connection that stands, and emits its KindOpen.
// Where facts say nothing, the network and the addresses are taken from nc and
// the role is [Dialed]. The Conn owns nc. A nil tap records nothing.
func NewConn(nc net.Conn, facts Facts, tap *Tap) *Conn {
	c := newConn(tap)
	c.open(nc, facts)
	return c
}

// newConn returns a Conn without a connection, which can emit.
func newConn(tap *Tap) *Conn {
	if tap == nil {
		tap = NewTap(nil)
	}
	return &Conn{
		place:   place{tap: tap},
		reading: make(chan struct{}, 1),
		writing: make(chan struct{}, 1),
	}
}

// open gives c its connection.
func (c *Conn) open(nc net.Conn, facts Facts) {
	if facts.Role == 0 {
		facts.Role = Dialed
	}
	if facts.Network == "" {
		facts.Network = nc.RemoteAddr().Network()
	}
	if facts.Local == "" {
		facts.Local = nc.LocalAddr().String()
	}
	if facts.Remote == "" {
		facts.Remote = nc.RemoteAddr().String()
	}
	c.facts = facts
	c.host = hostOf(facts.Target)
	c.packets = facts.Network == "udp"
	c.in, c.out = ServerToClient, ClientToServer
	if facts.Role == Accepted {
		c.in, c.out = c.out, c.in
	}
	c.raw = &rawConn{Conn: nc}
	c.emit(Event{Kind: KindOpen, Facts: &facts})
}

// ID returns the connection's number in its recording: Event.Conn.
func (c *Conn) ID() int { return c.number() }

// Facts returns what was known when the connection stood.
func (c *Conn) Facts() Facts { return c.facts }

// TLS returns what is known of TLS, or nil when the bytes are in the clear. It
// is not to be modified.
func (c *Conn) TLS() *TLS {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tls
}

// LocalAddr returns our address.
func (c *Conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr returns the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// Read reads once: part of the stream, or one datagram, which is cut where p is
// too short for it. At the peer's end it returns io.EOF; under TLS
// io.ErrUnexpectedEOF where that cut a record in two. After a deadline it can be
// called again; after any other end it returns that end again, without events.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		c.reading <- struct{}{}
		n, up, err := c.read(p)
		<-c.reading
		if up == nil {
			return n, err
		}
		<-up
	}
}

// read is Read with the gate held. A channel says that nothing was read because
// a handshake wants the gate, until that channel is closed.
func (c *Conn) read(p []byte) (int, chan struct{}, error) {
	if c.readErr != nil {
		return 0, nil, c.readErr
	}
	var n int
	var err error
	if c.secure != nil {
		n, err = c.secure.Read(p)
	} else {
		n, err = c.raw.Read(p)
	}
	if n > 0 || c.packets && err == nil {
		if !c.emit(Event{Kind: KindData, Dir: c.in, Data: p[:n]}) {
			c.readErr = net.ErrClosed
			return 0, nil, c.readErr
		}
	}
	if err == nil {
		return n, nil, nil
	}
	if IsTimeout(err) && n == 0 {
		c.mu.Lock()
		up := c.upgrade
		c.mu.Unlock()
		if up != nil {
			return 0, up, nil
		}
	}
	return n, nil, c.readEnd(err)
}

// readEnd emits what the error of a read stands for and returns what Read is to
// return.
func (c *Conn) readEnd(err error) error {
	alert, sent, isAlert := alertOf(err)
	switch {
	case errors.Is(err, net.ErrClosed):
		err = net.ErrClosed
	case err == io.EOF && c.wasReset.Load():
		// The system tells of a RST once, and it told a write; the end that a
		// read then meets is none.
		err = syscall.ECONNRESET
	case IsTimeout(err):
		c.emit(Event{Kind: KindTimeout, Text: "read"})
		return err // and may be tried again
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF) && c.secure != nil:
		c.emit(Event{Kind: KindEOF, Dir: c.in, Notify: c.notify(err)})
	case errors.Is(err, syscall.ECONNRESET):
		c.peerReset()
	case isAlert:
		dir := c.in
		if sent {
			dir = c.out
		}
		c.emit(Event{Kind: KindAlert, Dir: dir, Alert: alert})
		err = &AlertError{Alert: alert, Sent: sent}
	default:
		c.emit(Event{Kind: KindError, Dir: c.in, Text: "read: " + reason(err)})
		if c.packets {
			return err // of one datagram, such as ICMP's port unreachable
		}
	}
	c.readErr = err
	return err
}

// notify says whether a close_notify came before the end that a read found.
func (c *Conn) notify(err error) Notify {
	switch {
	case c.secure == nil:
		return NotifyUnknown
	case err == io.EOF && !c.raw.eof:
		return NotifyYes
	}
	return NotifyNo
}

// Write writes p: of a stream all of it, as one event; of UDP one datagram, an
// empty one too. The event comes before the bytes leave. When not all of them
// did, a KindError tells how many.
func (c *Conn) Write(p []byte) (int, error) {
	if len(p) == 0 && !c.packets {
		return 0, nil
	}
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	if c.halfClosed {
		return 0, errWriteClosed
	}
	if !c.emit(Event{Kind: KindData, Dir: c.out, Data: p}) {
		return 0, net.ErrClosed
	}
	var n int
	var err error
	if c.secure != nil {
		n, err = c.secure.Write(p)
	} else {
		n, err = c.raw.Write(p)
	}
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err == nil {
		return n, nil
	}
	if errors.Is(err, net.ErrClosed) {
		err = net.ErrClosed
	}
	c.emit(Event{Kind: KindError, Dir: c.out, Size: int64(n), Text: "write: " + reason(err)})
	switch {
	case IsTimeout(err):
		c.emit(Event{Kind: KindTimeout, Text: "write"})
	case errors.Is(err, syscall.ECONNRESET):
		c.peerReset()
	}
	return n, err
}

// peerReset emits the peer's RST, once.
func (c *Conn) peerReset() {
	if !c.wasReset.Swap(true) {
		c.emit(Event{Kind: KindReset, Dir: c.in})
	}
}

// SetDeadline sets both deadlines; the zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline sets the time at which a read gives up with a KindTimeout.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readDeadline = t
	if c.upgrade != nil {
		return nil // set when the handshake is over
	}
	return c.raw.SetReadDeadline(t)
}

// SetWriteDeadline sets the time at which a write gives up with a KindError and
// a KindTimeout. Over TLS nothing can be written afterwards.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeDeadline = t
	if c.upgrade != nil {
		return nil
	}
	return c.raw.SetWriteDeadline(t)
}
