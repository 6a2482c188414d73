// Package token knows the tokens of HTTP (RFC 9110, section 5.6.2), of which field
// names, methods, cookie names and parameters are made. It serves those who read
// them and those who write them.
package token

import "strings"

// octets holds the octets of a token.
var octets = func() (t [256]bool) {
	for c := range 256 {
		t[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", byte(c)) >= 0
	}
	return t
}()

// Has reports whether c may stand in a token.
func Has(c byte) bool { return octets[c] }

// Len returns how many octets of a token s begins with.
func Len[S string | []byte](s S) int {
	n := 0
	for n < len(s) && octets[s[n]] {
		n++
	}
	return n
}

// Is reports whether s is a token: all of it, and not empty.
func Is[S string | []byte](s S) bool { return len(s) > 0 && Len(s) == len(s) }
