package wire

import (
	"context"
	"errors"
	"net"
	"time"
)

// StartTLS turns the connection into TLS, as the client when we dialled and as
// the server when we accepted. A Read under way in another goroutine is broken
// off, what came in the clear is recorded, and the Read goes on over TLS; writes
// wait meanwhile. Nil options are the zero value.
//
// As a client it returns how many bytes in the clear were waiting: nobody should
// have sent them, and who put them there may want them taken for the peer's
// secured words (CVE-2011-0411). They are recorded before the KindSecure and not
// read as TLS. Bytes that an earlier Read returned are not counted.
//
// After an error, an [*OpError], the connection is closed.
func (c *Conn) StartTLS(ctx context.Context, opts *TLSOptions) (waiting int, err error) {
	return c.startTLS(ctx, opts, true)
}

// startTLS is StartTLS; midway says that bytes in the clear came before.
func (c *Conn) startTLS(ctx context.Context, opts *TLSOptions, midway bool) (waiting int, err error) {
	if opts == nil {
		opts = new(TLSOptions)
	}
	if c.packets {
		return 0, c.tlsError(errors.New("no TLS over datagrams"))
	}
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	if err := c.breakRead(); err != nil {
		return 0, c.tlsError(err)
	}
	defer c.resumeRead()

	// A server cannot tell: its client's hello may be there already.
	if midway && c.facts.Role == Dialed {
		waiting = c.takeWaiting()
	}
	h := handshake{c: c, opts: opts, began: time.Now()}
	if err := h.run(ctx); err != nil {
		err = c.tlsError(err)
		c.Close()
		return waiting, err
	}
	return waiting, nil
}

// tlsError wraps what a handshake found.
func (c *Conn) tlsError(err error) error {
	return &OpError{Phase: PhaseTLS, Network: c.facts.Network, Target: c.facts.Target, Role: c.facts.Role, Err: err}
}

// breakRead gets the reading gate, from a Read under way if need be.
func (c *Conn) breakRead() error {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return net.ErrClosed
	case c.secure != nil:
		c.mu.Unlock()
		return errors.New("TLS stands already")
	}
	c.upgrade = make(chan struct{})
	err := c.raw.SetReadDeadline(time.Unix(1, 0))
	c.mu.Unlock()
	if err != nil {
		// A socket that is closed under us; its reader leaves by itself.
		c.mu.Lock()
		close(c.upgrade)
		c.upgrade = nil
		c.mu.Unlock()
		return err
	}
	c.reading <- struct{}{}
	return nil
}

// resumeRead gives the reading gate back and restores the deadlines.
func (c *Conn) resumeRead() {
	c.mu.Lock()
	c.raw.SetReadDeadline(c.readDeadline)
	c.raw.SetWriteDeadline(c.writeDeadline)
	close(c.upgrade)
	c.upgrade = nil
	c.mu.Unlock()
	<-c.reading
}

// maxWaiting is how much of what waits in the clear is taken; from a peer that
// goes on, the handshake gets the rest and fails on it.
const maxWaiting = 64 << 10

// takeWaiting records what is in the socket's buffer and returns how much it
// was.
func (c *Conn) takeWaiting() int {
	c.raw.SetReadDeadline(time.Time{})
	buf := make([]byte, 4<<10)
	total := 0
	for total < maxWaiting {
		n := readNow(c.raw.Conn, buf)
		if n <= 0 {
			break
		}
		c.emit(Event{Kind: KindData, Dir: c.in, Data: buf[:n]})
		total += n
	}
	return total
}
