package detect

import (
	"bytes"
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

const (
	cs = wire.ClientToServer
	sc = wire.ServerToClient
)

// open is the event of a connection to a target.
func open(conn int, target string) wire.Event {
	return wire.Event{Conn: conn, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: target}}
}

// schemed is open with what the target's scheme says.
func schemed(conn int, target, proto string) wire.Event {
	e := open(conn, target)
	e.Facts.Proto = proto
	return e
}

func data(conn int, dir wire.Dir, s string) wire.Event {
	return wire.Event{Conn: conn, Kind: wire.KindData, Dir: dir, Data: []byte(s)}
}

func secure(conn int, alpn string) wire.Event {
	return wire.Event{Conn: conn, Kind: wire.KindSecure, TLS: &wire.TLS{Version: tls.VersionTLS13, ALPN: alpn}}
}

func kind(conn int, k wire.Kind) wire.Event { return wire.Event{Conn: conn, Kind: k} }

// settings is an empty SETTINGS frame.
const settings = "\x00\x00\x00\x04\x00\x00\x00\x00\x00"

var decisions = []struct {
	name   string
	opts   Options
	events []wire.Event
	proto  string
	reason string
}{
	{"nothing yet", Options{}, []wire.Event{open(1, "h:80")}, "", ""},
	{"chosen", Options{Proto: "ftp"}, []wire.Event{open(1, "h:80")}, FTP, "chosen: ftp"},
	{"chosen by another spelling", Options{Proto: "bytes"}, []wire.Event{open(1, "h:80")}, Raw, "chosen: raw"},
	{"chosen for one connection", Options{Proto: "ftp", Conns: map[int]string{1: "smtp"}}, []wire.Event{open(1, "h:80")}, SMTP, "chosen: smtp"},
	{"choice unknown", Options{Proto: "gopher"}, []wire.Event{data(1, cs, "GET / HTTP/1.1\r\n")}, HTTP1, "first line looks like an HTTP request"},
	{"choice before ALPN", Options{Proto: "raw"}, []wire.Event{open(1, "h:443"), secure(1, "h2")}, Raw, "chosen: raw"},
	{"ALPN h2", Options{}, []wire.Event{open(1, "h:443"), secure(1, "h2")}, HTTP2, "ALPN h2"},
	{"ALPN before bytes", Options{}, []wire.Event{secure(1, "http/1.1"), data(1, sc, "220 x\r\n")}, HTTP1, "ALPN http/1.1"},
	{"ALPN unknown", Options{}, []wire.Event{secure(1, "x"), data(1, sc, "220 x\r\n")}, Line, "the server's first line is a three-digit reply"},
	{"udp", Options{}, []wire.Event{{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp", Target: "h:7"}}, data(1, cs, "x")}, Raw, "datagrams"},
	{"DNS by its port", Options{}, []wire.Event{{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp", Target: "h:53"}}}, DNS, "datagrams on a port of DNS"},
	{"DNS over TCP", Options{}, []wire.Event{data(1, cs, "\x00\x11\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01")}, DNS, "first bytes are a length and a query of DNS"},
	{"binary on the port of DNS", Options{}, []wire.Event{open(1, "h:53"), data(1, cs, "\x00\x00\x00")}, DNS, "no text on a port of DNS"},

	{"scheme before the port", Options{}, []wire.Event{schemed(1, "h:25", "ftp"), data(1, sc, "220 x\r\n")}, FTP, "a three-digit reply where the target's scheme says FTP"},
	{"scheme is only a hint", Options{}, []wire.Event{schemed(1, "h:12121", "ftp"), data(1, sc, "+OK x\r\n")}, POP3, "the server's first words are +OK or -ERR"},
	{"scheme within TLS", Options{}, []wire.Event{schemed(1, "h:12121", "imap"), secure(1, ""), data(1, cs, "a b\r\n")}, IMAP, "text where the target's scheme says IMAP"},
	{"a data connection", Options{}, []wire.Event{schemed(1, "h:25", "raw"), data(1, cs, "GET / HTTP/1.1\r\n\r\n")}, Raw, "opened for octets of no protocol"},
	{"a data connection over TLS", Options{}, []wire.Event{schemed(1, "h:25", "raw"), secure(1, "http/1.1"), data(1, cs, "GET / HTTP/1.1\r\n\r\n")}, Raw, "opened for octets of no protocol"},
	{"a data connection where all is chosen", Options{Proto: "ftp"}, []wire.Event{{Conn: 1, Kind: wire.KindTry, Addr: "h:25"}, schemed(1, "h:25", "raw"), data(1, sc, "220 x\r\n")}, Raw, "opened for octets of no protocol"},
	{"a data connection that is chosen", Options{Conns: map[int]string{1: "ftp"}}, []wire.Event{schemed(1, "h:25", "raw")}, FTP, "chosen: ftp"},

	{"preface", Options{}, []wire.Event{data(1, cs, http2.Preface)}, HTTP2, "first bytes are the HTTP/2 connection preface"},
	{"preface so far", Options{}, []wire.Event{data(1, cs, http2.Preface[:20])}, "", ""},
	{"preface cut off", Options{}, []wire.Event{data(1, cs, http2.Preface[:20]), data(1, sc, "HTTP/1.1 400 x\r\n")}, HTTP1, "first line looks like an HTTP request"},
	{"TLS in clear", Options{}, []wire.Event{open(1, "h:80"), data(1, cs, "\x16\x03\x01")}, TLS, "first bytes look like a TLS handshake"},
	{"SSL 2 in clear", Options{}, []wire.Event{open(1, "h:443"), data(1, cs, "\x80\x2e\x01\x03\x01")}, TLS, "first bytes look like a ClientHello of SSL 2"},
	{"an alert to text", Options{}, []wire.Event{open(1, "h:9"), data(1, cs, "hello\r\n"), data(1, sc, "\x15\x03\x01\x00\x02\x02\x46")}, TLS, "the server's first bytes are a TLS alert"},
	{"Telnet", Options{}, []wire.Event{open(1, "h:2323"), data(1, sc, "\xff\xfd\x18")}, Telnet, "the server's first bytes are a Telnet command"},
	{"Telnet from the client", Options{}, []wire.Event{open(1, "h:2323"), data(1, cs, "\xff\xfd\x03")}, Telnet, "first bytes are a Telnet command"},
	{"no Telnet", Options{}, []wire.Event{open(1, "h:2323"), data(1, sc, "\xff\xd8\xff\xe0")}, Raw, "the first bytes look like nothing that is known"},
	{"text on 23", Options{}, []wire.Event{open(1, "h:23"), data(1, sc, "login: ")}, Telnet, "text on a port of Telnet"},
	{"SSH", Options{}, []wire.Event{open(1, "h:2222"), data(1, sc, "SSH-2.0-x\r\n")}, SSH, "the server's first line is an SSH identification"},
	{"SSH from the client", Options{}, []wire.Event{open(1, "h:2222"), data(1, cs, "SSH-2.0-x\r\n")}, SSH, "first line is an SSH identification"},
	{"text on 22", Options{}, []wire.Event{open(1, "h:22"), data(1, sc, "hi\r\nSSH-2.0-x\r\n")}, SSH, "text on a port of SSH"},
	{"request", Options{}, []wire.Event{open(1, "h:25"), data(1, cs, "GET / HTTP/1.0\n\n")}, HTTP1, "first line looks like an HTTP request"},
	{"request after empty lines", Options{}, []wire.Event{data(1, cs, "\r\n\nGET / HTTP/1.0\n")}, HTTP1, "first line looks like an HTTP request"},
	{"request with spaces in its target", Options{}, []wire.Event{data(1, cs, "GET /a b HTTP/1.1\r\n")}, HTTP1, "first line looks like an HTTP request"},
	{"request so far", Options{}, []wire.Event{data(1, cs, "POST / HTT")}, "", ""},
	{"simple request", Options{}, []wire.Event{data(1, cs, "GET /index.html\r\n")}, HTTP1, "first line looks like an HTTP/0.9 request"},
	{"malformed request on 80", Options{}, []wire.Event{open(1, "h:80"), data(1, cs, "get it\r\n")}, HTTP1, "text on a port of HTTP"},
	{"malformed request elsewhere", Options{}, []wire.Event{open(1, "h:81"), data(1, cs, "get it\r\n")}, "", ""},
	{"malformed request, answered", Options{}, []wire.Event{data(1, cs, "get it\r\n"), data(1, sc, "HTTP/1.1 400 Bad\r\n")}, HTTP1, "the server's first line looks like an HTTP response"},
	{"HTTP from a server that was not asked", Options{}, []wire.Event{data(1, sc, "HTTP/1.1 408 Timeout\r\n")}, HTTP1, "the server's first line looks like an HTTP response"},
	{"binary on 80", Options{}, []wire.Event{open(1, "h:80"), data(1, cs, "\x00\x01"), data(1, sc, "\x02")}, Raw, "the first bytes look like nothing that is known"},
	{"SETTINGS first", Options{}, []wire.Event{secure(1, ""), data(1, sc, settings)}, HTTP2, "the server's first bytes are a SETTINGS frame"},
	{"SETTINGS with a bad length", Options{}, []wire.Event{data(1, sc, "\x00\x00\x05"+settings[3:])}, Raw, "the first bytes look like nothing that is known"},

	{"Upgrade to WebSocket", Options{}, []wire.Event{data(1, cs, "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), data(1, sc, "HTTP/1.1 101 x\r\nUpgrade: WebSocket\r\n\r\n")}, WebSocket, "Upgrade: websocket"},
	{"WebSocket chosen", Options{Proto: "ws"}, []wire.Event{data(1, cs, "\x81")}, WebSocket, "chosen: websocket"},

	{"SMTP greeting", Options{}, []wire.Event{open(1, "h:26"), data(1, sc, "220 h ESMTP x\r\n")}, SMTP, "the server's greeting names SMTP"},
	{"SMTP greeting on 21", Options{}, []wire.Event{open(1, "h:21"), data(1, sc, "220-smtp\r\n")}, SMTP, "the server's greeting names SMTP"},
	{"FTP greeting", Options{}, []wire.Event{data(1, sc, "220 (vsFTPd 3.0.3)\r\n")}, FTP, "the server's greeting names FTP"},
	{"greeting so far", Options{}, []wire.Event{open(1, "h:25"), data(1, sc, "220 h")}, "", ""},
	{"greeting on 25", Options{}, []wire.Event{open(1, "h:25"), data(1, sc, "554 no\r\n")}, SMTP, "a three-digit reply on a port of SMTP"},
	{"greeting on 21", Options{}, []wire.Event{open(1, "h:ftp"), data(1, sc, "220 hello\n")}, FTP, "a three-digit reply on a port of FTP"},
	{"greeting elsewhere", Options{}, []wire.Event{open(1, "h:120"), data(1, sc, "200 hello\r\n")}, Line, "the server's first line is a three-digit reply"},
	{"client before the greeting on 25", Options{}, []wire.Event{open(1, "h:25"), data(1, cs, "EHLO me\r\n")}, SMTP, "text on a port of SMTP"},
	{"client before the greeting elsewhere", Options{}, []wire.Event{data(1, cs, "EHLO me\r\n"), data(1, sc, "220 h ESMTP\r\n")}, SMTP, "the server's greeting names SMTP"},
	{"no reply code", Options{}, []wire.Event{data(1, sc, "2200 x\r\n")}, Raw, "the first bytes look like nothing that is known"},
	{"a server that speaks something else", Options{}, []wire.Event{open(1, "h:25"), data(1, sc, "* NO ready\r\n")}, Raw, "the first bytes look like nothing that is known"},
	{"IMAP on 25", Options{}, []wire.Event{open(1, "h:25"), data(1, sc, "* OK ready\r\n")}, IMAP, "the server's greeting is one of IMAP"},
	{"IMAP, already known", Options{}, []wire.Event{data(1, sc, "* preauth\r\n")}, IMAP, "the server's greeting is one of IMAP"},
	{"IMAP, client first", Options{}, []wire.Event{data(1, cs, "a CAPABILITY\r\n"), data(1, sc, "* OK x\r\n")}, IMAP, "the server's greeting is one of IMAP"},
	{"IMAP, client first on 143", Options{}, []wire.Event{open(1, "h:143"), data(1, cs, "a CAPABILITY\r\n")}, IMAP, "text on a port of IMAP"},
	{"IMAP greeting so far", Options{}, []wire.Event{data(1, sc, "* OK")}, "", ""},
	{"no IMAP", Options{}, []wire.Event{data(1, sc, "* OKAY\r\n")}, Raw, "the first bytes look like nothing that is known"},
	{"POP3 greeting", Options{}, []wire.Event{data(1, sc, "+OK ready\r\n")}, POP3, "the server's first words are +OK or -ERR"},
	{"POP3 refusal", Options{}, []wire.Event{data(1, sc, "-ERR\n")}, POP3, "the server's first words are +OK or -ERR"},
	{"POP3 greeting so far", Options{}, []wire.Event{data(1, sc, "+OK")}, "", ""},
	{"POP3, client first", Options{}, []wire.Event{data(1, cs, "CAPA\r\n"), data(1, sc, "+OK Pop ready\r\n")}, POP3, "the server's greeting names POP"},
	{"POP3, client first on 110", Options{}, []wire.Event{open(1, "h:pop3"), data(1, cs, "CAPA\r\n")}, POP3, "text on a port of POP3"},
	{"no POP3", Options{}, []wire.Event{data(1, sc, "+OKAY\r\n")}, Raw, "the first bytes look like nothing that is known"},
	{"NNTP greeting", Options{}, []wire.Event{data(1, sc, "201 h InterNetNews NNRP server\r\n")}, NNTP, "the server's greeting is one of NNTP"},
	{"NNTP on 119", Options{}, []wire.Event{open(1, "h:119"), data(1, sc, "200 hello\r\n")}, NNTP, "a three-digit reply on a port of NNTP"},
	{"hello to a server that does not say what it is", Options{}, []wire.Event{data(1, cs, "EHLO me\r\n"), data(1, sc, "220 h\r\n")}, SMTP, "the client says hello and the server answers with a code"},
	{"ALPN imap", Options{}, []wire.Event{secure(1, "imap"), data(1, sc, "x")}, IMAP, "ALPN imap"},

	{"client's end of stream does not decide", Options{}, []wire.Event{data(1, cs, "HELO\r\n"), {Conn: 1, Kind: wire.KindEOF, Dir: cs}}, "", ""},
	{"server's end of stream decides", Options{}, []wire.Event{data(1, cs, "HELO\r\n"), {Conn: 1, Kind: wire.KindEOF, Dir: sc}}, Raw, "the first bytes look like nothing that is known"},
	{"TLS after raw bytes begins afresh", Options{}, []wire.Event{data(1, sc, "hello"), secure(1, ""), data(1, cs, "GET / HTTP/1.1\r\n")}, HTTP1, "first line looks like an HTTP request"},
	{"TLS within a line protocol goes on", Options{}, []wire.Event{data(1, sc, "220 h ESMTP\r\n"), secure(1, ""), data(1, cs, "GET / HTTP/1.1\r\n")}, SMTP, "the server's greeting names SMTP"},
	{"too much of what says nothing", Options{}, []wire.Event{data(1, cs, strings.Repeat("x ", sniffLimit/2))}, Raw, "the first bytes look like nothing that is known"},
	{"state stays after the end", Options{}, []wire.Event{data(1, cs, "GET / HTTP/1.1\r\n"), kind(1, wire.KindClose)}, HTTP1, "first line looks like an HTTP request"},
}

func TestDecision(t *testing.T) {
	for _, d := range decisions {
		t.Run(d.name, func(t *testing.T) {
			s := New(d.opts)
			for _, e := range d.events {
				s.Feed(e)
			}
			if s.Proto(1) != d.proto || s.Reason(1) != d.reason {
				t.Errorf("Proto, Reason = %q, %q, want %q, %q", s.Proto(1), s.Reason(1), d.proto, d.reason)
			}
			// One octet at a time.
			s = New(d.opts)
			for _, e := range d.events {
				if e.Kind != wire.KindData {
					s.Feed(e)
					continue
				}
				for _, b := range e.Data {
					s.Feed(data(e.Conn, e.Dir, string([]byte{b})))
				}
			}
			if s.Proto(1) != d.proto || s.Reason(1) != d.reason {
				t.Errorf("by octets: Proto, Reason = %q, %q, want %q, %q", s.Proto(1), s.Reason(1), d.proto, d.reason)
			}
		})
	}
}

func TestNamesAreOneToOne(t *testing.T) {
	seen := map[string]string{}
	for _, p := range protocols {
		for _, name := range append([]string{p.name}, p.spellings...) {
			if other, ok := seen[name]; ok {
				t.Errorf("%q means %s and %s", name, other, p.name)
			}
			seen[name] = p.name
			if got := Canonical(name); got != p.name {
				t.Errorf("Canonical(%q) = %q, want %q", name, got, p.name)
			}
		}
	}
	for _, r := range table {
		if !slices.Contains(Protos(), r.proto) {
			t.Errorf("row %q decides for %q, which is no protocol", r.reason, r.proto)
		}
	}
}

func TestRawRunsEndAtTurnsAndAtMultiplesOfTheirStream(t *testing.T) {
	s := New(Options{Proto: Raw})
	var got []string
	var total []byte
	for _, e := range []wire.Event{
		data(1, cs, "one "), data(1, cs, "run"), data(1, sc, "a turn"),
		data(1, cs, strings.Repeat("x", 64<<10)), {Conn: 1, Kind: wire.KindGap, Dir: cs, Size: 9}, data(1, cs, "y"), kind(1, wire.KindClose),
	} {
		for _, m := range s.Feed(e) {
			got = append(got, m.Dir.String()+" "+string(m.Kind)+" "+m.EndedBy)
			if m.Dir == cs {
				total = append(total, m.Body.Data...)
			}
		}
	}
	want := []string{
		"client raw the other side spoke", "server raw the other side spoke", "client raw 64 KiB",
		"client raw octets are missing from the recording", "client gap ", "client raw connection closed",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("messages:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if want := "one run" + strings.Repeat("x", 64<<10) + "y"; !bytes.Equal(total, []byte(want)) {
		t.Errorf("client's bytes: %d of %d, or not the same", len(total), len(want))
	}
}

func TestDatagramsAreMessagesOfTheirOwn(t *testing.T) {
	s := New(Options{})
	s.Feed(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp", Target: "h:7"}})
	for _, d := range []string{"a", "", "b"} {
		msgs := s.Feed(data(1, cs, d))
		if len(msgs) != 1 || string(msgs[0].Body.Data) != d {
			t.Errorf("datagram %q gave %v", d, msgs)
		}
	}
}

func TestNumbersRunOverAllConnections(t *testing.T) {
	var a, b numbering
	n := 0
	for i, step := range []struct {
		of             *numbering
		exchange, want int
	}{
		{&a, 1, 1}, {&a, 1, 1}, {&b, 1, 2}, {&a, 2, 3}, {&b, 1, 2}, {&a, 1, 1}, {&a, 3, 4},
		{&b, 3, 6}, {&b, 2, 5}, {&a, 4, 7}, {&b, 3, 6},
	} {
		if got := step.of.number(step.exchange, &n); got != step.want {
			t.Errorf("step %d: number(%d) = %d, want %d", i, step.exchange, got, step.want)
		}
	}
}

func TestClosedConnectionsAreForgotten(t *testing.T) {
	s := New(Options{})
	for i := range 1000 {
		s.Feed(data(i+1, sc, "hello"))
		s.Feed(kind(i+1, wire.KindClose))
	}
	if len(s.conns) != 0 || len(s.order) != 0 || len(s.closed) > keepClosed {
		t.Errorf("%d connections, %d in order, %d closed ones are kept", len(s.conns), len(s.order), len(s.closed))
	}
	if s.Proto(1000) != Raw || s.Proto(1) != "" {
		t.Errorf("Proto of the last and the first = %q, %q", s.Proto(1000), s.Proto(1))
	}
}

// What the handshake agreed on reaches the parser, and what is wrong with it stands
// on the response.
func TestWebSocketHandshake(t *testing.T) {
	s := New(Options{})
	s.Feed(data(1, cs, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"))
	var got []string
	for _, m := range s.Feed(data(1, sc, "HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"+
		"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00")) {
		got = append(got, string(m.Kind)+" "+string(m.Body.Data))
		for _, n := range m.Notes {
			got = append(got, n.Text)
		}
	}
	want := []string{"response ", "Sec-WebSocket-Accept does not answer the key: want s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "frame \xf2H\xcd\xc9\xc9\a\x00", "message Hello"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRedisIsKnownByItsFirstBytes(t *testing.T) {
	for _, c := range []struct {
		client, server string
		redis          bool
	}{
		{"*1\r\n$4\r\nPING\r\n", "", true},
		{"*1\r\n:4\r\n", "", false},
		{"PING\r\n", "+PONG\r\n", true},
		{"get a\r\n", "$-1\r\n", true},
		{"x\r\n", "-ERR unknown command 'x'\r\n", true},
		{"x\r\n", "-ERR no\r\n", false},
		{"", "+OK POP3\r\n", false},
		{"a\r\n", "* OK\r\n", false},
	} {
		s := New(Options{})
		s.Feed(data(1, cs, c.client))
		s.Feed(data(1, sc, c.server))
		s.Close()
		if got := s.Proto(1); (got == Redis) != c.redis {
			t.Errorf("%q, %q is read as %s: %s", c.client, c.server, got, s.Reason(1))
		}
	}
}

func TestDNSDatagramsElsewhereAreKnownByTheFirst(t *testing.T) {
	const query = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01"
	for _, c := range []struct{ datagram, want string }{{query, DNS}, {query + "x", Raw}, {query[:17], Raw}, {"hello, world: nothing of DNS", Raw}} {
		s := New(Options{})
		s.Feed(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "udp", Target: "h:28053"}})
		s.Feed(data(1, cs, c.datagram))
		if got := s.Proto(1); got != c.want {
			t.Errorf("%q is read as %s: %s; want %s", c.datagram, got, s.Reason(1), c.want)
		}
	}
}

// TLS that a recording of a line protocol shows from outside is read record by
// record, and its messages are counted on.
func TestTLSInTheMiddleIsReadAsRecords(t *testing.T) {
	const hello = "\x16\x03\x01\x00\x04\x01\x00\x00\x00"
	for name, talk := range map[string][]wire.Event{
		"smtp": {data(1, sc, "220 x\r\n"), data(1, cs, "EHLO me\r\nSTARTTLS\r\n"), data(1, sc, "250 STARTTLS\r\n220 go\r\n")},
		"pop3": {data(1, sc, "+OK x\r\n"), data(1, cs, "STLS\r\n"), data(1, sc, "+OK\r\n")},
		"imap": {data(1, sc, "* OK x\r\n"), data(1, cs, "a STARTTLS\r\n"), data(1, sc, "a OK go\r\n")},
		"ftp":  {data(1, sc, "220 x\r\n"), data(1, cs, "AUTH TLS\r\n"), data(1, sc, "234 go\r\n")},
	} {
		s := New(Options{})
		var kinds []string
		take := func(ms []proto.Message) {
			for _, m := range ms {
				if m.Proto == TLS {
					kinds = append(kinds, m.Dir.String()+" "+string(m.Kind))
				}
			}
		}
		for _, e := range append([]wire.Event{open(1, "h:"+map[string]string{"smtp": "25", "pop3": "110", "imap": "143", "ftp": "21"}[name])}, talk...) {
			take(s.Feed(e))
		}
		if got := s.Proto(1); got != name {
			t.Errorf("%s is read as %s", name, got)
		}
		settled := s.State(1).Settled
		for i := range len(hello) { // octet by octet
			take(s.Feed(data(1, cs, hello[i:i+1])))
		}
		take(s.Feed(data(1, sc, "\x16\x03\x03\x00\x04\x02\x00\x00\x00\x17\x03\x03\x00\x01x")))
		take(s.Close())
		if got := s.Proto(1); got != TLS || len(kinds) < 3 {
			t.Errorf("%s: behind STARTTLS it is read as %s: %q", name, got, kinds)
		}
		if s.State(1).Settled < settled {
			t.Errorf("%s: Settled fell from %d to %d", name, settled, s.State(1).Settled)
		}
	}
}
