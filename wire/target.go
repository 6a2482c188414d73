package wire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A Target is where to connect to, as a person writes it. It is what
// [ParseTarget] returns; [Dialer.Dial] reads Network, Host, Port, TLS and ALPN.
type Target struct {
	Scheme  string   // in lower case; "" when none was written
	Network string   // "tcp", "udp" or "unix"
	Host    string   // a name in lower case, its final dot kept, or an IP address without brackets; of "unix" the path, "@name" for an abstract one
	Port    uint16   // 0: none was written and the scheme has no default
	TLS     bool     // a handshake comes first
	ALPN    []string // what the scheme offers; nil for no ALPN
	Proto   string   // what is expected to be spoken, by the scheme or else by the port: "http", "h2", "smtp", …; "" for not known
	Path    string   // path and query from "/" on, ready for a request line; "" when neither was written
}

// Address returns host:port as a dialler takes it, the host alone where there is
// no port, or the path of a Unix socket.
func (t Target) Address() string {
	if t.Network == "unix" {
		return t.Host
	}
	if t.Port == 0 {
		if strings.Contains(t.Host, ":") {
			return "[" + t.Host + "]"
		}
		return t.Host
	}
	return net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))
}

// Facts returns what a target tells of a connection to it: Network, Role, Target,
// and Proto where the port would say something else and no ALPN is offered that
// says it.
func (t Target) Facts() Facts {
	f := Facts{Network: t.Network, Role: Dialed, Target: t.Address()}
	if t.Proto != t.service().Proto && len(t.ALPN) == 0 {
		f.Proto = t.Proto
	}
	return f
}

// ParseTarget reads a target: host:port, a host alone, or scheme://host:port/path,
// where a port may be a service's name. IPv6 addresses stand in brackets unless
// they are the whole target. A fragment is dropped. A user before "@" is refused:
// nothing here would send it, and who wrote it believes that it is sent. Errors
// quote what was not understood, but no user.
func ParseTarget(s string) (Target, error) {
	t, err := parseTarget(strings.TrimSpace(s))
	if err != nil {
		return Target{}, fmt.Errorf("target %q: %w", hideUser(s), err)
	}
	return t, nil
}

// hideUser returns s without the user and password that may be in it.
func hideUser(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		scheme, rest = "", s
	}
	authority, _ := cutAuthority(rest)
	at := strings.LastIndexByte(authority, '@')
	if at < 0 || strings.HasPrefix(strings.ToLower(s), "unix:") {
		return s
	}
	if ok {
		scheme += "://"
	}
	return scheme + "…" + rest[at:]
}

// cutAuthority cuts s where the path, the query or the fragment begins.
func cutAuthority(s string) (authority, rest string) {
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func parseTarget(s string) (Target, error) {
	if s == "" {
		return Target{}, errors.New("nothing there; want host:port")
	}
	if i := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }); i >= 0 {
		return Target{}, fmt.Errorf("control character %q", s[i])
	}
	t := Target{Network: "tcp"}
	if path, ok := cutPrefixFold(s, "unix:"); ok {
		return parseUnix(path)
	}
	name, rest, ok := strings.Cut(s, "://")
	switch {
	case ok && isSchemeName(name):
		sch := findScheme(strings.ToLower(name))
		if sch == nil {
			return Target{}, fmt.Errorf("scheme %q: want one of %s", name, schemeNames())
		}
		t.Scheme, t.Network, t.Port, t.TLS = sch.name, sch.network, sch.port, sch.tls
		t.ALPN, t.Proto = slices.Clone(sch.alpn), sch.proto
		s = rest
	case strings.HasPrefix(s, "//"):
		return Target{}, errors.New(`no scheme before "//"`)
	default:
		if name, rest, ok := strings.Cut(s, ":"); ok && strings.HasPrefix(rest, "/") && findScheme(strings.ToLower(name)) != nil {
			return Target{}, fmt.Errorf("one slash; want %s://host", strings.ToLower(name))
		}
	}

	authority, rest := cutAuthority(s)
	t.Path = requestTarget(rest)
	if strings.Contains(authority, "@") {
		return Target{}, errors.New(`a user before "@" is not sent: leave it out, and send it as the protocol has it (HTTP: Authorization)`)
	}
	host, port, err := splitAuthority(authority)
	if err != nil {
		return Target{}, err
	}
	if t.Host, err = parseHost(host); err != nil {
		return Target{}, err
	}
	if port != "" {
		if t.Port, err = parsePort(t.Network, port); err != nil {
			return Target{}, err
		}
	}
	if t.Proto == "" {
		t.Proto = t.service().Proto
	}
	return t, nil
}

// parseUnix reads what follows "unix:": a path, or "@name" in the abstract
// namespace, after "//" or not.
func parseUnix(path string) (Target, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" || path == "@" {
		return Target{}, errors.New("no path; want unix:/path or unix:@name")
	}
	return Target{Scheme: "unix", Network: "unix", Host: path}, nil
}

// splitAuthority cuts host:port, [host]:port, host, or a bare IPv6 address.
func splitAuthority(s string) (host, port string, err error) {
	if s == "" {
		return "", "", errors.New("no host")
	}
	if rest, ok := strings.CutPrefix(s, "["); ok {
		host, rest, ok := strings.Cut(rest, "]")
		if !ok {
			return "", "", errors.New(`no "]" after "["`)
		}
		if rest != "" && rest[0] != ':' {
			return "", "", fmt.Errorf(`%q after "]": want :port`, rest)
		}
		if a, err := netip.ParseAddr(unescapeZone(host)); err != nil || !a.Is6() {
			return "", "", fmt.Errorf("%q in brackets: not an IPv6 address", host)
		}
		return host, strings.TrimPrefix(rest, ":"), nil
	}
	if strings.Count(s, ":") > 1 {
		if a, err := netip.ParseAddr(unescapeZone(s)); err == nil && a.Is6() {
			return s, "", nil
		}
		return "", "", errors.New("more than one colon; an IPv6 address stands in brackets: [::1]:80")
	}
	host, port, _ = strings.Cut(s, ":")
	if host == "" {
		return "", "", errors.New("no host before the colon")
	}
	return host, port, nil
}

// unescapeZone undoes RFC 6874's "%25" before a zone identifier.
func unescapeZone(s string) string {
	addr, zone, ok := strings.Cut(s, "%25")
	if !ok || zone == "" {
		return s
	}
	return addr + "%" + zone
}

// parseHost checks a name or an address and returns its one spelling.
func parseHost(s string) (string, error) {
	if a, err := netip.ParseAddr(unescapeZone(s)); err == nil {
		if strings.ContainsAny(a.Zone(), "[]/?#@% ") || !isASCII(a.Zone()) {
			return "", fmt.Errorf("zone %q: not the name of an interface", a.Zone())
		}
		return a.String(), nil
	}
	s = strings.ToLower(s)
	if !isASCII(s) {
		return "", fmt.Errorf("host %q: not ASCII; write its xn-- form", s)
	}
	name := strings.TrimSuffix(s, ".")
	if len(name) > 253 {
		return "", fmt.Errorf("host of %d octets: a name has at most 253", len(name))
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if label == "" {
			return "", fmt.Errorf("host %q: empty label", s)
		}
		if len(label) > 63 {
			return "", fmt.Errorf("host %q: label of %d octets, at most 63 are possible", s, len(label))
		}
		for _, r := range label {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' {
				return "", fmt.Errorf("host %q: character %q", s, r)
			}
		}
		last = label
	}
	// A name whose last label is a number is never registered, and resolvers
	// disagree on what it means: 127.1, 0x7f.1, 256.1.1.1.
	if isNumber(last) {
		return "", fmt.Errorf("host %q: ends in a number and is not an IPv4 address", s)
	}
	return s, nil
}

// parsePort reads a number or a service's name.
func parsePort(network, s string) (uint16, error) {
	if strings.Trim(s, "0123456789") == "" {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil || n == 0 {
			return 0, fmt.Errorf("port %s: want 1 to 65535", s)
		}
		return uint16(n), nil
	}
	if p, ok := portOf(network, strings.ToLower(s)); ok {
		return p, nil
	}
	return 0, fmt.Errorf("port %q: neither a number nor a service that is known", s)
}

// requestTarget makes what follows the authority fit for a request line: the
// fragment dropped, a path before the query, and percent-encoded.
func requestTarget(s string) string {
	s, _, _ = strings.Cut(s, "#")
	if s == "" {
		return ""
	}
	if s[0] != '/' {
		s = "/" + s
	}
	return PercentEncode(s)
}

// PercentEncode returns s with what cannot stand in a request line
// percent-encoded: spaces, controls and what is not ASCII. Escapes that are
// there, right or wrong, stay.
func PercentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isSchemeName reports whether s has the form of a scheme: RFC 3986, section
// 3.1.
func isSchemeName(s string) bool {
	for i, r := range strings.ToLower(s) {
		letter := r >= 'a' && r <= 'z'
		if !letter && (i == 0 || (r < '0' || r > '9') && !strings.ContainsRune("+-.", r)) {
			return false
		}
	}
	return s != ""
}

// isNumber reports whether a label reads as a number in the forms that old
// resolvers take: decimal, octal, hexadecimal.
func isNumber(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// cutPrefixFold is strings.CutPrefix for a prefix in ASCII of either case.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// hostOf returns the host of an address for a certificate's and SNI's purposes:
// without port, brackets, zone and final dot; "" for a path.
func hostOf(address string) string {
	if strings.ContainsAny(address, "/@") {
		return ""
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return a.WithZone("").String()
	}
	return strings.TrimSuffix(host, ".")
}
