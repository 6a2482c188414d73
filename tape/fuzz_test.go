package tape

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fragments are lines of tapes, to be put together at random.
var fragments = []string{
	"", "# comment", "#| reading", "; note x", "; profile commit", "; created 2026-11-23T10:00:00Z", "; end",
	"% mark", "~ 0s", "~ 1ms", "~ 1ms..2ms", "~ *",
	"= open tcp a:1", "= open udp a:1 local=b:2", "2= open udp c:1", "= close", "2= eof <",
	"= tls 1.3 offer=a,b leaf=" + "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "= tls 1.2 took=1s", "= cert MAA=", "= cert MAE=",
	"> ", ">", "<", "2>", "> a\\x20", "> GET / HTTP/1.1\\r\\n", "> Cookie: a=\\{secret A 5}; b=x1y2z3w4\\r\\n", "> \\r\\n",
	"< HTTP/1.1 200 OK\\r\\n", "< Date: Mon, 23 Nov 2026 10:00:00 GMT\\r\\n", "< Date: Mon, 23 Nov", "<  2026 10:00:00 GMT\\r\\n",
	"< Set-Cookie: a=\\{secret A 5}\\x01\\{secret A_2 2 raw}\\r\\n", "< Set-Cookie: b=x1y2z3w4; Expires=Mon, 23 Nov 2026 10:00:00 GMT\\r\\n",
	"< Age: 7\\r\\nContent-Length: 5\\r\\n", "< \\r\\n", "< {\"a\":[1,{\"b\":\"c,d\"}],\"e\":1}", "< HTTP/1.1 200 OK\\r\\nAge: \\{any|}1\\r\\n\\r\\n",
	">x 00 01 02 03", "<x c3", "<x a9", "<b AAECAwQ=", "<@ 3\na\nb", ">@ 5\n\x00\x01\x02\x03\x04", "2<@ 2\n\r\n",
	"> \\{id=any|}", "> \\{$id}", "> \\{id=re:a.|a\\x7c}", "> é\\xc3", "< é",
	"<@ 5000\n" + strings.Repeat("\x00", 5000), "< " + strings.Repeat("long ", 1000) + "x", "<@ 70000\n" + strings.Repeat("text ", 14000),
	"<@ 140000\n" + strings.Repeat("raw\x00", 35000), "> " + strings.Repeat("é", 5000) + "\\{token|x}",
}

// FuzzFragments holds tapes made of valid lines to the format law: formatting
// keeps what a tape says and is idempotent, and any prefix reads as promised.
func FuzzFragments(f *testing.F) {
	var all []byte
	for i := range fragments {
		all = append(all, byte(i))
		f.Add([]byte{byte(i), byte(i + 1), 8, byte(i + 2), byte(i)}, uint16(i*7))
	}
	f.Add(all, uint16(1000))
	f.Fuzz(func(t *testing.T, picks []byte, at uint16) {
		b := []byte("wiretape 1\n")
		for _, k := range picks[:min(len(picks), 60)] {
			line := fragments[int(k)%len(fragments)] + "\n"
			// A line that may not stand here is left out.
			if _, _, err := readAll(string(b) + line); err == nil && line != "; end\n" {
				b = append(b, line...)
			}
		}
		for _, commit := range []bool{false, true} {
			checkFormat(t, b, commit)
		}
		// A prefix.
		cut := b[:int(at)%len(b)]
		whole, got := read(t, NewReader(bytes.NewReader(b), "whole")), read(t, NewReader(bytes.NewReader(cut), "cut"))
		if n := len(got) - 1; n > 0 {
			if diff := cmp.Diff(whole[:n], got[:n], sameEvents); diff != "" {
				t.Fatalf("prefix of %d bytes of %q: %s", len(cut), b, diff)
			}
		}
		all := streams(whole)
		for key, s := range streams(got) {
			if !strings.HasPrefix(all[key], s) {
				t.Fatalf("prefix of %d bytes of %q: bytes of %v are no prefix", len(cut), b, key)
			}
		}
		checkFormat(t, cut, false)
	})
}

// FuzzFormat holds whatever can be read to the format law.
func FuzzFormat(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, commit := range []bool{false, true} {
			checkFormat(t, in, commit)
		}
	})
}

// checkFormat formats a tape, if it is one, and holds the result to the law.
func checkFormat(t *testing.T, in []byte, commit bool) {
	t.Helper()
	var once, twice bytes.Buffer
	if _, err := Format(&once, bytes.NewReader(in), FormatOptions{Name: "in", Commit: commit}); err != nil {
		return
	}
	if _, err := Format(&twice, bytes.NewReader(once.Bytes()), FormatOptions{Name: "once", Commit: commit}); err != nil {
		t.Fatalf("%v\nfrom %.2000q\nto %.2000q", err, in, once.Bytes())
	}
	if !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Fatalf("commit %v: %.2000q formatted again:\n%s", commit, in, cmp.Diff(once.String(), twice.String()))
	}
	before := read(t, NewReader(bytes.NewReader(in), "in"))
	after := read(t, NewReader(bytes.NewReader(once.Bytes()), "once"))
	want, got := streams(before), streams(after)
	for k := range want {
		if want[k] != got[k] {
			t.Fatalf("commit %v: bytes of %v differ: %.2000q", commit, k, in)
		}
	}
	if diff := cmp.Diff(before, after, sameEvents); diff != "" && !commit {
		t.Fatalf("events differ: %.2000q\n%s", in, diff)
	}
}
