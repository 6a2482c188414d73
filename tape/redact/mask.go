package redact

import (
	"bytes"
	"slices"
	"strings"
)

// mask notes the secrets in a piece of a field's value, which stands at offset
// at of the buffer. The piece has the line end when ends is true.
func (s *stream) mask(b []byte, at int, ends bool, marks *[]mark) {
	if ends {
		// Blanks before the line end are no part of a value.
		b = bytes.TrimRight(b, " \t\r\n")
	}
	switch s.field {
	case codingField:
		last := b[bytes.LastIndexByte(b, ',')+1:]
		s.chunked = !s.spliced && bytes.EqualFold(bytes.TrimSpace(last), []byte("chunked"))
	case authField, proxyAuthField:
		s.maskAuth(b, at, marks)
	case passField, saslField, apopField, authinfoField, loginField, responseField, earlyField:
		s.maskLine(b, at, marks)
	case inlineField:
		s.maskInline(b, at, ends, marks)
	case redisField:
		addMarks(b, at, s.base, "", marks)
	case lostField:
		addMarks(b, at, "FIELD", "", marks)
	case cookieField:
		s.maskPairs(b, at, marks)
	case keyField:
		n := len(b)
		b = bytes.TrimLeft(b, " \t")
		addMarks(b, at+n-len(b), "TOKEN", "", marks)
	case protocolsField:
		s.maskProtocols(b, at, marks)
	case setCookieField:
		i := bytes.IndexByte(b, ';')
		if i < 0 {
			s.maskPair(b, at, marks)
			s.inside = true
			return
		}
		s.maskPair(b[:i], at, marks)
		s.maskQuoted(b, i+1, at, marks)
		s.field = plainField // attributes
	}
}

// maskAuth masks what follows the scheme.
func (s *stream) maskAuth(b []byte, at int, marks *[]mark) {
	i, enc := 0, ""
	if !s.inside {
		s.inside = true
		i = len(b) - len(bytes.TrimLeft(b, " \t"))
		prefix := ""
		if s.field == proxyAuthField {
			prefix = "PROXY_"
		}
		s.base = prefix + "AUTH"
		if n := bytes.IndexAny(b[i:], " \t"); n > 0 {
			scheme := b[i : i+n]
			s.base = prefix + baseOf(scheme, "AUTH")
			if bytes.EqualFold(scheme, []byte("Basic")) {
				s.base, enc = prefix+"LOGIN", "b64"
			} else if bytes.EqualFold(scheme, []byte("Bearer")) {
				s.base = prefix + "TOKEN"
			}
			i += n
			i += len(b[i:]) - len(bytes.TrimLeft(b[i:], " \t"))
		}
	}
	addMarks(b[i:], at+i, s.base, enc, marks)
}

// protocolWords are the names of subprotocols behind which clients that can set no
// field put a token, as the next name of the list.
var protocolWords = []string{"access_token", "authorization", "auth", "bearer", "jwt", "token"}

// protocolPrefix is that of Kubernetes, with the token behind it.
const protocolPrefix = "base64url.bearer.authorization.k8s.io."

// maskProtocols masks the tokens in a list of subprotocols.
func (s *stream) maskProtocols(b []byte, at int, marks *[]mark) {
	for len(b) > 0 {
		name, rest, more := bytes.Cut(b, []byte(","))
		word := bytes.Trim(name, " \t")
		start := at + bytes.Index(name, word)
		secret := s.inside || bytes.HasPrefix(word, []byte("eyJ"))
		if after, ok := bytes.CutPrefix(word, []byte(protocolPrefix)); ok {
			word, start, secret = after, start+len(protocolPrefix), true
		}
		if secret {
			addMarks(word, start, "TOKEN", "", marks)
		}
		s.inside = slices.ContainsFunc(protocolWords, func(w string) bool { return strings.EqualFold(w, string(word)) })
		if !more {
			return
		}
		at, b = at+len(b)-len(rest), rest
	}
}

// maskPairs masks the values of a Cookie field.
func (s *stream) maskPairs(b []byte, at int, marks *[]mark) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, ';')
		if i < 0 {
			s.maskPair(b, at, marks)
			s.inside = true
			return
		}
		s.maskPair(b[:i], at, marks)
		s.inside = false
		b, at = b[i+1:], at+i+1
	}
}

// maskQuoted masks what stands from i on within the quotes that the value of the pair
// began with: to who reads by quotes it is value. The semicolons stay, and attributes,
// so that who takes the first ";" for its end (RFC 6265bis, section 5.6) reads of the
// tape what was read of the bytes.
func (s *stream) maskQuoted(b []byte, i, at int, marks *[]mark) {
	open := bytes.Index(b[:i], []byte(`="`)) + 2
	if open < 2 || bytes.IndexByte(b[open:i], '"') >= 0 {
		return
	}
	n := bytes.IndexByte(b[i:], '"')
	if n < 0 {
		return
	}
	for part := range bytes.SplitSeq(b[i:i+n], []byte(";")) {
		name, _, _ := bytes.Cut(part, []byte("="))
		if !slices.ContainsFunc(attributes, func(a string) bool { return strings.EqualFold(a, string(bytes.TrimSpace(name))) }) {
			addMarks(part, at+i, s.base, "", marks)
		}
		i += len(part) + 1
	}
}

// attributes are those of a cookie.
var attributes = []string{"Domain", "Expires", "HttpOnly", "Max-Age", "Partitioned", "Path", "SameSite", "Secure"}

// maskPair masks the value of name=value, or all of what has no name. Where a
// secret is gone on with, all of it is value.
func (s *stream) maskPair(b []byte, at int, marks *[]mark) {
	if !s.inside {
		name, value, ok := bytes.Cut(b, []byte("="))
		if !ok {
			name, value = nil, b
		}
		s.base = baseOf(bytes.TrimSpace(name), "COOKIE")
		at += len(b) - len(value)
		b = value
		if len(bytes.TrimSpace(name)) == 0 {
			n := namePrefix(b)
			b, at = b[n:], at+n
		}
	}
	n := len(b)
	b = bytes.TrimLeft(b, " \t")
	at += n - len(b)
	b = bytes.TrimRight(b, " \t")
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		b, at = b[1:len(b)-1], at+1
	}
	addMarks(b, at, s.base, "", marks)
}

// namePrefix returns how much of a cookie's value without a name begins as names do
// that promise something: the verdict on it hangs on that.
func namePrefix(b []byte) int {
	trimmed := bytes.TrimLeft(b, " \t")
	for _, p := range []string{"__Host-", "__Secure-"} {
		if len(trimmed) >= len(p) && strings.EqualFold(string(trimmed[:len(p)]), p) {
			return len(b) - len(trimmed) + len(p)
		}
	}
	return 0
}

// addMarks notes b as a secret but for its control bytes, on which verdicts
// hang.
func addMarks(b []byte, at int, base, enc string, marks *[]mark) {
	from := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] >= ' ' && b[i] != 0x7f {
			continue
		}
		if from < i {
			*marks = append(*marks, mark{from: at + from, to: at + i, base: base, enc: enc})
		}
		from = i + 1
	}
}
