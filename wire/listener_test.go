package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestListenerRecordsAsTheServer(t *testing.T) {
	ca, cert := authority(t, "h.example")
	ln, err := Listen(t.Context(), "tcp", "0")
	if err != nil {
		t.Fatal(err)
	}
	if a := ln.Addr().(*net.TCPAddr); !a.IP.IsLoopback() {
		t.Errorf("listens on %v, want the loopback", a)
	}
	ln.TLS = &TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: []string{"h2", "http/1.1"}}
	rec := &recorder{}
	serving, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- ln.Serve(serving, NewTap(rec.sink), func(_ context.Context, c *Conn) {
			if f := c.TLS(); f.ServerName != "h.example" || strings.Join(f.Offered, ",") != "http/1.1" || f.Verify != "" || c.Facts().Role != Accepted {
				t.Errorf("the server's facts: %+v", f)
			}
			b, _ := io.ReadAll(c)
			c.Write(b)
		})
	}()
	to := target(t, ln.Addr().String())
	// One who does not speak TLS does not keep the others waiting.
	nc, err := net.Dial("tcp", to.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	to.TLS = true
	c := dial(t, Dialer{TLS: &TLSOptions{ServerName: "h.example", Roots: ca.Pool(), ALPN: []string{"http/1.1"}}}, to, nil)
	c.Write([]byte("ping"))
	c.CloseWrite()
	if err := c.Pump(); err != nil {
		t.Error(err)
	}
	c.Close()
	// It still waits for a handshake; the end of the context is its end.
	stop()
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	mine := &recorder{}
	for _, e := range rec.all() {
		if e.Conn == 2 {
			mine.sink(e)
		}
	}
	mine.wantStory(t, `
		open tcp accept
		tls 1.3 alpn=http/1.1 verify=""
		> "ping"
		eof > notify=yes
		< "ping"
		close`)
}

func TestServerNamesTheAlertThatItSends(t *testing.T) {
	_, cert := authority(t, "h")
	ln, err := Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ln.TLS = &TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: []string{"h2"}, Timeout: 20 * time.Second}
	to := target(t, ln.Addr().String())
	to.TLS = true
	rec := &recorder{}
	over := make(chan struct{})
	tap := NewTap(Tee(rec.sink, func(e Event) {
		if e.Kind == KindClose {
			close(over)
		}
	}))
	serving, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- ln.Serve(serving, tap, func(context.Context, *Conn) {
			t.Error("a connection whose handshake failed was handled")
		})
	}()
	Dialer{TLS: &TLSOptions{ALPN: []string{"x"}}}.Dial(ctx(t), to, nil)
	<-over
	stop()
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	rec.wantStory(t, `
		open tcp accept
		alert < no_application_protocol
		error TLS handshake: client requested unsupported application protocols (["x"]); alert no_application_protocol (120) sent
		close`)
}

func TestListenErrors(t *testing.T) {
	taken, err := Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	for _, tt := range []struct{ network, address, want string }{
		{"tcp", addr, "listen tcp " + addr + ": address already in use"},
		{"tcp", "70000", "listen tcp 70000: port 70000: want 1 to 65535"},
		{"tcp", "[::1", "listen tcp [::1: want host:port"},
		{"sctp", "1", "listen sctp 1: want network tcp, udp or unix"},
	} {
		_, err := Listen(t.Context(), tt.network, tt.address)
		if op, ok := errors.AsType[*OpError](err); !ok || op.Phase != PhaseListen || err.Error() != tt.want {
			t.Errorf("Listen(%s, %s): %v, want %s", tt.network, tt.address, err, tt.want)
		}
	}
}

func TestListenAddress(t *testing.T) {
	for in, want := range map[string]string{
		"8080": "127.0.0.1:8080", ":8080": "127.0.0.1:8080", ":http": "127.0.0.1:80", "*:8080": ":8080",
		"0.0.0.0:0": "0.0.0.0:0", "[::]:25": "[::]:25", "localhost:smtp": "localhost:25",
	} {
		if got, err := listenAddress("tcp", in); got != want || err != nil {
			t.Errorf("listenAddress(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

// A wildcard of IPv4 opens nothing to IPv6; "*" opens both.
func TestListenKeepsTheFamily(t *testing.T) {
	for address, want := range map[string]string{"0.0.0.0:0": "0.0.0.0", "127.0.0.1:0": "127.0.0.1", "0": "127.0.0.1", "*:0": "::"} {
		ln, err := Listen(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		ln.Close()
		if got := ln.Addr().(*net.TCPAddr).IP.String(); got != want && (address != "*:0" || got != "0.0.0.0") {
			t.Errorf("Listen(%s) is on %s, want %s", address, got, want)
		}
	}
}

// A short is a net.Listener whose Accept gives errors first, and then a
// connection, and then waits for Close.
type short struct {
	net.Listener // never used
	errs         []error
	closed       chan struct{}
}

func (s *short) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (s *short) Close() error   { close(s.closed); return nil }

func (s *short) Accept() (net.Conn, error) {
	if s.errs == nil {
		<-s.closed
		return nil, net.ErrClosed
	}
	if err := s.errs[0]; err != nil {
		s.errs = s.errs[1:]
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", err)}
	}
	s.errs = nil
	ours, peer := net.Pipe()
	peer.Close()
	return ours, nil
}

func TestServeOutlivesAShortage(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name string
		errs []error // nil: a connection
		took time.Duration
		err  error // of Serve
	}{
		{"no shortage", []error{nil}, 0, nil},
		{"out of descriptors", []error{syscall.EMFILE, syscall.EMFILE, syscall.EMFILE, nil}, (5 + 10 + 20) * ms, nil},
		{"gone before it was accepted", []error{syscall.ECONNABORTED, nil}, 5 * ms, nil},
		{"a long one", []error{
			syscall.ENFILE, syscall.ENFILE, syscall.ENFILE, syscall.ENFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOBUFS, syscall.ENOMEM,
			syscall.EMFILE, syscall.EMFILE, nil}, (5+10+20+40+80+160+320+640)*ms + 2*time.Second, nil},
		{"anything else", []error{syscall.EINVAL}, 0, syscall.EINVAL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ln := &Listener{ln: &short{errs: tt.errs, closed: make(chan struct{})}, network: "tcp"}
				began := time.Now()
				handled := 0
				ctx, stop := context.WithCancel(t.Context())
				err := ln.Serve(ctx, nil, func(context.Context, *Conn) { handled++; stop() })
				stop()
				if took := time.Since(began); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				if op, ok := errors.AsType[*OpError](err); !errors.Is(err, tt.err) || ok && op.Phase != PhaseListen || ok != (tt.err != nil) {
					t.Errorf("Serve: %v, want %v", err, tt.err)
				}
				if want := tt.errs[len(tt.errs)-1] == nil; want != (handled == 1) {
					t.Errorf("%d connections handled", handled)
				}
			})
		})
	}
}
