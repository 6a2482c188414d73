package session

import (
	"bytes"
	"testing"

	"wiretape/session/curl"
)

// What no option names goes as it was typed, however that is.
func FuzzAmend(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: h\r\nX: 1\r\n  folded\r\nx: 2\nContent-Length: 1\r\n\r\na\n\nb"), "X", "y")
	f.Add([]byte("GET /\n: none\n"), "a", "")
	f.Add([]byte("GET /\nx: 2\n\r"), "a", "b")
	f.Fuzz(func(t *testing.T, b []byte, name, value string) {
		h, ok := parseHead(b)
		if !ok {
			return
		}
		h.amend(new(curl.Request))
		if got := h.octets(); !bytes.Equal(got, b) {
			t.Fatalf("%q goes as %q", b, got)
		}
		body := h.rest[h.body:]
		r, err := curl.Parse([]string{"-H", name + ": " + value}, readFile)
		if err != nil {
			return
		}
		h.amend(r)
		if len(r.Fields) == 1 && fieldName([]byte(name+":")) != "" && folded(name) != "" && !h.has(r.Fields[0][0]) {
			t.Fatalf("%q has no %q: %q", b, name, h.octets())
		}
		h.amend(&curl.Request{Body: []byte("hello")})
		if again, ok := parseHead(h.octets()); !ok || !again.has("Content-Length") || string(again.rest[again.body:]) != "hello" {
			t.Fatalf("%q with a body: %q (before %q)", b, h.octets(), body)
		}
	})
}
