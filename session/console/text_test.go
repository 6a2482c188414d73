package console

import (
	"slices"
	"testing"
	"unicode/utf8"
)

func FuzzDraft(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	f.Add("\x00\xff世\u009b" + string(rune(keyPaste)))
	f.Fuzz(func(t *testing.T, text string) {
		d := encodeDraft([]byte(text))
		if again := encodeDraft([]byte(decodeDraft(d))); !slices.Equal(d, again) {
			t.Fatalf("draft of %q is %+q, and again %+q", text, d, again)
		}
		for _, r := range d {
			if !utf8.ValidRune(r) || r < 0x20 || r >= keyFirst && r < rawFirst && r != softNewline {
				t.Fatalf("draft of %q holds %U", text, r)
			}
		}
	})
}

func TestSubmittedLines(t *testing.T) {
	for _, tt := range []struct {
		name, draft string
		want        []string
	}{
		{"nothing", "", []string{""}},
		{"one line", "a", []string{"a"}},
		{"soft newline", "a" + lineBreak + "b", []string{"a", "b"}},
		{"Enter after a soft newline adds no line", "a" + lineBreak + lineBreak, []string{"a", ""}},
		{"a soft newline alone", lineBreak, []string{""}},
		{"bytes", "a" + raws("\xff\x00"), []string{"a\xff\x00"}},
		{"quoted dot-word", raws(".") + "quit", []string{"\x16.quit"}},
		{"quoted dot elsewhere", "a" + raws("."), []string{"a."}},
		{"quoted ^]", raws("\x1d") + "x", []string{"\x16\x1dx"}},
		{"quoted ^V", raws("\x16"), []string{"\x16\x16"}},
		{"quoted letter", raws("Q"), []string{"Q"}},
		{"quoted in the second line", "a" + lineBreak + raws("."), []string{"a", "\x16."}},
	} {
		var got []string
		for _, line := range splitDraft([]rune(tt.draft)) {
			got = append(got, lineText(line))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPastedLineEnds(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"CRLF", "a\r\nb\r\n\r\n", "a\nb\n\n"},
		{"LF", "a\nb\n\n", "a\nb\n\n"},
		{"CR, as most terminals send LF", "a\rb\r\r", "a\nb\n\n"},
		{"CR CR, as tmux and xterm send CRLF", "a\r\rb\r\r\r\r", "a\nb\n\n"},
		{"two requests of one line each", "a\r\rb\r\r", "a\n\nb\n\n"},
		{"one line and three blank ones", "a\r\r\r\r", "a\n\n\n\n"},
		{"a blank line among others", "a\rb\r\rc\r\r\r\r", "a\nb\n\nc\n\n\n\n"},
	} {
		if got := decodeDraft(paste{text: []byte(tt.in)}.draft()); got != tt.want {
			t.Errorf("%s: paste of %q is %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}
