package lint

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
	"wiretape/wire/http2"
)

const (
	c2s = wire.ClientToServer
	s2c = wire.ServerToClient
)

// record returns a tape of what was said, by turns from the client's on, redacted
// or not.
func record(t testing.TB, masked bool, turns ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tape.NewWriter(&b, tape.Options{})
	r := redact.New(w.Spanned, redact.Options{})
	sink := w.Event
	if masked {
		sink = r.Event
	}
	sink(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:80"}})
	for i, text := range turns {
		sink(wire.Event{Conn: 1, Kind: wire.KindData, Dir: []wire.Dir{c2s, s2c}[i%2], Data: []byte(text)})
	}
	sink(wire.Event{Conn: 1, Kind: wire.KindClose})
	r.Flush()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func check(t testing.TB, text string) []Finding {
	t.Helper()
	found, err := Check(strings.NewReader(text), "x.tape", Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return found
}

const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJRV0VSVFkifQ.QWERTYsig_-1"

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", b.Len(), b.String())
}

func block(value string) string {
	b := []byte{0x82, 0x86, 0x84, 0x41, 1, 'a', 0x0f, 0x08, byte(len(value))} // authorization: index 23
	return string(http2.AppendHeaders(nil, 1, true, append(b, value...), 1<<14))
}

var planted = []struct {
	name  string
	turns []string
	kind  Kind
	want  string // of the finding
}{
	{"authorization", []string{"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic dTpzZWNyZXQ=\r\n\r\n"}, Named, "LOGIN"},
	{"cookie", []string{"GET / HTTP/1.1\r\nHost: a\r\nCookie: sid=qwerty\r\n\r\n"}, Named, "SID"},
	{"query", []string{"GET /?token=qwerty HTTP/1.1\r\nHost: a\r\n\r\n"}, Named, "TOKEN"},
	{"form", []string{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n\r\nuser=u&passwd=qwert"}, Named, "PASSWD"},
	{"json", []string{"GET / HTTP/1.1\r\n\r\n", `HTTP/1.0 200 OK` + "\r\n\r\n" + `{"access_token":"qwerty"}`}, Named, "ACCESS_TOKEN"},
	{"url", []string{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.0 302 Found\r\nLocation: http://u:qwerty@h/\r\n\r\n"}, Named, "USERINFO_2"},
	{"web token", []string{"GET / HTTP/1.1\r\nX: " + jwt + "\r\n\r\n"}, Named, "JWT"},
	{"key", []string{"-----BEGIN EC PRIVATE KEY-----\nQWERTYQWERTY\n-----END EC PRIVATE KEY-----\n"}, Named, "FIELD"},
	{"redis", []string{"*2\r\n$4\r\nAUTH\r\n$6\r\nqwerty\r\n", "+OK\r\n"}, Named, "AUTH"},
	{"h2", []string{http2.Preface + string(http2.AppendSettings(nil)) + block("Bearer qwerty")}, Named, "FIELD"},
	{"chunks", []string{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"passwo\r\n8\r\nrd\":\"qwe\r\n5\r\nrty\"}\r\n0\r\n\r\n"}, Named, "PASSWORD"},
	{"xml", []string{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n<?xml version='1.0'?><a><password>qwerty</password></a>"}, Named, "PASSWORD"},
	{"part of a form", []string{"POST / HTTP/1.1\r\nHost: a\r\n\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nqwerty\r\n"}, Named, "TOKEN"},
	{"escaped name", []string{"GET /?toke%6e=qwerty HTTP/1.1\r\nHost: a\r\n\r\n"}, Named, "TOKEN"},
	{"semicolon in quotes", []string{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.0 200 OK\r\nSet-Cookie: sid=\"qw;erty\"\r\n\r\n"}, Named, "SID"},
	{"mail", []string{"", "220 a ESMTP\r\n", "AUTH PLAIN AHUAcXdlcnR5\r\n"}, Named, "AUTH"},
	{"gzip", []string{"GET / HTTP/1.1\r\n\r\n", gzipped(`{"password":"qwerty"}`)}, Encoded, "PASSWORD"},
	{"base64", []string{"GET /" + base64.RawURLEncoding.EncodeToString([]byte(`{"password":"qwerty"}`)) + " HTTP/1.1\r\n\r\n"}, Encoded, "PASSWORD"},
	{"base64 twice", []string{"GET / HTTP/1.1\r\n\r\n", gzipped(base64.StdEncoding.EncodeToString([]byte("x=y&password=qwerty&b=c")))}, Encoded, "PASSWORD"},
	{"known", []string{"GET / HTTP/1.1\r\nX: " + "ghp_" + strings.Repeat("a1B2", 10) + "\r\n\r\n"}, Known, "GITHUB_TOKEN"},
	{"random", []string{"GET / HTTP/1.1\r\nX-Signature: f3Kd92mXq81LzP0vTr56\r\n\r\n"}, Random, "X_SIGNATURE"},
	{"echoed", []string{"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\ncsrf f3Kd92mXq81LzP0vTr56", "GET /x?c=f3Kd92mXq81LzP0vTr56 HTTP/1.1\r\n\r\n"}, Echoed, "VALUE"},
}

func TestPlantedSecretsAreFound(t *testing.T) {
	for _, tt := range planted {
		text := record(t, false, tt.turns...)
		found := check(t, text)
		if len(found) == 0 || found[0].Kind != tt.kind || found[0].Name != tt.want || found[0].Line == 0 {
			t.Errorf("%s: %v, want %s %s\n%s", tt.name, found, tt.kind, tt.want, text)
		}
		for _, f := range found {
			if strings.Contains(f.String(), "qwert") {
				t.Errorf("%s: %s says it", tt.name, f)
			}
		}
	}
}

// What redaction has masked is no secret, in either profile.
func TestRedactedTapesAreClean(t *testing.T) {
	for _, tt := range planted {
		if tt.kind != Named {
			continue
		}
		text := record(t, true, append(tt.turns, tt.turns...)...)
		var b bytes.Buffer
		if _, err := tape.Format(&b, strings.NewReader(text), tape.FormatOptions{Commit: true}); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{text, b.String()} {
			if found := check(t, text); len(found) > 0 {
				t.Errorf("%s: %v\n%s", tt.name, found, text)
			}
		}
	}
}

func TestCleanTapes(t *testing.T) {
	text := record(t, true, "GET /assets/app-4f3e2d1c0b9a8f7e.js HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"f3Kd92mXq81LzP0vTr56\"\r\n\r\n",
		"HTTP/1.1 200 OK\r\nETag: \"f3Kd92mXq81LzP0vTr56\"\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\nContent-Length: 41\r\n\r\n"+`{"token_type":"bearer","token":null,"a":1}`)
	if found := check(t, text); len(found) > 0 {
		t.Errorf("%v\n%s", found, text)
	}
	const offer = "curve25519-sha256,ecdh-sha2-nistp256-sha256\r\n"
	if found := check(t, record(t, true, "x\r\n", offer, offer)); len(found) > 0 {
		t.Errorf("what both sides offer: %v", found)
	}
	names, _ := filepath.Glob("../testdata/*.tape")
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if found, err := Check(f, name, Options{}); err != nil || len(found) > 0 {
			t.Errorf("%v, %v", found, err)
		}
		f.Close()
	}
}

func TestGivenValuesAndComments(t *testing.T) {
	text := strings.Replace(record(t, true, "say correct horse\n"), "; profile", "; note token=qwerty\n# see http://u:pw@h/\n; profile", 1)
	found, err := Check(strings.NewReader(text), "x.tape", Options{Values: map[string]string{"HORSE": "correct horse"}})
	var names []string
	for _, f := range found {
		names = append(names, fmt.Sprintf("%d %s", f.Line, f.Name))
	}
	if got := strings.Join(names, ", "); err != nil || got != "2 TOKEN, 3 USERINFO_2, 8 HORSE" {
		t.Errorf("%s, %v\n%s", got, err, text)
	}
}
