package match

import (
	"strings"
	"testing"
)

// A tape is like itself, whatever stands on it, unless a span on it describes
// other values than its own sample.
func FuzzDiffWithItself(f *testing.F) {
	for _, s := range []string{
		answered("", `HTTP/1.1 200 OK\r\n`+"\n"+`Content-Type: application/json\r\n`+"\n"+`Content-Length: 8\r\n`+"\n"+`\r\n`+"\n"+`{"a":[]}`),
		answered("! match headers exact\n", `HTTP/1.1 200 OK\r\n`+"\n"+`Set-Cookie: a=b; Expires=x\r\n`+"\n"+`\r\n`),
		answered("! ignore line x\n", `HTTP/1.1 200 OK\r\n`+"\n"+`Transfer-Encoding: chunked\r\n`+"\n"+`\r\n`+"\n"+`3\r\n`+"\n"+`abc\r\n`),
		smtpHead + "< 250-one\\r\\n\n< 250 two\\r\\n\n" + smtpTail,
		"= open tcp a:1\n>x 00 01 ff\n< \\{any|x}y\n= rst <\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Load(strings.NewReader("wiretape 1\n"+s), "x.tape")
		if err != nil || strings.Contains(s, `\{`) {
			return
		}
		if out := Diff(a, a); len(out.Mismatches) > 0 || len(out.ByKind) > 0 {
			t.Errorf("a tape differs from itself: %v, by kind %q", out.Mismatches, out.ByKind)
		}
	})
}

// Any two tapes can be compared.
func FuzzDiff(f *testing.F) {
	f.Add(answered("", `HTTP/1.1 200 OK\r\n`+"\n"+`Content-Type: application/json\r\n`+"\n"+`\r\n`+"\n"+`{"a":\{int|5}}`),
		answered("", `HTTP/1.1 200 OK\r\n`+"\n"+`Content-Type: application/json\r\n`+"\n"+`\r\n`+"\n"+`{"a":[7]}`))
	f.Add(answered("", `HTTP/1.1 200 OK\r\n`+"\n"+`\r\n`), answered("", `HTTP/1.1 300 \x1b[2J\r\n`+"\n"+`A\x1b\x00: 1\r\n`+"\n"+`\r\n`))
	f.Add(smtpHead+"< 250-one\\r\\n\n< 250 two\\r\\n\n"+smtpTail, smtpHead+smtpTail)
	f.Fuzz(func(t *testing.T, s, o string) {
		a, err := Load(strings.NewReader("wiretape 1\n"+s), "x.tape")
		if err != nil {
			return
		}
		b, err := Load(strings.NewReader("wiretape 1\n"+o), "y.tape")
		if err != nil {
			return
		}
		for _, m := range Diff(a, b).Mismatches {
			if s := m.String(); strings.ContainsAny(s, "\n\x1b\x00") {
				t.Errorf("mismatch %q is not one line of plain text", s)
			}
		}
	})
}
