package wire

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// CloseWrite says that we send no more: a FIN, over TLS after a close_notify. It
// waits for writes under way. Reading goes on.
func (c *Conn) CloseWrite() error {
	half, ok := c.raw.Conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("half-close %s: %s has none", c.facts.Target, c.facts.Network)
	}
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	if c.halfClosed {
		return nil
	}
	notify := NotifyUnknown
	if c.secure != nil {
		notify = NotifyYes
	}
	if !c.emit(Event{Kind: KindEOF, Dir: c.out, Notify: notify}) {
		return net.ErrClosed
	}
	c.halfClosed = true
	var err error
	if c.secure != nil {
		err = c.secure.CloseWrite()
	}
	// A peer may answer the close_notify by closing. Then there is nothing left
	// to be said, and nobody to say it to.
	if fin := half.CloseWrite(); err == nil && (c.secure == nil || !isGone(fin)) {
		err = fin
	}
	if err != nil {
		c.emit(Event{Kind: KindError, Dir: c.out, Text: "half-close: " + reason(err)})
	}
	return err
}

// isGone reports whether a connection was closed already.
func isGone(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ENOTCONN)
}

// Close closes the connection, over TLS after a close_notify, and ends reads and
// writes under way with [net.ErrClosed]. Only the first call does anything.
func (c *Conn) Close() error {
	secure, first := c.shut()
	if !first {
		return nil
	}
	c.emit(Event{Kind: KindClose})
	if secure != nil {
		return secure.Close()
	}
	return c.raw.Close()
}

// Abort closes the connection with a RST, where the network has one, and without
// a close_notify: the peer loses what it has not read yet.
func (c *Conn) Abort() error {
	_, first := c.shut()
	if !first {
		return nil
	}
	if l, ok := c.raw.Conn.(interface{ SetLinger(sec int) error }); ok && l.SetLinger(0) == nil {
		c.emit(Event{Kind: KindReset, Dir: c.out})
	}
	c.emit(Event{Kind: KindClose})
	return c.raw.Close()
}

// shut marks c as closed and reports whether it was not before.
func (c *Conn) shut() (secure closer, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, false
	}
	c.closed = true
	if c.secure != nil {
		secure = c.secure
	}
	return secure, true
}

// A closer is a [tls.Conn] where there is one.
type closer interface{ Close() error }
