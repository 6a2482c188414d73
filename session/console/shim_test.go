package console

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	deleteKey = string(rune(keyDelete))
	escapeKey = string(rune(keyEscape))
	pasteKey  = string(rune(keyPaste))
	lineBreak = string(rune(softNewline))
)

func raws(s string) string {
	var out []byte
	for i := range len(s) {
		out = utf8.AppendRune(out, rawRune(s[i]))
	}
	return string(out)
}

func TestShimKeys(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"text", "héllo 世界", "héllo 世界"},
		{"CR submits", "a\r", "a\r"},
		{"LF submits", "a\n", "a\r"},
		{"CRLF submits once", "a\r\nb\r\n", "a\rb\r"},
		{"LF CR are two", "a\n\rb", "a\r\rb"},
		{"two LF are two", "a\n\n", "a\r\r"},
		{"NUL would be the end of input", "a\x00b", "ab"},
		{"arrows", "\x1b[A\x1b[B\x1b[C\x1b[D", "\x10\x0e\x06\x02"},
		{"arrows of application mode", "\x1bOA\x1bOB\x1bOC\x1bOD", "\x10\x0e\x06\x02"},
		{"Home and End of five terminals", "\x1b[H\x1b[F\x1bOH\x1bOF\x1b[1~\x1b[4~\x1b[7~\x1b[8~", "\x01\x05\x01\x05\x01\x05\x01\x05"},
		{"Ctrl and Alt with an arrow", "\x1b[1;5C\x1b[1;5D\x1b[1;3C\x1b[5D\x1bb\x1bf", "\x1bf\x1bb\x1bf\x1bb\x1bb\x1bf"},
		{"Alt as a second ESC", "\x1b\x1b[A", "\x10"},
		{"Delete", "\x1b[3~", deleteKey},
		{"Ctrl-Delete, Alt-d", "\x1b[3;5~\x1bd", "\x1bd\x1bd"},
		{"Alt-Backspace", "\x1b\x7f\x1b\x08", "\x1b\x7f\x1b\x7f"},
		{"Alt-Enter", "a\x1b\rb\x1b\nc", "a" + lineBreak + "b" + lineBreak + "c"},
		{"Alt-Enter as CRLF", "a\x1b\r\nb", "a" + lineBreak + "b"},
		{"Shift-Enter", "\x1b[13;2u\x1b[27;2;13~", lineBreak + lineBreak},
		{"Enter of the keypad", "\x1bOM", "\r"},
		{"F keys, Page Up, Insert do nothing", "\x1bOP\x1b[15~\x1b[[A\x1b[5~\x1b[2~\x1b[Zx", "x"},
		{"a sequence broken off by another", "\x1b[1\x1b[A", "\x10"},
		{"no sequence is that long", "\x1b[" + strings.Repeat("1", maxSequence) + "1x", "1x"},
		{"a control byte ends a sequence", "\x1b[1\r", "\r"},
		{"^C after ESC", "\x1b\x03", "\x03"},
		{"quoted insert", "\x16\x1b[A\x16\x03\x16.\x16\x16\x16\x00", raws("\x1b") + "[A" + raws("\x03.\x16\x00")},
		{"quoted wide character", "\x16世x", "世x"},
		{"quoted CR", "\x16\rx", raws("\r") + "x"},
		{"no UTF-8", "a\xff\xc3(\xe4\xb8x", "a" + raws("\xff\xc3") + "(" + raws("\xe4\xb8") + "x"},
		{"CR after half a rune", "\xc3\r\n", raws("\xc3") + "\r"},
		{"C1 control", "\u009b", raws("\u009b")},
		{"nobody types our keys", pasteKey + string(rune(rawFirst)), raws(pasteKey + string(rune(rawFirst)))},
		{"paste", "a\x1b[200~b\x1b[201~c", "a" + pasteKey + "c"},
	} {
		var s shim
		if got := string(s.feed(nil, []byte(tt.in))); got != tt.want {
			t.Errorf("%s: feed(%q) = %+q, want %+q", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestShimPaste(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"line ends are left alone", "a\r\nb\nc\rd", "a\r\nb\nc\rd"},
		{"keys cannot be pasted", "a\x1b[Ab\x03c\x04", "a[Abc\x04"},
		{"what only begins like the end", "a\x1b[201x\x1b\x1b[20\x1b[201", "a[201x[20[201"},
		{"bytes", "\x00\xff\t", "\x00\xff\t"},
		{"nothing", "", ""},
	} {
		var s shim
		out := s.feed(nil, []byte("\x1b[200~"+tt.in+"\x1b[201~"))
		if string(out) != pasteKey || len(s.pastes) != 1 || string(s.pastes[0].text) != tt.want {
			t.Errorf("%s: paste of %q = %+q, %q, want %q", tt.name, tt.in, out, s.pastes, tt.want)
		}
	}
}

func TestShimPasteIsBounded(t *testing.T) {
	var s shim
	s.feed(nil, []byte("\x1b[200~"))
	s.feed(nil, bytes.Repeat([]byte("x"), maxPaste+1))
	s.feed(nil, pasteEnd)
	if p := s.pastes[0]; len(p.text) != maxPaste || !p.cut {
		t.Errorf("paste of %d bytes kept %d, cut %v", maxPaste+1, len(p.text), p.cut)
	}
}

func TestShimIdle(t *testing.T) {
	for _, tt := range []struct{ name, before, after, want string }{
		{"ESC alone", "\x1b", "[A", escapeKey + "[A"},
		{"half a rune", "\xe4\xb8", "x", raws("\xe4\xb8") + "x"},
		{"LF long after CR", "\r", "\n", "\r\r"},
		{"half a sequence", "\x1b[1", "x", "x"},
		{"a pause inside a paste", "\x1b[200~a", "b\x1b[201~", pasteKey},
		{"^C where the end of a paste got lost", "\x1b[200~a", "\x03b", "\x03b"},
		{"^V waits as long as it takes", "\x16", "\x03", raws("\x03")},
	} {
		var s shim
		out := s.feed(nil, []byte(tt.before))
		out = s.idle(out)
		if s.pending() {
			t.Errorf("%s: still pending after idle", tt.name)
		}
		if out = s.feed(out, []byte(tt.after)); string(out) != tt.want {
			t.Errorf("%s: %q, pause, %q = %+q, want %+q", tt.name, tt.before, tt.after, out, tt.want)
		}
	}
}

// FuzzShimSplit: however the same bytes are cut, the same keys come out, in
// characters that the library cannot misread.
func FuzzShimSplit(f *testing.F) {
	f.Add([]byte("a\r\n\x1b[1;5C\x16\x1b世\xe4\xb8\x1b[200~x\x1b[20\r\x1b[201~y"), uint(3))
	f.Add([]byte("\x1b\x1b[\x1b[[A\xff"), uint(1))
	f.Fuzz(func(t *testing.T, in []byte, cut uint) {
		var whole, parts shim
		want := whole.feed(nil, in)
		var got []byte
		step := int(cut%7) + 1
		for i := 0; i < len(in); i += step {
			got = parts.feed(got, in[i:min(i+step, len(in))])
		}
		if !bytes.Equal(got, want) || len(whole.pastes) != len(parts.pastes) {
			t.Fatalf("feed(%q) = %+q, in pieces of %d %+q", in, want, step, got)
		}
		for i := range whole.pastes {
			if !bytes.Equal(whole.pastes[i].text, parts.pastes[i].text) {
				t.Fatalf("paste %d of %q differs: %q, %q", i, in, whole.pastes[i].text, parts.pastes[i].text)
			}
		}
		if !utf8.Valid(want) {
			t.Fatalf("feed(%q) = %q, no UTF-8", in, want)
		}
		for i, c := range want {
			if c == 0 || c == '\n' || c == 0x1b && (i+1 == len(want) || !strings.ContainsRune("bfd\x7f", rune(want[i+1]))) {
				t.Fatalf("feed(%q) = %q: byte %d is not for the library", in, want, i)
			}
		}
	})
}
