package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A Listener accepts connections. Its fields are set before Serve.
type Listener struct {
	// TLS, when set, has every connection begin with a handshake, in which the
	// client chooses by SNI among Certificates.
	TLS *TLSOptions
	// Proto is for the Facts of its connections.
	Proto string

	ln      net.Listener
	network string
}

// Listen listens on network "tcp", "udp" or "unix". An address without a host, ":8080"
// or "8080", is on 127.0.0.1; "*:8080" is on every interface, of IPv6 too, and
// "0.0.0.0:8080" of IPv4 alone; port 0 is one that is free. Of UDP each address
// that a datagram comes from is a connection. A socket file that nobody listens
// on any more is replaced. An error is an [*OpError].
func Listen(ctx context.Context, network, address string) (*Listener, error) {
	fail := func(err error) (*Listener, error) {
		return nil, &OpError{Phase: PhaseListen, Network: network, Target: address, Role: Accepted, Err: err}
	}
	family := network
	switch network {
	case "tcp", "udp":
		a, err := listenAddress(network, address)
		if err != nil {
			return fail(err)
		}
		address = a
		if ap, err := netip.ParseAddrPort(address); err == nil && ap.Addr().Is4() {
			family += "4" // of "tcp", 0.0.0.0 would be :: too
		}
	case "unix":
		removeStale(address)
	default:
		return fail(errors.New("want network tcp, udp or unix"))
	}
	var lc net.ListenConfig
	if network == "udp" {
		pc, err := lc.ListenPacket(ctx, family, address)
		if err != nil {
			return fail(err)
		}
		return &Listener{ln: newPacketListener(pc.(*net.UDPConn)), network: network}, nil
	}
	// A RST and its linger mean what they say on plain TCP only.
	lc.SetMultipathTCP(false)
	ln, err := lc.Listen(ctx, family, address)
	if err != nil {
		return fail(err)
	}
	return &Listener{ln: ln, network: network}, nil
}

// listenAddress fills in the loopback and the port of a service.
func listenAddress(network, s string) (string, error) {
	host, port := "", s
	if strings.Contains(s, ":") {
		var err error
		if host, port, err = net.SplitHostPort(s); err != nil {
			return "", errors.New("want host:port")
		}
	}
	switch host {
	case "":
		host = "127.0.0.1"
	case "*":
		host = ""
	}
	if port == "0" {
		return net.JoinHostPort(host, port), nil
	}
	p, err := parsePort(network, port)
	if err != nil {
		return "", err
	}
	return Target{Host: host, Port: p}.Address(), nil
}

// removeStale removes a socket file that nobody listens on.
func removeStale(path string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return
	}
	nc, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		nc.Close()
		return
	}
	if isRefused(err) {
		os.Remove(path)
	}
}

// Addr returns the address that is listened on.
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// Close ends Serve and Accept. Connections accepted stay.
func (l *Listener) Close() error { return l.ln.Close() }

// Serve accepts connections and gives each to handle, in a goroutine of its own,
// after its handshake where TLS is set; one whose handshake fails is recorded
// and closed. A Conn is closed when its handler returns, and when ctx ends. A
// system out of descriptors is waited for. Serve returns nil when ctx ends or the
// Listener is closed, an error when accepting fails, and always after all
// handlers.
func (l *Listener) Serve(ctx context.Context, tap *Tap, handle func(context.Context, *Conn)) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var handlers sync.WaitGroup
	defer handlers.Wait()
	for {
		c, err := l.accept(ctx, tap)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		handlers.Go(func() {
			stop := context.AfterFunc(ctx, func() { c.Close() })
			defer stop()
			defer c.Close()
			if l.secure(ctx, c) == nil {
				handle(ctx, c)
			}
		})
	}
}

// Accept waits for one connection and shakes hands where TLS is set. After an
// [*OpError] of [PhaseTLS] it may be called again; it returns [net.ErrClosed] when
// ctx has ended or the Listener is closed, and then the Listener is.
func (l *Listener) Accept(ctx context.Context, tap *Tap) (*Conn, error) {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	c, err := l.accept(ctx, tap)
	if err == nil {
		err = l.secure(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// accept waits for a connection, also through a shortage.
func (l *Listener) accept(ctx context.Context, tap *Tap) (*Conn, error) {
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		nc, err := l.ln.Accept()
		switch {
		case err == nil:
			return NewConn(nc, Facts{
				Network: l.network,
				Role:    Accepted,
				Target:  l.Addr().String(),
				Proto:   l.Proto,
				Start:   time.Now(),
			}, tap), nil
		case errors.Is(err, net.ErrClosed):
			return nil, net.ErrClosed
		case !passes(err):
			return nil, &OpError{Phase: PhaseListen, Network: l.network, Target: l.Addr().String(), Role: Accepted, Err: err}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, net.ErrClosed
		}
	}
}

// How long accepting rests in a shortage: twice as long each time it goes on.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// passes reports whether accepting may succeed later: the peer went away before
// it was accepted, or the system is out of descriptors or memory, of which the
// connections that stand give back.
func passes(err error) bool {
	for _, e := range []error{syscall.ECONNABORTED, syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// secure shakes hands where that is asked for.
func (l *Listener) secure(ctx context.Context, c *Conn) error {
	if l.TLS == nil {
		return nil
	}
	_, err := c.startTLS(ctx, l.TLS, false)
	return err
}
