package replay

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
)

const (
	ok1 = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
)

// page is an exchange of a tape: a GET of path that is answered with one letter.
func page(path, letter string) string {
	return crlf(">", "GET "+path+" HTTP/1.1\nHost: a\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n") + "< " + letter + "\n"
}

// ask sends requests, each on a connection of its own or all on one, and returns
// what came.
func ask(t *testing.T, to wire.Target, reuse bool, requests ...string) []string {
	t.Helper()
	var got []string
	var c net.Conn
	var r *bufio.Reader
	for _, q := range requests {
		if c == nil || !reuse {
			var err error
			if c, err = net.Dial("tcp", to.Address()); err != nil {
				got = append(got, "refused")
				c = nil
				continue
			}
			defer c.Close()
			r = bufio.NewReader(c)
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(c, q)
		b := make([]byte, len(ok1)+1)
		n, err := io.ReadFull(r, b)
		s := strings.TrimPrefix(string(b[:n]), ok1)
		if err != nil && n == 0 {
			s = "nothing"
		}
		got = append(got, s)
		if !reuse {
			c.Close()
		}
	}
	return got
}

func req(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n" }

func TestServerHTTP(t *testing.T) {
	one := open + page("/a", "1") + page("/b", "2") + page("/a", "3") + "= close\n"
	two := open + page("/a", "1") + "= close\n2= open tcp a:80\n" + strings.NewReplacer("> ", "2> ", "< ", "2< ").Replace(page("/b", "2")) + "2= close\n"
	a, b := req("/a"), req("/b")
	for _, test := range []struct {
		name   string
		server Server
		tape   string
		reuse  bool
		ask    []string
		want   string
		report string // mismatches
		differ string
	}{
		{name: "one connection where the tape has one", tape: one, reuse: true, ask: []string{a, b, a}, want: "1 2 3"},
		{name: "a connection for each request", tape: one, ask: []string{a, b, a}, want: "1 2 3"},
		{name: "one connection where the tape has two", tape: two, reuse: true, ask: []string{a, b}, want: "1 2"},
		{name: "no order between connections", tape: two, ask: []string{b, a}, want: "2 1"},
		{name: "order within a connection", tape: one, ask: []string{b}, want: "nothing",
			report: "x.tape:3: #1 request: nothing answers GET /b; nearest: x.tape:3 GET /a, whose request target is /a\n" +
				"x.tape:3: #1 request: never came: GET /a\nx.tape:10: #2 request: never came: GET /b\nx.tape:17: #3 request: never came: GET /a\n"},
		{name: "unmatched ends serving", tape: one, ask: []string{req("/c"), a}, want: "nothing refused",
			report: "x.tape:3: #1 request: nothing answers GET /c; nearest: x.tape:3 GET /a, whose request target is /a\n" +
				"x.tape:3: #1 request: never came: GET /a\nx.tape:10: #2 request: never came: GET /b\nx.tape:17: #3 request: never came: GET /a\n"},
		{name: "unmatched closes", server: Server{Unmatched: CloseConn}, tape: two, ask: []string{req("/c"), a, b}, want: "nothing 1 2",
			report: "x.tape:3: #1 request: nothing answers GET /c; nearest: x.tape:3 GET /a, whose request target is /a\n"},
		{name: "unmatched resets", server: Server{Unmatched: ResetConn}, tape: two, ask: []string{req("/c"), a, b}, want: "nothing 1 2",
			report: "x.tape:3: #1 request: nothing answers GET /c; nearest: x.tape:3 GET /a, whose request target is /a\n"},
		{name: "another field is told", tape: two, ask: []string{"GET /a HTTP/1.1\r\nHost: here:1\r\nAccept: */*\r\n\r\n", b}, want: "1 2",
			differ: "x.tape:3: #1 request Accept: not on the tape; got */*\n"},
		{name: "and fails where strict", server: Server{Strict: true}, tape: two, ask: []string{"GET /a HTTP/1.1\r\nHost: here:1\r\nAccept: */*\r\n\r\n", b}, want: "1 2",
			report: "x.tape:3: #1 request Accept: not on the tape; got */*\n"},
		{name: "looked up in any order, repeats in tape order", server: Server{Match: true, Unmatched: CloseConn}, tape: one, ask: []string{b, a, a, a}, want: "2 1 3 nothing",
			report: "x.tape:3: #1 request: nothing answers GET /a; nearest: x.tape:3 GET /a, which was played already\n"},
		{name: "looked up, an odd client ends nothing", server: Server{Match: true}, tape: two, ask: []string{req("/c"), b, req("/d"), a}, want: "nothing 2 nothing 1",
			report: "x.tape:3: #1 request: nothing answers GET /c; nearest: x.tape:3 GET /a, whose request target is /a\n" +
				"x.tape:3: #1 request: nothing answers GET /d; nearest: x.tape:3 GET /a, whose request target is /a\n"},
		{name: "an end that followed the client's is not the server's", server: Server{Match: true, StickLast: true}, tape: open + page("/a", "1") + "= eof >\n= eof <\n= close\n", reuse: true, ask: []string{a, a}, want: "1 1"},
		{name: "looked up in a loop", server: Server{Match: true, Loop: true}, tape: one, reuse: true, ask: []string{a, a, a, b, b}, want: "1 3 1 2 2"},
		{name: "looked up, the last sticks", server: Server{Match: true, StickLast: true}, tape: one, reuse: true, ask: []string{a, a, a, b, b}, want: "1 3 3 2 2"},
		{name: "in order in a loop", server: Server{Loop: true}, tape: two, ask: []string{a, b, a, b}, want: "1 2 1 2"},
		{name: "once, a connection for each request", server: Server{Once: true, Linger: time.Minute}, tape: one, ask: []string{a, b, a}, want: "1 2 3"},
		{name: "once", server: Server{Once: true, Linger: time.Millisecond}, tape: one, reuse: true, ask: []string{a}, want: "1",
			report: "x.tape:10: #2 request: never came: GET /b\nx.tape:17: #3 request: never came: GET /a\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			v := serveUntil(t, ctx, test.server, load(t, test.tape))
			if got := strings.Join(ask(t, v.target, test.reuse, test.ask...), " "); got != test.want {
				t.Errorf("answers: %s, want %s", got, test.want)
			}
			if test.server.Match || test.server.Loop {
				cancel()
			}
			r := v.wait(t)
			if got := lines(r.Mismatches); got != test.report {
				t.Errorf("mismatches:\n%swant:\n%s", got, test.report)
			}
			differ := slices.DeleteFunc(r.Differences, func(m match.Mismatch) bool { return m.Kind == match.Unplayed })
			if got := lines(differ); got != test.differ {
				t.Errorf("differences:\n%swant:\n%s", got, test.differ)
			}
		})
	}
}

// What the server reads does not hang on how it was cut, whether the request is
// the tape's octet by octet or not.
func TestServerReadsSingleBytes(t *testing.T) {
	tp := load(t, open+page("/a", "1")+crlf(">", "POST /b HTTP/1.1\nHost: a\nContent-Length: 3\n\n")+"> a=b\n"+crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n")+"< 2\n= close\n")
	for _, host := range []string{"a", "elsewhere"} {
		v := serve(t, Server{}, tp)
		c, err := net.Dial("tcp", v.target.Address())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []byte("GET /a HTTP/1.1\r\nHost: " + host + "\r\n\r\nPOST /b HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 3\r\n\r\na=b") {
			c.Write([]byte{b})
		}
		got := make([]byte, 2*len(ok1)+2)
		io.ReadFull(c, got)
		c.Close()
		if want := ok1 + "1" + ok1 + "2"; string(got) != want {
			t.Errorf("Host %s: answers %q, want %q", host, got, want)
		}
		if r := v.wait(t); !r.OK() {
			t.Errorf("Host %s:\n%s", host, lines(r.Mismatches))
		}
	}
}

// The same request at the same time on two connections takes two exchanges.
func TestServerSameRequestAtOnce(t *testing.T) {
	two := open + page("/a", "1") + "= close\n2= open tcp a:80\n" + strings.NewReplacer("> ", "2> ", "< ", "2< ").Replace(page("/a", "2")) + "2= close\n"
	v := serve(t, Server{}, load(t, two))
	answers := make(chan string, 2)
	for range 2 {
		go func() { answers <- ask(t, v.target, true, req("/a"))[0] }()
	}
	got := []string{<-answers, <-answers}
	slices.Sort(got)
	if strings.Join(got, " ") != "1 2" {
		t.Errorf("answers %q, want each once", got)
	}
	if r := v.wait(t); !r.OK() || r.Conns.Done != 2 {
		t.Errorf("%s connections\n%s", r.Conns, lines(r.Mismatches))
	}
}

// What one client sent is captured for its answer.
func TestServerCaptures(t *testing.T) {
	tp := load(t, open+crlf(">", `GET /echo?n=\{n=int|5} HTTP/1.1`+"\nHost: a\n\n")+crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n")+"< \\{$n}\n= close\n")
	v := serve(t, Server{}, tp)
	if got := ask(t, v.target, true, req("/echo?n=7")); got[0] != "7" {
		t.Errorf("answer %q, want what was sent", got)
	}
	if r := v.wait(t); !r.OK() || !slices.Contains(r.ByKind, "n") {
		t.Errorf("%s compared by kind: %q", lines(r.Mismatches), r.ByKind)
	}
}

func TestServeSeveralTapes(t *testing.T) {
	a := load(t, open+page("/a", "1")+"= close\n")
	b, err := match.Load(strings.NewReader("wiretape 1\n"+open+page("/b", "2")+page("/c", "3")+"= close\n"), "y.tape")
	if err != nil {
		t.Fatal(err)
	}
	v := serve(t, Server{Unmatched: CloseConn, Once: true, Linger: time.Millisecond}, match.Merge(a, b))
	if got := strings.Join(ask(t, v.target, true, req("/b"), req("/a")), " "); got != "2 1" {
		t.Errorf("answers: %s", got)
	}
	if got, want := lines(v.wait(t).Mismatches), "y.tape:10: #2 request: never came: GET /c\n"; got != want {
		t.Errorf("mismatches:\n%swant:\n%s", got, want)
	}
}

func TestServerRefusesAnotherCommand(t *testing.T) {
	tp := load(t, "= open tcp a:25\n"+crlf("<", "220 mail ESMTP")+crlf(">", "EHLO me")+crlf("<", "250 hi")+crlf(">", "QUIT")+crlf("<", "221 bye")+"= eof <\n= close\n")
	v := serve(t, Server{}, tp)
	c, err := net.Dial("tcp", v.target.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "EHLO you\r\n")
	got, _ := io.ReadAll(c)
	r := v.wait(t)
	want := "x.tape:4: #1 command: want EHLO me, got EHLO you\n"
	if string(got) != "220 mail ESMTP\r\n" || lines(r.Mismatches) != want {
		t.Errorf("said %q; mismatches:\n%swant:\n%s", got, lines(r.Mismatches), want)
	}
}

func TestServerLooksCommandsUp(t *testing.T) {
	tp := load(t, "= open tcp a:25\n"+crlf("<", "220 mail ESMTP")+crlf(">", "EHLO me")+crlf("<", "250 hi")+crlf(">", "NOOP")+crlf("<", "250 nothing done")+
		crlf(">", "QUIT")+crlf("<", "221 bye")+"= eof <\n= close\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	v := serveUntil(t, ctx, Server{Match: true}, tp)
	for range 2 {
		c, err := net.Dial("tcp", v.target.Address())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "NOOP\r\nEHLO me\r\nNOOP\r\nQUIT\r\n")
		got, _ := io.ReadAll(c)
		c.Close()
		if want := "220 mail ESMTP\r\n250 nothing done\r\n250 hi\r\n250 nothing done\r\n221 bye\r\n"; string(got) != want {
			t.Errorf("said %q, want %q", got, want)
		}
	}
}

// secureTape is a conversation over TLS as it was recorded with a good
// certificate.
const secureTape = "= open tcp localhost:443\n= tls 1.3 alpn=http/1.1 offer=h2,http/1.1 sni=localhost verify=ok\n"

func TestTLS(t *testing.T) {
	ca, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Issue("localhost", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	tp := load(t, secureTape+page("/", "1")+"= close\n")
	if got := ALPN(tp); !slices.Equal(got, []string{"http/1.1"}) {
		t.Errorf("ALPN of the tape: %q", got)
	}
	opts := &wire.TLSOptions{ALPN: ALPN(tp)}
	opts.Certificates = append(opts.Certificates, cert)

	t.Run("as recorded", func(t *testing.T) {
		v := serveTLS(t, Server{}, tp, opts)
		r, err := Client{}.Run(t.Context(), tp, To(wire.Dialer{TLS: &wire.TLSOptions{Roots: ca.Pool()}}, v.target))
		if err != nil || !r.OK() || len(r.Differences) > 0 {
			t.Errorf("%v\n%s%s", err, lines(r.Mismatches), lines(r.Differences))
		}
		v.wait(t)
	})
	t.Run("a certificate that does not verify", func(t *testing.T) {
		v := serveTLS(t, Server{Once: true, Linger: time.Millisecond}, tp, opts)
		r, err := Client{}.Run(t.Context(), tp, To(wire.Dialer{}, v.target))
		if err != nil || r.OK() || r.Sent.Done != 0 || r.Mismatches[0].Kind != match.Verify {
			t.Errorf("%v, sent %s\n%s", err, r.Sent, lines(r.Mismatches))
		}
	})
	t.Run("another ALPN is told", func(t *testing.T) {
		other := *opts
		other.ALPN = nil
		for rule, fails := range map[string]bool{"": false, "! require alpn\n": true} {
			v := serveTLS(t, Server{}, tp, &other)
			r, err := Client{}.Run(t.Context(), load(t, rule+secureTape+page("/", "1")+"= close\n"), To(wire.Dialer{TLS: &wire.TLSOptions{Roots: ca.Pool()}}, v.target))
			told := lines(r.Differences) + lines(r.Mismatches)
			if err != nil || r.OK() == fails || !strings.Contains(told, "alpn: want http/1.1, got \"\"") {
				t.Errorf("rule %q: %v\n%s", rule, err, told)
			}
		}
	})
	t.Run("STARTTLS", func(t *testing.T) {
		tp := load(t, "= open tcp localhost:25\n"+crlf("<", "220 mail ESMTP")+crlf(">", "STARTTLS")+crlf("<", "220 go")+"= tls 1.3 sni=localhost verify=ok\n"+
			crlf(">", "EHLO me")+crlf("<", "250 hi")+crlf(">", "QUIT")+crlf("<", "221 bye")+"= eof <\n= close\n")
		v := serve(t, Server{TLS: opts}, tp)
		r, err := Client{TLS: &wire.TLSOptions{Roots: ca.Pool(), ServerName: "localhost"}}.Run(t.Context(), tp, To(wire.Dialer{}, v.target))
		if err != nil || !r.OK() {
			t.Errorf("client: %v\n%s", err, lines(r.Mismatches))
		}
		if r := v.wait(t); !r.OK() || r.Received.Done != r.Received.All {
			t.Errorf("server received %s\n%s", r.Received, lines(r.Mismatches))
		}
	})
}

// A client of IMAP draws its tags for itself: they are no part of what it asks for,
// and it is given its own back.
func TestServerGivesTagsBack(t *testing.T) {
	tp := load(t, "! proto imap\n= open tcp localhost:143\n"+crlf("<", "* OK ready")+crlf(">", "AAAA1 LIST {1+}\nx \"*\"")+
		crlf("<", "* LIST () NIL a\n* OK AAAA1 stands here too\nAAAA1 OK done")+crlf(">", "AAAA2 LOGOUT")+crlf("<", "* BYE\nAAAA2 OK bye")+"= eof <\n= close\n")
	v := serve(t, Server{Strict: true}, tp)
	c, err := net.Dial("tcp", v.target.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, "z9 LIST {1+}\r\nx \"*\"\r\n")
	r := bufio.NewReader(c)
	var got strings.Builder
	for !strings.Contains(got.String(), "done") {
		l, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(l)
	}
	io.WriteString(c, "longer.tag LOGOUT\r\n")
	io.Copy(&got, r)
	if want := "* OK ready\r\n* LIST () NIL a\r\n* OK AAAA1 stands here too\r\nz9 OK done\r\n* BYE\r\nlonger.tag OK bye\r\n"; got.String() != want {
		t.Errorf("got %q, want %q", got.String(), want)
	}
	c.Close()
	if r := v.wait(t); !r.OK() || strings.Join(r.ByKind, ", ") != "tag" {
		t.Errorf("%s, by kind: %q", lines(r.Mismatches), r.ByKind)
	}
}

// tool returns a program's path, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: install it to test against it", name)
	}
	return path
}

func TestCurl(t *testing.T) {
	curl := tool(t, "curl")
	tp := load(t, open+page("/a", "1")+page("/b", "2")+"= close\n2= open tcp a:80\n"+
		strings.NewReplacer("> ", "2> ", "< ", "2< ").Replace(crlf(">", "POST /c HTTP/1.1\nHost: a\nContent-Length: 3\n\n")+"> a=b\n"+
			crlf("<", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\n3\n0\n\n"))+"2= close\n")
	for name, args := range map[string][]string{
		"one connection":   {"URL/a", "URL/b", "--next", "-sS", "-d", "a=b", "URL/c"},
		"three of them":    {"-H", "Connection: close", "URL/a", "URL/b", "--next", "-sS", "-d", "a=b", "URL/c"},
		"http/1.0 clients": {"--http1.0", "URL/a", "URL/b", "--next", "-sS", "-d", "a=b", "URL/c"},
	} {
		t.Run(name, func(t *testing.T) {
			v := serve(t, Server{}, tp)
			for i := range args {
				args[i] = strings.Replace(args[i], "URL", "http://"+v.target.Address(), 1)
			}
			out, err := exec.CommandContext(t.Context(), curl, append([]string{"-sS", "-m", "10"}, args...)...).CombinedOutput()
			r := v.wait(t)
			if err != nil || string(out) != "123" || !r.OK() {
				t.Errorf("%v: %q\n%s", err, out, lines(r.Mismatches))
			}
		})
	}
}

func TestPythonHTTPClient(t *testing.T) {
	python := tool(t, "python3")
	tp := load(t, open+page("/a", "1")+page("/b", "2")+crlf(">", "HEAD /c HTTP/1.1\nHost: a\n\n")+crlf("<", "HTTP/1.1 200 OK\nContent-Length: 10\n\n")+"= close\n")
	script := filepath.Join(t.TempDir(), "ask.py")
	const program = `import http.client, sys
for reuse in [sys.argv[2] == "reuse"]:
    c = http.client.HTTPConnection(sys.argv[1], timeout=10)
    for method, path in [("GET", "/a"), ("GET", "/b"), ("HEAD", "/c")]:
        if not reuse:
            c = http.client.HTTPConnection(sys.argv[1], timeout=10)
        c.request(method, path)
        r = c.getresponse()
        print(r.status, r.read().decode(), end=" ")
        if not reuse:
            c.close()
`
	if err := os.WriteFile(script, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"reuse", "anew"} {
		t.Run(how, func(t *testing.T) {
			v := serve(t, Server{}, tp)
			out, err := exec.CommandContext(t.Context(), python, script, v.target.Address(), how).CombinedOutput()
			r := v.wait(t)
			if err != nil || string(out) != "200 1 200 2 200  " || !r.OK() {
				t.Errorf("%v: %q\n%s", err, out, lines(r.Mismatches))
			}
		})
	}
}

// A request is compared with the one whose answer it gets, though another of the
// tape, which agrees in what is asked for, is equal to it.
func TestEqualToAnotherOfItsKind(t *testing.T) {
	one := crlf(">", "GET /a HTTP/1.1\nHost: a\nX-N: 1\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n") + "< 1\n"
	two := crlf(">", "GET /a HTTP/1.1\nHost: a\nX-N: 2\n\n") + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 1\n\n") + "< 2\n"
	recorded, swapped := load(t, open+one+two+"= close\n"), load(t, open+two+one+"= close\n")
	v := serve(t, Server{Strict: true}, recorded)
	(Client{}).Run(t.Context(), swapped, To(wire.Dialer{}, v.target))
	if r := v.wait(t); len(r.Mismatches) != 2 {
		t.Errorf("want the mismatch of each:\n%s", lines(r.Mismatches))
	}
}
