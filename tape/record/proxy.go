package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"

	"wiretape/wire"
)

// A Proxy passes clients on to one server. Its fields are set before Serve.
type Proxy struct {
	To     wire.Target
	Dialer wire.Dialer // how To is reached

	// TLS is our side of a handshake that a client begins in mid-connection. It
	// wants Certificates; the Listener has the options of one that comes first.
	TLS *wire.TLSOptions

	// Trouble, unless it is nil, is told why a client could not be served. It is
	// called from several goroutines.
	Trouble func(error)
}

// Serve passes the clients of ln on until ctx ends or ln is closed, and records
// their conversations to tap. It returns when all have ended, with an error if
// accepting fails.
func (p *Proxy) Serve(ctx context.Context, ln *wire.Listener, tap *wire.Tap) error {
	return ln.Serve(ctx, nil, func(ctx context.Context, client *wire.Conn) {
		if err := p.pass(ctx, client, tap); err != nil && !errors.Is(err, context.Canceled) && p.Trouble != nil {
			p.Trouble(err)
		}
	})
}

// pass serves one client.
func (p *Proxy) pass(ctx context.Context, client *wire.Conn, tap *wire.Tap) error {
	d := p.Dialer
	if t := client.TLS(); t != nil && p.To.TLS {
		// The server is offered what the client has agreed to with us: who spoke
		// HTTP/2 here and HTTP/1.1 there would have to be translated.
		opts := p.options()
		if t.ALPN != "" {
			opts.ALPN = []string{t.ALPN}
		}
		d.TLS = opts
	}
	server, err := d.Dial(ctx, p.To, tap)
	if err != nil {
		client.Abort()
		return err
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if c, s := client.TLS(), server.TLS(); c != nil && s != nil && c.ALPN != s.ALPN {
		client.Abort()
		return fmt.Errorf("the client speaks %s and %s selected %s", alpn(c), p.To.Address(), alpn(s))
	}
	t := &pair{proxy: p, server: server, client: client}
	if err := t.run(ctx); ctx.Err() == nil {
		return err
	}
	return nil // we ended it
}

// options returns a copy of the server's side without a list of ALPN.
func (p *Proxy) options() *wire.TLSOptions {
	var o wire.TLSOptions
	if p.Dialer.TLS != nil {
		o = *p.Dialer.TLS
	}
	o.ALPN = []string{}
	return &o
}

func alpn(t *wire.TLS) string {
	if t.ALPN == "" {
		return "no ALPN"
	}
	return t.ALPN
}

// bulk is the size of a read, octets.
const bulk = 128 << 10

// A pair is a client and its connection to the server.
type pair struct {
	proxy  *Proxy
	server *wire.Conn

	mu       sync.Mutex
	client   *wire.Conn // another one once TLS has begun in mid-connection
	answered bool       // the server has said something in the clear
}

// run passes both directions on until both have ended.
func (t *pair) run(ctx context.Context) error {
	var down sync.WaitGroup
	down.Go(t.toClient)
	err := t.toServer(ctx)
	down.Wait()
	return err
}

// toServer passes on what the client says. It returns an error only of a
// handshake: how a client goes away is an event.
func (t *pair) toServer(ctx context.Context) error {
	client := t.client
	buf := make([]byte, bulk)
	for {
		n, err := client.Read(buf)
		if n > 0 && t.beginsTLS(buf[:n]) {
			secured, err := t.startTLS(ctx, buf[:n])
			if err != nil {
				t.abort()
				return err
			}
			client = secured
			continue
		}
		if n > 0 {
			if _, werr := t.server.Write(buf[:n]); werr != nil {
				// The server takes no more. What it still says goes on to the
				// client, whose writes are read and lost.
				io.Copy(io.Discard, client)
				return nil
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			t.server.CloseWrite()
			return nil
		default:
			t.ended(err, t.server)
			return nil
		}
	}
}

// toClient passes on what the server says.
func (t *pair) toClient() {
	buf := make([]byte, bulk)
	for {
		n, err := t.server.Read(buf)
		t.mu.Lock()
		client := t.client
		t.answered = t.answered || n > 0
		if n > 0 {
			if _, werr := client.Write(buf[:n]); werr != nil {
				t.mu.Unlock()
				t.server.Abort() // as the server would have been told by the client
				return
			}
		}
		t.mu.Unlock()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			client.CloseWrite()
			return
		default:
			t.ended(err, client)
			return
		}
	}
}

// ended ends one side as the other was ended: by a reset where it was one.
func (t *pair) ended(err error, side *wire.Conn) {
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		side.Abort()
		return
	}
	side.Close()
}

func (t *pair) abort() {
	t.server.Close()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.client.Abort()
}

// beginsTLS reports whether what the client says is the beginning of a handshake
// in mid-connection. One that comes first belongs to the client and the server:
// it is passed on.
func (t *pair) beginsTLS(b []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	// RFC 8446, section 5.1: a record of type handshake, version 3.x; section 4:
	// the message in it is a ClientHello.
	return t.answered && t.proxy.TLS != nil && t.server.TLS() == nil &&
		len(b) > 5 && b[0] == 22 && b[1] == 3 && b[2] <= 4 && b[5] == 1
}

// startTLS begins TLS with the server, then with the client, whose first octets
// have been read already.
func (t *pair) startTLS(ctx context.Context, first []byte) (*wire.Conn, error) {
	// The server's first words over TLS wait until the client can read them.
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.server.StartTLS(ctx, t.proxy.options()); err != nil {
		return nil, err
	}
	facts := t.client.Facts()
	client := wire.NewConn(&unread{Conn: t.client, first: first}, wire.Facts{
		Network: facts.Network, Role: wire.Accepted, Target: facts.Target, Start: facts.Start,
	}, nil)
	if _, err := client.StartTLS(ctx, t.proxy.TLS); err != nil {
		return nil, fmt.Errorf("TLS with the client: %w", err)
	}
	t.client = client
	return client, nil
}

// unread is a connection some of whose octets were read too early.
type unread struct {
	net.Conn
	first []byte
}

func (u *unread) Read(p []byte) (int, error) {
	if len(u.first) > 0 {
		n := copy(p, u.first)
		u.first = u.first[n:]
		return n, nil
	}
	return u.Conn.Read(p)
}

// CloseWrite half-closes, where the connection can.
func (u *unread) CloseWrite() error {
	if c, ok := u.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}
