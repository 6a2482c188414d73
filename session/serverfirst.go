package session

import (
	"slices"

	"wiretape/wire"
)

// speaksFirst reports whether the server is to send the first bytes, by the
// scheme or by the port: there a script waits for the banner.
func speaksFirst(t wire.Target) bool {
	if t.Network != "tcp" {
		return slices.Contains(greeters, t.Proto)
	}
	return slices.Contains(greeters, t.Proto) || slices.Contains(greeterPorts, t.Port)
}

var (
	greeters = []string{"ftp", "ssh", "telnet", "smtp", "pop3", "imap"}
	// The ports of ftp, ssh, telnet, smtp, pop3, nntp, imap, submission, and
	// of the same over TLS.
	greeterPorts = []uint16{21, 22, 23, 25, 110, 119, 143, 587, 465, 563, 990, 992, 993, 995, 2525}
)

// speaksHTTP reports whether requests are what is typed at a target, by the
// scheme or by the port.
func speaksHTTP(t wire.Target) bool {
	return t.Proto == "http" || t.Proto == "h2" ||
		t.Network == "tcp" && t.Proto == "" && slices.Contains(httpPorts, t.Port)
}

// The usual ports of HTTP that have no other owner.
var httpPorts = []uint16{80, 443, 591, 8000, 8008, 8080, 8081, 8088, 8443, 8888}

// usuallyTLS are ports at which a peer waits for a handshake.
var usuallyTLS = []uint16{443, 465, 563, 636, 853, 989, 990, 992, 993, 995, 8443}
