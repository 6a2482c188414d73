package detect

import (
	"strings"

	"wiretape/wire"
)

// verdict is what a row says of the evidence.
type verdict uint8

const (
	wait verdict = iota // more bytes may tell
	no
	yes
)

// row is one way to know a protocol.
type row struct {
	proto  string
	reason string
	test   func(*evidence) verdict
}

// table is the order of precedence, behind a protocol that was chosen: the first
// row that says yes decides, and a row that waits holds back those after it. What
// was said comes before what is seen, what the first speaker sent before what the
// answer looks like. A port is only a hint, taken where the bytes are text that
// could be anything; so is the target's scheme, which comes before its port.
var table = []row{
	{Raw, "opened for octets of no protocol", func(v *evidence) verdict { return is(v.hint == Raw) }},
	{DNS, "datagrams on a port of DNS", isDNSPort},
	{DNS, "the first datagram is a message of DNS", isDNSDatagram},
	{Raw, "datagrams", network("udp")},
	{Raw, "the protocol changed too often", func(v *evidence) verdict { return is(v.lost) }},
	{HTTP2, "Upgrade: h2c", func(v *evidence) verdict { return is(v.token == "h2c") }},
	{WebSocket, "Upgrade: websocket", func(v *evidence) verdict { return is(v.token == WebSocket) }},
	{Raw, "Upgrade to a protocol that is not read here", func(v *evidence) verdict { return is(v.token != "") }},
	{HTTP2, "ALPN h2", alpn("h2")},
	{HTTP1, "ALPN http/1.1", alpn("http/1.1")},
	{HTTP1, "ALPN http/1.0", alpn("http/1.0")},
	{FTP, "ALPN ftp", alpn("ftp")},
	{POP3, "ALPN pop3", alpn("pop3")},
	{IMAP, "ALPN imap", alpn("imap")},
	{NNTP, "ALPN nntp", alpn("nntp")},

	{HTTP2, "first bytes are the HTTP/2 connection preface", client(isPreface)},
	{TLS, "first bytes look like a TLS handshake", client(isTLS)},
	{TLS, "first bytes look like a ClientHello of SSL 2", client(isSSL2)},
	{Telnet, "first bytes are a Telnet command", client(isTelnet)},
	{SSH, "first line is an SSH identification", client(isSSH)},
	{Redis, "first bytes are a command in RESP", client(isCommand)},
	{DNS, "first bytes are a length and a query of DNS", client(isDNSStream)},
	{DNS, "no text on a port of DNS", onPort(client(isBinary), "dns")},
	{HTTP1, "first line looks like an HTTP request", client(isRequest)},
	{HTTP1, "first line looks like an HTTP/0.9 request", client(isSimpleRequest)},
	{HTTP1, "text on a port of HTTP", hint(isText, "http")},
	{SMTP, "text on a port of SMTP", hint(isText, "smtp")},
	{FTP, "text on a port of FTP", hint(isText, "ftp")},
	{Telnet, "text on a port of Telnet", hint(isText, "telnet")},
	{SSH, "text on a port of SSH", hint(isText, "ssh")},
	{POP3, "text on a port of POP3", hint(isText, "pop3")},
	{IMAP, "text on a port of IMAP", hint(isText, "imap")},
	{NNTP, "text on a port of NNTP", hint(isText, "nntp")},
	{Redis, "text on a port of Redis", hint(isText, "redis")},

	{HTTP2, "the server's first bytes are a SETTINGS frame", server(isSettings)},
	{Telnet, "the server's first bytes are a Telnet command", server(isTelnet)},
	{SSH, "the server's first line is an SSH identification", server(isSSH)},
	{TLS, "the server's first bytes are a TLS alert", server(isTLSAlert)},
	{Telnet, "text on a port of Telnet", onPort(server(isText), "telnet")},
	{SSH, "text on a port of SSH", onPort(server(isText), "ssh")},
	{HTTP1, "the server's first line looks like an HTTP response", server(isResponse)},
	{SMTP, "the server's greeting names SMTP", server(isGreeting("SMTP"))},
	{FTP, "the server's greeting names FTP", server(isGreeting("FTP"))},
	{IMAP, "the server's greeting is one of IMAP", server(isIMAP)},
	{POP3, "the server's first words are +OK or -ERR", greeting(isPOP3)},
	{POP3, "the server's greeting names POP", server(isPOP3Named)},
	{SMTP, "the client says hello and the server answers with a code", both(client(isHello), server(isReply))},
	{Redis, "the server answers text in RESP", answer(isValue)},
	{Redis, "a value of RESP on a port of Redis", onPort(server(isValue), "redis")},
	{SMTP, "a three-digit reply on a port of SMTP", onPort(server(isReply), "smtp")},
	{FTP, "a three-digit reply on a port of FTP", onPort(server(isReply), "ftp")},
	{NNTP, "a three-digit reply on a port of NNTP", onPort(server(isReply), "nntp")},
	{NNTP, "the server's greeting is one of NNTP", server(isNNTP)},
	{Line, "the server's first line is a three-digit reply", server(isReply)},
	{Raw, "the first bytes look like nothing that is known", func(*evidence) verdict { return yes }},
}

// decide returns the row that knows the protocol, nil while more may tell.
func (v *evidence) decide() *row {
	if v.forced != "" {
		return &row{proto: v.forced, reason: "chosen: " + v.forced}
	}
	for i := range table {
		switch table[i].test(v) {
		case yes:
			r := table[i]
			if v.hint != "" {
				r.reason = strings.Replace(r.reason, onPortOf, "where the target's scheme says ", 1)
			}
			return &r
		case wait:
			return nil
		}
	}
	return nil
}

// onPortOf stands in the reasons of rows that hang on what is expected.
const onPortOf = "on a port of "

func is(b bool) verdict {
	if b {
		return yes
	}
	return no
}

func network(name string) func(*evidence) verdict {
	return func(v *evidence) verdict { return is(v.network == name) }
}

func alpn(name string) func(*evidence) verdict {
	return func(v *evidence) verdict { return is(v.alpn == name) }
}

// test looks at the first octets of a side. It waits only while the octets so
// far could become a yes; more says whether any may follow.
type test func(b []byte, more bool) verdict

// client applies t to the client's first run, if the client spoke first.
func client(t test) func(*evidence) verdict {
	return func(v *evidence) verdict {
		switch b, more := v.of(wire.ClientToServer); {
		case v.first == wire.ServerToClient:
			return no
		case len(b) == 0:
			return is(false).unless(more)
		default:
			return t(b, more)
		}
	}
}

// greeting applies t to the server's first run, if the server spoke first.
func greeting(t test) func(*evidence) verdict {
	return func(v *evidence) verdict {
		if v.first == wire.ClientToServer {
			return no
		}
		return server(t)(v)
	}
}

// both says yes where two rows do, and no where one does.
func both(a, b func(*evidence) verdict) func(*evidence) verdict {
	return func(v *evidence) verdict {
		first, second := a(v), b(v)
		switch {
		case first == no || second == no:
			return no
		case first == yes:
			return second
		}
		return wait
	}
}

// server applies t to the server's first run.
func server(t test) func(*evidence) verdict {
	return func(v *evidence) verdict {
		b, more := v.of(wire.ServerToClient)
		if len(b) == 0 {
			return is(false).unless(more)
		}
		return t(b, more)
	}
}

// unless returns wait where more bytes may come.
func (d verdict) unless(more bool) verdict {
	if more {
		return wait
	}
	return d
}

// onPort asks t only where the target's scheme, or else its port as
// [wire.ServiceAt] has it, is one of a protocol's. Datagrams do not come here.
func onPort(t func(*evidence) verdict, proto string) func(*evidence) verdict {
	return func(v *evidence) verdict {
		if v.expected("tcp") != proto {
			return no
		}
		return t(v)
	}
}

// hint applies t to the client's first run where the target's scheme or port is
// one of a protocol's.
func hint(t test, proto string) func(*evidence) verdict {
	return onPort(client(t), proto)
}
