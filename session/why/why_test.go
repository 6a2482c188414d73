package why

import (
	"strconv"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/dns"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// entries gives all entries of all tables, with what they are of.
func entries(yield func(of string, t text)) {
	for name, table := range map[string]map[string]text{
		"http": httpCodes, "h2": h2Codes, "close": closeCodes, "grpc": grpcCodes, "smtp": smtpCodes, "enhanced": enhancedCodes, "imap": imapStatus,
		"imap code": imapCodes, "pop3": pop3Codes, "ftp": ftpCodes, "nntp": nntpCodes, "alert": alerts, "condition": conditions, "dns": rcodes, "redis": redisErrors,
	} {
		for code, t := range table {
			yield(name+" "+code, t)
		}
	}
	for _, f := range failures {
		yield("failure "+f.has, text{f.means, f.cause, f.try})
	}
}

func TestEveryEntrySaysWhatItMeans(t *testing.T) {
	n := 0
	entries(func(of string, e text) {
		n++
		for _, s := range []string{e.means, e.cause, e.try} {
			if strings.TrimSpace(s) != s || strings.HasSuffix(s, ".") {
				t.Errorf("%s: %q", of, s)
			}
		}
		if e.means == "" {
			t.Errorf("%s means nothing", of)
		}
	})
	if n < 250 {
		t.Errorf("%d entries", n)
	}
}

// What the standards name has an entry.
func TestTablesAreWhole(t *testing.T) {
	for c := range http2.ErrCodeHTTP11Required + 1 {
		if _, ok := h2Codes[c.String()]; !ok {
			t.Errorf("no %v", c)
		}
	}
	for _, c := range []dns.RCode{0, 1, 2, 3, 4, 5, 6, 9, 10, 16} {
		if _, ok := rcodes[c.String()]; !ok {
			t.Errorf("no %v", c)
		}
	}
	for a := range wire.Alert(122) {
		obsolete := strings.Contains(" 21 30 41 60 111 114 ", " "+strconv.Itoa(int(a))+" ") // of TLS before 1.2, or nobody's
		if _, ok := alerts[strconv.Itoa(int(a))]; !ok && !obsolete && !strings.HasPrefix(a.String(), "alert_") {
			t.Errorf("no alert %v", a)
		}
	}
}

func TestMessages(t *testing.T) {
	done := func(m proto.Message) *proto.Message { m.Complete = true; return &m }
	for _, tt := range []struct {
		name string
		m    *proto.Message
		want string
	}{
		{"a status", done(proto.Message{Proto: "http/1.1", EndedBy: "Content-Length 3 reached", Value: &http1.Response{Status: 404, Framing: http1.FramingContentLength, Length: 3}}),
			"404: Not Found (RFC 9110 15)\n  usually: the path, or the Host field leads to another site on this address\n  try: the Host field; a slash at the end; capitals\n" +
				"ended by: Content-Length 3 reached: the connection can be used again (RFC 9112 6.3)\n"},
		{"a status that is not common", done(proto.Message{Proto: "h2", Value: &http1.Response{Status: 599}}), "599: the server failed, and says that the request is not to blame (RFC 9110 15)\n  try: the same later; its log\n"},
		{"an enhanced code", done(proto.Message{Proto: "smtp", Value: &line.Reply{Code: 550, Enhanced: "5.1.1"}}),
			"5.1.1: refused for good: no such mailbox (RFC 3463)\n  usually: a typing error\n" +
				"550: refused: no such mailbox, or not from you (RFC 5321 4.2)\n  usually: a wrong address, relaying without AUTH, a blocklist, SPF\n  try: the text behind the code; AUTH; another sender\n"},
		{"an enhanced code that is not common", done(proto.Message{Proto: "smtp", Value: &line.Reply{Code: 250, Enhanced: "2.7.99"}}), "2.7.99: done: security or policy (RFC 3463)\n250: done (RFC 5321 4.2)\n"},
		{"the same code of FTP", done(proto.Message{Proto: "ftp", Value: &line.Reply{Code: 550}}), "550: it cannot be done with that file (RFC 959 4.2)\n  usually: no such file, or no rights\n  try: PWD; the path\n"},
		{"a code of NNTP", done(proto.Message{Proto: "nntp", Value: &line.Reply{Code: 483}}), "483: it wants TLS first (RFC 3977 3.2)\n  try: .starttls, or port 563\n"},
		{"a code of no protocol that is known", done(proto.Message{Proto: "line", Value: &line.Reply{Code: 550}}), "550: refused: the same will be refused again\n"},
		{"a name server's answer", done(proto.Message{Proto: "dns", Value: &dns.Message{Response: true, RCode: 3}}),
			"DNS NXDOMAIN: there is no such name, of any type (RFC 1035 4.1.1)\n  usually: a typing error, a search domain that was not added, a negative answer from a cache\n  try: the name with a dot at its end\n"},
		{"a frame", done(proto.Message{Proto: "h2", Value: &http2.Frame{Type: http2.FrameRSTStream, Code: http2.ErrCodeRefusedStream}}),
			"RST_STREAM REFUSED_STREAM: it was not looked at: sending it again is safe (RFC 9113 7)\n  usually: MAX_CONCURRENT_STREAMS, or the server is about to end\n  try: .again\n"},
		{"what was cut off, with notes", &proto.Message{Kind: proto.KindResponse, EndedBy: "connection reset", Notes: []proto.Note{{Offset: 7, Text: "odd", Rule: "RFC 1 2"}}},
			"note at octet 7: odd (RFC 1 2)\ncut off: the response is not whole: connection reset\n  usually: a crash, a timeout or a limit of the peer or of something between\n  try: the same once more; a smaller one; the server's log\n"},
	} {
		var got strings.Builder
		for _, r := range Message(tt.m) {
			got.WriteString(r.String() + "\n")
		}
		if got.String() != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got.String(), tt.want)
		}
	}
}

func TestEvents(t *testing.T) {
	for _, tt := range []struct {
		e    wire.Event
		want string // its first line; "" for none
	}{
		{wire.Event{Kind: wire.KindAlert, Dir: wire.ServerToClient, Alert: 120}, "TLS alert 120 no_application_protocol from the server: the server has no protocol of your ALPN list (RFC 8446 6)"},
		{wire.Event{Kind: wire.KindReset, Dir: wire.ServerToClient}, "RST from the server: that side gave the connection up at once; what it had not read is lost (RFC 9293 3.5.2)"},
		{wire.Event{Kind: wire.KindEOF, Dir: wire.ServerToClient}, ""},
		{wire.Event{Kind: wire.KindEOF, Dir: wire.ServerToClient, Notify: wire.NotifyNo}, "no close_notify: the connection was cut without TLS's own end: nobody can tell whether all came (RFC 8446 6.1)"},
		{wire.Event{Kind: wire.KindTry, Addr: "127.0.0.1:1", Text: "connect: connection refused"}, "connection refused at 127.0.0.1:1: the host is there, and nothing listens on that port"},
		{wire.Event{Kind: wire.KindError, Text: "something else"}, "something else"},
		{wire.Event{Kind: wire.KindData}, ""},
	} {
		got := ""
		if r, ok := Event(tt.e); ok {
			got, _, _ = strings.Cut(r.String(), "\n")
		}
		if got != tt.want {
			t.Errorf("%v: %s\nwant %s", tt.e.Kind, got, tt.want)
		}
	}
}
