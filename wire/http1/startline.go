package http1

import (
	"bytes"
	"slices"
	"strings"

	"wiretape/wire/token"
)

// statusLine reads a status line. What cannot be read is zero.
//
//	status-line = HTTP-version SP status-code SP [ reason-phrase ]
func (s *side) statusLine(off int64, text []byte) {
	r := &Response{Length: -1}
	s.response = r
	// The line as it should be, which it nearly always is.
	if len(text) >= 13 && text[8] == ' ' && text[12] == ' ' && (string(text[:8]) == "HTTP/1.1" || string(text[:8]) == "HTTP/1.0") {
		if n, digits := number(text[9:12]); digits == 3 {
			r.Version, r.Status, r.Reason = version(text[:8]), n, reason(text[13:])
			s.checkStatus(off+9, r.Status)
			s.checkReason(off+13, text[13:])
			return
		}
	}
	at := func(rest []byte) int64 { return off + int64(len(text)-len(rest)) }
	i := bytes.IndexAny(text, " \t")
	if i < 0 {
		i = len(text)
	}
	r.Version = version(text[:i])
	s.checkVersion(off, r.Version)
	rest := text[i:]
	gap := bytes.TrimLeft(rest, " \t")
	if n := len(rest) - len(gap); n > 1 || n == 1 && rest[0] == '\t' {
		s.note(at(rest), "more than one SP before the status code", "RFC 9112 4")
	}
	rest = gap
	n, digits := number(rest)
	r.Status = n
	if digits != 3 {
		s.refuse(at(rest), "status code is not three digits", "RFC 9112 4")
	} else {
		s.checkStatus(at(rest), n)
	}
	rest = rest[digits:]
	switch {
	case len(rest) == 0:
		s.note(at(rest), "no SP behind the status code", "RFC 9112 4")
	case rest[0] == ' ':
		rest = rest[1:]
	default:
		s.refuse(at(rest), "status code and reason are not divided by SP", "RFC 9112 4")
	}
	r.Reason = reason(rest)
	s.checkReason(at(rest), rest)
}

// checkStatus notes a status code outside the known classes.
func (s *side) checkStatus(off int64, status int) {
	if status < 100 || status > 599 {
		s.note(off, "status code is in no known class", "RFC 9110 15")
	}
}

// checkReason notes control octets in a reason phrase.
func (s *side) checkReason(off int64, text []byte) {
	if !hasControl(text) {
		return
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		s.refuse(off+int64(i), "NUL in the reason phrase", "RFC 9112 4")
		return
	}
	if i := bytes.IndexFunc(text, func(c rune) bool { return c < 0x80 && isControl(byte(c)) }); i >= 0 {
		s.note(off+int64(i), "control character in the reason phrase", "RFC 9112 4")
	}
}

// checkVersion notes versions that are not HTTP/1.0 or HTTP/1.1.
func (s *side) checkVersion(off int64, v string) {
	const rule = "RFC 9112 2.3"
	switch {
	case v == "HTTP/1.1" || v == "HTTP/1.0":
	case len(v) == 8 && v[:7] == "HTTP/1." && '2' <= v[7] && v[7] <= '9':
		s.note(off, "minor version is above 1", "RFC 9110 2.5")
	case equalFold([]byte(v), "ICY"):
		s.refuse(off, "ICY stands in place of HTTP/1.0", rule)
	case len(v) >= 5 && v[:5] != "HTTP/" && strings.EqualFold(v[:5], "HTTP/"):
		s.refuse(off, "HTTP-name is not in upper case", rule)
	case len(v) == 8 && v[:5] == "HTTP/" && v[6] == '.' && isDigit(v[5]) && isDigit(v[7]):
		s.refuse(off, "major version is not 1", "RFC 9110 2.5")
	default:
		s.refuse(off, "HTTP-version is malformed", rule)
	}
}

// methods are those that make a line with two words a request line.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT"}

// requestLine reads a request line and reports whether text is one.
//
//	request-line = method SP request-target SP HTTP-version
func (s *side) requestLine(off int64, text []byte) bool {
	const rule = "RFC 9112 3"
	line := bytes.TrimLeft(text, " \t")
	lead := len(text) - len(line)
	i := bytes.IndexAny(line, " \t")
	if i <= 0 {
		return false
	}
	method := line[:i]
	if !token.Is(method) {
		return false
	}
	rest := line[i:]
	target := bytes.TrimLeft(rest, " \t")
	wide := len(rest)-len(target) > 1 || rest[0] == '\t'
	s.target = off + int64(len(text)-len(target))
	trimmed := bytes.TrimRight(target, " \t\r")
	vers := ""
	if j := bytes.LastIndexAny(trimmed, " \t"); j >= 0 && looksLikeVersion(trimmed[j+1:]) {
		vers = version(trimmed[j+1:])
		before := bytes.TrimRight(trimmed[:j], " \t")
		wide = wide || len(before) != j || trimmed[j] == '\t'
		wide = wide || len(trimmed) != len(target)
		target = before
	} else if looksLikeVersion(trimmed) {
		vers, target = version(trimmed), nil
	} else {
		// The simple request of HTTP/0.9 has no version. Any two words might be
		// one, so only known methods and targets count.
		if len(trimmed) == 0 || !slices.Contains(methods, string(method)) || trimmed[0] != '/' && !bytes.Contains(trimmed, []byte("://")) {
			return false
		}
		target = trimmed
	}
	r := &Request{Method: methodName(method), Target: string(target), Version: vers, Length: -1}
	s.request = r
	if lead > 0 {
		s.refuse(off, "white space before the method", rule)
	}
	if wide {
		s.note(off+int64(lead+i), "request line is not divided by single SPs", rule)
	}
	if len(target) == 0 {
		s.refuse(off+int64(lead+i), "request line has no target", rule)
	}
	if bytes.ContainsAny(target, " \t") {
		s.refuse(off+int64(lead+i), "white space in the request target", "RFC 9112 3.2")
	}
	if hasControl(target) {
		s.refuse(off+int64(lead+i), "control character in the request target", "RFC 9112 3.2")
	}
	if vers == "" {
		r.Version = "HTTP/0.9"
		s.note(off, "request line has no version: HTTP/0.9", "RFC 9112 2.3")
		if r.Method != "GET" {
			s.refuse(off, "HTTP/0.9 has no method but GET", "RFC 9112 2.3")
		}
		return true
	}
	s.checkVersion(off+int64(bytes.LastIndex(text, trimmed)+len(trimmed)-len(vers)), vers)
	return true
}

// looksLikeVersion reports whether p was meant for an HTTP-version.
func looksLikeVersion(p []byte) bool {
	return len(p) >= 5 && equalFold(p[:5], "HTTP/")
}

// version returns p as a string, without an allocation for what is usual.
func version(p []byte) string {
	switch string(p) {
	case "HTTP/1.1":
		return "HTTP/1.1"
	case "HTTP/1.0":
		return "HTTP/1.0"
	}
	return string(p)
}

// methodName is version for methods.
func methodName(p []byte) string {
	if i := slices.IndexFunc(methods, func(m string) bool { return m == string(p) }); i >= 0 {
		return methods[i]
	}
	return string(p)
}

// reason is version for reason phrases.
func reason(p []byte) string {
	switch string(p) {
	case "":
		return ""
	case "OK":
		return "OK"
	case "Not Modified":
		return "Not Modified"
	case "Found":
		return "Found"
	case "Not Found":
		return "Not Found"
	}
	return string(p)
}

// number returns the decimal number that p starts with and how many digits it
// has; more than nine do not count.
func number(p []byte) (n, digits int) {
	for digits < len(p) && digits < 9 && isDigit(p[digits]) {
		n = 10*n + int(p[digits]-'0')
		digits++
	}
	return n, digits
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
