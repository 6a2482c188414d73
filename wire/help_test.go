package wire

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A recorder is a sink that keeps what it is shown as lines: "> ping" for data,
// "tls 1.3", "eof < notify", and so on.
type recorder struct {
	mu     sync.Mutex
	events []Event
}

func (r *recorder) sink(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Data = append([]byte(nil), e.Data...)
	r.events = append(r.events, e)
}

func (r *recorder) all() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event(nil), r.events...)
}

// story writes the events down without times, numbers and addresses.
func (r *recorder) story() string {
	var b strings.Builder
	for _, e := range r.all() {
		dir := map[Dir]string{ClientToServer: " >", ServerToClient: " <"}[e.Dir]
		switch e.Kind {
		case KindData:
			fmt.Fprintf(&b, "%s %q\n", dir[1:], e.Data)
		case KindOpen:
			fmt.Fprintf(&b, "open %s %s\n", e.Facts.Network, e.Facts.Role)
		case KindSecure:
			fmt.Fprintf(&b, "tls %s alpn=%s verify=%q\n", e.TLS.VersionName(), e.TLS.ALPN, e.TLS.Verify)
		case KindEOF:
			fmt.Fprintf(&b, "eof%s%s\n", dir, map[Notify]string{NotifyYes: " notify=yes", NotifyNo: " notify=no"}[e.Notify])
		case KindAlert:
			fmt.Fprintf(&b, "alert%s %s\n", dir, e.Alert)
		case KindError:
			fmt.Fprintf(&b, "error%s %s", dir, e.Text)
			if e.Size > 0 {
				fmt.Fprintf(&b, " (%d B left)", e.Size)
			}
			b.WriteByte('\n')
		case KindTimeout:
			fmt.Fprintf(&b, "timeout %s\n", e.Text)
		default:
			fmt.Fprintf(&b, "%s%s\n", e.Kind, dir)
		}
	}
	return b.String()
}

// wantStory compares with lines, whose indentation does not count.
func (r *recorder) wantStory(t *testing.T, want string) {
	t.Helper()
	var lines []string
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if got := strings.TrimSpace(r.story()); got != strings.Join(lines, "\n") {
		t.Errorf("events:\n%s\nwant:\n%s", got, strings.Join(lines, "\n"))
	}
}

// serve runs handle for every connection to a new port on 127.0.0.1 until the
// test ends, and returns the target.
func serve(t *testing.T, handle func(*net.TCPConn)) Target {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer nc.Close()
				nc.SetDeadline(time.Now().Add(20 * time.Second))
				handle(nc.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() { ln.Close(); wg.Wait() })
	return target(t, ln.Addr().String())
}

// serveTLS is serve with a certificate for hosts.
func serveTLS(t *testing.T, cfg *tls.Config, handle func(*tls.Conn, *net.TCPConn)) Target {
	t.Helper()
	tt := serve(t, func(nc *net.TCPConn) {
		tc := tls.Server(nc, cfg)
		if tc.Handshake() == nil {
			handle(tc, nc)
		}
	})
	tt.TLS = true
	return tt
}

func target(t *testing.T, s string) Target {
	t.Helper()
	tt, err := ParseTarget(s)
	if err != nil {
		t.Fatal(err)
	}
	return tt
}

// dial connects or fails the test, and closes at its end.
func dial(t *testing.T, d Dialer, tt Target, tap *Tap) *Conn {
	t.Helper()
	if d.Timeout == 0 {
		d.Timeout = 20 * time.Second
	}
	c, err := d.Dial(t.Context(), tt, tap)
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c
}

// authority returns an Authority and a certificate of it for hosts.
func authority(t *testing.T, hosts ...string) (*Authority, tls.Certificate) {
	t.Helper()
	a, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Issue(hosts...)
	if err != nil {
		t.Fatal(err)
	}
	return a, cert
}

func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return c
}
