package replay

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// site is a server of the standard library's, with pages of all shapes.
func site() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintf(w, "page %s\n", r.URL.Path)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) { w.Write(bytes.Repeat([]byte("0123456789"), 200_000)) })
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("/hints", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</s.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
	})
	mux.HandleFunc("/trailer", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		io.WriteString(w, "body")
		w.Header().Set("X-Sum", "4")
	})
	mux.HandleFunc("/refuse", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	return mux
}

// prior makes a client that speaks HTTP/2 at once.
func prior() *http.Client {
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: &p}, Timeout: 20 * time.Second}
}

// A tapped listener gives connections that are recorded.
type tapped struct {
	ln  *wire.Listener
	tap *wire.Tap
}

func (l tapped) Accept() (net.Conn, error) { return l.ln.Accept(context.Background(), l.tap) }
func (l tapped) Close() error              { return l.ln.Close() }
func (l tapped) Addr() net.Addr            { return l.ln.Addr() }

// h2tape records what do does against a real server over HTTP/2.
func h2tape(t testing.TB, do func(c *http.Client, base string)) *match.Tape {
	t.Helper()
	return h2tapeOf(t, site(), do)
}

func h2tapeOf(t testing.TB, h http.Handler, do func(c *http.Client, base string)) *match.Tape {
	t.Helper()
	ln, err := wire.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var buf bytes.Buffer
	w := tape.NewWriter(&buf, tape.Options{})
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	srv := &http.Server{Handler: h, Protocols: &p}
	done := make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(tapped{ln, wire.NewTap(func(e wire.Event) { mu.Lock(); defer mu.Unlock(); w.Event(e) })})
	}()
	c := prior()
	do(c, "http://"+ln.Addr().String())
	c.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	srv.Shutdown(ctx)
	<-done
	mu.Lock()
	defer mu.Unlock()
	w.Close()
	tp, err := match.Load(bytes.NewReader(buf.Bytes()), "h2.tape")
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// fetch asks for a page and returns "status body".
func fetch(t testing.TB, c *http.Client, method, url, body string) string {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Error(err)
		return ""
	}
	res, err := c.Do(req)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%s %d %.20q %d", res.Proto, res.StatusCode, b, len(b)))
	for name, v := range res.Trailer {
		s.WriteString(" " + name + "=" + v[0])
	}
	return s.String()
}

// visit asks for all pages, some of them at once.
func visit(t testing.TB) func(c *http.Client, base string) string {
	return func(c *http.Client, base string) string {
		out := []string{fetch(t, c, "GET", base+"/a", ""), fetch(t, c, "HEAD", base+"/a", ""), fetch(t, c, "POST", base+"/echo", strings.Repeat("up", 300_000))}
		out = append(out, make([]string, 8)...)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				path := fmt.Sprintf("/p%d", i)
				if i == 3 {
					path = "/big"
				}
				out[3+i] = fetch(t, c, "GET", base+path, "")
			})
		}
		wg.Wait()
		out = append(out, fetch(t, c, "GET", base+"/hints", ""), fetch(t, c, "GET", base+"/trailer", ""), fetch(t, c, "GET", base+"/a", ""))
		return strings.Join(out, "\n")
	}
}

// What net/http said to net/http over HTTP/2 is served to it again, over whatever
// streams and windows it has then, and replayed against the tape's server and the
// real one.
func TestHTTP2(t *testing.T) {
	var was string
	tp := h2tape(t, func(c *http.Client, base string) { was = visit(t)(c, base) })
	if n := len(tp.Convs); n != 1 || !tp.Convs[0].HTTP2() {
		t.Fatalf("%d connections, %s", n, tp.Convs[0].Proto)
	}
	t.Run("net/http is satisfied", func(t *testing.T) {
		srv := serve(t, Server{}, tp)
		if got := visit(t)(prior(), "http://"+srv.target.Address()); got != was {
			t.Errorf("got\n%s\nwant\n%s", got, was)
		}
		if r := srv.wait(t); !r.OK() || r.Sent.Done != r.Sent.All || len(r.Differences) > 0 {
			t.Errorf("sent %v, received %v\n%s%s", r.Sent, r.Received, lines(r.Mismatches), lines(r.Differences))
		}
	})
	t.Run("round trip", func(t *testing.T) {
		srv := serve(t, Server{Strict: true}, tp)
		r, err := Client{Silence: 5 * time.Second}.Run(t.Context(), tp, To(wire.Dialer{}, srv.target))
		if err != nil || !r.OK() || r.Received.Done != r.Received.All {
			t.Errorf("%v, received %v, %v\n%s", err, r.Received, r.Notes, lines(r.Mismatches))
		}
		if r := srv.wait(t); !r.OK() || r.Sent.Done != r.Sent.All {
			t.Errorf("the server: sent %v, received %v\n%s", r.Sent, r.Received, lines(r.Mismatches))
		}
	})
	t.Run("the real server", func(t *testing.T) {
		r := againstSite(t, tp, site())
		if !r.OK() || r.Received.Done != r.Received.All {
			t.Errorf("received %v\n%s", r.Received, lines(r.Mismatches))
		}
	})
	t.Run("another server", func(t *testing.T) {
		other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/p2" {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			site().ServeHTTP(w, r)
		})
		r := againstSite(t, tp, other)
		if got := lines(r.Mismatches); !strings.Contains(got, "response status: want 200, got 404") || strings.Count(got, "\n") > 3 {
			t.Errorf("mismatches\n%s", got)
		}
	})
	t.Run("unmatched", func(t *testing.T) {
		srv := serve(t, Server{}, tp)
		fetch(t, prior(), "GET", "http://"+srv.target.Address()+"/nowhere", "")
		if got := lines(srv.wait(t).Mismatches); !strings.Contains(got, "nothing answers GET /nowhere; nearest: h2.tape:") {
			t.Errorf("mismatches\n%s", got)
		}
	})
}

// What is not on the tape is passed on over HTTP/2 too.
func TestHTTP2Forward(t *testing.T) {
	tp := h2tape(t, func(c *http.Client, base string) { fetch(t, c, "GET", base+"/a", "") })
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	real := &http.Server{Handler: site(), Protocols: &p}
	go real.Serve(ln)
	defer real.Close()
	target, err := wire.ParseTarget(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	dial := func(ctx context.Context, tap *wire.Tap) (*wire.Conn, error) {
		return wire.Dialer{}.Dial(ctx, target, tap)
	}
	srv := serve(t, Server{Unmatched: Forward, Dial: dial}, tp)
	c, base := prior(), "http://"+srv.target.Address()
	got := fetch(t, c, "POST", base+"/echo", strings.Repeat("z", 200_000)) + "\n" + fetch(t, c, "GET", base+"/trailer", "") + "\n" + fetch(t, c, "GET", base+"/a", "")
	if want := "HTTP/2.0 200 \"zzzzzzzzzzzzzzzzzzzz\" 200000\nHTTP/2.0 200 \"body\" 4 X-Sum=4\nHTTP/2.0 200 \"page /a\\n\" 8"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if r := srv.wait(t); !r.OK() || len(r.Differences) < 2 {
		t.Errorf("%s%s", lines(r.Mismatches), lines(r.Differences))
	}
}

// againstSite replays a tape against a server of net/http.
func againstSite(t *testing.T, tp *match.Tape, h http.Handler) Report {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	srv := &http.Server{Handler: h, Protocols: &p}
	go srv.Serve(ln)
	defer srv.Close()
	target, err := wire.ParseTarget(ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r, err := Client{Silence: 5 * time.Second}.Run(t.Context(), tp, To(wire.Dialer{}, target))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A server that answers in the middle of an upload, and takes no more of it.
func TestHTTP2RefusedInMidUpload(t *testing.T) {
	tp := h2tape(t, func(c *http.Client, base string) {
		fetch(t, c, "POST", base+"/refuse", strings.Repeat("x", 3_000_000))
	})
	srv := serve(t, Server{}, tp)
	if got := fetch(t, prior(), "POST", "http://"+srv.target.Address()+"/refuse", strings.Repeat("x", 3_000_000)); got != `HTTP/2.0 413 "" 0` {
		t.Errorf("got %s", got)
	}
	if r := srv.wait(t); !r.OK() {
		t.Errorf("server: %s", lines(r.Mismatches))
	}
	if r := againstSite(t, tp, site()); !r.OK() {
		t.Errorf("client: %s", lines(r.Mismatches))
	}
}

// A field of a body or a query is put back as it stands there, and lengths follow.
func TestHTTP2SecretField(t *testing.T) {
	const json = `{"user":"ann", "pass\u0020word": "x", "password" : "masked\"", "pin":1234}`
	var seen []string
	// It reads what it is sent before it answers: else the client gives up sending.
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprint(r.URL.RawQuery, " ", r.ContentLength-int64(len(b)), " ", string(b), err))
		io.WriteString(w, "taken")
	})
	tp := h2tapeOf(t, handler, func(c *http.Client, base string) {
		for _, body := range []string{json, "password=masked&user=ann"} {
			res, err := c.Post(base+"/a?x=1&token=masked", "text/plain", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	})
	seen = nil
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	srv := &http.Server{Protocols: &p, Handler: handler}
	go srv.Serve(ln)
	defer srv.Close()
	target, _ := wire.ParseTarget(ln.Addr().String())
	play := func(rules map[string]string) (Report, error) {
		tp.Rules.SecretFields = rules
		return Client{Getenv: func(name string) string {
			return map[string]string{"WIRETAPE_SECRET_PW": `a&"long" one`, "WIRETAPE_SECRET_TOKEN": "t", "WIRETAPE_SECRET_PIN": "9"}[name]
		}}.Run(t.Context(), tp, To(wire.Dialer{}, target))
	}
	for rule, want := range map[string]string{"password UNSET": "not set: export WIRETAPE_SECRET_UNSET", "nothing PW": `rule "secret field nothing PW": no request has that field`} {
		name, id, _ := strings.Cut(rule, " ")
		if _, err := play(map[string]string{name: id}); err == nil || !strings.Contains(err.Error(), want) || len(seen) > 0 {
			t.Errorf("%s: %v and %q sent; want %q and nothing", rule, err, seen, want)
		}
	}
	r, err := play(map[string]string{"password": "PW", "token": "TOKEN", "pin": "PIN"})
	want := []string{
		`x=1&token=t 0 {"user":"ann", "pass\u0020word": "x", "password" : "a\u0026\"long\" one", "pin":9}<nil>`,
		`x=1&token=t 0 password=a%26%22long%22+one&user=ann<nil>`,
	}
	if err != nil || !r.OK() || !slices.Equal(seen, want) {
		t.Errorf("%v, %s\ngot  %q\nwant %q", err, lines(r.Mismatches), seen, want)
	}
}

// A secret that stands in no text of the tape is put back.
func TestHTTP2Secret(t *testing.T) {
	seen := ""
	tp := h2tape(t, func(c *http.Client, base string) {
		req, _ := http.NewRequest("GET", base+"/a", nil)
		req.Header.Set("Authorization", "Bearer masked")
		res, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	})
	tp.Rules.Secrets = map[string]string{"authorization": "LOGIN"}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	srv := &http.Server{Protocols: &p, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header.Get("Authorization")
		site().ServeHTTP(w, r)
	})}
	go srv.Serve(ln)
	defer srv.Close()
	target, _ := wire.ParseTarget(ln.Addr().String())
	getenv := func(value string) func(string) string {
		return func(name string) string {
			if name == "WIRETAPE_SECRET_LOGIN" {
				return value
			}
			return ""
		}
	}
	if _, err := (Client{Getenv: getenv("")}).Run(t.Context(), tp, To(wire.Dialer{}, target)); err == nil || !strings.Contains(err.Error(), "secret LOGIN (13 B) not set: export WIRETAPE_SECRET_LOGIN") {
		t.Errorf("without a value: %v", err)
	}
	r, err := Client{Getenv: getenv("Bearer true")}.Run(t.Context(), tp, To(wire.Dialer{}, target))
	if err != nil || !r.OK() || seen != "Bearer true" {
		t.Errorf("%v, the server saw %q, %s", err, seen, lines(r.Mismatches))
	}
}

// What is known of a request answers its equals alone, and they are told of as the
// first was.
func TestHTTP2AskedAgain(t *testing.T) {
	tp := h2tape(t, func(c *http.Client, base string) { fetch(t, c, "GET", base+"/", "") })
	ask := func(times int) Report {
		ctx, cancel := context.WithCancel(t.Context())
		v := serveUntil(t, ctx, Server{Match: true, StickLast: true}, tp)
		c := prior()
		for range times {
			for _, agent := range []string{"a", "b"} {
				q, err := http.NewRequest("GET", "http://"+v.target.Address()+"/", nil)
				if err != nil {
					t.Fatal(err)
				}
				q.Header.Set("User-Agent", agent)
				res, err := c.Do(q)
				if err != nil {
					t.Fatal(err)
				}
				res.Body.Close()
			}
		}
		cancel()
		return v.wait(t)
	}
	once, thrice := ask(1), ask(3)
	if len(once.Differences) != 2 || !slices.Equal(once.Differences, thrice.Differences) || len(thrice.Mismatches) > 0 {
		t.Errorf("asked once:\n%s, three times:\n%s%s", lines(once.Differences), lines(thrice.Differences), lines(thrice.Mismatches))
	}
	if once.Received.Done != 2 || thrice.Received.Done != 6 {
		t.Errorf("received %d and %d, want 2 and 6", once.Received.Done, thrice.Received.Done)
	}
}

func TestAppendAsked(t *testing.T) {
	field := func(name, value string) http1.Field { return http1.Field{Name: []byte(name), Value: []byte(value)} }
	seen := map[string]int{}
	for i, q := range []http1.Request{
		{Method: "GET", Target: "/"}, {Method: "GET", Target: "/a"}, {Method: "GET/", Target: "a"}, {Method: "GET", Target: "/", Authority: "a"},
		{Method: "GET", Target: "/", Scheme: "a"}, {Method: "GET", Target: "/", Fields: http1.FieldsOf(field("a", "b"))},
		{Method: "GET", Target: "/", Fields: http1.FieldsOf(field("ab", ""))}, {Method: "GET", Target: "/", Fields: http1.FieldsOf(field("a", ""), field("b", ""))},
		{Method: "GET", Target: "/", Fields: http1.FieldsOf(field("b", ""), field("a", ""))},
	} {
		key, bare := appendAsked(nil, &proto.Message{Complete: true, Value: &q})
		if before, ok := seen[string(key)]; ok || !bare {
			t.Errorf("request %d: bare %t, as request %d", i, bare, before)
		}
		seen[string(key)] = i
	}
	for _, m := range []proto.Message{
		{Value: &http1.Request{}}, {Complete: true, Value: &http1.Request{}, Body: proto.Body{Size: 1}},
		{Complete: true, Value: &http1.Request{Trailers: http1.FieldsOf(field("a", "b"))}}, {Complete: true},
	} {
		if _, bare := appendAsked(nil, &m); bare {
			t.Errorf("%+v is bare", m)
		}
	}
}
