package http1

import (
	"bytes"
	"net/netip"
	"strings"
)

// checkTarget notes what is wrong with the request target, which stands at the
// offset off, and with the Host field, host < 0 for none.
//
// RFC 9112, section 3.2: a target has one of four forms, and which one depends on
// the method.
func (s *side) checkTarget(off int64, fs Fields, host int) {
	r := s.request
	target := r.Target
	if i := outsideURI(target); i >= 0 {
		s.note(off+int64(i), "octet in the request target that a URI may not have", "RFC 3986 2")
	}
	if i := strings.IndexByte(target, '#'); i >= 0 {
		s.note(off+int64(i), "fragment in the request target", "RFC 9112 3.2")
	}
	authority, named := "", false
	switch {
	case r.Method == "CONNECT":
		// authority-form = uri-host ":" port
		authority, named = target, true
		if !strings.Contains(target[strings.IndexByte(target, ']')+1:], ":") {
			s.refuse(off, "target of CONNECT has no port", "RFC 9112 3.2.3")
		}
	case strings.HasPrefix(target, "/"), target == "":
	case target == "*":
		if r.Method != "OPTIONS" {
			s.refuse(off, "asterisk-form with a method that is not OPTIONS", "RFC 9112 3.2.4")
		}
	default:
		scheme, rest, ok := strings.Cut(target, "://")
		if !ok || !isScheme(scheme) {
			s.refuse(off, "request target has none of the four forms", "RFC 9112 3.2")
			break
		}
		authority, named = rest, true
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			authority = rest[:i]
		}
		if i := strings.LastIndexByte(authority, '@'); i >= 0 {
			s.note(off, "user information in the request target", "RFC 9110 4.2.4")
			authority = authority[i+1:]
		}
	}
	if named && !isAuthority(authority) {
		s.refuse(off, "authority of the request target is malformed", "RFC 3986 3.2")
	}
	if host < 0 {
		return
	}
	f := fs.at(host)
	value := string(f.Value)
	switch {
	case value == "":
		// It is to be sent empty where the target has no authority.
	case !isAuthority(value):
		s.refuse(f.From, "Host field is malformed", "RFC 9112 3.2")
	case named && !sameAuthority(authority, value, r.Method == "CONNECT"):
		s.note(f.From, "Host field is not the authority of the request target, which counts", "RFC 9112 3.2.2")
	}
}

// isAuthority reports whether a is a host as names and addresses are, and maybe a
// port (RFC 3986, section 3.2). Octets outside ASCII are let pass: names come
// unencoded too, and are noted elsewhere.
func isAuthority(a string) bool {
	host, port := a, ""
	if strings.HasPrefix(a, "[") {
		end := strings.IndexByte(a, ']')
		if end < 0 {
			return false
		}
		ip, err := netip.ParseAddr(a[1:end])
		future := len(a) > 1 && (a[1] == 'v' || a[1] == 'V') // IPvFuture
		if !future && (err != nil || !ip.Is6()) {
			return false
		}
		if a[end+1:] == "" {
			return true
		}
		if a[end+1] != ':' {
			return false
		}
		host, port = "", a[end+2:]
	} else {
		if before, after, ok := strings.Cut(a, ":"); ok {
			host, port = before, after
		}
		if host == "" || strings.Contains(host, "..") || host[0] == '.' {
			return false
		}
	}
	for i := range len(host) {
		if c := host[i]; c < 0x80 && !isRegName(c) {
			return false
		}
	}
	for i := range len(port) {
		if !isDigit(port[i]) {
			return false
		}
	}
	return len(port) <= 5
}

// isRegName reports whether c may stand in a registered name (RFC 3986, section
// 3.2.2): unreserved, sub-delims, or the sign of percent-encoding.
func isRegName(c byte) bool {
	return isDigit(c) || 'a' <= lower(c) && lower(c) <= 'z' || strings.IndexByte("-._~!$&'()*+,;=%", c) >= 0
}

// sameAuthority compares two authorities. Whether a port that one leaves out is
// the other's depends on a scheme, which the target of CONNECT has not: there a
// Host without the port is what clients send.
func sameAuthority(target, host string, connect bool) bool {
	if strings.EqualFold(target, host) {
		return true
	}
	for _, port := range [...]string{":80", ":443", ":"} {
		if strings.EqualFold(strings.TrimSuffix(target, port), strings.TrimSuffix(host, port)) {
			return true
		}
	}
	name, _, _ := strings.Cut(target, ":")
	return connect && strings.EqualFold(name, host)
}

// isScheme reports whether s is a URI's scheme (RFC 3986, section 3.1).
func isScheme(s string) bool {
	for i := range len(s) {
		c := lower(s[i])
		if !('a' <= c && c <= 'z' || i > 0 && (isDigit(c) || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

// outsideURI returns the index of the first octet that no URI has, -1 for none.
// White space and control octets are noted where the line is divided.
func outsideURI(s string) int {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 || c > ' ' && strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return i
		}
	}
	return -1
}

// checkCredentials notes a user name of Digest that is no quoted string.
func (s *side) checkCredentials(fs Fields) {
	const name = "authorization"
	for i := fs.find(name, 0); i >= 0; i = fs.find(name, i+1) {
		f := fs.at(i)
		if len(f.Value) < 7 || !equalFold(f.Value[:7], "digest ") {
			continue
		}
		_, rest, ok := bytes.Cut(f.Value, []byte("username"))
		rest = bytes.TrimLeft(rest, " \t")
		if !ok || len(rest) == 0 || rest[0] != '=' && rest[0] != '*' {
			s.note(f.From, "Digest credentials have no username", "RFC 7616 3.4")
			continue
		}
		if rest[0] == '=' && !bytes.HasPrefix(bytes.TrimLeft(rest[1:], " \t"), []byte{'"'}) {
			s.note(f.From, "username of Digest credentials is not a quoted string", "RFC 7616 3.4")
		}
	}
}
