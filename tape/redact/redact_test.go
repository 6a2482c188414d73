package redact

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wiretape/tape"
	"wiretape/wire"
)

// a turn is what one side says before the other does.
type turn struct {
	conn int
	dir  wire.Dir
	text string
}

const (
	c2s = wire.ClientToServer
	s2c = wire.ServerToClient
)

// result is what comes out of a Redactor.
type result struct {
	events []wire.Event
	tape   string
	ids    []string
	clear  map[[2]int][]string // of each stream, what stands between the spans
}

// run redacts turns, of which each is cut into events by cut.
func run(t testing.TB, opt Options, turns []turn, cut func(string) []string) result {
	t.Helper()
	return runAs(t, "", opt, turns, cut)
}

// runAs is run where the connections are known to be read as proto.
func runAs(t testing.TB, proto string, opt Options, turns []turn, cut func(string) []string) result {
	t.Helper()
	res := result{clear: make(map[[2]int][]string)}
	var b bytes.Buffer
	w := tape.NewWriter(&b, tape.Options{})
	// What a turn's events have in common is read more easily as one.
	var held wire.Event
	var marked []tape.Span
	r := New(func(e wire.Event, spans []tape.Span) {
		e.Data = bytes.Clone(e.Data)
		res.events = append(res.events, e)
		if held.Conn != e.Conn || held.Dir != e.Dir {
			if held.Conn != 0 {
				w.Spanned(held, marked)
			}
			held, marked = wire.Event{Conn: e.Conn, Kind: e.Kind, Dir: e.Dir}, nil
		}
		for _, s := range spans {
			s.From, s.To = s.From+len(held.Data), s.To+len(held.Data)
			marked = append(marked, s)
		}
		held.Data = append(held.Data, e.Data...)
		key := [2]int{e.Conn, int(e.Dir)}
		pieces := append(res.clear[key], "")
		if len(pieces) > 1 {
			pieces = pieces[:len(pieces)-1] // it goes on
		}
		from := 0
		for _, s := range spans {
			pieces[len(pieces)-1] += string(e.Data[from:s.From])
			pieces, from = append(pieces, ""), s.To
		}
		pieces[len(pieces)-1] += string(e.Data[from:])
		res.clear[key] = pieces
	}, opt)
	for conn := range 9 {
		if proto != "" {
			r.Expect(conn+1, proto)
		}
		w.Event(wire.Event{Conn: conn + 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:1"}})
	}
	at := time.Duration(0)
	for _, turn := range turns {
		for _, part := range cut(turn.text) {
			at += time.Millisecond
			data := []byte(part)
			r.Event(wire.Event{Conn: turn.conn, At: at, Kind: wire.KindData, Dir: turn.dir, Data: data})
			clear(data) // who keeps what is not its own shows
		}
	}
	r.Flush()
	if w.Spanned(held, marked); w.Err() != nil && held.Conn != 0 {
		t.Fatal(w.Err())
	}
	res.tape, res.ids = b.String(), r.Replaced()
	return res
}

func whole(s string) []string { return []string{s} }

// stream joins the bytes of one direction of a connection.
func (r result) stream(conn int, dir wire.Dir) string {
	var b strings.Builder
	for _, e := range r.events {
		if e.Conn == conn && e.Dir == dir {
			b.Write(e.Data)
		}
	}
	return b.String()
}

var heads = []struct {
	name string
	dir  wire.Dir
	in   string
	want string // lines of the tape
}{
	{"basic", c2s, "GET / HTTP/1.1\r\nAuthorization: Basic YWRtaW46cGFzc3dvcmQxMg==\r\n\r\n",
		`Authorization: Basic \{secret LOGIN 24 b64}\r\n`},
	{"case and blanks", c2s, "GET / HTTP/1.1\r\naUTHORIZATION :  bearer   abc.def  \r\n\r\n",
		`aUTHORIZATION :  bearer   \{secret TOKEN 7}  \r\n`},
	{"no scheme", c2s, "GET / HTTP/1.1\nAuthorization:abcdef\n\n", `Authorization:\{secret AUTH 6}\n`},
	{"proxy", c2s, "CONNECT a:1 HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n",
		`Proxy-Authorization: Basic \{secret PROXY_LOGIN 4 b64}\r\n`},
	{"digest", c2s, "GET / HTTP/1.1\r\nAuthorization: Digest username=\"a\", response=\"b\"\r\n\r\n",
		`Authorization: Digest \{secret DIGEST 26 raw}\r\n`},
	{"cookies", c2s, "GET / HTTP/1.1\r\nCookie: a=1; lang=en;b=2; c=; =x; y\r\n\r\n",
		`Cookie: a=\{secret A 1}; lang=\{secret LANG 2};b=\{secret B 1}; c=; =\{secret COOKIE 1}; \{secret COOKIE_2 1}\r\n`},
	{"set-cookie", s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: __Host-sid=7f3ac9; Path=/; Secure\r\n\r\n",
		`Set-Cookie: __Host-sid=\{secret SID 6}; Path=/; Secure\r\n`},
	{"key", c2s, "GET / HTTP/1.1\r\nx-API-key :  abc def \r\n\r\n", `x-API-key :  \{secret TOKEN 7 raw} \r\n`},
	{"key of a session", c2s, "GET / HTTP/1.1\r\nX-Amz-Security-Token: abc\r\nX-Amz-Date: 20260101\r\n\r\n", `X-Amz-Security-Token: \{secret TOKEN 3}\r\n`},
	{"subprotocols", c2s, "GET / HTTP/1.1\r\nSec-WebSocket-Protocol: chat, Bearer , abc.def,v1,eyJ0,base64url.bearer.authorization.k8s.io.xyz\r\n\r\n",
		`Sec-WebSocket-Protocol: chat, Bearer , \{secret TOKEN 7},v1,\{secret TOKEN_2 4},base64url.bearer.authorization.k8s.io.\{secret TOKEN_3 3}\r\n`},
	{"subprotocol chosen", s2c, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol: bearer\r\n\r\n", `Sec-WebSocket-Protocol: bearer\r\n`},
	{"quotes", s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=\"b c\"\r\n\r\n", `Set-Cookie: a="\{secret A 3 raw}"\r\n`},
	{"control byte", s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=bc\x01de; Path=/\r\n\r\n",
		`Set-Cookie: a=\{secret A 2}\x01\{secret A_2 2}; Path=/\r\n`},
	{"semicolon in quotes", s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=\"b;c d\"; Path=/\r\nSet-Cookie: b=\"c; Path=/;d\"\r\nSet-Cookie: c=d; e=\"f;g\"\r\n\r\n",
		`Set-Cookie: a=\{secret A 2 raw};\{secret A_2 3 raw}"; Path=/\r\n` + "\n< " + `Set-Cookie: b=\{secret B 2 raw}; Path=/;\{secret B_2 1}"\r\n` + "\n< " + `Set-Cookie: c=\{secret B_2 1}; e="f;g"\r\n`},
	{"deletion", s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=; Max-Age=0\r\n\r\n", `Set-Cookie: a=; Max-Age=0\r\n`},
	{"name of odd bytes", s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: 1.x\xffy=abc\r\n\r\n", `\{secret _1_X_Y 3}\r\n`},
	{"folded", c2s, "GET / HTTP/1.1\r\nAuthorization: Basic YTpi\r\n YTpi\r\n\r\n", ` \{secret LOGIN_2 4}\r\n`},
	{"typed request", c2s, "get /\r\nCookie: a=1\r\n\r\n", `Cookie: a=\{secret A 1}\r\n`},
	{"trailers", s2c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nSet-Cookie: a=1\r\n\r\n",
		`Set-Cookie: a=\{secret A 1}\r\n`},
	{"after a body", s2c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n\r\n",
		`Set-Cookie: a=\{secret A 1}\r\n`},
	{"after a lost frame", s2c, "HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\nabc\nHTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\n\r\n",
		`Set-Cookie: a=\{secret A 1}\r\n`},
	{"interim", s2c, "HTTP/1.1 103 Early Hints\r\nSet-Cookie: a=1\r\n\r\nHTTP/1.1 204 No Content\r\nSet-Cookie: b=2\r\n\r\n",
		`Set-Cookie: b=\{secret B 1}\r\n`},
	{"long", s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: a=" + strings.Repeat("x", 4097) + "\r\n\r\n",
		`Set-Cookie: a=\{secret A 4093}\{secret A_2 4}`},
}

func TestSecretsOfHeads(t *testing.T) {
	for _, tt := range heads {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, Options{}, []turn{{1, tt.dir, tt.in}}, whole)
			if !strings.Contains(res.tape, tt.want+"\n") {
				t.Errorf("tape:\n%s\nwant in it: %s", res.tape, tt.want)
			}
			if got := res.stream(1, tt.dir); len(got) != len(tt.in) {
				t.Errorf("%d bytes became %d", len(tt.in), len(got))
			}
		})
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, in := range []turn{
		{1, s2c, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\na Set-Cookie: a=1\r\n\r\n"},
		{1, c2s, "MAIL FROM:<a@b>\r\nCookie\r\n : x\r\n"},
		{1, c2s, "\x10\x0c\x00\x04MQTT\nCookies\x00: a=1\r\n"},
		{1, c2s, "GET / HTTP/1.1\r\nX-Cookie: a=1\r\nCookie2: a\r\nCoo kie: a\r\nAuthorization:\r\nCookie: \r\n\r\n"},
		{1, s2c, "HTTP/1.1 200 OK\r\nServer: x\r\n\tCookie: a=1\r\n\r\n"},
	} {
		for _, cut := range []func(string) []string{whole, bytewise} {
			res := run(t, Options{}, []turn{in}, cut)
			if diff := cmp.Diff(in.text, res.stream(1, in.dir)); diff != "" || len(res.ids) > 0 {
				t.Errorf("masked %v: %s", res.ids, diff)
			}
		}
	}
}

func bytewise(s string) []string { return strings.Split(strings.ToValidUTF8(s, "?"), "") }

func TestEqualSecretsHaveOneName(t *testing.T) {
	res := run(t, Options{}, []turn{
		{1, c2s, "GET /login HTTP/1.1\r\n\r\n"},
		{1, s2c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: sid=secret1\r\nSet-Cookie: sid=secret2\r\n\r\n"},
		{2, c2s, "GET /me HTTP/1.1\r\nCookie: sid=secret2; other=secret1\r\n\r\n"},
	}, whole)
	if want := `Cookie: sid=\{secret SID_2 7}; other=\{secret SID 7}\r\n`; !strings.Contains(res.tape, want) {
		t.Errorf("tape:\n%s\nwant in it: %s", res.tape, want)
	}
	if diff := cmp.Diff([]string{"SID", "SID_2"}, res.ids); diff != "" {
		t.Error(diff)
	}
}

func TestResponseFramingFollowsRequests(t *testing.T) {
	res := run(t, Options{}, []turn{
		{1, c2s, "HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"},
		{1, s2c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n"},
		{1, c2s, "CONNECT x:1 HTTP/1.1\r\n\r\n"},
		{1, s2c, "HTTP/1.1 200 OK\r\n\r\n"},
		{1, c2s, "GET / HTTP/1.1\r\nCookie: b=2\r\n\r\n"},
		{1, s2c, "HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: c=3\r\n\r\nSet-Cookie: d=4\r\n"},
		{1, c2s, "Cookie: e=5\r\n"},
	}, whole)
	if diff := cmp.Diff([]string{"A", "B", "C", "D", "E"}, res.ids); diff != "" {
		t.Errorf("%s\n%s", diff, res.tape)
	}
}

// Secrets are masked whatever else is read into what stands around them.
func TestFramingIsNotTrusted(t *testing.T) {
	const head = "GET /secret HTTP/1.1\r\nAuthorization: Bearer abcdef\r\n\r\n"
	for _, tt := range []struct {
		name  string
		turns []turn
	}{
		{"101 without Upgrade", []turn{{1, c2s, "GET / HTTP/1.1\r\n\r\n"}, {1, s2c, "HTTP/1.1 101 Switching Protocols\r\n\r\n"}, {1, c2s, head}}},
		{"first line", []turn{{1, c2s, "hello\r\n" + head}}},
		{"length that is none", []turn{{1, c2s, "POST / HTTP/1.1\r\nContent-Length: +60\r\n\r\n" + head}}},
		{"echo", []turn{{1, c2s, "TRACE / HTTP/1.1\r\n\r\n"}, {1, s2c, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + head}}},
		{"wide name", []turn{{1, c2s, "GET / HTTP/1.1\r\nAuthorization" + strings.Repeat(" ", 99) + ": Bearer abcdef\r\n\r\n"}}},
		{"fold of a pair", []turn{{1, c2s, "GET / HTTP/1.1\r\nCookie: a=b\r\n abcdef=c\r\n\r\n"}}},
		{"another protocol", []turn{{1, c2s, "DESCRIBE rtsp://a RTSP/1.0\r\nAuthorization: Basic abcdef\r\n\r\n"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, Options{}, tt.turns, whole)
			if strings.Contains(res.tape, "abcdef") || len(res.ids) == 0 {
				t.Errorf("a secret is on the tape:\n%s", res.tape)
			}
		})
	}
}

func TestCommands(t *testing.T) {
	turns := []turn{
		{1, s2c, "220 ready\r\n"}, {1, c2s, "USER a\r\npass QW er\r\nPASSIVE QW\r\nPASS\r\n"},
		{1, c2s, "AUTH PLAIN AGEAQQ==\r\n"}, {1, s2c, "235 ok\r\n"},
		{1, c2s, "AUTH LOGIN\r\n"}, {1, s2c, "334 VXNlcm5hbWU6\r\n"}, {1, c2s, "YWRtaW4=\r\n"},
		{1, s2c, "334 UGFzc3dvcmQ6\r\n"}, {1, c2s, "c2VjcmV0\r\n"}, {1, s2c, "235 ok\r\n"}, {1, c2s, "MAIL FROM:<a>\r\n"},
		{2, c2s, "PASS me by\r\n"}, {2, s2c, "334 x\r\n"}, {2, c2s, "AUTH LOGIN me\r\n"},
	}
	for _, cut := range []func(string) []string{whole, bytewise} {
		res := run(t, Options{}, turns, cut)
		got := res.stream(1, c2s) + res.stream(2, c2s)
		want := "USER a\r\npass passp\r\nPASSIVE QW\r\nPASS\r\nAUTH PLAIN authauth\r\nAUTH LOGIN\r\n" +
			"auth_2au\r\nauth_3au\r\nMAIL FROM:<a>\r\nPASS me by\r\nAUTH LOGIN me\r\n"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"PASS", "AUTH", "AUTH_2", "AUTH_3"}, res.ids); diff != "" {
			t.Error(diff)
		}
	}
}

// Each line of commands is one of a conversation that the server has begun.
var commandLines = []struct {
	name     string
	greeting string
	turns    []string // "> " the client's, "< " the server's
	want     string   // of the client
	ids      string
}{
	{"PASS behind any spacing", "+OK hi", []string{"> USER a\r\n PASS  se cret \r\n\tpass\ts\r\nPASS   \r\n"}, "USER a\r\n PASS  passpas \r\n\tpass\tp\r\nPASS   \r\n", "PASS PASS_2"},
	{"ACCT", "220 hi", []string{"> acct secret\r\nACCT\r\nACCTS x\r\n"}, "acct acctac\r\nACCT\r\nACCTS x\r\n", "ACCT"},
	{"APOP", "+OK <1@h>", []string{"> APOP mrose c4c9334bac560ecc\r\n"}, "APOP mrose apopapopapopapop\r\n", "APOP"},
	{"AUTH without waiting", "220 h", []string{"> AUTH LOGIN\r\ndXNlcg==\r\nc2VjcmV0\r\nMAIL FROM:<a>\r\nRSET\r\n", "< 334 x\r\n334 y\r\n235 ok\r\n", "> QUIT\r\n"},
		"AUTH LOGIN\r\nauthauth\r\nauth_2au\r\nMAIL FROM:<a>\r\nRSET\r\nQUIT\r\n", "AUTH AUTH_2"},
	{"PASS behind AUTH", "+OK hi", []string{"> AUTH X\r\nUSER a\r\n PASS  secret\r\nQUIT\r\n", "< -ERR\r\n"}, "AUTH X\r\nUSER a\r\n PASS  passpa\r\nQUIT\r\n", "PASS"},
	{"AUTHINFO", "200 hi", []string{"> AUTHINFO USER me\r\nauthinfo pass secret\r\nAUTHINFO SASL PLAIN AHUAcA==\r\nAUTHINFO SASL LOGIN\r\n", "< 383 =\r\n", "> c2VjcmV0\r\nLIST\r\n"},
		"AUTHINFO USER me\r\nauthinfo pass passpa\r\nAUTHINFO SASL PLAIN authauth\r\nAUTHINFO SASL LOGIN\r\nauth_2au\r\nLIST\r\n", "PASS AUTH AUTH_2"},
	{"LOGIN", "* OK hi", []string{"> a1 LOGIN me secret\r\na2  login \"m e\" \"se \\\"cret\"\r\na3 LOGIN me\r\nlogin x y\r\n"},
		"a1 LOGIN me loginl\r\na2  login \"m e\" \"login_2lo\"\r\na3 LOGIN me\r\nlogin x y\r\n", "LOGIN LOGIN_2"},
	{"LOGIN with literals", "* OK hi", []string{"> a LOGIN {2}\r\n", "< + \r\n", "> me {6}\r\n", "< + \r\n", "> secret\r\nb NOOP\r\n", "< a OK\r\n", "> c LOGIN me {6+}\r\nsecret\r\nd NOOP x\r\n"},
		"a LOGIN {2}\r\nlo {6}\r\nlogin_\r\nb NOOP\r\nc LOGIN me {6+}\r\nlogin_\r\nd NOOP x\r\n", "LOGIN LOGIN_2"},
	{"AUTHENTICATE", "* PREAUTH", []string{"> a AUTHENTICATE PLAIN AHUAcA==\r\n", "< a OK\r\n", "> b authenticate LOGIN\r\n", "< * 1 EXISTS\r\n+ VXNl\r\n", "> dXNlcg==\r\n", "< + UGFz\r\n", "> c2VjcmV0\r\n", "< b OK\r\n", "> c UID FETCH 1\r\n"},
		"a AUTHENTICATE PLAIN authenti\r\nb authenticate LOGIN\r\nauthauth\r\nauth_2au\r\nc UID FETCH 1\r\n", "AUTHENTICATE AUTH AUTH_2"},
}

func TestCommandLines(t *testing.T) {
	for _, c := range commandLines {
		turns := []turn{{1, s2c, c.greeting + "\r\n"}}
		for _, line := range c.turns {
			dir := c2s
			if line[0] == '<' {
				dir = s2c
			}
			turns = append(turns, turn{1, dir, line[2:]})
		}
		for _, cut := range []func(string) []string{whole, bytewise} {
			res := run(t, Options{}, turns, cut)
			if got := res.stream(1, c2s); got != c.want {
				t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want)
			}
			if got := strings.Join(res.ids, " "); got != c.ids {
				t.Errorf("%s: replaced %s, want %s", c.name, got, c.ids)
			}
		}
	}
}

// A client that does not wait for the greeting is known by the port.
func TestCommandsBeforeTheGreeting(t *testing.T) {
	for target, want := range map[string]string{
		"h:21":      "PASS passpa\r\na LOGIN b secret\r\n",
		"h:pop3":    "PASS passpa\r\na LOGIN b secret\r\n",
		"h:143":     "PASS secret\r\na LOGIN b loginl\r\n",
		"h:9999":    "PASS secret\r\na LOGIN b secret\r\n",
		"ftp h:999": "PASS passpa\r\na LOGIN b secret\r\n",
		"[::1]:110": "PASS passpa\r\na LOGIN b secret\r\n",
	} {
		got := ""
		r := New(func(e wire.Event, _ []tape.Span) { got += string(e.Data) }, Options{})
		spoken, address, ok := strings.Cut(target, " ")
		if !ok {
			spoken, address = "", target
		}
		r.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: address, Proto: spoken}})
		r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte("PASS secret\r\na LOGIN b secret\r\n")})
		r.Flush()
		if got != want {
			t.Errorf("%s: got %q, want %q", target, got, want)
		}
	}
}

func TestCommandsBehindSTARTTLS(t *testing.T) {
	var got string
	r := New(func(e wire.Event, _ []tape.Span) { got += string(e.Data) }, Options{})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: s2c, Data: []byte("220 ready\n")})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindSecure, TLS: new(wire.TLS)})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte("AUTH PLAIN QQQQ\n")})
	if want := "220 ready\nAUTH PLAIN auth\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDatagrams(t *testing.T) {
	var got string
	r := New(func(e wire.Event, _ []tape.Span) { got += string(e.Data) }, Options{})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp"}})
	for range 2 {
		r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte("REGISTER sip:a SIP/2.0\r\nAuthorization: Digest abc")})
	}
	want := strings.Repeat("REGISTER sip:a SIP/2.0\r\nAuthorization: Digest dig", 2)
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSecretGoesOnBehindAGap(t *testing.T) {
	var got string
	r := New(func(e wire.Event, _ []tape.Span) { got += string(e.Data) }, Options{})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte("GET / HTTP/1.1\r\nCookie: a=abc")})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindGap, Dir: c2s, Size: 5})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: []byte("def\r\nCookie: b=ghi\r\n\r\n")})
	if want := "GET / HTTP/1.1\r\nCookie: a=aaaa_2\r\nCookie: b=bbb\r\n\r\n"; len(got) != len(want) || strings.ContainsAny(got, "fh") {
		t.Errorf("got %q, want like %q", got, want)
	}
}

func TestRequestsKnownByTheirResponses(t *testing.T) {
	res := run(t, Options{}, []turn{
		{1, c2s, "hello\r\n\r\n"},
		{1, s2c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"},
		{1, c2s, "GET / HTTP/1.1\r\nCookie: a=1\r\n\r\n"},
		{2, c2s, "PROXY TCP4 1.2.3.4 5.6.7.8 9 80\r\nGET / HTTP/1.1\r\nCookie: b=2\r\n\r\n"},
	}, whole)
	if diff := cmp.Diff([]string{"A", "B"}, res.ids); diff != "" {
		t.Errorf("%s\n%s", diff, res.tape)
	}
}

func TestGivenValues(t *testing.T) {
	const value = `p&ss"wörd`
	opt := Options{Values: map[string]string{"PASS": value, "SHORT": "abc"}}
	b64 := base64.StdEncoding.EncodeToString([]byte(value))
	in := "SEND " + b64 + " " + value + " p%26ss%22w%C3%B6rd 70267373227" + "7c3b67264 p\\u0026ss\\\"wörd abc\r\n"
	res := run(t, opt, []turn{{1, c2s, in}}, whole)
	want := `> SEND \{secret PASS 16 b64} \{secret PASS 10 raw} \{secret PASS 18 pct} \{secret PASS 20 hex} \{secret PASS 16 json} abc\r\n`
	if !strings.Contains(res.tape, want) {
		t.Errorf("tape:\n%s\nwant in it:\n%s", res.tape, want)
	}
}

func TestGivenValueInHeads(t *testing.T) {
	opt := Options{Values: map[string]string{"PASS": "sid=abcdef; x", "KEY": "Cookie: sid=a"}}
	res := run(t, opt, []turn{{1, c2s, "GET / HTTP/1.1\r\nCookie: sid=abcdef; x=1\r\n\r\n"}}, whole)
	for _, secret := range []string{"abcdef", "sid=a"} {
		if strings.Contains(res.tape, secret) {
			t.Errorf("%q is on the tape:\n%s", secret, res.tape)
		}
	}
}

// A tape reads as what was redacted live, samples and all.
func TestTapeReadsAsRedacted(t *testing.T) {
	var b bytes.Buffer
	var want []wire.Event
	w := tape.NewWriter(&b, tape.Options{})
	r := New(func(e wire.Event, spans []tape.Span) {
		w.Spanned(e, spans)
		e.Data = bytes.Clone(e.Data)
		want = append(want, e)
	}, Options{Values: map[string]string{"GIVEN": "Mon, 23"}})
	for i, tt := range heads {
		r.Event(wire.Event{Conn: i + 1, At: time.Duration(i), Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:1"}})
		r.Event(wire.Event{Conn: i + 1, At: time.Duration(i), Kind: wire.KindData, Dir: tt.dir, Data: []byte(tt.in + "Mon, 23; TW9uLCAyMw==")})
		r.Event(wire.Event{Conn: i + 1, At: time.Duration(i), Kind: wire.KindClose})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var got []wire.Event
	for e, err := range tape.NewReader(&b, "x").Events() {
		if err != nil {
			t.Fatal(err)
		}
		e.Data = bytes.Clone(e.Data)
		got = append(got, e)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Error(diff)
	}
}

// A held tail is written before anything that happens later, masked.
func TestTailAtATurn(t *testing.T) {
	for _, second := range []wire.Event{
		{Conn: 1, Kind: wire.KindData, Dir: s2c, Data: []byte("HTTP/1.1 408 Request Timeout\r\n\r\n")},
		{Conn: 2, Kind: wire.KindData, Dir: c2s, Data: []byte("GET / HTTP/1.1\r\n\r\n")},
		{Conn: 1, Kind: wire.KindEOF, Dir: c2s},
		{Conn: 1, Kind: wire.KindClose},
	} {
		var got []wire.Event
		r := New(func(e wire.Event, _ []tape.Span) {
			e.Data = bytes.Clone(e.Data)
			got = append(got, e)
		}, Options{})
		second.At = 9
		r.Event(wire.Event{Conn: 1, At: 5, Kind: wire.KindData, Dir: c2s, Data: []byte("GET / HTTP/1.1\r\nCookie: a=secr")})
		r.Event(second)
		r.Event(wire.Event{Conn: 1, At: 11, Kind: wire.KindData, Dir: c2s, Data: []byte("et; b=1\r\n\r\n")})
		if len(got) < 3 || got[1].At != 5 || string(got[1].Data) != " a=aaaa" || got[2].Kind != second.Kind {
			t.Errorf("%v: events %+v, want the tail before it", second.Kind, got)
			continue
		}
		if s := string(got[len(got)-1].Data); second.Kind != wire.KindClose && strings.Contains(s, "et;") {
			t.Errorf("%v: the rest of the secret shows: %q", second.Kind, s)
		}
	}
}

// lawTurns is a conversation with secrets that a test can look for.
func lawTurns(rnd *rand.Rand) (turns []turn, secrets []string) {
	secret := func() string {
		s := make([]byte, 8+rnd.IntN(30)*rnd.IntN(200))
		for i := range s {
			s[i] = "QWZ0123456789"[rnd.IntN(13)]
		}
		secrets = append(secrets, string(s))
		return string(s)
	}
	for range 1 + rnd.IntN(3) {
		conn := 1 + rnd.IntN(2)
		body := strings.Repeat("b\n", rnd.IntN(50))
		turns = append(turns,
			turn{conn, c2s, "POST / HTTP/1.1\r\nAuthorization: Bearer " + secret() + "\r\nCookie: a=" + secret() + "; b=" + secret() +
				"\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\n" + "abc\r\n0\r\n\r\n"},
			turn{conn, s2c, "HTTP/1.1 200 OK\r\nSet-Cookie: c=" + secret() + "; Path=/\r\nContent-Length: " +
				itoa(len(body)) + "\r\n\r\n" + body})
	}
	return turns, secrets
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// FuzzLaws: however runs are split, the same bytes come out, as many as went in,
// and no secret is among them.
func FuzzLaws(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, "given-value")
	}
	f.Add(uint64(183), "cccc")
	f.Fuzz(func(t *testing.T, seed uint64, given string) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		turns, secrets := lawTurns(rnd)
		if len(given) >= minValue && len(given) < 100 && len(turns[0].text) > 50 {
			turns = append(turns, turn{1, c2s, "x" + given + "y" + given})
		}
		opt := Options{Values: map[string]string{"GIVEN": given}}
		want := run(t, opt, turns, whole)
		got := run(t, opt, turns, func(s string) []string {
			var parts []string
			for len(s) > 0 {
				n := 1 + rnd.IntN(min(len(s), 1+rnd.IntN(500)))
				parts, s = append(parts, s[:n]), s[n:]
			}
			return parts
		})
		var last time.Duration
		for _, e := range got.events {
			if e.At < last {
				t.Fatalf("time goes back from %s to %s", last, e.At)
			}
			last = e.At
		}
		for _, s := range append(secrets, given) {
			for key, pieces := range got.clear {
				for _, piece := range pieces {
					if len(s) >= minValue && strings.Contains(piece, s) {
						t.Fatalf("secret %q comes out in %v", s, key)
					}
				}
			}
		}
		for conn := 1; conn <= 2; conn++ {
			for _, dir := range []wire.Dir{c2s, s2c} {
				size := 0
				for _, turn := range turns {
					if turn.conn == conn && turn.dir == dir {
						size += len(turn.text)
					}
				}
				if g := got.stream(conn, dir); len(g) != size {
					t.Fatalf("%d bytes became %d", size, len(g))
				}
				if diff := cmp.Diff(want.stream(conn, dir), got.stream(conn, dir)); diff != "" {
					t.Fatalf("split differs from whole:\n%s", diff)
				}
			}
		}
	})
}

// FuzzCommands: however what is said in commands is split, the same bytes come out,
// and as many as went in. Turns are parted by "|", the client's first.
func FuzzCommands(f *testing.F) {
	for _, c := range commandLines {
		var talk strings.Builder
		for _, line := range c.turns {
			talk.WriteString(line[2:] + "|")
		}
		f.Add(c.greeting+"\r\n", talk.String())
	}
	f.Fuzz(func(t *testing.T, greeting, talk string) {
		turns := []turn{{1, s2c, greeting}}
		for i, text := range strings.Split(talk, "|") {
			if text != "" {
				turns = append(turns, turn{1, []wire.Dir{c2s, s2c}[i%2], text})
			}
		}
		octets := func(s string) []string {
			parts := make([]string, len(s))
			for i := range parts {
				parts[i] = s[i : i+1]
			}
			return parts
		}
		want, got := run(t, Options{}, turns, whole), run(t, Options{}, turns, octets)
		for _, dir := range []wire.Dir{c2s, s2c} {
			size := 0
			for _, turn := range turns {
				if turn.dir == dir {
					size += len(turn.text)
				}
			}
			if w, g := want.stream(1, dir), got.stream(1, dir); w != g || len(w) != size {
				t.Fatalf("%v: %d octets went in\nwhole    %q\nby octet %q", dir, size, w, g)
			}
		}
	})
}
