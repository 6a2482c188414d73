package redact

import (
	"bytes"
	"strconv"
	"strings"
)

// fieldKind is what a field line is to us.
type fieldKind uint8

const (
	unknownField fieldKind = iota // its name is not read yet
	plainField
	lengthField
	codingField
	authField // from here on, secrets
	cookieField
	setCookieField
)

// maxName bounds a field name that can matter, in bytes.
const maxName = 64

var fieldKinds = map[string]fieldKind{
	"content-length":      lengthField,
	"transfer-encoding":   codingField,
	"authorization":       authField,
	"proxy-authorization": authField,
	"cookie":              cookieField,
	"set-cookie":          setCookieField,
}

// fieldLine goes over what b has of a field line, which stands at offset at of
// the buffer, and returns how much of it is decided.
func (s *stream) fieldLine(b []byte, at int, final bool, marks *[]mark) int {
	if s.field == unknownField {
		return s.fieldName(b)
	}
	n := bytes.IndexByte(b, '\n') + 1
	if s.field < authField {
		line := b
		if n > 0 {
			line = b[:n]
		}
		if s.field != plainField {
			s.keep(line)
		}
		if n > 0 {
			s.lineEnd()
		}
		return len(line)
	}
	value, ends := b, false
	switch {
	case n > 0 && n <= maxHeld:
		value, ends = b[:n], true
	case len(b) >= maxHeld:
		value = b[:maxHeld]
		// Between two cookies rather than in the middle of one.
		if i := bytes.LastIndexByte(value, ';'); s.field == cookieField && i >= 0 {
			value = value[:i+1]
		}
	case !final:
		return 0
	}
	s.mask(value, at, ends, marks)
	if ends {
		s.lineEnd()
	}
	return len(value)
}

// fieldName reads the name of a field. It is never held, since it is no secret.
func (s *stream) fieldName(b []byte) int {
	if len(s.line) == 0 && (b[0] == ' ' || b[0] == '\t') {
		// RFC 9112, section 5.2: the line goes on with the field before it.
		s.field = s.folded
		s.inside = s.field != cookieField
		return 1
	}
	n := bytes.IndexByte(b, '\n') + 1
	line := b
	if n > 0 {
		line = b[:n]
	}
	if i := bytes.IndexByte(line, ':') + 1; i > 0 {
		n = i
	}
	if n == 0 {
		s.keep(b)
		if len(s.line) > maxName {
			s.field, s.line = plainField, s.line[:0]
		}
		return len(b)
	}
	s.keep(b[:n])
	if b[n-1] == '\n' {
		empty := len(bytes.TrimRight(s.line, "\r\n")) == 0
		s.field = plainField
		s.lineEnd()
		switch {
		case !empty:
		case s.state == trailers:
			s.begin()
		default:
			s.headEnd()
		}
		return n
	}
	name := bytes.TrimSpace(s.line[:len(s.line)-1])
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			name[i] = c | 0x20
		}
	}
	s.field = fieldKinds[string(name)]
	if s.field == unknownField {
		s.field = plainField
	}
	s.inside, s.base = false, ""
	if bytes.HasPrefix(name, []byte("proxy-")) {
		s.base = "PROXY_"
	}
	s.line = s.line[:0]
	return n
}

// lineEnd takes what a field says of the framing, and waits for the next line.
func (s *stream) lineEnd() {
	switch {
	case s.state == trailers:
	case s.field == lengthField:
		value := strings.TrimSpace(string(s.line))
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 || s.length >= 0 && s.length != n {
			s.broken = true
		}
		s.length = n
	case s.field == codingField:
		s.coded = true
		codings := strings.Split(strings.ToLower(string(s.line)), ",")
		s.chunked = strings.TrimSpace(codings[len(codings)-1]) == "chunked"
	}
	s.folded, s.field, s.line = s.field, unknownField, s.line[:0]
}
