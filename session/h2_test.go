package session

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"wiretape/wire"
	ours "wiretape/wire/http2"
)

func TestTypedHeadBecomesFields(t *testing.T) {
	tests := []struct{ head, want, err string }{
		{"GET /a HTTP/1.1\r\nHost: h\r\nX-A: b\r\nCookie: c=d", ":method=GET :scheme=https :path=/a :authority=h x-a=b cookie=c=d!", ""},
		{"GET /a\nhost:h", ":method=GET :scheme=https :path=/a :authority=h", ""},
		{"CONNECT h:1 HTTP/1.1", ":method=CONNECT :authority=h:1", ""},
		{":method: GET\r\n:path: /x\r\nConnection: close", ":method=GET :path=/x connection=close", ""},
		{"GET", "", errH2Line.Error()},
		{"", "", errH2Line.Error()},
		{"GET / HTTP/1.1\r\nx", "", `"x" has no colon: a field of HTTP/2 has a name and a value`},
	}
	for _, tt := range tests {
		head, _ := cutHead([]byte(tt.head + "\r\n\r\n"))
		fields, err := h2Fields(head, "https")
		var got []string
		for _, f := range fields {
			mark := ""
			if f.Sensitive {
				mark = "!"
			}
			got = append(got, f.Name+"="+f.Value+mark)
		}
		text := ""
		if err != nil {
			text = err.Error()
		}
		if strings.Join(got, " ") != tt.want || text != tt.err {
			t.Errorf("h2Fields(%q) = %q, %q; want %q, %q", tt.head, strings.Join(got, " "), text, tt.want, tt.err)
		}
	}
}

func TestWhatHTTP2CannotCarryIsSaid(t *testing.T) {
	const noHost = "no Host field, so no :authority is sent (RFC 9113 8.3.1)"
	tests := []struct{ head, want string }{
		{"GET / HTTP/1.1\nHost: h", ""},
		{"GET /\nhost: h", ""},
		{":method: GET\n:authority: h", ""},
		{"CONNECT h:1 HTTP/1.1", ""},
		{"GET / HTTP/1.1", noHost},
		{"NOT A REQUEST\nHost: h", `HTTP/2 has no place for "REQUEST" of the request line: left out`},
		{"GET /a b HTTP/1.1", `HTTP/2 has no place for "b" of the request line: left out; ` + noHost},
	}
	for _, tt := range tests {
		head, _ := cutHead([]byte(tt.head + "\n\n"))
		if got := strings.Join(h2Remarks(head), "; "); got != tt.want {
			t.Errorf("h2Remarks(%q) = %q, want %q", tt.head, got, tt.want)
		}
	}
}

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

func TestHTTP2Answers(t *testing.T) {
	h := newH2Link("https")
	for _, f := range []ours.Frame{
		{Type: ours.FrameSettings, Length: 12, Settings: []ours.Setting{
			{ID: ours.SettingInitialWindowSize, Value: 10}, {ID: ours.SettingMaxFrameSize, Value: 20000}}},
		{Type: ours.FramePing, Length: 8, Opaque: []byte{1, 2, 3, 0, 0, 0, 0, 0}},
		{Type: ours.FramePing, Length: 8, Flags: ours.FlagAck, Opaque: make([]byte, 8)},
		{Type: ours.FrameSettings, Flags: ours.FlagAck},
		{Type: ours.FrameData, Stream: 1, Length: 100},
		{Type: ours.FrameWindowUpdate, Length: 4, Increment: 7},
	} {
		h.take(&f)
	}
	var want bytes.Buffer
	wf := http2.NewFramer(&want, nil)
	wf.WriteSettingsAck()
	wf.WritePing(true, [8]byte{1, 2, 3})
	if !bytes.Equal(h.answers, want.Bytes()) {
		t.Errorf("answers %x, want %x", h.answers, want.Bytes())
	}
	if h.initial != 10 || h.maxFrame != 20000 || h.window != h2DefaultWindow+7 {
		t.Errorf("window %d, of a stream %d, frames of %d", h.window, h.initial, h.maxFrame)
	}
	h.answers = nil
	for range h2WindowStep / h2DefaultFrame {
		h.take(&ours.Frame{Type: ours.FrameData, Stream: 1, Length: h2DefaultFrame})
	}
	f, err := http2.NewFramer(nil, bytes.NewReader(h.answers)).ReadFrame()
	if u, ok := f.(*http2.WindowUpdateFrame); !ok || u.StreamID != 0 || u.Increment < h2WindowStep {
		t.Errorf("after a window's worth of data: %v, %v", f, err)
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

func TestLongHeadGoesInContinuations(t *testing.T) {
	client, server := net.Pipe()
	defer server.Close()
	h := newH2Link("https")
	h.conn = wire.NewConn(client, wire.Facts{Target: "h:443", Network: "tcp"}, nil)
	defer h.conn.Close()
	sent := make(chan error, 1)
	go func() {
		fields, err := h2Fields([]string{"GET / HTTP/1.1", "Host: h", "X: " + strings.Repeat("~", 40000)}, "https")
		if err != nil {
			t.Error(err)
		}
		sent <- h.request(t.Context(), fields, nil)
	}()
	server.SetDeadline(time.Now().Add(10 * time.Second))
	fr := http2.NewFramer(nil, server)
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	fr.MaxHeaderListSize = 1 << 20
	f, err := fr.ReadFrame()
	if err != nil {
		t.Fatal(err)
	}
	m, ok := f.(*http2.MetaHeadersFrame)
	if !ok || m.PseudoValue("authority") != "h" || !m.StreamEnded() {
		t.Errorf("got %v", f)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
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

// ^C while the peer's window is closed resets the stream.
func TestInterruptedBodyResetsItsStream(t *testing.T) {
	client, server := net.Pipe()
	defer server.Close()
	h := newH2Link("https")
	h.conn = wire.NewConn(client, wire.Facts{Target: "h:443", Network: "tcp"}, nil)
	defer h.conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	go func() { sent <- h.request(ctx, nil, make([]byte, h2DefaultWindow+1)) }()
	server.SetDeadline(time.Now().Add(10 * time.Second))
	fr := http2.NewFramer(nil, server)
	for left := h2DefaultWindow; left > 0; {
		f, err := fr.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		left -= map[bool]int{true: int(f.Header().Length)}[f.Header().Type == http2.FrameData]
	}
	cancel()
	f, err := fr.ReadFrame()
	if rst, ok := f.(*http2.RSTStreamFrame); !ok || rst.StreamID != 1 || rst.ErrCode != http2.ErrCodeCancel {
		t.Errorf("after the interrupt: %v, %v", f, err)
	}
	if err := <-sent; StatusOf(err) != StatusInterrupted {
		t.Errorf("request = %v", err)
	}
}
