package match

import (
	"bytes"
	"strings"
	"testing"
)

func TestTextDetail(t *testing.T) {
	split := func(s string) [][]byte { return bytes.Split([]byte(s), []byte(" ")) }
	for _, test := range []struct{ name, want, got, detail string }{
		{"a line in the middle", "a b c d e f", "a b c X d e f", "  2: b\n  3: c\n+ 4: X\n  4: d\n  5: e"},
		{"one is gone", "a b c", "a c", "  1: a\n- 2: b\n  3: c"},
		{"some of several", "a b c d", "a X c Y", "  1: a\n- 2: b\n+ 2: X\n  3: c\n- 4: d\n+ 4: Y"},
		{"one that differs is told already", "a b c", "a X c", ""},
		{"nothing came", "a b", "", "- 1: a\n- 2: b\n+ 1: \"\""},
	} {
		if got := textDetail(split(test.want), split(test.got)); got != test.detail {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.detail)
		}
	}
	long := textDetail(split(strings.Repeat("a ", 100)), split(strings.Repeat("b ", 100)))
	if !strings.HasSuffix(long, "… and 176 more lines") && !strings.HasSuffix(long, "more lines") {
		t.Errorf("long: %s", long)
	}
	if got := textDetail(split(strings.Repeat("a ", 10_000)), split(strings.Repeat("b ", 10_000))); got != "" {
		t.Errorf("too long: %s", got)
	}
}

func TestHexDetail(t *testing.T) {
	want := []byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0fABCDEFGH")
	got := bytes.Clone(want)
	got[17] = 0xff
	const lines = "  00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|\n" +
		"- 00000010  41 42 43 44 45 46 47 48                           |ABCDEFGH|\n" +
		"+ 00000010  41 ff 43 44 45 46 47 48                           |A.CDEFGH|"
	if d := hexDetail(want, got, 17, 0); d != lines {
		t.Errorf("got\n%s\nwant\n%s", d, lines)
	}
	if d := hexDetail([]byte("text"), []byte("test"), 2, 0); d != "" {
		t.Errorf("text: %s", d)
	}
}

// The detail of a difference stands in the mismatch, and has no secrets.
func TestMismatchHasDetail(t *testing.T) {
	const head = `HTTP/1.1 200 OK\r\n` + "\n" + `Content-Type: text/plain\r\n` + "\n"
	want := load(t, answered("", head+`Content-Length: 6\r\n`+"\n"+`\r\n`+"\n"+`a\n`+"\n"+`b\n`+"\n"+`c\n`))
	got := load(t, answered("", head+`Content-Length: 8\r\n`+"\n"+`\r\n`+"\n"+`a\n`+"\n"+`b\n`+"\n"+`X\n`+"\n"+`c\n`))
	out := Diff(want, got)
	if len(out.Mismatches) != 1 || out.Mismatches[0].Detail != "  1: a\n  2: b\n+ 3: X\n  3: c" {
		t.Errorf("mismatches %+v", out.Mismatches)
	}
}
