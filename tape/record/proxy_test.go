package record

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/wire"
)

// A recorded is what a proxy recorded: a line for each event of a connection,
// data of one direction joined.
type recorded struct {
	mu     sync.Mutex
	events []string
	last   wire.Dir
}

func (r *recorded) event(e wire.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	who := ">"
	if e.Dir == wire.ServerToClient {
		who = "<"
	}
	if e.Kind == wire.KindData {
		if r.last == e.Dir && len(r.events) > 0 {
			r.events[len(r.events)-1] += string(e.Data)
			return
		}
		r.last = e.Dir
		r.events = append(r.events, fmt.Sprintf("%d%s %s", e.Conn, who, e.Data))
		return
	}
	r.last = 0
	line := fmt.Sprintf("%d %s", e.Conn, e.Kind)
	if e.Dir != 0 {
		line += " " + who
	}
	r.events = append(r.events, line)
}

func (r *recorded) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.events, "\n")
}

// proxied starts a server of one connection, and a proxy before it. Done waits
// until the conversation is recorded and returns it.
func proxied(t *testing.T, p *Proxy, listen *wire.TLSOptions, serve func(net.Conn)) (addr string, done func() string) {
	t.Helper()
	up, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { up.Close() })
	go func() {
		nc, err := up.Accept()
		if err != nil {
			return
		}
		nc.SetDeadline(time.Now().Add(10 * time.Second))
		defer nc.Close()
		serve(nc)
	}()
	p.To.Network, p.To.Host, p.To.Port = "tcp", "127.0.0.1", uint16(up.Addr().(*net.TCPAddr).Port)
	return proxiedTo(t, p, listen)
}

func proxiedTo(t *testing.T, p *Proxy, listen *wire.TLSOptions) (addr string, done func() string) {
	t.Helper()
	ln, err := wire.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.TLS = listen
	var rec recorded
	closed := make(chan struct{}, 8)
	ctx, stop := context.WithCancel(t.Context())
	end := make(chan error, 1)
	go func() {
		end <- p.Serve(ctx, ln, wire.NewTap(func(e wire.Event) {
			rec.event(e)
			if e.Kind == wire.KindClose {
				closed <- struct{}{}
			}
		}))
	}()
	return ln.Addr().String(), func() string {
		t.Helper()
		select {
		case <-closed:
		case <-time.After(10 * time.Second):
			t.Errorf("the conversation does not end:\n%s", &rec)
		}
		stop()
		if err := <-end; err != nil {
			t.Errorf("Serve: %v", err)
		}
		return rec.String()
	}
}

func dial(t *testing.T, addr string) *net.TCPConn {
	t.Helper()
	nc, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(10 * time.Second))
	return nc.(*net.TCPConn)
}

// line reads a line and fails the test if it is not what is wanted.
func line(t *testing.T, r io.Reader, want string) {
	t.Helper()
	var got []byte
	var b [1]byte
	for !bytes.HasSuffix(got, []byte("\n")) {
		if _, err := r.Read(b[:]); err != nil {
			t.Fatalf("read %q, then %v; want %q", got, err, want)
		}
		got = append(got, b[0])
	}
	if string(got) != want+"\n" {
		t.Fatalf("read %q, want %q", got, want)
	}
}

func same(t *testing.T, got string, want ...string) {
	t.Helper()
	if got != strings.Join(want, "\n") {
		t.Errorf("recorded\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestHalfCloseGoesOn(t *testing.T) {
	addr, done := proxied(t, &Proxy{}, nil, func(nc net.Conn) {
		all, _ := io.ReadAll(nc) // up to the client's half-close
		fmt.Fprintf(nc, "%d octets\n", len(all))
	})
	c := dial(t, addr)
	io.WriteString(c, "hello")
	c.CloseWrite()
	line(t, c, "5 octets")
	if n, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %d, %v behind the end", n, err)
	}
	same(t, done(), "1 open", "1> hello", "1 eof >", "1< 5 octets\n", "1 eof <", "1 close")
}

func TestClientsResetGoesOn(t *testing.T) {
	seen := make(chan error, 1)
	addr, done := proxied(t, &Proxy{}, nil, func(nc net.Conn) {
		io.WriteString(nc, "hi\n")
		_, err := nc.Read(make([]byte, 1))
		seen <- err
	})
	c := dial(t, addr)
	line(t, c, "hi")
	c.SetLinger(0)
	c.Close()
	same(t, done(), "1 open", "1< hi\n", "1 rst >", "1 close")
	if err := <-seen; err == nil || err == io.EOF {
		t.Errorf("the server read %v, want a reset", err)
	}
}

func TestServersResetGoesOn(t *testing.T) {
	addr, done := proxied(t, &Proxy{}, nil, func(nc net.Conn) {
		bufio.NewReader(nc).ReadString('\n')
		nc.(*net.TCPConn).SetLinger(0)
	})
	c := dial(t, addr)
	io.WriteString(c, "go\n")
	if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
		t.Errorf("the client read %v, want a reset", err)
	}
	same(t, done(), "1 open", "1> go\n", "1 rst <", "1 close")
}

func TestUnreachableServerIsRecorded(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	told := make(chan error, 1)
	p := &Proxy{To: wire.Target{Network: "tcp", Host: "127.0.0.1", Port: uint16(port)}, Trouble: func(err error) { told <- err }}
	addr, done := proxiedTo(t, p, nil)
	// The reset may come before the dial is done.
	if c, err := net.DialTimeout("tcp", addr, 5*time.Second); err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("read %v of a server that is not there, want a reset", err)
		}
	}
	select {
	case <-told:
	case <-time.After(5 * time.Second):
		t.Error("nobody is told")
	}
	got := done()
	if !strings.Contains(got, "1 try") || !strings.Contains(got, "1 error") && !strings.Contains(got, "1 close") {
		t.Errorf("recorded\n%s", got)
	}
}

// certificate returns one for localhost and 127.0.0.1, and who trusts it.
func certificate(t *testing.T) (tls.Certificate, *wire.TLSOptions) {
	t.Helper()
	ca, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Issue("localhost", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return cert, &wire.TLSOptions{Roots: ca.Pool()}
}

func TestTLSOnBothSides(t *testing.T) {
	cert, trust := certificate(t)
	p := &Proxy{To: wire.Target{TLS: true, ALPN: []string{"http/1.1"}}, Dialer: wire.Dialer{TLS: trust}}
	addr, done := proxied(t, p, &wire.TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: []string{"h2", "http/1.1"}}, func(nc net.Conn) {
		s := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2", "http/1.1"}})
		bufio.NewReader(s).ReadString('\n')
		fmt.Fprintf(s, "%s\n", s.ConnectionState().NegotiatedProtocol)
		s.Close()
	})
	c := tls.Client(dial(t, addr), &tls.Config{RootCAs: trust.Roots, ServerName: "localhost", NextProtos: []string{"http/1.1"}})
	io.WriteString(c, "which\n")
	line(t, c, "http/1.1") // the client's choice is what the server is offered
	c.Close()
	got := done()
	if !strings.HasPrefix(got, "1 open\n1 tls\n1> which\n\n1< http/1.1\n") {
		t.Errorf("recorded\n%s", got)
	}
}

func TestTLSInMidConnection(t *testing.T) {
	cert, trust := certificate(t)
	p := &Proxy{Dialer: wire.Dialer{TLS: trust}, TLS: &wire.TLSOptions{Certificates: []tls.Certificate{cert}}}
	addr, done := proxied(t, p, nil, func(nc net.Conn) {
		io.WriteString(nc, "220 hello\n")
		line(t, nc, "STARTTLS")
		io.WriteString(nc, "220 go\n")
		s := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{cert}})
		io.WriteString(s, "secret greeting\n") // the server speaks first
		line(t, s, "QUIT")
		s.Close()
	})
	c := dial(t, addr)
	line(t, c, "220 hello")
	io.WriteString(c, "STARTTLS\n")
	line(t, c, "220 go")
	s := tls.Client(c, &tls.Config{RootCAs: trust.Roots, ServerName: "localhost"})
	line(t, s, "secret greeting")
	io.WriteString(s, "QUIT\n")
	if _, err := s.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("read %v behind the end", err)
	}
	s.Close()
	same(t, strings.TrimSuffix(strings.Split(done(), "\n1 eof <")[0], "\n"),
		"1 open", "1< 220 hello\n", "1> STARTTLS\n", "1< 220 go\n", "1 tls", "1< secret greeting\n", "1> QUIT")
}

// What begins with a handshake is for the server to read: nothing is taken apart.
func TestTLSFromTheFirstOctetIsPassedOn(t *testing.T) {
	cert, trust := certificate(t)
	p := &Proxy{TLS: &wire.TLSOptions{Certificates: []tls.Certificate{cert}}}
	addr, done := proxied(t, p, nil, func(nc net.Conn) {
		s := tls.Server(nc, &tls.Config{Certificates: []tls.Certificate{cert}})
		line(t, s, "ping")
		io.WriteString(s, "pong\n")
		s.Close()
	})
	c := tls.Client(dial(t, addr), &tls.Config{RootCAs: trust.Roots, ServerName: "localhost"})
	io.WriteString(c, "ping\n")
	line(t, c, "pong")
	c.Close()
	if got := done(); strings.Contains(got, "1 tls") || !strings.HasPrefix(got, "1 open\n1> \x16\x03") {
		t.Errorf("recorded\n%.200q", got)
	}
}
