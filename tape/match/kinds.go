package match

import (
	"math"

	"wiretape/tape"
)

// isDate reports whether b is a date and time.
func isDate(b []byte) bool { return tape.SpanDate.Fits(b) }

// minSecretLength is the least length of a value that may count as random.
const minSecretLength = 10

// alike reports whether two values are both random and of one kind, so that
// their difference tells nothing: session ids, tokens, digests.
func alike(a, b []byte) bool {
	a, b = unquote(a), unquote(b)
	for _, k := range []tape.SpanKind{tape.SpanUUID, tape.SpanJWT} {
		if k.Fits(a) && k.Fits(b) {
			return k == tape.SpanUUID || len(a) > 60 && len(b) > 60
		}
	}
	return random(a) && random(b) && (len(a) == len(b) || min(len(a), len(b)) >= 2*minSecretLength) &&
		tape.SpanHex.Fits(a) == tape.SpanHex.Fits(b)
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
	if len(b) < minSecretLength || len(b) > 4096 || !tape.SpanB64.Fits(b) {
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
