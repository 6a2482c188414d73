package analyze

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire"
	"wiretape/wire/wiretest"
)

// worlds are of parts that do not work. Each is analysed in full, as typed, and
// what is said has to be complete: nothing empty, unknown where it is not known,
// and in time.
var worlds = []struct {
	name          string
	url           string
	plain, secure func(net.Conn) // nil: nobody listens
	tls           func(*tls.Config)
	want          string // of the summary
	https         string
	http2         Verdict
	evidence      string // that it contains
	port80        string
	late          bool // somebody is waited for until the time is over
}{
	{name: "443 closed", url: "http://www.example.com/", plain: keeping(always(page())),
		want: "200 http://www.example.com/\npassword no no\n", https: "plaintext-only", http2: No, evidence: "refuses connections"},
	{name: "443 closed, a name alone", url: "www.example.com", plain: keeping(always(page())),
		want: "200 http://www.example.com/\npassword no no\n", https: "plaintext-only", http2: No, evidence: "refuses connections"},
	{name: "80 closed, a name alone", url: "www.example.com", secure: keeping(always(page())),
		want:  "200 https://www.example.com/\npassword no no\nwarning http did not answer, https was asked: connect 127.45.67.89:80: connection refused\n",
		https: "available", http2: No, evidence: "selected no protocol", port80: "no: "},
	{name: "80 closed", url: "https://www.example.com/", secure: keeping(always(page())),
		want: "200 https://www.example.com/\npassword no no\n", https: "available", http2: No, evidence: "selected no protocol", port80: "no: "},
	{name: "both closed", url: "https://www.example.com/",
		want: "password unknown unknown\nerror https://www.example.com/: ", http2: Unknown, evidence: "connection refused"},
	{name: "plain HTTP at 443", url: "https://www.example.com/", plain: keeping(always(page())), secure: badRequest, tls: noTLS,
		want: "password unknown unknown\nerror https://www.example.com/: TLS handshake: the peer's first bytes are not TLS", http2: No, evidence: "answers a TLS handshake in the clear", https: "plaintext-only"},
	{name: "TLS at 80", url: "http://www.example.com/", plain: func(c net.Conn) { io.ReadFull(c, make([]byte, 8)); io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x0a") }, secure: keeping(always(page())),
		want: "password unknown unknown\nerror http://www.example.com/: the port speaks TLS: ask with https\n", https: "available", http2: No, evidence: "selected no protocol"},
	{name: "a head drop by drop", late: true, url: "http://www.example.com/", plain: drip("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 1000)), secure: keeping(always(page())),
		want: "password unknown unknown\nerror http://www.example.com/: no response: its head did not come to an end: timed out\n", https: "available", http2: No, evidence: "selected no protocol"},
	{name: "a body drop by drop", late: true, url: "http://www.example.com/", plain: func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"); drip(strings.Repeat("x", 1000))(c) }, secure: keeping(always(page())),
		want: "200 http://www.example.com/\npassword no no\nwarning hop 1: the body was not read to its end", https: "available", http2: No, evidence: "selected no protocol"},
	{name: "a head without end", url: "http://www.example.com/", plain: func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(c, strings.Repeat("X: y\r\n", 1000)); err != nil {
				return
			}
		}
	}, secure: keeping(always(page())), want: "password unknown unknown\nerror http://www.example.com/: no response that can be read: head is longer than the limit\n", https: "available", http2: No, evidence: "selected no protocol"},
	{name: "a field without end", url: "http://www.example.com/", plain: func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nX: ")
		for {
			if _, err := io.WriteString(c, strings.Repeat("y", 6000)); err != nil {
				return
			}
		}
	}, secure: keeping(always(page())), want: "password unknown unknown\nerror http://www.example.com/: no response that can be read: head is longer than the limit\n", https: "available", http2: No, evidence: "selected no protocol"},
	{name: "interim responses without end", url: "http://www.example.com/", plain: func(c net.Conn) {
		for {
			if _, err := io.WriteString(c, strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100)); err != nil {
				return
			}
		}
	}, secure: keeping(always(page())), want: "password unknown unknown\nerror http://www.example.com/: no final response behind the interim ones", https: "available", http2: No, evidence: "selected no protocol"},
	{name: "a reset at 80", url: "http://www.example.com/", plain: reset, secure: keeping(always(page())),
		want: "password unknown unknown\nerror http://www.example.com/: no response: connection reset by the server\n", https: "available", http2: No, evidence: "selected no protocol"},
	{name: "a reset at 443", url: "https://www.example.com/", plain: keeping(always(page())), secure: reset, tls: noTLS,
		want: "password unknown unknown\nerror https://www.example.com/: ", http2: Unknown, evidence: "reset"},
	{name: "an end at 443", url: "https://www.example.com/", plain: keeping(always(page())), secure: func(net.Conn) {}, tls: noTLS,
		want: "password unknown unknown\nerror https://www.example.com/: ", http2: Unknown, evidence: ":443"},
	{name: "an alert at 443", url: "https://www.example.com/", plain: keeping(always(page())), secure: func(c net.Conn) { io.ReadFull(c, make([]byte, 8)); io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x28") }, tls: noTLS,
		want: "password unknown unknown\nerror https://www.example.com/: the server sent alert handshake_failure\n", http2: Unknown, evidence: "handshake_failure"},
	{name: "a name that SNI does not know", url: "https://www.example.com/", plain: keeping(always(page())), secure: func(c net.Conn) { io.ReadFull(c, make([]byte, 8)); io.WriteString(c, "\x15\x03\x03\x00\x02\x02\x70") }, tls: noTLS,
		want: "password unknown unknown\nerror https://www.example.com/: the server sent alert unrecognized_name\n", http2: Unknown, evidence: "unrecognized_name"},
	{name: "silence at 443", late: true, url: "http://www.example.com/", plain: keeping(always(page())), secure: silent, tls: noTLS,
		want: "200 http://www.example.com/\npassword no no\n", http2: Unknown, evidence: ""},
	{name: "silence everywhere", late: true, url: "http://www.example.com/", plain: silent, secure: silent, tls: noTLS,
		want: "password unknown unknown\nerror http://www.example.com/: no response: timed out\n", http2: Unknown, evidence: ""},
	{name: "a reset behind the whole body", url: "http://www.example.com/", plain: func(c net.Conn) {
		keeping(func(string) string { io.WriteString(c, page()); return "" })(c)
		reset(c)
	}, secure: keeping(always(page())), want: "200 http://www.example.com/\npassword no no\n", https: "available", http2: No, evidence: "selected no protocol"},
}

// noTLS has the server at port 443 speak for itself.
func noTLS(*tls.Config) {}

func badRequest(c net.Conn) {
	io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
	c.Read(make([]byte, 1))
}

func silent(c net.Conn) { io.Copy(io.Discard, c) }

func reset(c net.Conn) {
	c.Read(make([]byte, 1))
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

// drip sends an octet at a time, as slowly as a client still waits for.
func drip(s string) func(net.Conn) {
	return func(c net.Conn) {
		for i := range len(s) {
			if _, err := io.WriteString(c, s[i:i+1]); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

func TestPartsOfTheWorld(t *testing.T) {
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			cfg, o := secure(t)
			plain, secured := "", ""
			if w.plain != nil {
				plain = handler(t, w.plain)
			}
			switch {
			case w.secure != nil && w.tls != nil:
				secured = handler(t, w.secure)
			case w.secure != nil:
				secured = handler(t, func(c net.Conn) {
					if s := tls.Server(c, cfg); s.Handshake() == nil {
						w.secure(s)
					}
				})
			}
			o = www(t, plain, secured, o)
			o.Nameserver = zone{"www.example.com. A": "\x7f\x00\x00\x01", "www.example.com. AAAA": "SERVFAIL"}.serve(t)
			if o.Timeout = 10 * time.Second; w.late {
				o.Timeout = 2 * time.Second
			}
			r, _ := analyze(t, w.url, o)
			if got := summary(r); !strings.HasPrefix(got, w.want) || strings.HasSuffix(w.want, "no no\n") && got != w.want {
				t.Errorf("got\n%swant\n%s", got, w.want)
			}
			if r.HTTPS != w.https || r.HTTP2.Verdict != w.http2 || !strings.Contains(r.HTTP2.Evidence, w.evidence) || r.HTTP2.Evidence == "" {
				t.Errorf("https %q, http2 %+v; want %q, %s", r.HTTPS, r.HTTP2, w.https, w.http2)
			}
			if got := row(r, "port 80"); w.port80 != "" && !strings.HasPrefix(got, w.port80) {
				t.Errorf("port 80: %s, want %s", got, w.port80)
			}
			if len(r.Protocols) == 0 || len(r.Probes) == 0 {
				t.Errorf("%d protocols, %d connections", len(r.Protocols), len(r.Probes))
			}
			for _, p := range r.Protocols {
				if p.Evidence == "" {
					t.Errorf("%s is %s and it is not said why", p.Name, p.Verdict)
				}
			}
		})
	}
}

// Where questions for one family go unanswered, the other's addresses serve.
func TestLookUpOfOneFamily(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	silence := -time.Second
	for _, row := range []struct {
		name           string
		in4, in6       time.Duration // until the answer; negative for none at all
		fault4, fault6 error
		want           []netip.Addr
		took           time.Duration
	}{
		{"both", 10, 20, nil, nil, []netip.Addr{six, four}, 20},
		{"IPv6 unanswered", 10, silence, nil, nil, []netip.Addr{four}, 10 + resolutionDelay},
		{"IPv4 unanswered", silence, 10, nil, nil, []netip.Addr{six}, 10 + resolutionDelay},
		{"no IPv6", 30, 10, nil, errors.New("SERVFAIL"), []netip.Addr{four}, 30},
		{"neither", 30, 10, errors.New("no such host"), errors.New("SERVFAIL"), nil, 30},
		{"nobody answers", silence, silence, nil, nil, nil, time.Minute},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLookup()
				var asked atomic.Int64
				l.ask = func(ctx context.Context, network, host string) ([]netip.Addr, error) {
					asked.Add(1)
					in, fault, addr := row.in4, row.fault4, four
					if network == "ip6" {
						in, fault, addr = row.in6, row.fault6, six
					}
					if in < 0 {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					time.Sleep(in)
					return []netip.Addr{addr}, fault
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				for range 2 {
					got, err := l.resolve(ctx, "h")
					if len(got) != len(row.want) || err == nil && got[0] != row.want[0] || (err == nil) != (row.want != nil) {
						t.Errorf("%v, %v; want %v", got, err, row.want)
					}
				}
				if took := time.Since(began); took != row.took {
					t.Errorf("took %v, want %v", took, row.took)
				}
				if n := asked.Load(); n > 2 && row.want != nil {
					t.Errorf("asked %d times", n)
				}
			})
		})
	}
}

// What ends a connection when time is over may still be at it when the analysis
// wants to go on: its events are part of the recording.
func TestClosingWaitsForEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		closed, ended := false, false
		raw, peer := wiretest.Pair()
		defer peer.Close()
		c := wire.NewConn(raw, wire.Facts{}, wire.NewTap(func(e wire.Event) {
			if e.Kind == wire.KindClose {
				<-release
				closed = true
			}
		}))
		ctx, cancel := context.WithCancel(t.Context())
		end := closing(ctx, c)
		cancel()
		synctest.Wait()
		go func() {
			end()
			ended = true
		}()
		synctest.Wait()
		if ended {
			t.Error("it did not wait for the event")
		}
		close(release)
		synctest.Wait()
		if !closed || !ended {
			t.Errorf("closed %t, ended %t", closed, ended)
		}
	})
}
