package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// resolveTo returns a resolver that knows these addresses for every name.
func resolveTo(addrs ...string) func(context.Context, string) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, a := range addrs {
		out = append(out, netip.MustParseAddr(a))
	}
	return func(context.Context, string) ([]netip.Addr, error) { return out, nil }
}

func TestDeadFirstAddress(t *testing.T) {
	to := serve(t, func(nc *net.TCPConn) { io.WriteString(nc, "here") })
	to.Host = "two.example"
	port := fmt.Sprint(to.Port)
	var tries []string
	rec := &recorder{}
	// Nothing listens on 127.0.0.2: the refusal starts the next attempt at once.
	c := dial(t, Dialer{Resolve: resolveTo("127.0.0.2", "127.0.0.1")}, to, NewTap(Tee(rec.sink, func(e Event) {
		if e.Kind == KindTry {
			tries = append(tries, e.Addr+" "+e.Text)
		}
	})))
	c.Pump()
	c.Close()
	rec.wantStory(t, "try\nopen tcp dial\n< \"here\"\neof <\nclose")
	if want := "127.0.0.2:" + port + " connection refused"; len(tries) != 1 || tries[0] != want {
		t.Errorf("tries %q, want %q", tries, want)
	}
	if f := c.Facts(); f.Target != "two.example:"+port || f.Remote != "127.0.0.1:"+port || f.Phases.Connect >= stagger {
		t.Errorf("facts %+v", f)
	}
	if rec.all()[0].Conn != c.ID() {
		t.Errorf("the try is of connection %d, the rest of %d", rec.all()[0].Conn, c.ID())
	}
}

func TestDialErrors(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)
	ln.Close() // nobody is there now
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	sock := filepath.Join(t.TempDir(), "none.sock")
	tests := []struct {
		name   string
		ctx    context.Context
		dialer Dialer
		target string
		phase  Phase
		is     error
		want   string
		story  string
	}{
		{"refused", t.Context(), Dialer{}, "127.0.0.1:" + port, PhaseConnect, syscall.ECONNREFUSED,
			"dial tcp 127.0.0.1:" + port + ": connection refused", "try\nclose"},
		{"refused everywhere", t.Context(), Dialer{Resolve: resolveTo("127.0.0.2", "127.0.0.3")}, "h:" + port, PhaseConnect, syscall.ECONNREFUSED,
			"dial tcp h:" + port + ": connection refused (127.0.0.2:" + port + ", 127.0.0.3:" + port + ")", "try\ntry\nclose"},
		{"no such name", t.Context(), Dialer{Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "nosuch.example", IsNotFound: true}
		}}, "nosuch.example:80", PhaseName, nil,
			"look up nosuch.example: no such host", "error look up nosuch.example: no such host\nclose"},
		{"wrong family", t.Context(), Dialer{Family: IPv6Only}, "127.0.0.1:80", PhaseName, nil,
			"look up 127.0.0.1: no IPv6 address", "error look up 127.0.0.1: no IPv6 address\nclose"},
		{"no port", t.Context(), Dialer{}, "tcp://h", PhaseTarget, nil, "target h: no port", "error target h: no port\nclose"},
		{"interrupted", gone, Dialer{}, "127.0.0.1:" + port, PhaseConnect, nil,
			"dial tcp 127.0.0.1:" + port + ": operation was canceled", "try\nclose"},
		{"no socket", t.Context(), Dialer{}, "unix:" + sock, PhaseConnect, syscall.ENOENT,
			"dial unix " + sock + ": no such file or directory", "error dial unix " + sock + ": no such file or directory\nclose"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := &recorder{}
			_, err := tt.dialer.Dial(tt.ctx, target(t, tt.target), NewTap(rec.sink))
			op, ok := errors.AsType[*OpError](err)
			if !ok || op.Phase != tt.phase || op.Timeout() || err.Error() != tt.want {
				t.Errorf("error %v; want %s, %s", err, tt.phase, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("error %v is not %v", err, tt.is)
			}
			rec.wantStory(t, tt.story)
		})
	}
}

func TestDialTimeout(t *testing.T) {
	late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, s := range []string{"127.0.0.1:9", "localhost:9"} {
		_, err := Dialer{}.Dial(late, target(t, s), nil)
		if op, ok := errors.AsType[*OpError](err); !ok || !op.Timeout() {
			t.Errorf("%s: %v, want a timeout", s, err)
		}
	}
	slow := Dialer{Timeout: time.Millisecond, Resolve: func(ctx context.Context, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	_, err := slow.Dial(t.Context(), target(t, "h:80"), nil)
	if op, ok := errors.AsType[*OpError](err); !ok || !op.Timeout() || op.Phase != PhaseName || err.Error() != "look up h: timed out" {
		t.Errorf("%v, want a timeout of the name's phase", err)
	}
}

func TestAddressesAlternate(t *testing.T) {
	in := []string{"2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8::3", "192.0.2.2"}
	var addrs []netip.Addr
	for _, s := range in {
		addrs = append(addrs, netip.MustParseAddr(s))
	}
	want := "[2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 2001:db8::3]"
	if got := fmt.Sprint(interleave(addrs)); got != want {
		t.Errorf("order %s, want %s", got, want)
	}
}

func TestUnixSockets(t *testing.T) {
	addresses := []string{filepath.Join(t.TempDir(), "a.sock")}
	if abstract {
		addresses = append(addresses, "@wiretape-test-"+fmt.Sprint(time.Now().UnixNano()))
	}
	for _, address := range addresses {
		ln, err := Listen(t.Context(), "unix", address)
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		go func() {
			c, err := ln.Accept(context.Background(), nil)
			if err != nil {
				return
			}
			io.Copy(c, c)
			c.Close()
		}()
		rec := &recorder{}
		c := dial(t, Dialer{}, target(t, "unix:"+address), NewTap(rec.sink))
		c.Write([]byte("ping"))
		c.CloseWrite()
		c.Pump()
		c.Close()
		rec.wantStory(t, "open unix dial\n> \"ping\"\neof >\n< \"ping\"\neof <\nclose")
		if f := c.Facts(); f.Target != address || f.Remote != address {
			t.Errorf("facts %+v, want target and remote %s", f, address)
		}
	}
}

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
	go Dialer{TLS: &TLSOptions{ALPN: []string{"x"}}}.Dial(context.Background(), to, nil)
	_, err = ln.Accept(ctx(t), NewTap(rec.sink))
	if a, ok := errors.AsType[*AlertError](err); !ok || a.Alert != 120 || !a.Sent {
		t.Errorf("Accept: %v, want alert 120 sent", err)
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
		{"sctp", "1", "listen sctp 1: want network tcp or unix"},
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
		if got, err := listenAddress(in); got != want || err != nil {
			t.Errorf("listenAddress(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
