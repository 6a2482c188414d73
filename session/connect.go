package session

import (
	"context"
	"net"
	"slices"
	"strings"

	"wiretape/session/h2"
	"wiretape/wire"
)

func connectCommands() []command {
	return []command{
		{group: "Connect", name: "open", args: "HOST PORT | TARGET", bare: true,
			summary: "connects in plain text, or as the target's scheme says",
			detail:  "PORT is a number or a service's name. Schemes: http, https, h2, smtp, smtps, unix and so on.",
			example: "open www.google.ca 80", run: openWith("open")},
		{group: "Connect", name: "tls", args: "[HOST [PORT] | info]", bare: true,
			summary: "connects with TLS (port 443 unless given); connected, begins TLS now",
			detail: "info says what the handshake came to. No ALPN is offered unless set; https://HOST offers http/1.1 and h2://HOST offers h2.\n" +
				"Versions, suites up to TLS 1.2, SNI, ALPN, certificates and the key log are set by flags (--help).\n" +
				"Not to be had, as crypto/tls has them not: the choice of TLS 1.3 suites, the order of groups and of\n" +
				"signature algorithms, 0-RTT data and key updates; nor are DTLS, SCTP and vsock spoken.",
			example:  "tls example.com 443",
			complete: []string{"info"}, on: (*dialogue).tls},
		{group: "Connect", name: "udp", args: "HOST PORT", bare: true, summary: "sends each line as a datagram",
			example: "udp localhost 7007", run: openWith("udp")},
		{group: "Connect", name: "unix", args: "PATH", bare: true, summary: "connects to a Unix socket",
			example: "unix /run/app.sock", run: openWith("unix"), files: true},
		{group: "Connect", name: "h2", args: "HOST [PORT] | OPTION on|off", bare: true,
			summary: "connects with TLS and HTTP/2 (port 443 unless given), or says what HTTP/2 does by itself",
			detail:  h2.Help(),
			writes:  "requests as frames, and by itself the preface, SETTINGS, the acknowledgements of SETTINGS and PING, and WINDOW_UPDATE",
			example: "h2 example.com", on: (*dialogue).h2Command, complete: h2.Completions(), more: h2.CompleteOption},
		{group: "Connect", name: "auto", args: "TARGET", bare: true, summary: "analyses a web server: h2, cookies, password",
			detail:  "Its requests are on the tape. They have no numbers here, since they are not shown.",
			example: "auto www.uvic.ca", run: func(s *Session, ctx context.Context, args string) error {
				return s.hook(ctx, s.opts.Auto, args)
			}},
		{group: "Connect", name: "demo", bare: true, summary: "starts the practice servers and the tour",
			example: "demo", run: func(s *Session, ctx context.Context, args string) error {
				return s.hook(ctx, s.opts.Demo, args)
			}},
		{group: "Connect", name: "listen", args: "[ADDR:]PORT | udp:PORT | unix:PATH", bare: true,
			summary: "waits for a connection, whose server is you (this machine only unless ADDR says more)",
			detail:  "Lines that are typed are the server's. *:PORT is for every interface. .reconnect waits for the next.",
			example: "listen 8080", on: (*dialogue).listenWord},
		useCommand(),
		{group: "Connect", name: "starttls", args: "[PROTO|now]", connected: true, summary: "begins TLS on this connection, after the server said to go ahead",
			detail:   "With PROTO what comes before is said too: " + strings.Join(StartTLSProtocols(), " ") + ".",
			complete: StartTLSProtocols(),
			writes:   "with PROTO what is said before the handshake, such as EHLO and STARTTLS",
			example:  ".starttls smtp", on: (*dialogue).startTLS},
		{group: "Connect", name: "reconnect", summary: "connects again to the last target",
			example: ".reconnect", on: func(d *dialogue, ctx context.Context, _ string) error { return d.reconnect(ctx) }},
		{group: "Connect", name: "eof", connected: true, summary: "half-closes: we send no more, the server may go on",
			detail:  "Some servers take the end of what we send for a hang-up, and answer nothing.",
			example: ".eof", on: (*dialogue).halfClose},
		{group: "Connect", name: "close", connected: true, summary: "closes the connection",
			detail:  "TLS is ended with close_notify. The tape and what was said stay.",
			example: ".close", on: func(d *dialogue, _ context.Context, _ string) error { d.closeLink(); return nil }},
		{group: "Connect", name: "abort", connected: true, summary: "resets the connection (RST)",
			example: ".abort", on: func(d *dialogue, _ context.Context, _ string) error { d.abortLink(); return nil }},
	}
}

// hook runs a word that is lent by who made the session.
func (s *Session) hook(ctx context.Context, f func(context.Context, []string, Env) error, args string) error {
	words, err := splitArgs(args)
	if err != nil {
		return failure(StatusUsage, "%w", err)
	}
	return f(ctx, words, Env{s.opts.Out, s.lentSink, s.trust})
}

func openWith(word string) func(*Session, context.Context, string) error {
	return func(s *Session, ctx context.Context, args string) error {
		words, err := splitArgs(args)
		if err != nil {
			return failure(StatusUsage, ".%s: %w", word, err)
		}
		t, err := ParseOpen(word, words)
		if err != nil {
			return err
		}
		return s.Open(ctx, t)
	}
}

// tls connects, or begins TLS on the connection that stands.
func (d *dialogue) tls(ctx context.Context, args string) error {
	if args == "info" {
		return d.tlsInfo()
	}
	if args != "" {
		return openWith("tls")(d.s, ctx, args)
	}
	if d.link == nil {
		return usage("tls", args)
	}
	return d.startTLS(ctx, "now")
}

// ParseOpen returns the target of a connecting word (open, tls, udp, unix, h2)
// with its arguments. Its error is a *Failure of StatusUsage.
func ParseOpen(word string, args []string) (wire.Target, error) {
	i := slices.IndexFunc(openers, func(o opener) bool { return o.word == word })
	if i < 0 || len(args) < openers[i].min || len(args) > 2 || word == "unix" && len(args) > 1 {
		return wire.Target{}, usage(word, strings.Join(args, " "))
	}
	o := openers[i]
	text := args[0]
	if len(args) == 2 {
		if strings.Contains(text, "://") {
			return wire.Target{}, failure(StatusUsage, "%s %s: the target has its port, and %q was given", word, text, args[1])
		}
		text = net.JoinHostPort(strings.Trim(text, "[]"), args[1])
	}
	if !strings.Contains(text, "://") {
		text = o.scheme + text
	} else if word != "open" {
		return wire.Target{}, failure(StatusUsage, "%s %s: want a host; open takes a URL", word, text)
	}
	t, err := wire.ParseTarget(text)
	if err != nil {
		return wire.Target{}, failure(StatusUsage, "%w", err)
	}
	if t.Port == 0 && t.Network != "unix" {
		return wire.Target{}, failure(StatusUsage, "%s %s: which port? %[1]s %[2]s 80, %[1]s %[2]s smtp", word, args[0])
	}
	return t, nil
}

// IsOpener reports whether a word connects, and so takes what [ParseOpen] does.
func IsOpener(word string) bool {
	return slices.ContainsFunc(openers, func(o opener) bool { return o.word == word })
}

type opener struct {
	word, scheme string
	min          int // how many arguments at least
}

var openers = []opener{
	{"open", "", 1},
	{"tls", "tls://", 1},
	{"udp", "udp://", 2},
	{"unix", "unix:", 1},
	{"h2", "h2://", 1},
}

// halfClose is .eof.
func (d *dialogue) halfClose(ctx context.Context, _ string) error {
	if err := d.mustBeOpen("eof"); err != nil {
		return err
	}
	if err := d.link.conn.CloseWrite(); err != nil {
		return failure(StatusConnection, "half-close: %w", err)
	}
	return d.afterSend(ctx)
}
