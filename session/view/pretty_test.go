package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// served is a talk in which one body is sent.
func served(mediaType, body string) *talk {
	return dial("h.test:80").client("GET / HTTP/1.1", "Host: h.test", "", "").
		server("HTTP/1.1 200 OK", "Content-Type: "+mediaType, fmt.Sprintf("Content-Length: %d", len(body)), "", body)
}

func TestPrettyBodies(t *testing.T) {
	bodies := []struct{ name, mediaType, body string }{
		{"json", "application/json", `{"b":1.50e3,"a":[1,"two\u0033",{}, [] ,null],"b":{"deep":{"er":true}},"text":"x: \"y\""}`},
		{"problem", "application/problem+json; charset=utf-8", `{ "title" : "no" }`},
		{"scalar", "application/json", ` 12345678901234567890 `},
		{"no json", "application/json", `{"a":1,}`},
		{"json by its looks", "text/plain", `[{"a":1}]`},
		{"no json by its looks", "text/plain", `[section]`},
		{"html", "text/html", "<!doctype html><html><head><meta charset=utf-8><title>A  title</title><script>if (a<b) {\n  go()\n}</script></head><body class=\"x y\" data-a='1'><p>text <b>bold</b> more<br>next<img src=a.png/></p></i><!-- a\n comment --><pre>\n  as it\n  is</pre></body></html>"},
		{"html with end tags left out", "text/html", "<ul><li>one <a href=x>link</a><li>two</ul><p>a<p>b"},
		{"xml", "text/xml", `<?xml version="1.0"?><Feed xmlns="urn:x"><Entry id="1"/><Title>Some &amp; text</Title><Empty></Empty><c><![CDATA[<raw>]]></c></Feed>`},
		{"unfinished", "application/xml", `<a><b>text</c><d e="`},
		{"form", "application/x-www-form-urlencoded", "name=J%C3%BCrgen+M&empty=&alone&bad=%zz&lines=a%0Ab"},
	}
	var b strings.Builder
	for _, body := range bodies {
		fmt.Fprintf(&b, "-- %s --\n%s", body.name, view(Style{Pretty: true, Width: 80}, served(body.mediaType, body.body).events))
	}
	b.WriteString("-- in colour, on a small screen --\n")
	b.WriteString(view(Style{Pretty: true, Color: true, Width: 40, Height: 12}, served("application/json", bodies[0].body).events))
	b.WriteString(view(Style{Pretty: true, Color: true, Width: 40, Height: 12}, served("text/html", bodies[6].body).events))
	golden(t, "pretty", strings.ReplaceAll(b.String(), "\x1b", "␛"))
}

// Layout adds and drops white space and nothing else.
func FuzzLayoutKeepsTheOctets(f *testing.F) {
	f.Add(`{"a":[1,2,{"b":null}]}`)
	f.Add(`<a b="c d"><!-- x --><p>t</p></a></q>`)
	f.Add("[[[]]]")
	dense := func(s []byte) []byte {
		return slices.DeleteFunc(bytes.Clone(s), func(c byte) bool { return c <= ' ' })
	}
	f.Fuzz(func(t *testing.T, body string) {
		if len(body) > 4<<10 {
			return
		}
		in := []byte(body)
		for name, tokens := range map[string][]token{
			"json": layOutJSON(in), "html": layOutMarkup(in, true), "xml": layOutMarkup(in, false),
		} {
			if name == "json" && tokens == nil && !json.Valid(in) {
				continue
			}
			var out []byte
			at := 0
			for _, tok := range tokens {
				if tok.at < at || tok.at > len(in) {
					t.Fatalf("%s of %q: a token up to %d behind one up to %d, of %d", name, body, tok.at, at, len(in))
				}
				at = tok.at
				out = append(out, tok.text...)
			}
			if !bytes.Equal(dense(out), dense(in)) {
				t.Errorf("%s of %q: %q", name, body, out)
			}
			if len(out) > (2*maxIndent+2)*(len(in)+1) {
				t.Errorf("%s of %d octets takes %d", name, len(in), len(out))
			}
		}
	})
}
