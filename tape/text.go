package tape

import (
	"encoding/binary"
	"math/bits"
	"unicode"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special has the high bit set for the first byte of x that is below 0x20, above
// 0x7e or a backslash. Borrows and carries can set wrong bits only above it.
func special(x uint64) uint64 {
	slash := x ^ '\\'*ones
	return ((x - 0x20*ones) &^ x) | x | (x + ones) | ((slash - ones) &^ slash)
}

// literal returns the length of the longest prefix of b that stands in text as
// it is and is ASCII: U+0020 to U+007E without the backslash.
func literal(b []byte) int {
	n := 0
	for len(b)-n >= 16 {
		lo := special(binary.LittleEndian.Uint64(b[n:])) & highs
		hi := special(binary.LittleEndian.Uint64(b[n+8:])) & highs
		if lo|hi == 0 {
			n += 16
			continue
		}
		if lo != 0 {
			return n + bits.TrailingZeros64(lo)/8
		}
		return n + 8 + bits.TrailingZeros64(hi)/8
	}
	if len(b)-n >= 8 {
		if m := special(binary.LittleEndian.Uint64(b[n:])) & highs; m != 0 {
			return n + bits.TrailingZeros64(m)/8
		}
		n += 8
	}
	for n < len(b) && b[n] >= 0x20 && b[n] < 0x7f && b[n] != '\\' {
		n++
	}
	return n
}

// printable returns the length of the rune at the start of b if it stands in
// text as it is, or else 0. b[0] is not ASCII.
func printable(b []byte) int {
	r, n := utf8.DecodeRune(b)
	if (r == utf8.RuneError && n == 1) || !unicode.IsPrint(r) {
		return 0
	}
	return n
}

// binaryShare is the part of a run, one in so many bytes, that may need \0 or
// \xhh before it is written as hex.
const binaryShare = 10

// isBinary reports whether more than one in binaryShare bytes of b needs \0 or
// \xhh. Line ends, tabs and backslashes are text.
func isBinary(b []byte) bool {
	left := len(b) / binaryShare
	for i := 0; ; {
		i += literal(b[i:])
		if i >= len(b) {
			return false
		}
		switch c := b[i]; {
		case c == '\n' || c == '\r' || c == '\t' || c == '\\':
			i++
		case c >= utf8.RuneSelf:
			if n := printable(b[i:]); n > 0 {
				i += n
				continue
			}
			fallthrough
		default:
			i++
			if left--; left < 0 {
				return true
			}
		}
	}
}

const hexDigits = "0123456789abcdef"

// appendEscape appends the escape of one byte.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '\r':
		return append(dst, '\\', 'r')
	case '\n':
		return append(dst, '\\', 'n')
	case '\t':
		return append(dst, '\\', 't')
	case 0:
		return append(dst, '\\', '0')
	case '\\':
		return append(dst, '\\', '\\')
	}
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

// appendEscaped appends b as text, and the bytes of special as \xhh.
func appendEscaped(dst, b []byte, special string) []byte {
	for i := 0; i < len(b); {
		c := b[i]
		if c >= utf8.RuneSelf {
			if n := printable(b[i:]); n > 0 {
				dst = append(dst, b[i:i+n]...)
				i += n
				continue
			}
		}
		i++
		if c < 0x20 || c >= 0x7f || c == '\\' {
			dst = appendEscape(dst, c)
			continue
		}
		isSpecial := false
		for j := range len(special) {
			isSpecial = isSpecial || special[j] == c
		}
		if isSpecial {
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// unescape appends the byte that the escape at the start of s stands for, and
// returns the length of the escape. s[0] is the backslash.
func unescape(dst, s []byte) ([]byte, int, error) {
	if len(s) < 2 {
		return dst, 0, bad("backslash at the end of the line")
	}
	switch s[1] {
	case 'r':
		return append(dst, '\r'), 2, nil
	case 'n':
		return append(dst, '\n'), 2, nil
	case 't':
		return append(dst, '\t'), 2, nil
	case '0':
		return append(dst, 0), 2, nil
	case '\\':
		return append(dst, '\\'), 2, nil
	case 'x':
		if len(s) >= 4 {
			hi, lo := unhex[s[2]], unhex[s[3]]
			if hi|lo < 16 {
				return append(dst, hi<<4|lo), 4, nil
			}
		}
		return dst, 0, bad("escape %s: want two hex digits after \\x", shown(s[:min(len(s), 4)]))
	}
	_, n := utf8.DecodeRune(s[1:])
	return dst, 0, bad(`escape %s: want \r \n \t \0 \\ \xhh or a span \{…}`, shown(s[:1+n]))
}

// unhex gives the value of a hex digit, and 0xff for all else.
var unhex = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range 16 {
		t[hexDigits[i]] = byte(i)
	}
	for i := 10; i < 16; i++ {
		t[hexDigits[i]-'a'+'A'] = byte(i)
	}
	return t
}()

// checkRune returns the length of the rune at the start of s, or an error where
// it may not stand as it is: not UTF-8, or a thing that does not show. The test
// is wider than the writer's, since the two may know different versions of
// Unicode.
func checkRune(s []byte) (int, error) {
	r, n := utf8.DecodeRune(s)
	if r == utf8.RuneError && n == 1 {
		return 0, bad(`byte \x%02x is not UTF-8: write it as an escape`, s[0])
	}
	if r < 0x20 || r == 0x7f || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zs, unicode.Zl, unicode.Zp) && r != ' ' {
		return 0, bad("character %U does not show: write it as %s", r, appendEscaped(nil, s[:n], ""))
	}
	return n, nil
}
