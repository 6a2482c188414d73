package view

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks may stand on one base; more are escaped,
// so that no peer paints over the rows above and below.
const maxMarks = 4

// Escape appends b to dst so that a terminal shows it and obeys none of it.
// Printable UTF-8 is kept. Control octets and octets that are not UTF-8 become
// \xNN. C1 controls in UTF-8, bidirectional controls and isolates, zero-width
// and other invisible characters, spaces other than U+0020, private and
// unassigned code points become \u{202e}. Combining marks are escaped where they
// have no base within b. A backslash stays as it is: the result is for reading,
// not for parsing.
func Escape(dst, b []byte) []byte { return escape(dst, b, false) }

// EscapeString is [Escape] for a string.
func EscapeString(s string) string {
	if plain(s) {
		return s
	}
	return string(escape(nil, []byte(s), false))
}

// plain reports whether s is printable ASCII all through, which is the common
// case.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// escape is [Escape]; with ascii everything else is escaped too.
func escape(dst, b []byte, ascii bool) []byte {
	base, over := false, 0 // what the next combining mark would stand on
	for len(b) > 0 {
		n := 0
		for n < len(b) && b[n] >= ' ' && b[n] <= '~' {
			n++
		}
		if n > 0 {
			dst = append(dst, b[:n]...)
			b, base, over = b[n:], true, 0
			continue
		}
		r, size := utf8.DecodeRune(b)
		switch {
		case r < ' ' || r == 0x7f || r == utf8.RuneError && size == 1:
			dst = appendHexEscape(dst, b[0])
			base = false
		case ascii || invisible(r):
			dst = appendRuneEscape(dst, r)
			base = false
		case unicode.IsMark(r):
			if !base || over == maxMarks {
				dst = appendRuneEscape(dst, r)
				break
			}
			dst = append(dst, b[:size]...)
			over++
		default:
			dst = append(dst, b[:size]...)
			base, over = true, 0
		}
		b = b[size:]
	}
	return dst
}

// invisible reports whether r, which is no ASCII, would not be seen, or would
// move what is.
func invisible(r rune) bool {
	return !unicode.IsPrint(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) ||
		r == '\u2800' // braille blank
}

const hexDigits = "0123456789abcdef"

func appendHexEscape(dst []byte, c byte) []byte {
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

func appendRuneEscape(dst []byte, r rune) []byte {
	dst = append(dst, `\u{`...)
	dst = strconv.AppendInt(dst, int64(r), 16)
	return append(dst, '}')
}

// cells returns how many cells of a terminal the escaped text s takes.
func cells(s []byte) int {
	n := 0
	for len(s) > 0 {
		if s[0] < utf8.RuneSelf {
			s = s[1:]
			n++
			continue
		}
		r, size := utf8.DecodeRune(s)
		s = s[size:]
		n += runeCells(r)
	}
	return n
}

// wide are the blocks whose characters take two cells: East Asian Wide and
// Fullwidth (UAX #11) and emoji, by block and so a little too many.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x2e80, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1},
		{Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x1f300, Hi: 0x1faff, Stride: 1}, {Lo: 0x20000, Hi: 0x3fffd, Stride: 1}},
}

func runeCells(r rune) int {
	switch {
	case unicode.IsMark(r):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}
