package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestParseProxy(t *testing.T) {
	for in, want := range map[string]Proxy{
		"socks5://127.0.0.1":           {Scheme: "socks5", Host: "127.0.0.1", Port: 1080},
		"SOCKS5H://u:p%40ss@h.test:99": {"socks5h", "h.test", 99, "u", "p@ss"},
		"socks4a://me@[::1]:1081/":     {Scheme: "socks4a", Host: "::1", Port: 1081, User: "me"},
		"http://h.test":                {Scheme: "http", Host: "h.test", Port: 3128},
	} {
		if got, err := ParseProxy(in); err != nil || *got != want {
			t.Errorf("ParseProxy(%q) = %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "h:1", "https://h:1", "socks5://", "socks5://:1080", "socks5://h:0", "http://h/path", "socks5://secret:%zz@h"} {
		got, err := ParseProxy(in)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("ParseProxy(%q) = %+v, %v", in, got, err)
		}
	}
}

// What each kind of proxy is asked, octet for octet, and what follows from its
// answers. In a script "> " is what the proxy has to get, "< " what it gives.
func TestProxyConversations(t *testing.T) {
	tests := []struct {
		name   string
		proxy  Proxy
		target string
		script []string
		err    string // "" for a connection on which "hello" comes
	}{
		{"socks5 with an address", Proxy{Scheme: "socks5"}, "192.0.2.7:80",
			[]string{"> \x05\x01\x00", "< \x05\x00", "> \x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50", "< \x05\x00\x00\x01\x01\x02\x03\x04\x05\x06hello"}, ""},
		{"socks5 looks names up here", Proxy{Scheme: "socks5"}, "name.test:80",
			[]string{"> \x05\x01\x00", "< \x05\x00", "> \x05\x01\x00\x01\xc0\x00\x02\x09\x00\x50", "< \x05\x00\x00\x01\x01\x02\x03\x04\x05\x06hello"}, ""},
		{"socks5h does not", Proxy{Scheme: "socks5h"}, "name.test:80",
			[]string{"> \x05\x01\x00", "< \x05\x00", "> \x05\x01\x00\x03\x09name.test\x00\x50", "< \x05\x00\x00\x03\x02ab\x05\x06hello"}, ""},
		{"socks5 with IPv6 and a login", Proxy{Scheme: "socks5", User: "me", Password: "pw"}, "[::1]:80",
			[]string{"> \x05\x02\x00\x02", "< \x05\x02", "> \x01\x02me\x02pw", "< \x01\x00",
				"> \x05\x01\x00\x04" + strings.Repeat("\x00", 15) + "\x01\x00\x50",
				"< \x05\x00\x00\x04" + strings.Repeat("\x00", 18) + "hello"}, ""},
		{"socks5 refuses the login", Proxy{Scheme: "socks5", User: "me"}, "192.0.2.7:80",
			[]string{"> \x05\x02\x00\x02", "< \x05\x02", "> \x01\x02me\x00", "< \x01\x01"}, "the proxy refused the user and password (1)"},
		{"socks5 wants a login", Proxy{Scheme: "socks5"}, "192.0.2.7:80",
			[]string{"> \x05\x01\x00", "< \x05\xff"}, "the proxy wants a user and a password"},
		{"socks5 chooses what was not offered", Proxy{Scheme: "socks5"}, "192.0.2.7:80",
			[]string{"> \x05\x01\x00", "< \x05\x02"}, "chose authentication 2, which was not offered"},
		{"socks5 finds no host", Proxy{Scheme: "socks5h"}, "name.test:80",
			[]string{"> \x05\x01\x00", "< \x05\x00", "> \x05\x01\x00\x03\x09name.test\x00\x50", "< \x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"}, "the proxy answered: host unreachable (4)"},
		{"socks5 is something else", Proxy{Scheme: "socks5"}, "192.0.2.7:80",
			[]string{"> \x05\x01\x00", "< HTTP/1.1 400 what?\r\n"}, `first bytes are not SOCKS 5: "HT"`},
		{"socks5 goes away", Proxy{Scheme: "socks5"}, "192.0.2.7:80",
			[]string{"> \x05\x01\x00", "< \x05"}, "closed the connection in the middle of its answer: does it speak socks5?"},
		{"socks4 looks names up here", Proxy{Scheme: "socks4", User: "me"}, "name.test:80",
			[]string{"> \x04\x01\x00\x50\xc0\x00\x02\x09me\x00", "< \x00\x5a\x00\x00\x00\x00\x00\x00hello"}, ""},
		{"socks4a does not", Proxy{Scheme: "socks4a"}, "name.test:80",
			[]string{"> \x04\x01\x00\x50\x00\x00\x00\x01\x00name.test\x00", "< \x00\x5a\x00\x00\x00\x00\x00\x00hello"}, ""},
		{"socks4 has no IPv6", Proxy{Scheme: "socks4"}, "[::1]:80", nil, "SOCKS 4 takes no IPv6 address, and ::1 is one"},
		{"socks4 rejects", Proxy{Scheme: "socks4"}, "192.0.2.7:80",
			[]string{"> \x04\x01\x00\x50\xc0\x00\x02\x07\x00", "< \x00\x5b\x00\x00\x00\x00\x00\x00"}, "rejected or failed (91)"},
		{"http", Proxy{Scheme: "http"}, "name.test:80",
			[]string{"> CONNECT name.test:80 HTTP/1.1\r\nHost: name.test:80\r\n\r\n", "< HTTP/1.0 200 ok\nX: y\n\nhello"}, ""},
		{"http with a login and an interim answer", Proxy{Scheme: "http", User: "me", Password: "pw"}, "[::1]:80",
			[]string{"> CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nProxy-Authorization: Basic bWU6cHc=\r\n\r\n",
				"< HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ok\r\n\r\nhello"}, ""},
		{"http refuses", Proxy{Scheme: "http"}, "name.test:80",
			[]string{"> CONNECT name.test:80 HTTP/1.1\r\nHost: name.test:80\r\n\r\n",
				"< HTTP/1.1 407 Proxy \x1bAuthentication\r\nProxy-Authenticate: Basic\r\n\r\n"}, `the proxy answered 407 Proxy \x1bAuthentication`},
		{"http is something else", Proxy{Scheme: "http"}, "name.test:80",
			[]string{"> CONNECT name.test:80 HTTP/1.1\r\nHost: name.test:80\r\n\r\n", "< 220 mail.test\r\n"}, `the proxy's first bytes are not HTTP: "220 m"`},
		{"http has no end", Proxy{Scheme: "http"}, "name.test:80",
			[]string{"> CONNECT name.test:80 HTTP/1.1\r\nHost: name.test:80\r\n\r\n", "< HTTP/1.1 200 " + strings.Repeat("x", maxProxyHead)}, "the proxy's answer is longer than 64 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := serve(t, func(nc *net.TCPConn) {
				for _, step := range tt.script {
					text := step[2:]
					if step[0] == '<' {
						io.WriteString(nc, text)
						continue
					}
					got := make([]byte, len(text))
					if _, err := io.ReadFull(nc, got); err != nil || string(got) != text {
						t.Errorf("the proxy got %q, %v; want %q", got, err, text)
					}
				}
			})
			tt.proxy.Host, tt.proxy.Port = at.Host, at.Port
			rec := &recorder{}
			d := Dialer{Timeout: 20 * time.Second, Proxy: &tt.proxy, Resolve: resolveTo("::1", "192.0.2.9")}
			if tt.proxy.Scheme == "socks5" {
				d.Resolve = resolveTo("192.0.2.9")
			}
			c, err := d.Dial(t.Context(), target(t, tt.target), NewTap(rec.sink))
			via := fmt.Sprintf("%s %s", tt.proxy.Scheme, at.Address())
			if tt.err != "" {
				op, ok := errors.AsType[*OpError](err)
				if !ok || op.Phase != PhaseProxy || !strings.Contains(err.Error(), tt.err) ||
					!strings.HasPrefix(err.Error(), "dial tcp "+tt.target+" via "+via+": ") {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				if story := rec.story(); !strings.HasPrefix(story, "error dial tcp ") || !strings.HasSuffix(story, "close\n") {
					t.Errorf("events:\n%s", story)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if f := c.Facts(); f.Target != tt.target || f.Via != via || f.Remote != at.Address() || f.Phases.Proxy == 0 {
				t.Errorf("facts %+v", f)
			}
			c.Pump()
			c.Close()
			// Nothing that was said to the proxy is recorded.
			rec.wantStory(t, "open tcp dial\n< \"hello\"\neof <\nclose")
		})
	}
}

func TestSilentProxyTimesOut(t *testing.T) {
	at := serve(t, func(nc *net.TCPConn) { io.Copy(io.Discard, nc) })
	d := Dialer{Timeout: 50 * time.Millisecond, Proxy: &Proxy{Scheme: "socks5h", Host: at.Host, Port: at.Port}}
	_, err := d.Dial(t.Context(), target(t, "name.test:80"), nil)
	if op, ok := errors.AsType[*OpError](err); !ok || op.Phase != PhaseProxy || !op.Timeout() {
		t.Errorf("error %v, want a timeout of the proxy", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	d.Timeout = 0
	if _, err := d.Dial(ctx, target(t, "name.test:80"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestProxyThatIsNotThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(ln.Addr().(*net.TCPAddr).Port)
	ln.Close()
	d := Dialer{Proxy: &Proxy{Scheme: "socks5", Host: "127.0.0.1", Port: port}}
	_, err = d.Dial(t.Context(), target(t, "192.0.2.1:80"), nil)
	if want := fmt.Sprintf("dial tcp 192.0.2.1:80 via socks5 127.0.0.1:%d: connection refused", port); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	_, err = d.Dial(t.Context(), target(t, "udp://192.0.2.1:53"), nil)
	if op, ok := errors.AsType[*OpError](err); !ok || op.Phase != PhaseTarget {
		t.Errorf("udp: error %v", err)
	}
}
