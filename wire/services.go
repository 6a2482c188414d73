package wire

import (
	"context"
	"net"
	"slices"
	"strconv"
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

// A Service is what usually speaks at a port.
type Service struct {
	Name   string // in place of the port; "" for a port that has no name of its own
	Port   uint16
	Proto  string // as Target.Proto; "" for one that is not read here
	Greets bool   // the server sends the first bytes
	TLS    bool   // a handshake comes first
	UDP    bool   // over datagrams as well
}

// services are the ports of IANA's registry that people know by name, so that a
// name works where there is no /etc/services, and those that practice has.
var services = []Service{
	{Name: "echo", Port: 7, UDP: true},
	{Name: "discard", Port: 9, UDP: true},
	{Name: "daytime", Port: 13, UDP: true},
	{Name: "chargen", Port: 19, UDP: true},
	{Name: "ftp", Port: 21, Proto: "ftp", Greets: true},
	{Name: "ssh", Port: 22, Proto: "ssh", Greets: true},
	{Name: "telnet", Port: 23, Proto: "telnet", Greets: true},
	{Port: 24, Proto: "smtp", Greets: true}, // private mail systems: LMTP
	{Name: "smtp", Port: 25, Proto: "smtp", Greets: true},
	{Name: "time", Port: 37, UDP: true},
	{Name: "whois", Port: 43},
	{Name: "domain", Port: 53, Proto: "dns", UDP: true},
	{Name: "dns", Port: 53, Proto: "dns", UDP: true},
	{Name: "gopher", Port: 70},
	{Name: "finger", Port: 79},
	{Name: "http", Port: 80, Proto: "http"},
	{Name: "pop3", Port: 110, Proto: "pop3", Greets: true},
	{Name: "nntp", Port: 119, Proto: "nntp", Greets: true},
	{Name: "ntp", Port: 123, UDP: true},
	{Name: "imap", Port: 143, Proto: "imap", Greets: true},
	{Name: "imap2", Port: 143, Proto: "imap", Greets: true},
	{Name: "ldap", Port: 389},
	{Name: "https", Port: 443, Proto: "http", TLS: true},
	{Name: "smtps", Port: 465, Proto: "smtp", Greets: true, TLS: true},
	{Name: "submissions", Port: 465, Proto: "smtp", Greets: true, TLS: true},
	{Name: "nntps", Port: 563, Proto: "nntp", Greets: true, TLS: true},
	{Name: "submission", Port: 587, Proto: "smtp", Greets: true},
	{Port: 591, Proto: "http"},
	{Name: "ldaps", Port: 636, TLS: true},
	{Name: "domain-s", Port: 853, Proto: "dns", TLS: true},
	{Name: "ftps-data", Port: 989, TLS: true},
	{Name: "ftps", Port: 990, Proto: "ftp", Greets: true, TLS: true},
	{Name: "telnets", Port: 992, Proto: "telnet", Greets: true, TLS: true},
	{Name: "imaps", Port: 993, Proto: "imap", Greets: true, TLS: true},
	{Name: "pop3s", Port: 995, Proto: "pop3", Greets: true, TLS: true},
	{Port: 1100, Proto: "pop3", Greets: true},
	{Name: "mqtt", Port: 1883},
	{Port: 2121, Proto: "ftp", Greets: true},
	{Port: 2525, Proto: "smtp", Greets: true},
	{Name: "mdns", Port: 5353, Proto: "dns", UDP: true},
	{Name: "llmnr", Port: 5355, Proto: "dns", UDP: true},
	{Name: "mysql", Port: 3306, Greets: true},
	{Name: "postgresql", Port: 5432},
	{Name: "redis", Port: 6379, Proto: "redis"},
	{Name: "irc", Port: 6667},
	{Port: 8000, Proto: "http"},
	{Port: 8008, Proto: "http"},
	{Name: "http-alt", Port: 8080, Proto: "http"},
	{Port: 8081, Proto: "http"},
	{Port: 8088, Proto: "http"},
	{Port: 8443, Proto: "http", TLS: true},
	{Port: 8888, Proto: "http"},
	{Name: "memcached", Port: 11211},
}

// ServiceAt returns what usually speaks at a port, a number or a service's name,
// of network "tcp" or "udp"; the zero Service where that is not known.
func ServiceAt(network, port string) Service {
	if port == "" || network != "tcp" && network != "udp" {
		return Service{}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	i := slices.IndexFunc(services, func(s Service) bool {
		return (network == "tcp" || s.UDP) && (s.Name == port || err == nil && uint64(s.Port) == number)
	})
	if i < 0 {
		return Service{}
	}
	return services[i]
}

// service returns what usually speaks at a target's port.
func (t Target) service() Service { return ServiceAt(t.Network, strconv.Itoa(int(t.Port))) }

// SpeaksFirst reports whether the server is to send the first bytes, by the
// scheme or else by the port. Where a handshake is due that the target does not
// ask for, it is not.
func (t Target) SpeaksFirst() bool {
	if s := t.service(); s.Proto == t.Proto {
		return s.Greets && (t.TLS || !s.TLS)
	}
	return ServiceAt("tcp", t.Proto).Greets
}

// UsuallyTLS reports whether a peer at the target's port waits for a handshake,
// as a rule.
func (t Target) UsuallyTLS() bool { return t.service().TLS }

// portOf returns the port of a service, by the table above and then by the
// system's own.
func portOf(network, name string) (uint16, bool) {
	for _, s := range services {
		if s.Name == name {
			return s.Port, true
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
