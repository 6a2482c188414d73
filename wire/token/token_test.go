package token

import (
	"strings"
	"testing"
)

// delimiters are what RFC 9110, section 5.6.2, keeps out of a token.
const delimiters = `"(),/:;<=>?@[\]{}`

func TestOctets(t *testing.T) {
	for c := range 256 {
		want := c > ' ' && c < 0x7f && !strings.ContainsRune(delimiters, rune(c))
		if Has(byte(c)) != want {
			t.Errorf("Has(%#x) is %v", c, !want)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, tt := range []struct {
		in  string
		len int
	}{{"", 0}, {"GET", 3}, {"x-a_b~1", 7}, {"a b", 1}, {" a", 0}, {"n\x00", 1}, {"caf\u00e9", 3}} {
		if n := Len(tt.in); n != tt.len {
			t.Errorf("Len(%q) = %d, want %d", tt.in, n, tt.len)
		}
		want := tt.len > 0 && tt.len == len(tt.in)
		if Is(tt.in) != want || Is([]byte(tt.in)) != want {
			t.Errorf("Is(%q) is not %v", tt.in, want)
		}
	}
}
