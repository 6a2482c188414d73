package view

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/cookie"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// response returns a response Message with these fields, name and value in turn.
func response(fields ...string) *proto.Message {
	r := &http1.Response{Version: "HTTP/1.1", Status: 200, Request: &http1.Request{
		Target: "/dir/7", Fields: http1.FieldsOf(http1.Field{Name: []byte("Host"), Value: []byte("www.example.com")}),
	}}
	for i := 0; i < len(fields); i += 2 {
		r.Fields = http1.FieldsOf(append(r.Fields.List(), http1.Field{Name: []byte(fields[i]), Value: []byte(fields[i+1])})...)
	}
	return &proto.Message{Kind: proto.KindResponse, Dir: wire.ServerToClient, Value: r, Exchange: 1}
}

// object reads one line of JSON.
func decode(t *testing.T, m *proto.Message, o JSONOptions) map[string]any {
	t.Helper()
	line := JSON(nil, m, o)
	if line[len(line)-1] != '\n' {
		t.Errorf("no line feed behind %s", line)
	}
	var v map[string]any
	if err := json.Unmarshal(line, &v); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return v
}

func TestJSONCookiesAreJudgedForWhomAndWhen(t *testing.T) {
	secure := &cookie.Origin{Secure: true, Host: "www.example.com", Path: "/"}
	tests := []struct {
		name    string
		set     string
		o       JSONOptions
		verdict string
	}{
		{"the request's own origin", "a=1; Secure", JSONOptions{Start: start}, "reject"},
		{"another origin", "a=1; Secure", JSONOptions{Start: start, CookiesAs: secure}, "store"},
		{"the recording's clock", "a=1; Expires=Thu, 15 Jan 2026 12:00:05 GMT", JSONOptions{Start: start}, "store"},
		{"the time of the message", "a=1; Expires=Thu, 15 Jan 2026 12:00:05 GMT", JSONOptions{Start: start.Add(3 * time.Second)}, "expire"},
		{"another clock", "a=1; Expires=Thu, 15 Jan 2026 12:00:05 GMT", JSONOptions{Start: start, Now: start.AddDate(1, 0, 0)}, "expire"},
	}
	for _, tt := range tests {
		m := response("Set-Cookie", tt.set)
		m.Last = 3 * time.Second
		cookies := decode(t, m, tt.o)["cookies"].([]any)
		if got := cookies[0].(map[string]any)["verdict"]; got != tt.verdict {
			t.Errorf("%s: %q: verdict %v, want %s", tt.name, tt.set, got, tt.verdict)
		}
	}
}

func TestJSONBodyText(t *testing.T) {
	tests := []struct {
		name, body, coding string
		cut                bool
		want               any
	}{
		{"text", "a\r\n\tb", "", false, "a\r\n\tb"},
		{"empty", "", "", false, ""},
		{"binary", "\x00\x01", "", false, nil},
		{"an old charset", "caf\xe9 au lait, s'il vous plait", "", false, nil},
		{"cut within a character", "na\xc3", "", true, "na"},
		{"cut behind a character", "naï", "", true, "naï"},
		{"called coded, and not", "text", "gzip", false, "text"},
		{"coded in a way that is not known", "text", "frob", false, "text"},
		{"coded and broken", "\x1f\x8b\x08", "gzip", false, nil},
		{"coded", gzipped("text"), "gzip", false, "text"},
		{"coded as itself", "text", "identity", false, "text"},
	}
	for _, tt := range tests {
		m := response("Content-Encoding", tt.coding)
		m.Body = proto.Body{Data: []byte(tt.body), Size: int64(len(tt.body)), Cut: tt.cut}
		if got := decode(t, m, JSONOptions{})["body_text"]; got != tt.want {
			t.Errorf("%s: body_text %#v, want %#v", tt.name, got, tt.want)
		}
	}
}

func TestJSONSecondsAreExact(t *testing.T) {
	tests := map[time.Duration]string{
		0:                        "0",
		42100 * time.Microsecond: "0.0421",
		time.Nanosecond:          "0.000000001",
		90 * time.Second:         "90",
		-time.Millisecond:        "-0.001",
	}
	for d, want := range tests {
		if got := string(appendSeconds(nil, d)); got != want {
			t.Errorf("seconds of %v = %s, want %s", d, got, want)
		}
	}
}

// TestJSONNamesStandInTheirOrder holds the names that other people's programs
// read.
func TestJSONNamesStandInTheirOrder(t *testing.T) {
	line := string(JSON(nil, response("Set-Cookie", "a=1"), JSONOptions{Start: start}))
	for _, name := range []string{
		"n", "conn", "dir", "proto", "kind", "at", "status", "reason", "version", "headers", "trailers",
		"framing", "complete", "ended_by", "body", "body_text", "body_size", "body_cut", "cookies",
		"name", "value", "domain", "host_only", "path", "expires", "effective_expires", "max_age", "secure",
		"http_only", "same_site", "partitioned", "stored", "verdict", "reason", "rule", "notes", "span",
	} {
		_, rest, ok := strings.Cut(line, `"`+name+`":`)
		if !ok {
			t.Fatalf("%q is missing, or out of order, before %s", name, line)
		}
		line = rest
	}
}

// gzipped returns text under gzip.
func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.String()
}

// A body stands as it came, as it decodes, and as text of whatever charset.
func TestJSONDecodesBodies(t *testing.T) {
	m := response("Content-Encoding", "gzip", "Content-Type", "text/plain; charset=iso-8859-1")
	m.Complete = true
	m.Body = proto.Body{Data: []byte(gzipped("caf\xe9"))}
	m.Body.Size = int64(len(m.Body.Data))
	v := decode(t, m, JSONOptions{})
	if v["body"] != base64.StdEncoding.EncodeToString(m.Body.Data) || v["decoded"] != base64.StdEncoding.EncodeToString([]byte("caf\xe9")) {
		t.Errorf("body %v, decoded %v", v["body"], v["decoded"])
	}
	if v["body_text"] != "café" || v["charset"] != "windows-1252" || v["decoded_cut"] != false {
		t.Errorf("body_text %v, charset %v, decoded_cut %v", v["body_text"], v["charset"], v["decoded_cut"])
	}
	m.Body.Data = m.Body.Data[:len(m.Body.Data)-4]
	m.Body.Size -= 4
	notes := decode(t, m, JSONOptions{})["notes"].([]any)
	if len(notes) != 1 || notes[0].(map[string]any)["text"] != "the gzip trailer has 4 octets of 8" {
		t.Errorf("notes %v, want one on the trailer", notes)
	}
}
