package cookie

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxHost is the length of the longest host name, in octets (RFC 1035 2.3.4).
const maxHost = 253

// An Origin is the request that a cookie comes from or goes to, as far as cookies
// care. Ports are not part of it.
type Origin struct {
	Secure bool   // the connection is TLS
	Host   string // without a port; an IPv6 address with or without its brackets. Empty if unknown: it then matches only itself
	Path   string // raw, without the query; empty counts as "/"
}

// NewOrigin returns the origin of an HTTP request, of which host is the value of
// its Host field, with or without a port, and target the request-target in any
// of its forms. Neither need be valid.
func NewOrigin(secure bool, host, target string) Origin {
	// RFC 9112 3.2.2: the host of an absolute-form overrules the Host field.
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		host, target = rest[:end], rest[end:]
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = host[at+1:]
	}
	if end := strings.IndexAny(target, "?#"); end >= 0 {
		target = target[:end]
	}
	return Origin{Secure: secure, Host: withoutPort(trimWSP(host)), Path: target}
}

// secureSchemes are the schemes that an origin may have, and whether they mean
// TLS.
var secureSchemes = map[string]bool{
	"http": false, "ws": false, "h2c": false, "tcp": false,
	"https": true, "wss": true, "h2": true, "tls": true,
}

// ParseOrigin returns the origin of a URL: https://host:port/path?query.
func ParseOrigin(url string) (Origin, error) {
	scheme, _, ok := strings.Cut(url, "://")
	if !ok {
		return Origin{}, fmt.Errorf("origin %q: want a URL such as https://host/path", url)
	}
	secure, ok := secureSchemes[lower(scheme)]
	if !ok {
		return Origin{}, fmt.Errorf("origin %q: scheme %q: want http or https", url, scheme)
	}
	o := NewOrigin(secure, "", url)
	if o.Host == "" {
		return Origin{}, fmt.Errorf("origin %q: no host", url)
	}
	if _, ok := canonicalHost(o.Host); !ok {
		return Origin{}, fmt.Errorf("origin %q: %q is not a host name", url, o.Host)
	}
	return o, nil
}

// withoutPort removes ":port" from the end of an authority.
func withoutPort(host string) string {
	if strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end >= 0 {
			return host[:end+1]
		}
		return host
	}
	if colon := strings.IndexByte(host, ':'); colon >= 0 && colon == strings.LastIndexByte(host, ':') {
		return host[:colon]
	}
	return host
}

// canonicalHost canonicalises a host (6265bis 5.1.2): lower case, A-labels, no
// trailing dot; an IP address in its usual form, IPv6 in brackets. It reports
// whether the host could be canonicalised.
//
// Other than the draft it lets underscores stand in labels, as every client does.
func canonicalHost(host string) (string, bool) {
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		if addr.Is6() {
			return "[" + addr.String() + "]", true
		}
		return addr.String(), !strings.HasPrefix(host, "[")
	}
	host = lower(strings.TrimSuffix(host, "."))
	if len(host) > 4*maxHost || !utf8.ValidString(host) {
		return "", false // too long in whatever encoding, or in none that IDNA knows
	}
	if !isASCII(host) || strings.HasPrefix(host, "xn--") || strings.Contains(host, ".xn--") {
		var err error
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", false // step 2 or 4: no U-label, or a Fake A-label
		}
	}
	if len(host) > maxHost {
		return "", false
	}
	if host == "" {
		return "", true
	}
	for label := range strings.SplitSeq(host, ".") {
		if !isLabel(label) {
			return "", false
		}
	}
	return host, true
}

// isLabel reports whether s is an LDH label in lower case, underscores allowed.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if b := s[i]; !isDigit(b) && (b < 'a' || b > 'z') && b != '-' && b != '_' {
			return false
		}
	}
	return true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// isIP reports whether a canonical host is an address.
func isIP(host string) bool {
	if strings.HasPrefix(host, "[") {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// domainMatch reports whether host domain-matches domain (6265bis 5.1.3); both
// are canonical. Other than in the draft, a name that ends in an address does not
// match the address either: 1.127.0.0.1 is no name that could be resolved.
func domainMatch(host, domain string) bool {
	if host == domain {
		return true
	}
	prefix, ok := strings.CutSuffix(host, domain)
	return ok && strings.HasSuffix(prefix, ".") && domain != "" && !isIP(host) && !isIP(domain)
}

// defaultPath returns the default-path of a request whose path is path (6265bis
// 5.1.4).
func defaultPath(path string) string {
	last := strings.LastIndexByte(path, '/')
	if !strings.HasPrefix(path, "/") || last == 0 {
		return "/"
	}
	return path[:last]
}

// requestPath returns the path of o as path-match wants it.
func (o Origin) requestPath() string {
	if !strings.HasPrefix(o.Path, "/") {
		return "/"
	}
	return o.Path
}

// pathMatch reports whether a request's path path-matches a cookie's path
// (6265bis 5.1.4).
func pathMatch(request, cookie string) bool {
	rest, ok := strings.CutPrefix(request, cookie)
	return ok && (rest == "" || strings.HasSuffix(cookie, "/") || rest[0] == '/')
}
