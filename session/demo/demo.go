// Package demo runs the practice servers: sites on loopback with something to
// look at behind every link. They serve the guided tour, the examples of the
// README and anybody who wants to try a thing before doing it to a real server.
//
// The practice site stands on two ports, in the clear and over TLS with ALPN h2
// and http/1.1, under a certificate made for the run. The password site is the
// classic exercise: Basic credentials admin / password, realm "Protected".
// Nothing is read from disk and nothing leaves the machine.
package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"syscall"

	"wiretape/wire"
)

// The ports of the practice site, where they are free.
const (
	PortHTTP  = 8000
	PortHTTPS = 8443
)

// portTries is how many ports after a taken one are tried.
const portTries = 50

// Servers are practice servers that run.
type Servers struct {
	// HTTP and HTTPS are the practice site's addresses as a person types them,
	// "localhost:8000"; "" where it is not served.
	HTTP, HTTPS string

	ca        *wire.Authority
	cancel    context.CancelFunc
	listeners []*wire.Listener
	wg        sync.WaitGroup
}

// Start serves the practice site on loopback, on [PortHTTP] and [PortHTTPS] or,
// where those are taken, on the next free ports.
func Start(ctx context.Context) (*Servers, error) { return start(ctx, PortHTTP, PortHTTPS) }

// start is Start with its ports; 0 is any free one.
func start(ctx context.Context, httpPort, httpsPort int) (*Servers, error) {
	ca, err := wire.NewAuthority()
	if err != nil {
		return nil, fmt.Errorf("practice servers: %w", err)
	}
	cert, err := ca.Issue("localhost", "127.0.0.1", "::1")
	if err != nil {
		return nil, fmt.Errorf("practice servers: %w", err)
	}
	plain, err := listenNear(ctx, httpPort)
	if err != nil {
		return nil, err
	}
	secure, err := listenNear(ctx, httpsPort)
	if err != nil {
		plain.Close()
		return nil, err
	}
	secure.TLS = &wire.TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: []string{"h2", "http/1.1"}}
	s := &Servers{HTTP: localhost(plain.Addr()), HTTPS: localhost(secure.Addr()), ca: ca}
	s.serve(ctx, plain, site{handle: practice, twin: s.HTTPS})
	s.serve(ctx, secure, site{handle: practice, twin: s.HTTP})
	return s, nil
}

// StartPassword serves the password site on address, such as "127.0.0.1:8000".
func StartPassword(ctx context.Context, address string) (*Servers, error) {
	l, err := wire.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Servers{HTTP: localhost(l.Addr())}
	s.serve(ctx, l, site{handle: passwordSite})
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
func (s *Servers) serve(ctx context.Context, l *wire.Listener, st site) {
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
			if t := c.TLS(); t != nil && t.ALPN == "h2" {
				st.serveHTTP2(c)
				return
			}
			st.serveHTTP1(c)
		})
	})
}

// listenNear listens on 127.0.0.1:port or the next port that is free.
func listenNear(ctx context.Context, port int) (*wire.Listener, error) {
	for p := port; ; p++ {
		l, err := wire.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || p == port+portTries {
			return l, err
		}
	}
}
