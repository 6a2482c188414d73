package session

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire"
	ours "wiretape/wire/http2"
)

// A server of another make speaks with us: it wants its SETTINGS acknowledged,
// sends more than a default window, and takes a body of more than one.
func TestHTTP2AgainstAnotherServer(t *testing.T) {
	const size = 6 << 20
	var got struct {
		method, authority string
		body              int64
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.method, got.authority = r.Method, r.Host
		n, _ := io.Copy(io.Discard, r.Body)
		got.body += n
		io.Copy(w, zeros(size))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: handler, Protocols: new(http.Protocols)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	go srv.Serve(l)
	defer srv.Close()
	body := strings.Repeat("x", 200_000)
	var out bytes.Buffer
	s := newTestSession(t, Options{Out: &out, Lines: NewLines(
		"POST /up HTTP/1.1", "Host: example.test", fmt.Sprintf("Content-Length: %d", len(body)), "", body,
		fmt.Sprintf(".await bytes %d 20s", size), ".again", fmt.Sprintf(".await bytes %d 20s", size), ".close")})
	to, err := wire.ParseTarget("h2c://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got.method != "POST" || got.authority != "example.test" || got.body != 2*int64(len(body)) {
		t.Errorf("the server read %+v, want two bodies of %d", got, len(body))
	}
}

// A server that makes answers due without end and reads none of them costs no
// memory without end.
func TestHTTP2FloodEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flood := func(c net.Conn) {
			io.ReadFull(c, make([]byte, len(ours.Preface)))
			settings := bytes.Repeat(ours.AppendSettings(nil), 1000)
			for {
				if _, err := c.Write(settings); err != nil {
					return
				}
			}
		}
		out, err := run(t, world{"h2:80": flood}, Options{}, "h2c://h2:80", "GET /\n\n")
		if StatusOf(err) != StatusProtocol || !strings.Contains(out, "! the peer demands answers and does not read them, 128 KiB wait: closing with ENHANCE_YOUR_CALM\n") {
			t.Errorf("status %d, %v; output ends in:\n%s", StatusOf(err), err, out[max(0, len(out)-2000):])
		}
	})
}

// A request that is no request is the typist's fault, and leaves no trace.
func TestRefusedRequestOverHTTP2(t *testing.T) {
	for _, head := range []string{"GET\n\n", "GET /\nx\n\n"} {
		synctest.Test(t, func(t *testing.T) {
			out, err := run(t, world{"h2:80": frames}, Options{}, "h2c://h2:80", head)
			if StatusOf(err) != StatusUsage {
				t.Errorf("%q: status %d, %v", head, StatusOf(err), err)
			}
			if strings.Contains(out, "HEADERS") {
				t.Errorf("%q was sent:\n%s", head, out)
			}
		})
	}
}

// A script stands behind the SETTINGS of both sides, and so prints in one order.
func TestScriptWaitsForSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(c net.Conn) {
			time.Sleep(time.Second)
			frames(c)
		}
		out, err := run(t, world{"h2:80": slow}, Options{}, "h2c://h2:80", ".alpn\n")
		if err != nil {
			t.Error(err)
		}
		if !strings.Contains(out, "« SETTINGS") || !strings.HasSuffix(out[:strings.Index(out, "* connection closed")], "no TLS, and so no ALPN\n") {
			t.Errorf(".alpn does not stand last:\n%s", out)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		silent := func(c net.Conn) { io.Copy(io.Discard, c) }
		_, err := run(t, world{"h2:80": silent}, Options{}, "h2c://h2:80", "GET /\n\n")
		if StatusOf(err) != StatusTimeout || !strings.Contains(err.Error(), "no SETTINGS of HTTP/2 after 10s") {
			t.Errorf("a server that says nothing: %v", err)
		}
	})
}

// What was typed is held for the latest requests; older ones are not sent again
// as the octets of dead streams.
func TestAgainOverHTTP2HoldsTheLatest(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { paths = append(paths, r.URL.Path) }), Protocols: new(http.Protocols)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	go srv.Serve(l)
	defer srv.Close()
	var script []string
	for i := range heldTyped + 1 {
		script = append(script, fmt.Sprintf("GET /%d", i+1), "")
	}
	script = append(script, ".again 3", ".again 1")
	s := newTestSession(t, Options{Lines: NewLines(script...)})
	to, err := wire.ParseTarget("h2c://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	err = s.Run(t.Context())
	if StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), ".again: #1 is not held any more") {
		t.Errorf(".again of the oldest: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if len(paths) != heldTyped+2 || paths[len(paths)-1] != "/3" {
		t.Errorf("%d requests, the last for %q", len(paths), paths[len(paths)-1])
	}
}
