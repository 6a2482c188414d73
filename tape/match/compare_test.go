package match

import (
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"wiretape/wire"
)

// load reads a tape whose records follow the header.
func load(t *testing.T, body string) *Tape {
	t.Helper()
	tp, err := Load(strings.NewReader("wiretape 1\n"+body), "x.tape")
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// messages returns those of one direction of the first connection.
func messages(t *Tape, dir wire.Dir) []*Message {
	var out []*Message
	for _, it := range t.Convs[0].Items {
		if it.Message != nil && it.Dir == dir {
			out = append(out, it.Message)
		}
	}
	return out
}

// answered returns a tape of a GET and of a response, given as tape lines
// without their marks.
func answered(rules, response string) string {
	var b strings.Builder
	b.WriteString(rules)
	b.WriteString("= open tcp a:80\n> GET / HTTP/1.1\\r\\n\n> Host: a\\r\\n\n> \\r\\n\n")
	for l := range strings.Lines(response) {
		b.WriteString("< " + strings.TrimSuffix(l, "\n") + "\n")
	}
	b.WriteString("= eof <\n= close\n")
	return b.String()
}

// A connection that did not come to be is nothing that can be played.
func TestFailedDialHasNoItems(t *testing.T) {
	tp := load(t, "= try 127.0.0.1:9 error=\"connection refused\"\n= close\n2= open tcp h:9\n2> x\n2= close\n")
	if len(tp.Convs) != 2 || len(tp.Convs[0].Items) != 0 || len(tp.Convs[1].Items) != 2 {
		t.Errorf("conversations %+v, want one without items and one with two", tp.Convs)
	}
}

func TestCompareResponses(t *testing.T) {
	const head = `HTTP/1.1 200 OK\r\n` + "\n"
	for _, test := range []struct {
		name      string
		rules     string
		want, got string // response lines
		mismatch  string // all, one a line
		kinds     string
		ignored   string
	}{
		{name: "equal", want: head + `A: 1\r\n` + "\n" + `Content-Length: 2\r\n` + "\n" + `\r\n` + "\nhi", got: head + `A: 1\r\n` + "\n" + `Content-Length: 2\r\n` + "\n" + `\r\n` + "\nhi"},
		{name: "changed field", want: head + `Content-Type: text/plain\r\n` + "\n" + `\r\n`, got: head + `Content-Type: text/html\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:7: #1 response Content-Type: want text/plain, got text/html`},
		{name: "missing field", want: head + `X: 1\r\n` + "\n" + `\r\n`, got: head + `\r\n`,
			mismatch: `x.tape:7: #1 response X: missing; want 1`},
		{name: "extra field", want: head + `\r\n`, got: head + `X: 1\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:6: #1 response X: not on the tape; got 1`},
		{name: "case and order of names do not count", want: head + `A: 1\r\n` + "\n" + `b: 2\r\n` + "\n" + `\r\n`, got: head + `B: 2\r\n` + "\n" + `a: 1\r\n` + "\n" + `\r\n`},
		{name: "unless the rule says so", rules: "! match headers exact\n", want: head + `A: 1\r\n` + "\n" + `\r\n`, got: head + `a: 1\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:8: #1 response field 1: want A, got a (order and case count)`},
		{name: "twice is not once", want: head + `A: 1\r\n` + "\n" + `A: 1\r\n` + "\n" + `\r\n`, got: head + `A: 1\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:8: #1 response A: missing; want 1`},
		{name: "status", want: head + `\r\n`, got: `HTTP/1.1 404 Not Found\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:6: #1 response status: want 200, got 404 (Not Found)`},
		{name: "date by kind", want: head + `Date: Mon, 23 Nov 2026 10:00:00 GMT\r\n` + "\n" + `\r\n`, got: head + `Date: Tue, 24 Nov 2026 11:00:00 GMT\r\n` + "\n" + `\r\n`, kinds: "Date"},
		{name: "date that is none", want: head + `Date: Mon, 23 Nov 2026 10:00:00 GMT\r\n` + "\n" + `\r\n`, got: head + `Date: today\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:7: #1 response Date: want Mon, 23 Nov 2026 10:00:00 GMT, got today`},
		{name: "session cookie by kind", want: head + `Set-Cookie: sid=9f8a7b6c5d4e; Path=/\r\n` + "\n" + `\r\n`, got: head + `Set-Cookie: sid=0a1b2c3d9e8f; Path=/\r\n` + "\n" + `\r\n`, kinds: "sid"},
		{name: "plain cookie is compared", want: head + `Set-Cookie: lang=en; Path=/\r\n` + "\n" + `\r\n`, got: head + `Set-Cookie: lang=de; Path=/\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:7: #1 response Set-Cookie lang: want lang=en; Path=/, got lang=de; Path=/`},
		{name: "attribute of a session cookie is compared", want: head + `Set-Cookie: sid=9f8a7b6c5d4e; HttpOnly\r\n` + "\n" + `\r\n`, got: head + `Set-Cookie: sid=0a1b2c3d9e8f\r\n` + "\n" + `\r\n`,
			kinds: "sid", mismatch: `x.tape:7: #1 response Set-Cookie sid: want sid=9f8a7b6c5d4e; HttpOnly, got sid=0a1b2c3d9e8f (HttpOnly missing)`},
		{name: "span", want: head + `X: a\{int|12}b\r\n` + "\n" + `\r\n`, got: head + `X: a7b\r\n` + "\n" + `\r\n`, kinds: "X"},
		{name: "span with a name", want: head + `X: \{n=int|12}\r\n` + "\n" + `\r\n`, got: head + `X: 7\r\n` + "\n" + `\r\n`, kinds: "n"},
		{name: "span that does not fit", want: head + `X: \{int|12}\r\n` + "\n" + `\r\n`, got: head + `X: seven\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:7: #1 response X: want \{int|12}, got seven`},
		{name: "pattern", want: head + `X: \{re:v[0-9]+|v1} of \{any|x}\r\n` + "\n" + `\r\n`, got: head + `X: v22 of all\r\n` + "\n" + `\r\n`, kinds: "X"},
		{name: "ignored", rules: "! ignore header X\n", want: head + `X: 1\r\n` + "\n" + `\r\n`, got: head + `X: 2\r\n` + "\n" + `\r\n`, ignored: "X"},
		{name: "JSON by value", want: head + `Content-Type: application/json\r\n` + "\n" + `Content-Length: 15\r\n` + "\n" + `\r\n` + "\n" + `{"a":1, "b":[]}`,
			got: head + `Content-Type: application/json\r\n` + "\n" + `Content-Length: 14\r\n` + "\n" + `\r\n` + "\n" + `{"b":[],"a":1}`},
		{name: "JSON member", want: head + `Content-Type: application/json\r\n` + "\n" + `Content-Length: 22\r\n` + "\n" + `\r\n` + "\n" + `{"a":{"b":[1,true,2]}}`,
			got:      head + `Content-Type: application/json\r\n` + "\n" + `Content-Length: 23\r\n` + "\n" + `\r\n` + "\n" + `{"a":{"b":[1,false,2]}}`,
			mismatch: `x.tape:10: #1 response body.a.b[1]: want true, got false`},
		{name: "JSON span", want: head + `Content-Type: application/json\r\n` + "\n" + `Content-Length: 22\r\n` + "\n" + `\r\n` + "\n" + `{"id":\{id=int|5}, "s":"x\{hex|ab}"}`,
			got: head + `Content-Type: application/json\r\n` + "\n" + `Content-Length: 20\r\n` + "\n" + `\r\n` + "\n" + `{"s":"xcd", "id":77}`, kinds: "id s"},
		{name: "text line", want: head + `Content-Type: text/plain\r\n` + "\n" + `\r\n` + "\n" + `one\n` + "\n" + `two\n` + "\n" + `three\n`,
			got:      head + `Content-Type: text/plain\r\n` + "\n" + `\r\n` + "\n" + `one\n` + "\n" + `2\n` + "\n" + `three\n`,
			mismatch: `x.tape:10: #1 response body line 2: want two, got 2`},
		{name: "bytes", want: head + `\r\n` + "\n" + `abc\x00d`, got: head + `\r\n` + "\n" + `abc\x01d`,
			mismatch: `x.tape:8: #1 response body: want "abc\x00d", got "abc\x01d" (at byte 3 of 5)`},
		{name: "secrets are not shown", want: head + `Authorization: Basic \{secret LOGIN 8 b64}\r\n` + "\n" + `\r\n`, got: head + `Authorization: Bearer abcdefgh\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:7: #1 response Authorization: want Basic \{secret LOGIN}, got Bearer (15 bytes, hidden)`},
		{name: "nor in cookies", want: head + `Set-Cookie: sid=\{secret SID 8}; HttpOnly\r\n` + "\n" + `\r\n`, got: head + `Set-Cookie: sid=hush-hush\r\n` + "\n" + `\r\n`,
			kinds: "SID", mismatch: `x.tape:7: #1 response Set-Cookie sid: want sid=\{secret SID}; HttpOnly, got sid=(hidden) (HttpOnly missing)`},
		{name: "nor where they come again", want: head + `X: \{secret KEY 8}\r\n` + "\n" + `Y: 1\r\n` + "\n" + `\r\n`, got: head + `X: hush-hush\r\n` + "\n" + `Y: aHVzaC1odXNo\r\n` + "\n" + `\r\n`,
			mismatch: `x.tape:8: #1 response Y: want 1, got {secret KEY}`, kinds: "KEY"},
		{name: "chunks do not count", want: head + `Transfer-Encoding: chunked\r\n` + "\n" + `\r\n` + "\n" + `5\r\n` + "\n" + `hello\r\n` + "\n" + `0\r\n` + "\n" + `\r\n`,
			got: head + `Transfer-Encoding: chunked\r\n` + "\n" + `\r\n` + "\n" + `2\r\n` + "\n" + `he\r\n` + "\n" + `3\r\n` + "\n" + `llo\r\n` + "\n" + `0\r\n` + "\n" + `\r\n`},
		{name: "a coded body decodes to the same", want: coded("text/plain", gzip.BestSpeed, "hello, hello\n"), got: coded("text/plain", gzip.NoCompression, "hello, hello\n")},
		{name: "a coded body decodes to the same JSON", want: coded("application/json", 1, `{"a":1,"b":2}`), got: coded("application/json", 1, `{"b":2, "a":1}`)},
		{name: "a coded body decodes to something else", want: coded("text/plain", 1, "one\ntwo\n"), got: coded("text/plain", 1, "one\nthree\n"),
			mismatch: `x.tape:10: #1 response body line 2: want two, got three`},
		{name: "bytes that are coded, if the rule says so", rules: "! match body bytes\n",
			want: head + `Content-Encoding: deflate\r\n` + "\n" + `\r\n` + "\n" + `K\x04\x00`, got: head + `Content-Encoding: deflate\r\n` + "\n" + `\r\n` + "\n" + `\x01\x01\x00\xfe\xffa`,
			mismatch: `x.tape:10: #1 response body: want "K\x04\x00", got "\x01\x01\x00\xfe\xffa" (at byte 0 of 3; 6 bytes came)`},
		{name: "which else decode to the same", want: head + `Content-Encoding: deflate\r\n` + "\n" + `\r\n` + "\n" + `K\x04\x00`, got: head + `Content-Encoding: deflate\r\n` + "\n" + `\r\n` + "\n" + `\x01\x01\x00\xfe\xffa`},
		{name: "a cut body", want: head + `Content-Length: 5\r\n` + "\n" + `\r\n` + "\n" + `hello`, got: head + `Content-Length: 5\r\n` + "\n" + `\r\n` + "\n" + `hel`,
			mismatch: "x.tape:9: #1 response: cut off after 41 bytes: connection closed after 3 of 5 octets; want 43 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, g := load(t, answered(test.rules, test.want)), load(t, answered("", test.got))
			wm, gm := messages(w, wire.ServerToClient), messages(g, wire.ServerToClient)
			if len(wm) != 1 || len(gm) != 1 {
				t.Fatalf("%d and %d responses, want one each", len(wm), len(gm))
			}
			out := Compare(wm[0], gm[0], &w.Rules, nil)
			var lines []string
			for _, m := range out.Mismatches {
				m.Tape = "x.tape"
				lines = append(lines, m.String())
			}
			if got := strings.Join(lines, "\n"); got != test.mismatch {
				t.Errorf("mismatches:\n%s\nwant:\n%s", got, test.mismatch)
			}
			if got := strings.Join(out.ByKind, " "); got != test.kinds {
				t.Errorf("compared by kind: %q, want %q", got, test.kinds)
			}
			if got := strings.Join(out.Ignored, " "); got != test.ignored {
				t.Errorf("ignored: %q, want %q", got, test.ignored)
			}
		})
	}
}

// coded returns a response with a body of a media type under gzip.
func coded(media string, level int, body string) string {
	var b, lines strings.Builder
	w, _ := gzip.NewWriterLevel(&b, level)
	io.WriteString(w, body)
	w.Close()
	lines.WriteString(`HTTP/1.1 200 OK\r\n` + "\nContent-Type: " + media + `\r\n` + "\n" + `Content-Encoding: gzip\r\n` + "\n" + `\r\n` + "\n")
	for _, c := range []byte(b.String()) {
		fmt.Fprintf(&lines, `\x%02x`, c)
	}
	return lines.String()
}
