package analyze

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"wiretape/wire"
)

// maxURL bounds a URL that is followed, in octets.
const maxURL = 16 << 10

// A URLError says why a URL as it was typed cannot be analysed. Nothing was
// connected to.
type URLError struct {
	Text string // as typed
	Err  error
}

// Error quotes the URL and says what was found.
func (e *URLError) Error() string { return fmt.Sprintf("url %q: %v", e.Text, e.Err) }

// Unwrap returns Err.
func (e *URLError) Unwrap() error { return e.Err }

// An address is an HTTP URL, taken apart.
type address struct {
	secure   bool
	host     string // lower case, A-labels, a final dot kept; an IP address without brackets
	port     uint16
	path     string // without dot segments; at least "/"
	query    string // with its "?", or ""
	fragment string // with its "#", or ""
}

func (a address) scheme() string {
	if a.secure {
		return "https"
	}
	return "http"
}

func defaultPort(secure bool) uint16 {
	if secure {
		return 443
	}
	return 80
}

// target returns host:port as Facts.Target has it.
func (a address) target() string { return net.JoinHostPort(a.host, strconv.Itoa(int(a.port))) }

// shownHost returns the host as it stands in a URL, without the zone of an IPv6
// address, which means nothing to the peer.
func (a address) shownHost() string {
	if ip, err := netip.ParseAddr(a.host); err == nil && ip.Is6() {
		return "[" + ip.WithZone("").String() + "]"
	}
	return a.host
}

// authority returns the value of the Host field: RFC 9112, section 3.2.
func (a address) authority() string {
	if a.port == defaultPort(a.secure) {
		return a.shownHost()
	}
	return a.shownHost() + ":" + strconv.Itoa(int(a.port))
}

// requestTarget returns the origin-form. RFC 9110, section 7.1: without the
// fragment.
func (a address) requestTarget() string { return a.path + a.query }

func (a address) String() string {
	return a.scheme() + "://" + a.authority() + a.path + a.query + a.fragment
}

// withoutFragment returns the URL as it is asked for.
func (a address) withoutFragment() string {
	a.fragment = ""
	return a.String()
}

// over returns a with another scheme, and its default port where a's was one.
func (a address) over(secure bool) address {
	if a.port == defaultPort(a.secure) {
		a.port = defaultPort(secure)
	}
	a.secure = secure
	return a
}

// typed is a URL as a person wrote it.
type typed struct {
	first address
	// second is tried when first does not answer in its own protocol; nil where
	// a scheme was written.
	second *address
	user   bool // user:password stood there, which is not sent
}

// parseTyped reads a URL: http or https, or without a scheme. host alone is
// http, and https where nobody listens at port 80; host:port is https, and http
// where the port's first bytes are not TLS.
func parseTyped(text string) (typed, error) {
	fail := func(err error) (typed, error) { return typed{}, &URLError{Text: text, Err: err} }
	s := strings.TrimSpace(text)
	if len(s) > maxURL {
		return fail(fmt.Errorf("%d octets long, at most %d are taken", len(s), maxURL))
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return fail(fmt.Errorf("control character %q", s[i]))
		}
	}
	scheme, rest, written := cutScheme(s)
	switch {
	case s == "":
		return fail(errors.New("nothing there; want a URL such as https://host/path"))
	case written && scheme != "http" && scheme != "https":
		return fail(fmt.Errorf("scheme %q: want http or https", scheme))
	case strings.HasPrefix(s, "//"):
		return fail(errors.New(`no scheme before "//"`))
	}
	if !written {
		rest = s
		if name, after, ok := strings.Cut(s, ":"); ok && strings.HasPrefix(after, "/") && isHTTP(strings.ToLower(name)) {
			return fail(fmt.Errorf("one slash; want %s://host", strings.ToLower(name)))
		}
	}
	a, user, port, err := parseAuthority(scheme == "https", rest)
	if err != nil {
		return fail(err)
	}
	t := typed{first: a, user: user}
	if !written {
		switch {
		case !port:
			second := a.over(true)
			t.second = &second
		case a.port == 443:
			t.first.secure = true
		case a.port != 80:
			second := a
			t.first.secure, t.second = true, &second
		}
	}
	return t, nil
}

func isHTTP(scheme string) bool { return scheme == "http" || scheme == "https" }

// cutScheme cuts scheme:// off a typed URL; the scheme comes in lower case.
func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, "://")
	if !ok || !isScheme(scheme) {
		return "", s, false
	}
	return strings.ToLower(scheme), rest, true
}

// isScheme reports whether s has the form of RFC 3986, section 3.1.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || (s[i] < '0' || s[i] > '9') && !strings.ContainsRune("+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}

// parseAuthority reads what follows "//": authority, path, query and fragment.
// It tells whether a user and whether a port was written.
func parseAuthority(secure bool, s string) (a address, user, port bool, err error) {
	authority, rest := s, ""
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		authority, rest = s[:i], s[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, authority = true, authority[i+1:]
	}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && !strings.Contains(authority[i:], "]") && !isIP6(authority) {
		digits := authority[i+1:]
		if strings.Trim(digits, "0123456789") != "" {
			return a, user, false, fmt.Errorf("port %q: want a number from 1 to 65535", digits)
		}
		port = digits != ""
	}
	authority, err = toASCII(authority)
	if err != nil {
		return a, user, port, err
	}
	a.secure = secure
	t, err := wire.ParseTarget(a.scheme() + "://" + authority)
	if err != nil {
		// The cause, without what was made of the text here.
		return a, user, port, errors.Unwrap(err)
	}
	a.host, a.port = t.Host, t.Port
	a.setRest(rest)
	return a, user, port, nil
}

// isIP6 reports whether s is an IPv6 address without brackets.
func isIP6(s string) bool {
	ip, err := netip.ParseAddr(strings.Replace(s, "%25", "%", 1))
	return err == nil && ip.Is6()
}

// toASCII writes a name in A-labels (RFC 5891).
func toASCII(authority string) (string, error) {
	if strings.IndexFunc(authority, func(r rune) bool { return r >= 0x80 }) < 0 {
		return authority, nil
	}
	host, port, _ := strings.Cut(authority, ":")
	if !utf8.ValidString(host) {
		return "", fmt.Errorf("host %q: not UTF-8", host)
	}
	name, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", fmt.Errorf("host %q: no internationalised name", host)
	}
	if port != "" {
		name += ":" + port
	}
	return name, nil
}

// setRest sets path, query and fragment from the text after the authority.
func (a *address) setRest(s string) {
	s, fragment, ok := strings.Cut(s, "#")
	if a.fragment = ""; ok {
		a.fragment = "#" + wire.PercentEncode(fragment)
	}
	s, query, ok := strings.Cut(s, "?")
	if a.query = ""; ok {
		a.query = "?" + wire.PercentEncode(query)
	}
	a.path = removeDots(wire.PercentEncode(s))
}

// removeDots removes the dot segments of an absolute path: RFC 3986, section
// 5.2.4. An empty path becomes "/".
func removeDots(path string) string {
	var out []string
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

// resolve reads a Location relative to a: RFC 3986, section 5.2. It tells
// whether the reference has a user in it, which is not sent.
func (a address) resolve(location string) (to address, user bool, err error) {
	s := strings.Trim(location, " \t")
	if len(s) > maxURL {
		return to, false, fmt.Errorf("%d octets long, at most %d are followed", len(s), maxURL)
	}
	if i := strings.IndexAny(s, ":/?#"); i > 0 && s[i] == ':' && isScheme(s[:i]) {
		scheme := strings.ToLower(s[:i])
		rest, ok := strings.CutPrefix(s[i+1:], "//")
		switch {
		case !isHTTP(scheme):
			return to, false, fmt.Errorf("scheme %q is not followed", scheme)
		case !ok:
			return to, false, fmt.Errorf(`%s: without "//"`, scheme)
		}
		to, user, _, err = parseAuthority(scheme == "https", rest)
	} else if rest, ok := strings.CutPrefix(s, "//"); ok {
		to, user, _, err = parseAuthority(a.secure, rest)
	} else {
		to = a
		to.setReference(s)
	}
	if err == nil && !strings.Contains(s, "#") {
		// RFC 9110, section 10.2.2: the fragment is inherited.
		to.fragment = a.fragment
	}
	return to, user, err
}

// setReference sets path, query and fragment from a reference without authority.
func (a *address) setReference(s string) {
	path, query := a.path, a.query
	switch {
	case strings.HasPrefix(s, "/"):
		a.setRest(s)
	case s == "" || s[0] == '#':
		a.setRest(s)
		a.path, a.query = path, query
	case s[0] == '?':
		a.setRest(s)
		a.path = path
	default:
		a.setRest(path[:strings.LastIndexByte(path, '/')+1] + s)
	}
}

// Resolve returns the URL that a reference, such as the value of Location, leads to
// from a base: RFC 3986, section 5.2, over http and https alone. Dot segments are
// taken out, what no URL may have is percent-encoded, and a user before the host is
// left out, which it reports. The base's fragment is inherited, as RFC 9110,
// section 10.2.2 has it.
func Resolve(base, reference string) (url string, user bool, err error) {
	scheme, rest, ok := cutScheme(base)
	if !ok || !isHTTP(scheme) {
		return "", false, &URLError{Text: base, Err: errors.New("want http:// or https://")}
	}
	from, _, _, err := parseAuthority(scheme == "https", rest)
	if err != nil {
		return "", false, &URLError{Text: base, Err: err}
	}
	to, user, err := from.resolve(reference)
	if err != nil {
		return "", user, fmt.Errorf("%q: %w", reference, err)
	}
	return to.String(), user, nil
}
