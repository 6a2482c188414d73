package redact

import (
	"bytes"
	"strings"
)

// secretNames are the parameters of queries and forms, and the members of JSON
// objects, whose values are secret: in lower case, without "-" and "_".
var secretNames = [...]struct {
	name string
	base string
	end  bool // also at the end of a longer name
}{
	{"password", "PASSWORD", true},
	{"passwd", "PASSWD", true},
	{"accesstoken", "ACCESS_TOKEN", true},
	{"refreshtoken", "REFRESH_TOKEN", true},
	{"clientsecret", "CLIENT_SECRET", true},
	{"apikey", "API_KEY", true},
	{"token", "TOKEN", false},
}

// baseBefore returns what a secret is named after whose name p ends with, "" for
// none.
func baseBefore(p []byte) string {
	var room [lookBack]byte
	at := len(room)
	for i := len(p) - 1; i >= 0 && at > 0; i-- {
		c := p[i]
		if n := escapeLen(c, room[at:]); n > 0 {
			at, c = at+n, unhex(room[at+n-2])<<4|unhex(room[at+n-1])
		}
		switch {
		case c == '-' || c == '_':
			continue
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case (c < 'a' || c > 'z') && (c < '0' || c > '9'):
			i = 0
			continue
		}
		at--
		room[at] = c
	}
	name := room[at:]
	if len(name) < len("token") {
		return ""
	}
	for _, n := range secretNames {
		if string(name) == n.name || n.end && strings.HasSuffix(string(name), n.name) {
			return n.base
		}
	}
	return ""
}

// trimBracket takes off the bracket of user[password].
func trimBracket(p []byte) []byte {
	for _, s := range []string{"]", "%5D", "%5d"} {
		if bytes.HasSuffix(p, []byte(s)) {
			return p[:len(p)-len(s)]
		}
	}
	return p
}

// escapeLen returns how many octets of b, in lower case, belong to an escape of one
// octet that begins with c before it, in percent-encoding (RFC 3986, section 2.1) or
// in JSON (RFC 8259, section 7); 0 for none. The last two are its figures.
func escapeLen(c byte, b []byte) int {
	switch {
	case c == '%' && len(b) >= 2 && isHex(b[0]) && isHex(b[1]):
		return 2
	case c == '\\' && len(b) >= 5 && string(b[:3]) == "u00" && isHex(b[3]) && isHex(b[4]):
		return 5
	}
	return 0
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

// unhex returns what a figure in lower case stands for.
func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// beginsXML reports whether p ends with what an octet c follows only in XML: of its
// declaration, or of a namespace.
func beginsXML(p []byte, c byte) bool {
	return bytes.HasSuffix(p, []byte("xmlns")) || c == '=' && bytes.HasSuffix(p, []byte("<?xml version"))
}

// elementBase is baseBefore for an element of XML that p ends with the start tag of,
// but for ">".
func elementBase(p []byte) string {
	tag := p[bytes.LastIndexByte(p, '<')+1:]
	name, _, _ := bytes.Cut(tag, []byte(" "))
	name = bytes.TrimRight(name, "\t\r\n")
	if len(tag) == len(p) || len(name) == 0 || name[0] == '/' || bytes.IndexByte(tag, '>') >= 0 {
		return ""
	}
	return baseBefore(name)
}

// namesPart reports whether p ends with what the name of a part of a form follows
// (RFC 7578, section 4.2), but for "=".
func namesPart(p []byte) bool {
	if n := len(p) - len("name"); n < 0 || !bytes.EqualFold(p[n:], []byte("name")) {
		return false
	}
	line := bytes.ToLower(p[bytes.LastIndexByte(p, '\n')+1:])
	before, ok := bytes.CutSuffix(line, []byte("name"))
	return ok && len(before) > 0 && strings.IndexByte("; \t", before[len(before)-1]) >= 0 && bytes.Contains(before, []byte("form-data"))
}

// partHead takes an octet of the head of a part, from its name on: if that is one of
// a secret, this is the first line behind the head. Readers differ in whether CR has
// to stand before LF.
func (k *seeker) partHead(c byte) {
	switch {
	case k.mode == seekPartHead:
		switch {
		case c == '\n' && k.first:
			k.mode = seekPart
		case c == '\n':
			k.first = true
		case c != '\r':
			k.first = false
		}
	case k.first && c == '"':
		k.first, k.quote = false, c
	case k.quote != 0 && c == k.quote, k.quote == 0 && (c == ';' || c == ' ' || c == '\r' || c == '\n'):
		if k.base = baseBefore(trimBracket(k.part)); k.base == "" || c == '\n' && k.first {
			k.mode = seekTrigger
			return
		}
		k.mode, k.quote, k.first = seekPartHead, 0, c == '\n'
	case c < ' ' || len(k.part) == lookBack:
		k.mode = seekTrigger
	default:
		k.first, k.part = false, append(k.part, c)
	}
}
