package update

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wiretape/tape/lint"
)

func framed(s string) string {
	return "wiretape 1\n; profile commit\n= open tcp a:1\n" + s + "= close\n; end\n"
}

func redacted(in string, opt lint.Options) ([]byte, []string, error) {
	var out bytes.Buffer
	ids, err := Redact(&out, strings.NewReader(in), "x.tape", opt)
	return out.Bytes(), ids, err
}

func fixed(in string) ([]byte, []string, error) {
	var out bytes.Buffer
	notes, err := FixLengths(&out, strings.NewReader(in), "x.tape")
	return out.Bytes(), notes, err
}

func asSpans(a, b string) ([]byte, []string, error) {
	var out bytes.Buffer
	left, err := AsSpans(&out, strings.NewReader(a), "a.tape", strings.NewReader(b), "b.tape")
	return out.Bytes(), left, err
}

func TestRedact(t *testing.T) {
	in := framed("# as it came\n> POST /?token=abcdef HTTP/1.1\\r\\n\n> Authorization: Basic dTpwYXNz\\r\\n\n> X-Id: 7\\r\\n\n> \\r\\n\n> {\"password\":\n# inside\n> \"secret\"}\n")
	want := strings.NewReplacer("abcdef", `\{secret TOKEN 6}`, "dTpwYXNz", `\{secret LOGIN 8 b64}`, `"secret"`, `"\{secret PASSWORD 6}"`).Replace(in)
	got, ids, err := redacted(in, lint.Options{})
	if diff := cmp.Diff(want, string(got)); err != nil || diff != "" || strings.Join(ids, " ") != "TOKEN LOGIN PASSWORD" {
		t.Errorf("%v, %v\n%s", err, ids, diff)
	}
	again, ids, err := redacted(string(got), lint.Options{})
	if err != nil || string(again) != want || len(ids) > 0 {
		t.Errorf("once more: %v, %v\n%s", err, ids, again)
	}
}

func TestFixLengths(t *testing.T) {
	for _, tt := range []struct{ name, in, was, is string }{
		{"longer", "> POST / HTTP/1.1\\r\\n\n> Content-Length: 5\\r\\n\n> \\r\\n\n> hello there\n< HTTP/1.1 200 OK\\r\\n\n< content-length: 2\\r\\n\n< \\r\\n\n< ok\n", "Content-Length: 5", "Content-Length: 11"},
		{"two in a turn", "> GET / HTTP/1.1\\r\\n\n> \\r\\n\n< HTTP/1.1 200 OK\\r\\n\n< Content-Length: 5\\r\\n\n< \\r\\n\n< hi\\n\n< HTTP/1.1 200 OK\\r\\n\n< Content-Length: 2\\r\\n\n< \\r\\n\n< ok\n", "Content-Length: 5", "Content-Length: 3"},
		{"no body", "> HEAD / HTTP/1.1\\r\\n\n> \\r\\n\n< HTTP/1.1 200 OK\\r\\n\n< Content-Length: 5\\r\\n\n< \\r\\n\n", "", ""},
		{"chunks", "> GET / HTTP/1.1\\r\\n\n> \\r\\n\n< HTTP/1.1 200 OK\\r\\n\n< Transfer-Encoding: chunked\\r\\n\n< \\r\\n\n< 5;x\\r\\n\n< hello\\r\\n\n< 3\\r\\n\n< one\\n\n< 12\\r\\n\n< two\\r\\n\n< 0\\r\\n\n< \\r\\n\n", "< 3\\", "< b\\"},
	} {
		in := framed(tt.in)
		want := in
		if tt.was != "" {
			want = strings.Replace(in, tt.was, tt.is, 1)
		}
		got, notes, err := fixed(in)
		if diff := cmp.Diff(want, string(got)); err != nil || diff != "" || (len(notes) > 0) != (tt.was != "") {
			t.Errorf("%s: %v, %v\n%s", tt.name, err, notes, diff)
		}
		if again, notes, err := fixed(string(got)); err != nil || string(again) != string(got) || len(notes) > 0 {
			t.Errorf("%s once more: %v, %v\n%s", tt.name, err, notes, again)
		}
	}
}

func TestAsSpans(t *testing.T) {
	in := framed("> GET /a HTTP/1.1\\r\\n\n> \\r\\n\n# of now\n< HTTP/1.1 200 OK\\r\\n\n< Date: Mon, 23 Nov 2026 10:00:00 GMT\\r\\n\n< X-Run: 7; id=ab12\\r\\n\n" +
		"< Age: \\{int|3}\\r\\n\n< Content-Length: 24\\r\\n\n< \\r\\n\n< {\"n\":1,\n< \"id\":\"a-b\",\"x\":\"y\"}\n")
	in = strings.Replace(in, "24", "25", 1)
	other := strings.NewReplacer("23 Nov 2026 10", "24 Nov 2026 11", "Mon", "Tue", "X-Run: 7; id=ab12", "X-Run: 8; id=cd34", "|3", "|5", `"n":1`, `"n":2`, "a-b", "c+d").Replace(in)
	want := strings.NewReplacer("Mon, 23 Nov 2026 10:00:00 GMT", `\{date|Mon, 23 Nov 2026 10:00:00 GMT}`, "X-Run: 7; id=ab12", `X-Run: \{int|7}; id=\{hex|ab12}`,
		`"n":1`, `"n":\{int|1}`, "a-b", `\{token|a-b}`).Replace(in)
	got, left, err := asSpans(in, other)
	if diff := cmp.Diff(want, string(got)); err != nil || diff != "" || len(left) > 0 {
		t.Errorf("%v, %v\n%s", err, left, diff)
	}
	if again, left, err := asSpans(string(got), other); err != nil || string(again) != want || len(left) > 0 {
		t.Errorf("once more: %v, %v\n%s", err, left, again)
	}
	more := strings.Replace(in, "< Age", "< Vary: *\\r\\n\n< Age", 1)
	if got, left, err := asSpans(in, more); err != nil || string(got) != in || len(left) != 1 || !strings.HasPrefix(left[0], "a.tape:7: more than values differ") {
		t.Errorf("%v, %v\n%s", err, left, got)
	}
}
