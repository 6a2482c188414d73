package replay

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
)

// load reads a tape whose records follow the header.
func load(t testing.TB, body string) *match.Tape {
	t.Helper()
	tp, err := match.Load(strings.NewReader("wiretape 1\n"+body), "x.tape")
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// A served is a tape that is being served.
type served struct {
	target wire.Target
	done   chan struct{}
	report Report
	err    error
	tape   bytes.Buffer // what the server recorded
}

// serve serves a tape on 127.0.0.1 until the test ends.
func serve(t testing.TB, s Server, tp *match.Tape) *served {
	t.Helper()
	return start(t, context.Background(), s, tp, nil)
}

// serveUntil is serve until ctx ends.
func serveUntil(t testing.TB, ctx context.Context, s Server, tp *match.Tape) *served {
	t.Helper()
	return start(t, ctx, s, tp, nil)
}

// serveTLS is serve behind a handshake.
func serveTLS(t testing.TB, s Server, tp *match.Tape, opts *wire.TLSOptions) *served {
	t.Helper()
	return start(t, context.Background(), s, tp, opts)
}

func start(t testing.TB, ctx context.Context, s Server, tp *match.Tape, opts *wire.TLSOptions) *served {
	t.Helper()
	return startOn(t, ctx, "tcp", s, tp, opts)
}

func startOn(t testing.TB, ctx context.Context, network string, s Server, tp *match.Tape, opts *wire.TLSOptions) *served {
	t.Helper()
	ln, err := wire.Listen(t.Context(), network, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.TLS = opts
	target, err := wire.ParseTarget(network + "://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	v := &served{target: target, done: make(chan struct{})}
	w := tape.NewWriter(&v.tape, tape.Options{})
	s.Record = w.Event
	if s.Linger == 0 {
		s.Linger = 100 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(v.done)
		v.report, v.err = s.Serve(ctx, ln, tp)
		w.Close()
	}()
	t.Cleanup(func() {
		cancel()
		<-v.done
	})
	return v
}

// wait waits for the end of serving.
func (v *served) wait(t testing.TB) Report {
	t.Helper()
	select {
	case <-v.done:
	case <-time.After(20 * time.Second):
		t.Fatal("serving does not end")
	}
	if v.err != nil {
		t.Fatal(v.err)
	}
	return v.report
}

// lines returns mismatches one a line.
func lines(ms []match.Mismatch) string {
	var b strings.Builder
	for _, m := range ms {
		fmt.Fprintln(&b, m)
	}
	return b.String()
}

// run writes runs of tape lines: "> text" where \r\n is added to each line.
func crlf(dir, s string) string {
	var b strings.Builder
	for l := range strings.Lines(s) {
		b.WriteString(dir + " " + strings.TrimSuffix(l, "\n") + `\r\n` + "\n")
	}
	return b.String()
}

const open = "= open tcp a:80\n"

// corpus are conversations of all shapes.
var corpus = []struct{ name, tape string }{
	{"keep-alive", open + crlf(">", "GET /a HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 2\n\n") + "< hi\n" +
		crlf(">", "GET /b HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 204 No Content\n\n") + "= close\n"},
	{"chunked", open + crlf(">", "GET / HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n") + "= close\n"},
	{"chunked upload", open + crlf(">", "POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n") + crlf("<", "HTTP/1.1 201 Created\nContent-Length: 0\n\n") + "= close\n"},
	{"pipelined", open + crlf(">", "GET /1 HTTP/1.1\nHost: a\n\nGET /2 HTTP/1.1\nHost: a\n\n") +
		crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n1HTTP/1.1 200 OK\nContent-Length: 1\n\n") + "< 2\n= close\n"},
	{"close-delimited", open + crlf(">", "GET / HTTP/1.0\n\n") + crlf("<", "HTTP/1.0 200 OK\n\n") + "< all of it\\n\n= eof <\n= close\n"},
	{"head", open + crlf(">", "HEAD / HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1000\n\n") + "= close\n"},
	{"interim", open + crlf(">", "POST / HTTP/1.1\nHost: a\nExpect: 100-continue\nContent-Length: 4\n\n") + crlf("<", "HTTP/1.1 100 Continue\n\n") +
		"> body\n" + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 0\n\n") + "= close\n"},
	{"early hints", open + crlf(">", "GET / HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 103 Early Hints\nLink: </s.css>\n\n") + "~ 1ms\n" + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 0\n\n") + "= close\n"},
	{"not modified", open + crlf(">", "GET / HTTP/1.1\nHost: a\nIf-None-Match: \"x\"\n\n") + crlf("<", "HTTP/1.1 304 Not Modified\nETag: \"x\"\nContent-Length: 5\n\n") + "= close\n"},
	{"refused in mid-upload", open + crlf(">", "POST / HTTP/1.1\nHost: a\nContent-Length: 1000\n\n") + "> " + strings.Repeat("x", 400) + "\n" +
		crlf("<", "HTTP/1.1 413 Content Too Large\nContent-Length: 0\nConnection: close\n\n") + "= eof <\n= close\n"},
	{"smtp", "= open tcp a:25\n" + crlf("<", "220 mail ESMTP") + crlf(">", "EHLO me") + crlf("<", "250-mail\n250 SIZE 1000") +
		crlf(">", "MAIL FROM:<a@b>") + crlf("<", "250 ok") + crlf(">", "RCPT TO:<c@d>") + crlf("<", "250 ok") + crlf(">", "DATA") + crlf("<", "354 go on") +
		crlf(">", "Subject: hi\n\nhello\n..dot\n.") + crlf("<", "250 queued") + crlf(">", "QUIT") + crlf("<", "221 bye") + "= eof <\n= close\n"},
	{"smtp pipelined", "= open tcp a:25\n" + crlf("<", "220 mail ESMTP") + crlf(">", "EHLO me") + crlf("<", "250 PIPELINING") +
		crlf(">", "MAIL FROM:<a@b>\nRCPT TO:<c@d>\nRCPT TO:<e@f>") + crlf("<", "250 ok\n250 ok\n550 no") + crlf(">", "QUIT") + crlf("<", "221 bye") + "= eof <\n= close\n"},
	{"raw bytes", "= open tcp a:9000\n>x 10 0c 00 04 4d 51\n<x 20 02 00 00\n>x c0 00\n<x d0 00\n= close\n"},
	{"half-close then a long answer", "= open tcp a:9000\n> \\x01all I say\n= eof >\n< \\x02" + strings.Repeat("long-", 400) + "\n= eof <\n= close\n"},
	{"banner, then nothing", "= open tcp a:9000\n< \\x00hello\n= eof <\n= close\n"},
	{"reset after data", "= open tcp a:9000\n> \\x01ask\n< \\x02answer\n= rst <\n"},
	{"several connections", "= open tcp a:80\n" + crlf(">", "GET /a HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n") + "< a\n= close\n" +
		"2= open tcp a:80\n" + crlf("2>", "GET /b HTTP/1.1\nHost: a\n\n") + crlf("2<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n") + "2< b\n2= close\n"},
	{"interlaced connections", "= open tcp a:9000\n2= open tcp a:9001\n> \\x01one\n< \\x02eins\n2> \\x01two\n2< \\x02zwei\n> \\x01three\n< \\x02drei\n= close\n2= close\n"},
	{"upgrade", open + crlf(">", "GET /chat HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: websocket\n"+`Sec-WebSocket-Key: \{k=b64|dGhlIHNhbXBsZSBub25jZQ==}`+"\nSec-WebSocket-Version: 13\n\n") +
		crlf("<", "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\n"+`Sec-WebSocket-Accept: \{ws-accept k}`+"\n\n") +
		">x 81 82 00 00 00 00 68 69\n<x 81 02 68 69\n>x 81 81 00 00 00 00 21\n<x 81 01 21\n= close\n"},
	{"upgrade, and the server speaks first", open + crlf(">", "GET /chat HTTP/1.1\nHost: a\nConnection: Upgrade\nUpgrade: x\n\n") +
		crlf("<", "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: x\n\n") + "<x 00 01\n>x 02\n= eof <\n= close\n"},
	{"starttls refused", "= open tcp a:25\n" + crlf("<", "220 mail ESMTP") + crlf(">", "STARTTLS") + crlf("<", "454 not now") + crlf(">", "QUIT") + crlf("<", "221 bye") + "= eof <\n= close\n"},
	{"unsolicited bytes", "= open tcp a:25\n" + crlf("<", "220 mail ESMTP") + crlf(">", "EHLO me") + crlf("<", "250 ok") + "~ 1s\n" + crlf("<", "421 closing, idle") + "= eof <\n= close\n"},
	{"the server closes an idle connection", open + crlf(">", "GET /a HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 0\n\n") + "~ 5s\n= eof <\n= close\n"},
	{"a long answer", open + crlf(">", "GET / HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1000000\n\n") + "<@ 1000000\n" + strings.Repeat("0123456789", 100000) + "\n= close\n"},
	{"a long upload", open + crlf(">", "PUT / HTTP/1.1\nHost: a\nContent-Length: 1000000\n\n") + ">@ 1000000\n" + strings.Repeat("0123456789", 100000) + "\n" + crlf("<", "HTTP/1.1 204 No Content\n\n") + "= close\n"},
	{"long raw bytes both ways", "= open tcp a:9000\n>@ 500000\n" + strings.Repeat("\x01\x02\x03\x04\x05", 100000) + "\n<@ 500000\n" + strings.Repeat("\x06\x07\x08\x09\x0b", 100000) + "\n= eof <\n= close\n"},
	{"reset by the client", "= open tcp a:9000\n> \\x01ask\n< \\x02answer\n= rst >\n"},
	{"commands of http closed by the client's half-close", open + crlf(">", "GET / HTTP/1.0\n\n") + "= eof >\n" + crlf("<", "HTTP/1.0 200 OK\n\n") + "< late\\n\n= eof <\n= close\n"},
	{"bare LF", open + "> GET / HTTP/1.1\\n\n> Host: a\\n\n> \\n\n< HTTP/1.1 200 OK\\n\n< Content-Length: 1\\n\n< \\n\n< x\n= close\n"},
	{"trailers", open + crlf(">", "GET / HTTP/1.1\nHost: a\nTE: trailers\n\n") + crlf("<", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhi\n0\nSum: 1\n\n") + "= close\n"},
	{"a connection without a word", "= open tcp a:9000\n= close\n"},
	{"telnet", "= open tcp a:23\n<x ff fd 18 ff fb 01\n>x ff fb 18 ff fd 01\n< Debian\\r\\n\n< login:\\x20\n> me\\r\\n\n< me\\r\\n\n< Password:\\x20\n> x\\r\\n\n< \\r\\n\n= eof <\n= close\n"},
	{"ssh", "= open tcp a:22\n< SSH-2.0-a\\r\\n\n> SSH-2.0-b\\r\\n\n>x 00 00 00 0c 0a 15 70 70 70 70 70 70 70 70 70 70\n<x 00 00 00 0c 0a 15 70 70 70 70 70 70 70 70 70 70\n>x 01 02 03\n<x 04 05\n= close\n"},
	{"records of TLS", "= open tcp a:443\n>x 16 03 01 00 01 00\n<x 15 03 03 00 02 02 28\n= eof <\n= close\n"},
	{"cookie sent back", "= open tcp a:80\n" + crlf(">", "GET /login HTTP/1.1\nHost: a\n\n") + crlf("<", `HTTP/1.1 200 OK`+"\n"+`Set-Cookie: sid=\{sid=token|abc123}; HttpOnly`+"\nContent-Length: 0\n\n") +
		crlf(">", "GET /me HTTP/1.1\nHost: a\n"+`Cookie: sid=\{$sid}`+"\n\n") + crlf("<", "HTTP/1.1 204 No Content\n\n") + "= close\n"},
}

func TestRoundTrip(t *testing.T) {
	for _, c := range corpus {
		t.Run(c.name, func(t *testing.T) {
			tp := load(t, c.tape)
			srv := serve(t, Server{Strict: true}, tp)
			var recorded bytes.Buffer
			w := tape.NewWriter(&recorded, tape.Options{})
			var mu sync.Mutex
			cl := Client{Silence: 5 * time.Second, Record: func(e wire.Event) { mu.Lock(); defer mu.Unlock(); w.Event(e) }}
			got, err := cl.Run(t.Context(), tp, To(wire.Dialer{}, srv.target))
			if err != nil {
				t.Fatal(err)
			}
			if !got.OK() || len(got.Differences) > 0 {
				t.Errorf("client:\n%s%s", lines(got.Mismatches), lines(got.Differences))
			}
			side := srv.wait(t)
			if !side.OK() {
				t.Errorf("server:\n%s", lines(side.Mismatches))
			}
			if got.Received.Done != got.Received.All || side.Received.Done != side.Received.All {
				t.Errorf("client received %s, server %s", got.Received, side.Received)
			}
			w.Close()
			// What each side recorded is the conversation again.
			for name, b := range map[string]*bytes.Buffer{"client": &recorded, "server": &srv.tape} {
				again, err := match.Load(b, name)
				if err != nil {
					t.Fatal(err)
				}
				if out := match.Diff(tp, again); len(out.Mismatches) > 0 && !strings.HasPrefix(c.name, "reset") {
					t.Errorf("the tape of the %s differs:\n%s", name, lines(out.Mismatches))
				}
			}
		})
	}
}
