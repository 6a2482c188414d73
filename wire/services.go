package wire

import (
	"context"
	"net"
	"slices"
	"strings"
)

// A scheme is what the word before "://" asks for.
type scheme struct {
	name    string
	network string
	port    uint16 // default; 0 for none
	tls     bool
	alpn    []string
	proto   string // "" where the port decides
}

// schemes are the words that a target may begin with, in the order in which an
// error lists them.
var schemes = []scheme{
	{name: "tcp", network: "tcp"},
	{name: "tls", network: "tcp", port: 443, tls: true},
	{name: "http", network: "tcp", port: 80, proto: "http"},
	{name: "https", network: "tcp", port: 443, tls: true, alpn: []string{"http/1.1"}, proto: "http"},
	{name: "h2", network: "tcp", port: 443, tls: true, alpn: []string{"h2"}, proto: "h2"},
	{name: "h2c", network: "tcp", port: 80, proto: "h2"},
	{name: "ws", network: "tcp", port: 80, proto: "http"},
	{name: "wss", network: "tcp", port: 443, tls: true, alpn: []string{"http/1.1"}, proto: "http"},
	{name: "udp", network: "udp"},
	{name: "unix", network: "unix"},
	{name: "smtp", network: "tcp", port: 25, proto: "smtp"},
	{name: "smtps", network: "tcp", port: 465, tls: true, proto: "smtp"},
	{name: "pop3", network: "tcp", port: 110, proto: "pop3"},
	{name: "pop3s", network: "tcp", port: 995, tls: true, proto: "pop3"},
	{name: "imap", network: "tcp", port: 143, proto: "imap"},
	{name: "imaps", network: "tcp", port: 993, tls: true, proto: "imap"},
	{name: "ftp", network: "tcp", port: 21, proto: "ftp"},
	{name: "ftps", network: "tcp", port: 990, tls: true, proto: "ftp"},
	{name: "redis", network: "tcp", port: 6379, proto: "redis"},
	{name: "rediss", network: "tcp", port: 6379, tls: true, proto: "redis"},
	{name: "dns", network: "udp", port: 53, proto: "dns"},
	{name: "telnet", network: "tcp", port: 23, proto: "telnet"},
	{name: "ssh", network: "tcp", port: 22, proto: "ssh"},
}

// findScheme returns the scheme called name, or nil.
func findScheme(name string) *scheme {
	if i := slices.IndexFunc(schemes, func(s scheme) bool { return s.name == name }); i >= 0 {
		return &schemes[i]
	}
	return nil
}

// schemeNames returns the names of all schemes, for an error.
func schemeNames() string {
	names := make([]string, len(schemes))
	for i, s := range schemes {
		names[i] = s.name
	}
	return strings.Join(names, ", ")
}

// services are the ports of IANA's registry that people know by name, so that a
// name works where there is no /etc/services, and what usually speaks there.
var services = []struct {
	name  string
	port  uint16
	proto string
}{
	{"echo", 7, ""},
	{"discard", 9, ""},
	{"daytime", 13, ""},
	{"chargen", 19, ""},
	{"ftp", 21, "ftp"},
	{"ssh", 22, "ssh"},
	{"telnet", 23, "telnet"},
	{"smtp", 25, "smtp"},
	{"time", 37, ""},
	{"whois", 43, ""},
	{"domain", 53, "dns"},
	{"dns", 53, "dns"},
	{"gopher", 70, ""},
	{"finger", 79, ""},
	{"http", 80, "http"},
	{"pop3", 110, "pop3"},
	{"nntp", 119, ""},
	{"ntp", 123, ""},
	{"imap", 143, "imap"},
	{"imap2", 143, "imap"},
	{"ldap", 389, ""},
	{"https", 443, "http"},
	{"smtps", 465, "smtp"},
	{"submissions", 465, "smtp"},
	{"nntps", 563, ""},
	{"submission", 587, "smtp"},
	{"ldaps", 636, ""},
	{"ftps", 990, "ftp"},
	{"imaps", 993, "imap"},
	{"pop3s", 995, "pop3"},
	{"mqtt", 1883, ""},
	{"mysql", 3306, ""},
	{"postgresql", 5432, ""},
	{"redis", 6379, "redis"},
	{"irc", 6667, ""},
	{"http-alt", 8080, "http"},
	{"memcached", 11211, ""},
}

// portOf returns the port of a service, by the table above and then by the
// system's own.
func portOf(network, name string) (uint16, bool) {
	for _, s := range services {
		if s.name == name {
			return s.port, true
		}
	}
	if network == "unix" {
		return 0, false
	}
	// RFC 6335, section 5.1: at most 15 of letters, digits and hyphens.
	if len(name) > 15 || strings.IndexFunc(name, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}) >= 0 {
		return 0, false
	}
	p, err := net.DefaultResolver.LookupPort(context.Background(), network, name)
	if err != nil || p < 1 || p > 65535 {
		return 0, false
	}
	return uint16(p), true
}

// protoOf returns what usually speaks at a port, "" where that is not known.
func protoOf(port uint16) string {
	for _, s := range services {
		if s.port == port {
			return s.proto
		}
	}
	return ""
}
