package detect

import (
	"slices"

	"wiretape/wire/dns"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
	"wiretape/wire/resp"
	"wiretape/wire/ssh"
	"wiretape/wire/telnet"
	"wiretape/wire/tlsrec"
	"wiretape/wire/websocket"
)

// The protocols' names, as Message.Proto has them.
const (
	HTTP1  = "http/1.1"
	HTTP2  = "h2"
	SMTP   = "smtp"
	FTP    = "ftp"
	POP3   = "pop3"
	IMAP   = "imap"
	NNTP   = "nntp"
	Line   = "line" // another protocol of command lines and three-digit replies
	Redis  = "redis"
	Telnet = "telnet"
	SSH    = "ssh"
	TLS    = "tls" // its records, seen from outside
	DNS    = "dns"
	Raw    = "raw"

	WebSocket = "websocket"
)

// A protocol is what can be detected or chosen.
type protocol struct {
	name      string
	spellings []string // other names that people and tapes use
	lines     bool     // STARTTLS or a command like it may change it to TLS
	parser    func(*evidence, proto.Limits) proto.Parser
}

// protocols has a row for each, in the order in which they are listed.
var protocols = []protocol{
	{HTTP1, []string{"http", "http1", "http/1", "http/1.0"}, false, func(v *evidence, l proto.Limits) proto.Parser { return newHTTP1(v, l) }},
	{HTTP2, []string{"http2", "http/2", "h2c"}, false, func(v *evidence, l proto.Limits) proto.Parser { return newHTTP2(v, l) }},
	{SMTP, []string{"lmtp"}, true, func(_ *evidence, l proto.Limits) proto.Parser { return line.New(l, SMTP) }},
	{FTP, nil, true, func(_ *evidence, l proto.Limits) proto.Parser { return line.New(l, FTP) }},
	{POP3, []string{"pop"}, true, func(_ *evidence, l proto.Limits) proto.Parser { return pop3.New(l) }},
	{IMAP, []string{"imap4"}, true, func(_ *evidence, l proto.Limits) proto.Parser { return imap.New(l) }},
	{NNTP, []string{"nnrp", "news"}, true, func(_ *evidence, l proto.Limits) proto.Parser { return line.New(l, NNTP) }},
	{Line, nil, true, func(_ *evidence, l proto.Limits) proto.Parser { return line.New(l, Line) }},
	{Redis, []string{"resp", "resp2", "resp3", "valkey"}, false, func(_ *evidence, l proto.Limits) proto.Parser { return resp.New(l) }},
	{Telnet, nil, false, func(_ *evidence, l proto.Limits) proto.Parser { return telnet.New(l) }},
	{SSH, nil, false, func(_ *evidence, l proto.Limits) proto.Parser { return ssh.New(l) }},
	{TLS, []string{"ssl"}, false, func(_ *evidence, l proto.Limits) proto.Parser { return tlsrec.New(l) }},
	{WebSocket, []string{"ws"}, false, func(v *evidence, l proto.Limits) proto.Parser { return websocket.New(l, v.agreed) }},
	{DNS, []string{"mdns", "llmnr", "domain"}, false, func(v *evidence, l proto.Limits) proto.Parser { return dns.New(l, v.network == "udp") }},
	{Raw, []string{"bytes"}, false, func(v *evidence, l proto.Limits) proto.Parser { return newRaw(l, v.network == "udp") }},
}

// protocolOf returns the row that has name, or another spelling of it; nil for
// none.
func protocolOf(name string) *protocol {
	for i := range protocols {
		if p := &protocols[i]; p.name == name || slices.Contains(p.spellings, name) {
			return p
		}
	}
	return nil
}

// Protos returns the names of all protocols.
func Protos() []string {
	names := make([]string, len(protocols))
	for i := range protocols {
		names[i] = protocols[i].name
	}
	return names
}

// Canonical returns the name in [Protos] that is meant by name, "" if there is
// none.
func Canonical(name string) string {
	if p := protocolOf(name); p != nil {
		return p.name
	}
	return ""
}
