package h2

import (
	"bytes"
	"strings"
	"testing"
)

// text writes fields as name=value, with a mark behind what is never indexed.
func fieldText(fields []field) string {
	var all []string
	for _, f := range fields {
		mark := ""
		if f.form == formNever {
			mark = "!"
		}
		all = append(all, f.name+"="+f.value+mark)
	}
	return strings.Join(all, " ")
}

func TestTypedHeadBecomesFields(t *testing.T) {
	tests := []struct{ head, want, err string }{
		{"GET /a HTTP/1.1\r\nHost: h\r\nX-A: b\r\nCookie: c=d", ":method=GET :scheme=https :path=/a :authority=h x-a=b cookie=c=d!", ""},
		{"GET /a\nhost:h", ":method=GET :scheme=https :path=/a :authority=h", ""},
		{"CONNECT h:1 HTTP/1.1", ":method=CONNECT :authority=h:1", ""},
		{"CONNECT h:1 HTTP/1.1\n:protocol: websocket\n:path: /chat", ":method=CONNECT :authority=h:1 :protocol=websocket :path=/chat", ""},
		{"GET /a HTTP/1.1\nX: y\n:path: /b\n:scheme: http\n:authority: x\nHost: h", ":method=GET :scheme=http :path=/b :authority=x x=y host=h", ""},
		{":method: GET\r\n:path: /x\r\nConnection: close", ":method=GET :path=/x Connection=close", ""},
		{":path: /x\nHost: h\n:method: GET\n:path: /y", ":path=/x Host=h :method=GET :path=/y", ""},
		{"GET", "", errRequestLine.Error()},
		{"", "", errRequestLine.Error()},
		{"GET / HTTP/1.1\r\nx", "", `"x" has no colon: a field of HTTP/2 has a name and a value`},
	}
	for _, tt := range tests {
		r, err := ParseRequest([]byte(tt.head+"\r\n\r\n"), "https", false)
		got, text := "", ""
		if err != nil {
			text = err.Error()
		} else {
			got = fieldText(r.fields)
		}
		if got != tt.want || text != tt.err {
			t.Errorf("%q becomes %q, %q; want %q, %q", tt.head, got, text, tt.want, tt.err)
		}
	}
	r, err := ParseRequest([]byte("GET / HTTP/1.1\nHost: h\nX-A: b\n\n"), "http", true)
	if err != nil || fieldText(r.fields) != ":method=GET :scheme=http :path=/ :authority=h X-A=b" || r.Folded {
		t.Errorf("names as typed: %s, %v", fieldText(r.fields), err)
	}
}

// The body of a request in chunks goes as DATA frames, a chunk each, and its
// trailer section behind it.
func TestChunksBecomeDataAndTrailers(t *testing.T) {
	const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	tests := []struct{ body, parts, trailers, remark string }{
		{"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 9\r\n\r\n", "abc|de", "x-sum=9", `the chunk extension "x=y"`},
		{"0\r\n\r\n", "", "", ""},
		{"3\r\nabc\r\nzz\r\nde\r\n\r\n", "abc|zz\r\nde\r\n\r\n", "", "does not read as chunks"},
	}
	for _, tt := range tests {
		r, err := ParseRequest([]byte(head+tt.body), "http", false)
		if err != nil {
			t.Error(err)
			continue
		}
		parts := string(bytes.Join(r.parts, []byte("|")))
		if parts != tt.parts || fieldText(r.trailers) != tt.trailers || !strings.Contains(strings.Join(r.Remarks, "; "), tt.remark) {
			t.Errorf("%q: parts %q, trailers %q, %q", tt.body, parts, fieldText(r.trailers), r.Remarks)
		}
		if text := fieldText(r.fields); text != ":method=POST :scheme=http :path=/ :authority=h" {
			t.Errorf("fields %s", text)
		}
	}
}

func TestWhatHTTP2CannotCarryIsSaid(t *testing.T) {
	const noHost = "no Host field, so no :authority is sent (RFC 9113 8.3.1)"
	tests := []struct{ head, want string }{
		{"GET / HTTP/1.1\nHost: h", ""},
		{"GET /\nhost: h", ""},
		{":method: GET\n:authority: h", ""},
		{"CONNECT h:1 HTTP/1.1", ""},
		{"GET / HTTP/1.1", noHost},
		{"NOT A REQUEST\nHost: h", `HTTP/2 has no place for "REQUEST" of the request line: left out`},
		{"GET /a b HTTP/1.1", `HTTP/2 has no place for "b" of the request line: left out; ` + noHost},
	}
	for _, tt := range tests {
		r, err := ParseRequest([]byte(tt.head+"\n\n"), "http", false)
		if err != nil || strings.Join(r.Remarks, "; ") != tt.want {
			t.Errorf("remarks on %q: %q, %v; want %q", tt.head, r.Remarks, err, tt.want)
		}
	}
}

// A body of its Content-Length is nothing to tell of, however long it is and in however
// many parts.
func TestLintOfBody(t *testing.T) {
	body := strings.Repeat("x", 300<<10)
	for text, want := range map[string]string{
		"POST / HTTP/1.1\nHost: h\nContent-Length: 307200\n\n" + body:                                   "",
		"POST / HTTP/1.1\nHost: h\nContent-Length: 307201\n\n" + body:                                   "Content-Length is 307201, the body has 307200 octets",
		"POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nContent-Length: 3\n\n2\nab\n1\nc\n0\n\n": "",
		"POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\nContent-Length: 3\n\n2\nab\n0\n\n":       "Content-Length is 3, the body has 2 octets",
		"POST / HTTP/1.1\nHost: h\nContent-Length: 2\n\n":                                               "Content-Length is 2, the body has 0 octets",
	} {
		r, err := ParseRequest([]byte(text), "https", false)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for _, n := range r.Lint() {
			got.WriteString(n.Text)
		}
		if got.String() != want {
			t.Errorf("%.80q: %q, want %q", text, got.String(), want)
		}
	}
}
