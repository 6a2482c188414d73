package match

import (
	"bytes"
	"slices"
	"strings"

	"wiretape/tape"
)

// Of HTTP/2 a secret is overwritten in place, since a span cannot stand in a frame.
// What the tape has there is nothing that comes again: what came is redacted before
// it is compared.

// secretFields are the fields, in lower case, whose values or parts of them are
// redacted by name.
var secretFields = []string{"authorization", "proxy-authorization", "cookie", "set-cookie"}

// overwritten reports whether a recorded value of such a field was redacted, and
// agrees with the one that came in all that was not.
func (c *comparison) overwritten(name string, want, got []byte) bool {
	if !c.want.Derived || !slices.Contains(secretFields, name) {
		return false
	}
	ws, gs := bytes.Split(want, []byte(";")), bytes.Split(got, []byte(";"))
	if len(ws) != len(gs) {
		return false
	}
	var names []string
	for i := range ws {
		if bytes.Equal(ws[i], gs[i]) {
			continue
		}
		sep := []byte("=")
		if strings.HasSuffix(name, "authorization") {
			sep = []byte(" ")
		}
		wn, wv, ok := bytes.Cut(ws[i], sep)
		gn, gv, _ := bytes.Cut(gs[i], sep)
		if !ok {
			wn, gn, wv, gv = nil, nil, ws[i], gs[i]
		}
		if !bytes.Equal(wn, gn) || len(gv) == 0 || !invented(wn, wv) || name == "set-cookie" && i > 0 {
			return false
		}
		if n := cookieName(ws[i]); ok && len(sep) > 0 && sep[0] == '=' {
			names = append(names, n)
		} else {
			names = append(names, name)
		}
	}
	c.byKind(names...)
	return true
}

// invented reports whether a value is what redaction puts in place of one: symbols
// of Huffman's code by their length, or the name of the secret again and again.
func invented(name, value []byte) bool {
	if len(value) > 0 && len(bytes.Trim(value, "abjX")) == 0 {
		return true
	}
	base := strings.ToUpper(string(name))
	for _, word := range []string{base, "COOKIE", "AUTH", "TOKEN", "LOGIN", base + "_2", "TOKEN_2", "COOKIE_2"} {
		for _, enc := range []string{"", "b64"} {
			if bytes.Equal(tape.SecretSample(word, len(value), enc), value) {
				return true
			}
		}
	}
	return false
}
