package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/wire"
)

func newTestSession(t *testing.T, opts Options) *Session {
	t.Helper()
	if opts.Lines == nil {
		opts.Lines = NewLines()
	}
	if opts.Out == nil {
		opts.Out = new(bytes.Buffer)
	}
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCommandTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range commands() {
		if c.name == "" || c.summary == "" || c.example == "" || (c.run == nil) == (c.on == nil) || c.group == "" {
			t.Errorf("row %+v lacks something", c)
		}
		if seen[c.name] {
			t.Errorf("%s stands twice", c.name)
		}
		seen[c.name] = true
		if !isDotWord("." + c.name) {
			t.Errorf(".%s is no dot-word", c.name)
		}
		if word := strings.TrimPrefix(strings.Fields(c.example)[0], "."); word != c.name {
			t.Errorf("the example of %s is %q", c.name, c.example)
		}
		if strings.HasPrefix(c.example, ".") == c.bare {
			t.Errorf("the example of %s, which is bare: %v, is %q", c.name, c.bare, c.example)
		}
		if !strings.Contains(CommandTable(), c.name) {
			t.Errorf("the manual's table lacks %s", c.name)
		}
	}
	for _, word := range []string{"open", "tls", "udp", "unix", "h2", "auto", "demo", "help"} {
		if !slices.ContainsFunc(commands(), func(c command) bool { return c.name == word && c.bare }) {
			t.Errorf("%s is no bare command", word)
		}
	}
}

func TestHooksAreWordsOnlyWhereTheyAreGiven(t *testing.T) {
	s := newTestSession(t, Options{})
	for _, word := range []string{"auto", "demo"} {
		if known, _ := s.knows(word); known {
			t.Errorf("%s is known without its function", word)
		}
	}
	var got []string
	s = newTestSession(t, Options{
		Lines: NewLines(`auto a "b c"`),
		Auto: func(_ context.Context, args []string, _ Env) error {
			got = args
			return failure(StatusConnection, "no such host")
		},
	})
	err := s.Run(t.Context())
	if !slices.Equal(got, []string{"a", "b c"}) || StatusOf(err) != StatusConnection || err.Error() != "-c:1: no such host" {
		t.Errorf("auto got %q and gave %v", got, err)
	}
}

func TestComplete(t *testing.T) {
	tests := []struct {
		name string
		g    grammar
		line string
		want []string
	}{
		{"bare words", grammar{}, "h", []string{"h2", "help"}},
		{"dotted words, unconnected", grammar{}, ".st", []string{".starttls", ".status"}},
		{"dotted words, connected", grammar{phase: connected}, ".st", []string{".starttls", ".status"}},
		{"data is not completed", grammar{phase: connected}, "h", nil},
		{"after ^]", grammar{phase: connected, lock: "DATA"}, "\x1dst", []string{"starttls", "status"}},
		{"arguments", grammar{phase: connected}, ".eol c", []string{"crlf", "cr"}},
		{"methods", grammar{phase: connected, block: true}, "P", []string{"POST ", "PUT ", "PATCH "}},
		{"field names", grammar{phase: connected, block: true, draft: draft{lines: []string{"GET /"}}}, "ho", []string{"Host: "}},
		{"free text is not completed", grammar{phase: connected, lock: "DATA"}, ".st", nil},
		{"a body is not completed", grammar{phase: connected, block: true, draft: draft{lines: []string{"x"}, body: 1, want: 9}}, ".st", nil},
		{"files", grammar{phase: connected}, ".send file testda", []string{"testdata/"}},
	}
	for _, tt := range tests {
		s := newTestSession(t, Options{})
		tt.g.command = s.knows
		s.current.g = tt.g
		if got := s.Complete(tt.line, len(tt.line)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Complete(%q) = %q, want %q", tt.name, tt.line, got, tt.want)
		}
	}
}

func TestParseOpen(t *testing.T) {
	tests := []struct {
		line string
		want string // scheme, address and path of the target, or the error
	}{
		{"open www.google.ca 80", "www.google.ca:80"},
		{"open localhost smtp", "localhost:25"},
		{"open ::1 80", "[::1]:80"},
		{"open [::1] 80", "[::1]:80"},
		{"open h:80", "h:80"},
		{"open https://h/x", "https h:443/x"},
		{"open unix:/s", "unix /s"},
		{"tls h", "tls h:443"},
		{"tls h 993", "tls h:993"},
		{"udp h 53", "udp h:53"},
		{"unix /run/x.sock", "unix /run/x.sock"},
		{"h2 h", "h2 h:443"},
		{"open", ".open: want .open HOST PORT | TARGET"},
		{"open a b c", ".open a b c: want .open HOST PORT | TARGET"},
		{"open h", "open h: which port? open h 80, open h smtp"},
		{"open https://h 80", `open https://h: the target has its port, and "80" was given`},
		{"tls https://h", "tls https://h: want a host; open takes a URL"},
		{"udp h", ".udp h: want .udp HOST PORT"},
		{"open h nosuchport", `target "h:nosuchport": port "nosuchport": neither a number nor a service that is known`},
	}
	for _, tt := range tests {
		words := strings.Fields(tt.line)
		target, err := ParseOpen(words[0], words[1:])
		got := strings.TrimSpace(target.Scheme + " " + target.Address() + target.Path)
		if err != nil {
			got = err.Error()
			if StatusOf(err) != StatusUsage {
				t.Errorf("%q: status %d, want 2", tt.line, StatusOf(err))
			}
		}
		if got != tt.want {
			t.Errorf("ParseOpen(%q) = %s, want %s", tt.line, got, tt.want)
		}
	}
}

func TestHelpFitsAScreen(t *testing.T) {
	var out bytes.Buffer
	none := func(context.Context, []string, Env) error { return nil }
	s := newTestSession(t, Options{Out: &out, Lines: NewLines(".help"), Auto: none, Demo: none})
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(rows) > 23 { // and the prompt
		t.Errorf("%d rows", len(rows))
	}
	for _, r := range rows {
		if len(r) > 80 {
			t.Errorf("%d columns: %s", len(r), r)
		}
	}
	for _, c := range s.table {
		if !strings.Contains(out.String(), " "+c.word()) {
			t.Errorf("no %s", c.word())
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

func TestSecretLine(t *testing.T) {
	for line, want := range map[string]bool{
		"Authorization: Basic x": true, "cookie: a=b": true, "AUTH PLAIN AGE=": true, "PASS x": true,
		"a1 LOGIN me you": true, "ACCT x": true, "X-Auth-Key: 1": true, "Sec-WebSocket-Protocol: bearer, x": true, "open ftp://me:you@h/": true, `{"password": "x"}`: true, "token=1": true,
		`.send "GET / HTTP/1.1\r\nProxy-Authorization: S\r\n\r\n"`: true, ".auth basic u:S": true,
		`.again -H "Cookie: x=S"`: true, "open http://u:S@h/": true, "open http://S@h/": true, "tls u:S@h 443": true,
		`.send "PASS S\r\n"`: true, `.send "*2\r\n$4\r\nAUTH\r\n$1\r\nS\r\n"`: true, `.send "a1 LOGIN me S\r\n"`: true,
		"auto http://u:p/w@h/": true, "X-Api-Key: S": true, "Set-Cookie: sid=S": true, "GET /?sid=S HTTP/1.1": true,
		`.send "{\"password\":\"S\"}"`: true, "X-Auth-Token: S": true, "user me": true, "\x1dauth bearer S": true,
		"MAIL FROM:<me@mail.test>": false, "User-Agent: x": false, "GET /login HTTP/1.1": false, ".help auth": false,
		".get / -u me:S": true, "curl -su me:S http://h/": true, ".curl 'http://h/' -b 'a=S'": true, ".auth digest me:S": true, ".get /a -H 'X: y'": false,
		"GET / HTTP/1.1": false, "Host: h": false, "EHLO me": false, "open http://h:80/a@b": false, "NOOP": false,
	} {
		if got := looksSecret(line); got != want {
			t.Errorf("looksSecret(%q) = %v, want %v", line, got, want)
		}
	}
}

func TestStatusOf(t *testing.T) {
	op := func(p wire.Phase, cause error) error {
		return fmt.Errorf("open: %w", &wire.OpError{Phase: p, Network: "tcp", Target: "h:1", Err: cause})
	}
	refused := errors.New("refused")
	tests := []struct {
		err  error
		want Status
	}{
		{nil, StatusOK},
		{errors.New("x"), StatusUsage},
		{fmt.Errorf("x: %w", failure(StatusDiffers, "y")), StatusDiffers},
		{&Failure{Status: StatusProtocol, Err: context.Canceled}, StatusProtocol},
		{context.Canceled, StatusInterrupted},
		{op(wire.PhaseTLS, context.Canceled), StatusInterrupted},
		{op(wire.PhaseTarget, refused), StatusUsage},
		{op(wire.PhaseConnect, refused), StatusConnection},
		{op(wire.PhaseConnect, os.ErrDeadlineExceeded), StatusTimeout},
		{op(wire.PhaseTLS, refused), StatusTLS},
		{op(wire.PhaseTLS, os.ErrDeadlineExceeded), StatusTimeout},
	}
	for _, tt := range tests {
		if got := StatusOf(tt.err); got != tt.want {
			t.Errorf("StatusOf(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}

// A word that needs a connection says the same of one that is closed, whichever it
// is: there is nothing wrong with the word.
func TestWordsOfAClosedConnection(t *testing.T) {
	for _, word := range []string{`send "x"`, "send ws text x", "send ping", "send upgrade", "starttls", "starttls smtp", "eof", "ws", "telnet on", "h2 start"} {
		synctest.Test(t, func(t *testing.T) {
			w := world{"gone:80": func(c net.Conn) { io.WriteString(c, "bye\r\n") }}
			out, err := run(t, w, Options{}, "gone:80", ".await close\n."+word+"\n")
			name, _, _ := strings.Cut(word, " ")
			if StatusOf(err) != StatusProtocol || !strings.Contains(err.Error(), "."+name) || !strings.HasSuffix(err.Error(), ": the connection is closed: .reconnect first") {
				t.Errorf(".%s: status %d, %v\n%s", word, StatusOf(err), err, out)
			}
		})
	}
}

// The package's documentation lists the words that write to the peer, and no others.
func TestWhatWritesIsDocumented(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "# What writes to the peer")
	section, _, _ = strings.Cut(section, "// # ")
	var got, want []string
	for line := range strings.Lines(section) {
		if word, ok := strings.CutPrefix(line, "//   - ."); ok {
			word, _, _ = strings.Cut(word, ":")
			got = append(got, word)
		}
	}
	for _, c := range commands() {
		if c.writes != "" {
			want = append(want, c.name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("doc.go has %q, the table %q", got, want)
	}
}

// A word that is not marked in the table writes nothing where it stands.
func TestOtherWordsWriteNothing(t *testing.T) {
	for _, c := range commands() {
		if c.writes != "" || !c.connected || c.name == "eof" || c.name == "close" || c.name == "abort" {
			continue // what ends a connection ends the server's reading
		}
		synctest.Test(t, func(t *testing.T) {
			var got []byte
			w := world{"h:4000": func(conn net.Conn) {
				io.WriteString(conn, "hello\n")
				got, _ = io.ReadAll(conn)
			}}
			run(t, w, Options{Interactive: true}, "h:4000", "."+c.name+"\n") // whether it has what it wants does not matter
			synctest.Wait()
			if len(got) > 0 {
				t.Errorf(".%s wrote %q", c.name, got)
			}
		})
	}
}
