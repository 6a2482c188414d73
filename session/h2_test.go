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

	"golang.org/x/net/http2"
	"wiretape/wire"
	ours "wiretape/wire/http2"
)

// text writes fields as name=value, with a mark behind what is never indexed.
func fieldText(fields []h2Field) string {
	var all []string
	for _, f := range fields {
		mark := ""
		if f.form == formNever {
			mark = "!"
		}
		all = append(all, f.name+"="+f.value+mark)
	}
	return strings.Join(all, " ")
}

func TestTypedHeadBecomesFields(t *testing.T) {
	tests := []struct{ head, want, err string }{
		{"GET /a HTTP/1.1\r\nHost: h\r\nX-A: b\r\nCookie: c=d", ":method=GET :scheme=https :path=/a :authority=h x-a=b cookie=c=d!", ""},
		{"GET /a\nhost:h", ":method=GET :scheme=https :path=/a :authority=h", ""},
		{"CONNECT h:1 HTTP/1.1", ":method=CONNECT :authority=h:1", ""},
		{"CONNECT h:1 HTTP/1.1\n:protocol: websocket\n:path: /chat", ":method=CONNECT :authority=h:1 :protocol=websocket :path=/chat", ""},
		{"GET /a HTTP/1.1\nX: y\n:path: /b\n:scheme: http\n:authority: x\nHost: h", ":method=GET :scheme=http :path=/b :authority=x x=y host=h", ""},
		{":method: GET\r\n:path: /x\r\nConnection: close", ":method=GET :path=/x Connection=close", ""},
		{":path: /x\nHost: h\n:method: GET\n:path: /y", ":path=/x Host=h :method=GET :path=/y", ""},
		{"GET", "", errH2Line.Error()},
		{"", "", errH2Line.Error()},
		{"GET / HTTP/1.1\r\nx", "", `"x" has no colon: a field of HTTP/2 has a name and a value`},
	}
	for _, tt := range tests {
		r, err := newH2Request([]byte(tt.head+"\r\n\r\n"), "https", false)
		got, text := "", ""
		if err != nil {
			text = err.Error()
		} else {
			got = fieldText(r.fields)
		}
		if got != tt.want || text != tt.err {
			t.Errorf("%q becomes %q, %q; want %q, %q", tt.head, got, text, tt.want, tt.err)
		}
	}
	r, err := newH2Request([]byte("GET / HTTP/1.1\nHost: h\nX-A: b\n\n"), "http", true)
	if err != nil || fieldText(r.fields) != ":method=GET :scheme=http :path=/ :authority=h X-A=b" || r.folded {
		t.Errorf("names as typed: %s, %v", fieldText(r.fields), err)
	}
}

// The body of a request in chunks goes as DATA frames, a chunk each, and its
// trailer section behind it.
func TestChunksBecomeDataAndTrailers(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	tests := []struct{ body, parts, trailers, remark string }{
		{"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 9\r\n\r\n", "abc|de", "x-sum=9", `the chunk extension "x=y"`},
		{"0\r\n\r\n", "", "", ""},
		{"3\r\nabc\r\nzz\r\nde\r\n\r\n", "abc|zz\r\nde\r\n\r\n", "", "does not read as chunks"},
	}
	for _, tt := range tests {
		r, err := newH2Request([]byte(head+tt.body), "http", false)
		if err != nil {
			t.Error(err)
			continue
		}
		parts := string(bytes.Join(r.parts, []byte("|")))
		if parts != tt.parts || fieldText(r.trailers) != tt.trailers || !strings.Contains(strings.Join(r.remarks, "; "), tt.remark) {
			t.Errorf("%q: parts %q, trailers %q, %q", tt.body, parts, fieldText(r.trailers), r.remarks)
		}
		if text := fieldText(r.fields); text != ":method=POST :scheme=http :path=/ :authority=h" {
			t.Errorf("fields %s", text)
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
		r, err := newH2Request([]byte(tt.head+"\n\n"), "http", false)
		if err != nil || strings.Join(r.remarks, "; ") != tt.want {
			t.Errorf("remarks on %q: %q, %v; want %q", tt.head, r.remarks, err, tt.want)
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
	h := newH2Link("https", h2Options{})
	h.gave(&ours.Frame{Type: ours.FrameSettings, Settings: h2Settings})
	h.gave(&ours.Frame{Type: ours.FrameWindowUpdate, Increment: h2Window - h2DefaultWindow})
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
