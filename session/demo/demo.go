// Package demo runs the practice servers: sites, mail and an echo on loopback, with
// something to look at behind every link. They serve the guided tour, the examples of the
// README and anybody who wants to try a thing before doing it to a real server.
//
// The practice site stands on two ports, in the clear and over TLS with ALPN h2
// and http/1.1, under a certificate made for the run, with WebSocket at /ws. SMTP
// and POP3 begin TLS where they are asked to, under the same certificate; what is
// mailed is counted and thrown away, and the mailbox is always the same. The
// password site is the classic exercise: Basic credentials admin / password, realm
// "Protected"; mail has the same ones.
// Nothing is read from disk and nothing leaves the machine.
package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"wiretape/wire"
	"wiretape/wire/http2"
)

// The ports of the practice servers, where they are free.
const (
	PortHTTP  = 8000
	PortHTTPS = 8443
	PortSMTP  = 2525
	PortPOP3  = 1100
	PortEcho  = 7007 // UDP
)

// portTries is how many ports after a taken one are tried.
const portTries = 50

// Servers are practice servers that run.
type Servers struct {
	// HTTP and HTTPS are the practice site's addresses as a person types them,
	// "localhost:8000"; "" where it is not served.
	HTTP, HTTPS string

	// SMTP, POP3 and Echo are the addresses of those, Echo's of UDP.
	SMTP, POP3, Echo string

	ca        *wire.Authority
	cancel    context.CancelFunc
	listeners []*wire.Listener
	wg        sync.WaitGroup
}

// ports are those that the practice servers try first; 0 is any free one.
type ports struct{ http, https, smtp, pop3, echo int }

// Start serves on loopback, on the ports of the practice servers or, where those
// are taken, on the next free ones.
func Start(ctx context.Context) (*Servers, error) {
	return start(ctx, ports{PortHTTP, PortHTTPS, PortSMTP, PortPOP3, PortEcho})
}

// start is Start with its ports.
func start(ctx context.Context, at ports) (_ *Servers, err error) {
	ca, err := wire.NewAuthority()
	if err != nil {
		return nil, fmt.Errorf("practice servers: %w", err)
	}
	cert, err := ca.Issue("localhost", "127.0.0.1", "::1")
	if err != nil {
		return nil, fmt.Errorf("practice servers: %w", err)
	}
	s := &Servers{ca: ca}
	var listeners [5]*wire.Listener
	for i, l := range []struct {
		network string
		port    int
		addr    *string
	}{{"tcp", at.http, &s.HTTP}, {"tcp", at.https, &s.HTTPS}, {"tcp", at.smtp, &s.SMTP}, {"tcp", at.pop3, &s.POP3}, {"udp", at.echo, &s.Echo}} {
		if listeners[i], err = listenNear(ctx, l.network, l.port); err != nil {
			for _, open := range listeners[:i] {
				open.Close()
			}
			return nil, err
		}
		*l.addr = localhost(listeners[i].Addr())
	}
	listeners[1].TLS = &wire.TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: []string{"h2", "http/1.1"}}
	box := &postbox{cert: cert}
	for i, handle := range []func(context.Context, *wire.Conn){
		site{handle: practice, twin: s.HTTPS, sockets: true}.serve,
		site{handle: practice, twin: s.HTTP, sockets: true}.serve,
		box.serve,
		func(ctx context.Context, c *wire.Conn) { servePOP3(ctx, c, cert) },
		serveEcho,
	} {
		s.serve(ctx, listeners[i], handle)
	}
	return s, nil
}

// StartPassword serves the password site on address, such as "127.0.0.1:8000".
func StartPassword(ctx context.Context, address string) (*Servers, error) {
	l, err := wire.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Servers{HTTP: localhost(l.Addr())}
	s.serve(ctx, l, site{handle: passwordSite}.serve)
	return s, nil
}

// CA returns the PEM of the authority that the site's certificate is of; nil
// where nothing is served over TLS.
func (s *Servers) CA() []byte {
	if s.ca == nil {
		return nil
	}
	return s.ca.PEM()
}

// Close stops the servers and waits for their connections to end.
func (s *Servers) Close() {
	s.cancel()
	for _, l := range s.listeners {
		l.Close()
	}
	s.wg.Wait()
}

// serve runs l until Close.
func (s *Servers) serve(ctx context.Context, l *wire.Listener, handle func(context.Context, *wire.Conn)) {
	ctx, cancel := context.WithCancel(ctx)
	if before := s.cancel; before != nil {
		s.cancel = func() { before(); cancel() }
	} else {
		s.cancel = cancel
	}
	s.listeners = append(s.listeners, l)
	s.wg.Go(func() {
		// An accept that fails for good leaves the other servers up.
		_ = l.Serve(ctx, nil, func(ctx context.Context, c *wire.Conn) {
			defer context.AfterFunc(ctx, func() { c.Close() })()
			handle(ctx, c)
		})
	})
}

// serve answers a connection to the site: with HTTP/2 where ALPN chose it, or where a
// client in the clear begins with its preface (RFC 9113, section 3.3).
func (s site) serve(_ context.Context, c *wire.Conn) {
	t := c.TLS()
	if t != nil && t.ALPN == "h2" {
		s.serveHTTP2(c, nil)
		return
	}
	var begun []byte
	buf := make([]byte, 16<<10)
	c.SetReadDeadline(time.Now().Add(idle))
	for len(begun) < len(http2.Preface) && strings.HasPrefix(http2.Preface, string(begun)) {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		begun = append(begun, buf[:n]...)
	}
	if t == nil && strings.HasPrefix(string(begun), http2.Preface) {
		s.serveHTTP2(c, begun)
		return
	}
	s.serveHTTP1(c, begun)
}

// listenNear listens on 127.0.0.1:port or the next port that is free.
func listenNear(ctx context.Context, network string, port int) (*wire.Listener, error) {
	for p := port; ; p++ {
		l, err := wire.Listen(ctx, network, net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || p == port+portTries {
			return l, err
		}
	}
}
