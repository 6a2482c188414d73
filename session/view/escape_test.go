package view

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscapeShowsWhatATerminalWouldObey(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"ASCII", `GET /a\b?c="d" HTTP/1.1`, `GET /a\b?c="d" HTTP/1.1`},
		{"letters of all the world", "naïve 日本語 ελ עברית ไทย", "naïve 日本語 ελ עברית ไทย"},
		{"NUL, BEL, TAB, CR, LF, DEL", "\x00\a\t\r\n\x7f", `\x00\x07\x09\x0d\x0a\x7f`},
		{"CSI", "\x1b[2J", `\x1b[2J`},
		{"OSC with a title", "\x1b]0;owned\a", `\x1b]0;owned\x07`},
		{"C1 as one octet", "\x9b2J", `\x9b2J`},
		{"C1 in UTF-8", "\u009b2J", `\u{9b}2J`},
		{"overlong and cut UTF-8", "\xc0\x9b\xe2\x80", `\xc0\x9b\xe2\x80`},
		{"surrogate in UTF-8", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"bidirectional override and isolates", "\u202eexe\u2066\u2069\u061c", `\u{202e}exe\u{2066}\u{2069}\u{61c}`},
		{"zero width", "a\u200bb\u200d\ufeff\u2060", `a\u{200b}b\u{200d}\u{feff}\u{2060}`},
		{"line and paragraph separators", "\u2028\u2029", `\u{2028}\u{2029}`},
		{"spaces that look like one", "a\u00a0b\u3000", `a\u{a0}b\u{3000}`},
		{"tags and variation selectors", "x\U000e0041\ufe0f\U000e0100", `x\u{e0041}\u{fe0f}\u{e0100}`},
		{"Hangul fillers and blank braille", "\u115f\u3164\u2800", `\u{115f}\u{3164}\u{2800}`},
		{"private use and unassigned", "\ue000\U0003ffff", `\u{e000}\u{3ffff}`},
		{"combining mark on a base", "e\u0301", "e\u0301"},
		{"combining mark on nothing", "\u0301e", `\u{301}e`},
		{"combining marks in a heap", "e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301\u0301" + `\u{301}`},
	}
	for _, tt := range tests {
		if got := EscapeString(tt.in); got != tt.want {
			t.Errorf("%s: EscapeString(%+q) = %+q, want %+q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestEscapeInASCIIKeepsNothingElse(t *testing.T) {
	if got, want := string(escape(nil, []byte("naïve 日"), true)), `na\u{ef}ve \u{65e5}`; got != want {
		t.Errorf("escape in ASCII = %q, want %q", got, want)
	}
}

// harmless reports the first rune of s that a terminal would not just show.
func harmless(s string) (rune, bool) {
	for _, r := range s {
		if r == utf8.RuneError || r != '\n' && !unicode.IsPrint(r) || r > unicode.MaxASCII && invisible(r) {
			return r, false
		}
	}
	return 0, true
}

func FuzzEscape(f *testing.F) {
	f.Add([]byte("\x1b]0;x\a\u202e\xff\u0301"))
	f.Add([]byte("plain"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := Escape(nil, b)
		if !utf8.Valid(got) {
			t.Errorf("Escape(%q) is not UTF-8", b)
		}
		// U+FFFD may stand in what a peer sends.
		text := strings.ReplaceAll(string(got), "\ufffd", "")
		if r, ok := harmless(text); !ok || strings.ContainsRune(text, '\n') {
			t.Errorf("Escape(%q) = %q keeps %U", b, got, r)
		}
		if again := Escape(nil, got); string(again) != string(got) {
			t.Errorf("Escape changes what it has escaped: %q, %q", got, again)
		}
	})
}
