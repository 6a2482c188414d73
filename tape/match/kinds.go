package match

import (
	"bytes"
	"math"
	"net/netip"
	"regexp"
	"time"

	"wiretape/tape"
)

var kindPatterns = map[tape.SpanKind]*regexp.Regexp{
	tape.SpanUUID:     regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`),
	tape.SpanToken:    regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"), // RFC 9110, section 5.6.2
	tape.SpanInt:      regexp.MustCompile(`^[+-]?[0-9]+$`),
	tape.SpanHex:      regexp.MustCompile(`^[0-9A-Fa-f]+$`),
	tape.SpanB64:      regexp.MustCompile(`^[0-9A-Za-z+/_-]+={0,2}$`),
	tape.SpanJWT:      regexp.MustCompile(`^[0-9A-Za-z_-]+\.[0-9A-Za-z_-]+\.[0-9A-Za-z_-]*$`),
	tape.SpanBoundary: regexp.MustCompile(`^[0-9A-Za-z'()+_,./:=? -]{1,70}$`), // RFC 2046, section 5.1.1
}

// isKind reports whether b is a value of a span's kind.
func isKind(k tape.SpanKind, b []byte) bool {
	switch k {
	case tape.SpanDate:
		return isDate(b)
	case tape.SpanIP:
		_, err := netip.ParseAddr(string(bytes.Trim(b, "[]")))
		return err == nil
	}
	re := kindPatterns[k]
	return re != nil && re.Match(b)
}

// dateLayouts are the forms of RFC 9110, section 5.6.7, that of mail and of
// cookies, and RFC 3339.
var dateLayouts = []string{
	"Mon, 02 Jan 2006 15:04:05 MST", "Monday, 02-Jan-06 15:04:05 MST", time.ANSIC,
	"Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 -0700 (MST)",
	"2 Jan 2006 15:04:05 -0700", "Mon, 02-Jan-2006 15:04:05 MST", time.RFC3339Nano,
}

// isDate reports whether b is a date and time.
func isDate(b []byte) bool {
	if len(b) < 16 || len(b) > 48 {
		return false
	}
	for _, layout := range dateLayouts {
		if _, err := time.Parse(layout, string(b)); err == nil {
			return true
		}
	}
	return false
}

// minSecretLength is the least length of a value that may count as random.
const minSecretLength = 10

// alike reports whether two values are both random and of one kind, so that
// their difference tells nothing: session ids, tokens, digests.
func alike(a, b []byte) bool {
	a, b = unquote(a), unquote(b)
	for _, k := range []tape.SpanKind{tape.SpanUUID, tape.SpanJWT} {
		if isKind(k, a) && isKind(k, b) {
			return k == tape.SpanUUID || len(a) > 60 && len(b) > 60
		}
	}
	return random(a) && random(b) && (len(a) == len(b) || min(len(a), len(b)) >= 2*minSecretLength) &&
		isKind(tape.SpanHex, a) == isKind(tape.SpanHex, b)
}

func unquote(b []byte) []byte {
	if n := len(b); n >= 2 && b[0] == '"' && b[n-1] == '"' {
		return b[1 : n-1]
	}
	return b
}

// random reports whether b looks drawn by chance: one word without the marks of
// prose, versions and paths, of high entropy, whose sorts of characters change
// often. "lang=en", "max-age" and "release-2026" are not.
func random(b []byte) bool {
	if len(b) < minSecretLength || len(b) > 4096 || !isKind(tape.SpanB64, b) {
		return false
	}
	var count [256]int
	sorts, digits, letters, last := 0, 0, 0, byte(0)
	for _, c := range b {
		count[c]++
		sort := byte('p')
		switch {
		case c >= '0' && c <= '9':
			sort = 'd'
			digits++
		case c >= 'a' && c <= 'z':
			sort = 'l'
			letters++
		case c >= 'A' && c <= 'Z':
			sort = 'u'
			letters++
		default:
			continue
		}
		if last != 0 && sort != last {
			sorts++
		}
		last = sort
	}
	entropy := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(b))
			entropy -= p * math.Log2(p)
		}
	}
	return digits >= 2 && letters >= 2 && entropy >= 2.7 && sorts >= max(4, len(b)/6)
}
