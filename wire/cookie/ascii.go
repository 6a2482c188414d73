package cookie

import "strings"

// The comparisons of the draft are of ASCII letters only: a Kelvin sign is no k.

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// lower returns s with A to Z in lower case and every other octet untouched.
func lower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

func equalFold(a, b string) bool {
	return len(a) == len(b) && lower(a) == lower(b)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}

// trimWSP removes spaces and tabs at both ends.
func trimWSP(s string) string { return strings.Trim(s, " \t") }

// hasCTL reports whether s holds a control character other than HTAB.
func hasCTL(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) >= 0
}
