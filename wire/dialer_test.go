package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
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
		go ln.Serve(ctx(t), nil, func(_ context.Context, c *Conn) { io.Copy(c, c) })
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
