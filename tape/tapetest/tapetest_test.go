package tapetest

import (
	"bufio"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A failing is a test that may fail without this one's failing.
type failing struct {
	testing.TB
	said    strings.Builder
	cleanup []func()
}

func (f *failing) Helper()                      {}
func (f *failing) Cleanup(fn func())            { f.cleanup = append(f.cleanup, fn) }
func (f *failing) Logf(format string, a ...any) {}
func (f *failing) Log(a ...any)                 {}
func (f *failing) Errorf(format string, a ...any) {
	fmt.Fprintf(&f.said, format+"\n", a...)
}

func (f *failing) Fatalf(format string, a ...any) {
	f.Errorf(format, a...)
	panic(f)
}
func (f *failing) Fatal(a ...any) { f.Fatalf("%s", fmt.Sprint(a...)) }

// failures returns what a test says that does something.
func failures(t *testing.T, do func(t testing.TB)) string {
	f := &failing{TB: t}
	run := func(fn func()) {
		defer func() {
			if r := recover(); r != nil && r != f {
				panic(r)
			}
		}()
		fn()
	}
	run(func() { do(f) })
	for _, fn := range f.cleanup {
		run(fn)
	}
	return f.said.String()
}

const pages = "testdata/pages.tape"

func get(t *testing.T, addr, path string) string {
	t.Helper()
	res, err := http.Get("http://" + addr + path)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.Status + " " + string(b)
}

func TestServe(t *testing.T) {
	addr := Serve(t, pages)
	if got := get(t, addr, "/hello") + get(t, addr, "/none"); got != "200 OK hello\n404 Not Found " {
		t.Errorf("got %q", got)
	}
}

// The certificate is for the names that were asked for, and the pool knows its
// authority; TLS begins at once, or where the recorded client began it.
func TestServeTLS(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"at once":    "= open tcp site:443\n= tls 1.3 sni=site alpn=x offer=x,y\n> hello\\n\n< you\\n\n= close\n",
		"mid-stream": "= open tcp site:25\n< ready\\n\n> STARTTLS\\n\n< go\\n\n= tls 1.3 sni=site alpn=x offer=x,y\n> hello\\n\n< you\\n\n= close\n",
	} {
		if err := os.WriteFile("a.tape", []byte("wiretape 1\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
		addr, pool := ServeTLS(t, "a.tape")
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		read := func(r io.Reader, want string) {
			t.Helper()
			b := make([]byte, len(want))
			if _, err := io.ReadFull(r, b); string(b) != want {
				t.Errorf("%s: got %q, want %q; %v", name, b, want, err)
			}
		}
		if name == "mid-stream" {
			read(conn, "ready\n")
			io.WriteString(conn, "STARTTLS\n")
			read(conn, "go\n")
		}
		secure := tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: "site", NextProtos: []string{"y", "x"}})
		if err := secure.Handshake(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := secure.ConnectionState().NegotiatedProtocol; got != "x" {
			t.Errorf("%s: ALPN %q, want x", name, got)
		}
		io.WriteString(secure, "hello\n")
		read(secure, "you\n")
		secure.Close()
	}
}

func TestServeTellsWhatNeverCame(t *testing.T) {
	said := failures(t, func(tb testing.TB) { get(t, Serve(tb, pages), "/hello") })
	if want := pages + ":14: #2 request: never came: GET /none\n"; said != want {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestServeTellsWhatIsNotOnTheTape(t *testing.T) {
	said := failures(t, func(tb testing.TB) { get(t, Serve(tb, pages), "/other") })
	if want := pages + ":3: #1 request: nothing answers GET /other; nearest: " + pages + ":3 GET /hello, whose request target is /hello\n"; !strings.HasPrefix(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestReplay(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello\n") })
	mux.HandleFunc("/none", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotFound) })
	addr := site(t, mux)
	Replay(t, pages, addr)
	t.Run("another server", func(t *testing.T) {
		other := http.NewServeMux()
		other.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "bye\n") })
		addr := site(t, other)
		said := failures(t, func(tb testing.TB) { Replay(tb, pages, addr) })
		want := pages + ":13: #1 response body line 1: want hello, got bye\n" + pages + ":19: #2 response status: want 404, got 200 (OK)\n"
		if !strings.HasPrefix(said, want) {
			t.Errorf("said %q, want %q", said, want)
		}
	})
}

func site(t *testing.T, h http.Handler) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return ln.Addr().String()
}

// A server of lines, answering each in upper case.
func upper(t *testing.T, change string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				fmt.Fprintf(c, "hello\n")
				for {
					l, err := r.ReadString('\n')
					if err != nil {
						return
					}
					io.WriteString(c, strings.ToUpper(l)+change)
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// converse talks to an upper server over what Record gives.
func converse(t *testing.T, tb testing.TB, addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	c = Record(tb, c)
	r := bufio.NewReader(c)
	r.ReadString('\n')
	for _, l := range []string{"one", "two"} {
		fmt.Fprintln(c, l)
		r.ReadString('\n')
	}
}

func TestRecord(t *testing.T) { converse(t, t, upper(t, "")) }

func TestRecordWritesAndCompares(t *testing.T) {
	t.Chdir(t.TempDir())
	path := filepath.Join("testdata", t.Name()+".tape")
	addr := upper(t, "")
	if said := failures(t, func(tb testing.TB) { converse(t, tb, addr) }); said != "tapetest: no tape "+path+": run with -wiretape.update\n" {
		t.Errorf("without a tape: %q", said)
	}
	flagged(t, true)
	t.Setenv("CI", "true")
	if said := failures(t, func(tb testing.TB) { converse(t, tb, addr) }); !strings.Contains(said, "where CI is set") {
		t.Errorf("where CI is set: %q", said)
	}
	t.Setenv("CI", "")
	if said := failures(t, func(tb testing.TB) { converse(t, tb, addr) }); said != "" {
		t.Errorf("recording: %q", said)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if said := failures(t, func(tb testing.TB) { converse(t, tb, upper(t, "")) }); said != "" {
		t.Errorf("recording again: %q", said)
	}
	if again, _ := os.ReadFile(path); string(again) != string(first) {
		t.Errorf("the tape changed though nothing did:\n%s\nbefore\n%s", again, first)
	}
	flagged(t, false)
	if said := failures(t, func(tb testing.TB) { converse(t, tb, addr) }); said != "" {
		t.Errorf("comparing: %q", said)
	}
	if said := failures(t, func(tb testing.TB) { converse(t, tb, upper(t, "!\n")) }); !strings.HasPrefix(said, path+":") {
		t.Errorf("comparing with another: %q", said)
	}
}

// flagged sets the flag until the test ends.
func flagged(t *testing.T, on bool) {
	t.Helper()
	was := *updating
	flag.Set("wiretape.update", fmt.Sprint(on))
	t.Cleanup(func() { *updating = was })
}

func TestReplayUpdates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pages.tape")
	b, err := os.ReadFile(pages)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	addr := site(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "bye\n") }))
	flagged(t, true)
	t.Setenv("CI", "")
	Replay(t, path, addr)
	flagged(t, false)
	Replay(t, path, addr)
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), `< Date: \{date|Mon, 23 Nov 2026 10:00:00 GMT}`) || !strings.Contains(string(text), "= open tcp site:80") {
		t.Errorf("what did not differ changed:\n%s", text)
	}
}

func TestMissingTape(t *testing.T) {
	said := failures(t, func(tb testing.TB) { Serve(tb, "testdata/none.tape") })
	if !strings.HasPrefix(said, "tapetest: no tape testdata/none.tape: record it") {
		t.Errorf("said %q", said)
	}
}

// The client of net/smtp is satisfied by a tape of mail.
func TestServeMail(t *testing.T) {
	addr := Serve(t, "testdata/mail.tape")
	if err := smtp.SendMail(addr, nil, "ann@example.com", []string{"bob@example.com"}, []byte("Subject: hi\r\n\r\nhello\r\n")); err != nil {
		t.Error(err)
	}
}

func TestServeUDP(t *testing.T) {
	c, err := net.Dial("udp", Serve(t, "testdata/echo.tape"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 100)
	c.Write([]byte("ping"))
	if n, err := c.Read(b); err != nil || string(b[:n]) != "pong" {
		t.Errorf("%q, %v", b[:n], err)
	}
}
