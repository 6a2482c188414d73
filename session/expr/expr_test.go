package expr

import (
	"encoding/json"
	"strings"
	"testing"
)

const reply = `{"status":404,"reason":"Not Found","version":"HTTP/1.1","at":0.25,"complete":true,"body_size":2048,
 "headers":[["Content-Type","text/html; charset=utf-8"],["Content-Length","2048"],["X-A","one"],["X-A","two"]],"trailers":[],
 "cookies":[{"name":"sid","value":"7","secure":true,"http_only":false,"max_age":null,"verdict":"store"},
            {"name":"a b","value":"x","secure":false,"http_only":false,"max_age":60,"verdict":"reject"}],
 "body_text":"it is ok\n","raw":{"base64":"/w=="},
 "http2":{"verdict":"no","evidence":"alert 120"},"tls":{"version":"1.3","true":1},"hsts":null,
 "hops":[{"status":301,"url":"http://a/","sub":[{"n":1},{"n":2}]},{"status":200,"url":"https://a/","sub":[]}],"none":[]}`

func decode(t testing.TB, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestExpressionsHold(t *testing.T) {
	v := decode(t, reply)
	for _, text := range []string{
		`status == 404`, `status==404`, `(status != 200)`, `!(status == 200)`, `!!complete`, `status >= 400 && status < 500`,
		`status == 200 || status == 404`, `status == "404"`, `status > 403.5`, `-1 < status`, `status =~ "^4"`,
		`version == "HTTP/1.1"`, `version == 'HTTP/1.1'`, `reason =~ "(?i)not\s+found"`, `reason !~ "OK"`, `reason < "Oh"`,
		`body_text =~ "ok"`, `body_text == "it is ok\n"`, `body_text == "it is \x6fk\n"`, `body_text != "\q"`,
		`body_size == 2KiB`, `body_size < 2.1kB`, `at == 250ms`, `at < 1h30m`, `at > 0`,
		`header.content-type =~ "html"`, `header."Content-Type" =~ 'charset="?utf'`, `header.content-length == body_size`,
		`header.x-a == "one"`, `header.x-a == "two"`, `header.x-a != "three"`, `header.x-a.length == 2`, `headers.length == 4`,
		`headers[0][1] =~ "^text"`, `header.nope == null`, `header.x-a != null`, `hsts == null`, `null == hsts.max_age`,
		`cookie.sid`, `cookie.sid.secure`, `!cookie.sid.http_only`, `cookie.sid == "store"`, `cookie."a b".max_age == 1m`, `cookie["a b"] == 'reject'`,
		`cookies.secure`, `cookies.secure == false`, `cookies.name == "sid" && cookies.length == 2`, `cookies[-1].name == "a b"`, `cookie.sid.max_age == null`,
		`http2 == "no"`, `!http2`, `http2.evidence =~ "120"`, `tls.true == 1`, `tls`, `tls.version >= "1.2"`,
		`hops.status == 301`, `hops[0].status == 301`, `hops[-1].url == "https://a/"`, `hops.url =~ "^https"`, `!(hops.status == 500)`, `hops.status != 500`,
		`hops.sub.n == 2`, `hops.sub.length == 2`, `raw == "\xff"`, `none.length == 0`, `none.name != "x"`, `true`, `true == complete`, `1 < 2`,
		"status\n==\t404 ",
	} {
		e, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if r := e.Eval(v); !r.OK || len(r.Failed) > 0 || len(r.Missing) > 0 {
			t.Errorf("%s: %v, missing %q", text, r, r.Missing)
		}
	}
}

func TestFailuresSayWhatWasFound(t *testing.T) {
	v := decode(t, reply)
	for _, row := range []struct{ text, want string }{
		{`status == 200`, `status == 200: status is 404`},
		{`status == 200 && complete && body_text =~ "no"`, `status == 200: status is 404; body_text =~ "no": body_text is "it is ok\n"`},
		{`status == 200 || version == "HTTP/2"`, `status == 200: status is 404; version == "HTTP/2": version is "HTTP/1.1"`},
		{`complete && (status == 404 && at > 1s)`, `at > 1s: at is 0.25`},
		{`!(status == 404)`, `!(status == 404): status is 404`},
		{`!(status == 404 || complete)`, `!(status == 404): status is 404; !(complete): complete is true`},
		{`!(status == 404 && complete)`, `!(status == 404): status is 404; !(complete): complete is true`},
		{`staus == 200`, `staus == 200: staus is not there (status is)`},
		{`staus != 200`, `staus != 200: staus is not there (status is)`},
		{`header.nope != "x"`, `header.nope != "x": header.nope is not there`},
		{`header.nope !~ "x"`, `header.nope !~ "x": header.nope is not there`},
		{`cookie."b c".secure`, `cookie."b c".secure: cookie."b c".secure is not there`},
		{`hsts.max_age >= 180d`, `hsts.max_age >= 180d: hsts.max_age is not there`},
		{`hops.status == 302`, `hops.status == 302: hops.status is [301,200]`},
		{`hops.status != 301`, `hops.status != 301: hops.status is [301,200]`},
		{`hops[2].status == 1`, `hops[2].status == 1: hops[2].status is not there`},
		{`http2 == "yes"`, `http2 == "yes": http2 is "no"`},
		{`http2`, `http2: http2 is "no"`},
		{`complete > false`, `complete > false: complete is true`},
		{`reason == 5`, `reason == 5: reason is "Not Found"`},
		{`tls == 5`, `tls == 5: tls is {"true":1,"version":"1.3"}`},
		{`header.content-length != body_size`, `header.content-length != body_size: header.content-length is "2048", body_size is 2048`},
		{`1 == 2`, `1 == 2: it is what it says`},
		{`false`, `false: it is what it says`},
		{`status == null`, `status == null: status is 404`},
		{`raw =~ "^a"`, "raw =~ \"^a\": raw is \"\ufffd\""},
		{`none == 1`, `none == 1: none is []`},
	} {
		e, err := Parse(row.text)
		if err != nil {
			t.Errorf("Parse(%q): %v", row.text, err)
			continue
		}
		if got := e.Eval(v).String(); strings.ReplaceAll(got, `\ufffd`, "\ufffd") != row.want {
			t.Errorf("%s\n got %s\nwant %s", row.text, got, row.want)
		}
	}
}

func TestWhatIsMissingIsToldThoughItHolds(t *testing.T) {
	e, err := Parse(`!(staus == 500) && (nope == 1 || status == 404)`)
	if err != nil {
		t.Fatal(err)
	}
	r := e.Eval(decode(t, reply))
	if !r.OK || strings.Join(r.Missing, " ") != "staus nope" {
		t.Errorf("%v, missing %q", r, r.Missing)
	}
}

func TestALongValueIsCut(t *testing.T) {
	e, err := Parse(`x == 1`)
	if err != nil {
		t.Fatal(err)
	}
	r := e.Eval(map[string]any{"x": strings.Repeat("é", 1000)})
	if want := `x == 1: x is "` + strings.Repeat("é", 49) + "…"; r.String() != want {
		t.Errorf("got %s, want %s", r, want)
	}
}

func TestSyntaxErrorsHaveAColumn(t *testing.T) {
	for _, row := range []struct{ text, want string }{
		{``, `column 1: the end where a name or a value is due`},
		{`status = 200`, `column 8: = alone: == compares`},
		{`a & b`, `column 3: & alone: && joins`},
		{`a | b`, `column 3: | alone: || joins`},
		{`status 200`, `column 8: "200" where the expression could end: && or || joins two`},
		{`status ==`, `column 10: the end where a name or a value is due`},
		{`(status == 1`, `column 13: the end where the ( of column 1 wants its )`},
		{`1 < x < 3`, `column 7: one comparison at a time: && joins two`},
		{`"x"`, `column 1: "x" alone says nothing: compare it`},
		{`5`, `column 1: 5 alone says nothing: compare it`},
		{`é == 1`, `column 1: 'é' has no meaning here`},
		{`"é" == é`, `column 8: 'é' has no meaning here`},
		{`a == "x`, `column 6: no closing "`},
		{`a =~ "("`, "column 6: error parsing regexp: missing closing ): `(`"},
		{`a =~ b`, `column 6: =~ wants a regular expression in quotes, not "b"`},
		{`a < 5y`, `column 5: 5y: the unit "y" is not known: ns us ms s m h d w, B kB MB GB KiB MiB GiB`},
		{`a. b`, `column 4: a blank within a name`},
		{`a .b`, `column 3: a blank within a name`},
		{`a.`, `column 3: the end where a name is due`},
		{`a[b]`, `column 3: "b" where an index or a name in quotes is due`},
		{`a[0.5]`, `column 3: "0.5" where an index or a name in quotes is due`},
		{`a[1`, `column 4: the end where ] is due`},
		{`a == 1;`, `column 7: ';' has no meaning here`},
		{strings.Repeat("!", 300) + "a", `column 201: more than 200 parentheses and ! within each other`},
		{strings.Repeat("a", maxText+1), `column 1: 65537 octets long, at most 65536 are taken`},
	} {
		e, err := Parse(row.text)
		if err == nil || err.Error() != row.want {
			t.Errorf("Parse(%.40q) = %v, %v, want %s", row.text, e, err, row.want)
		}
	}
}

// A negation turns the result around, a failure has a clause to blame and a
// success none, whatever is asked of whatever.
func FuzzExpr(f *testing.F) {
	for _, text := range []string{`status == 200 && cookie.sid.http_only && body_text =~ "ok"`, `http2 == "yes" && hsts.max_age >= 180d`,
		`!(a.b[-1]."x\n" != 'y' || 1kB<=c)`, `hops.sub.length !~ '^[0-9]$'`, `header.x-a > null`, `true||false&&!x`} {
		f.Add(text, reply)
	}
	f.Fuzz(func(t *testing.T, text, data string) {
		e, err := Parse(text)
		if err != nil {
			s := err.(*SyntaxError)
			if s.Col < 1 || s.Col > len(text)+1 {
				t.Errorf("Parse(%q): column %d", text, s.Col)
			}
			return
		}
		var v any
		if json.Unmarshal([]byte(data), &v) != nil {
			return
		}
		r := e.Eval(v)
		if r.OK != (len(r.Failed) == 0) {
			t.Errorf("%q: %v with %d clauses to blame", text, r.OK, len(r.Failed))
		}
		for _, c := range r.Failed {
			if !strings.Contains(text, strings.TrimSuffix(strings.TrimPrefix(c.Text, "!("), ")")) {
				t.Errorf("%q: blames %q", text, c.Text)
			}
		}
		if n, err := Parse("!(" + text + ")"); err == nil && n.Eval(v).OK == r.OK {
			t.Errorf("%q and its negation are both %v", text, r.OK)
		}
	})
}
