package update

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/http2"
)

// taped returns a tape in the commit profile of what was said in turns.
func taped(t *testing.T, turns ...string) []byte {
	t.Helper()
	var b, out bytes.Buffer
	w := tape.NewWriter(&b, tape.Options{})
	w.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:80"}})
	for i, text := range turns {
		w.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: []wire.Dir{wire.ClientToServer, wire.ServerToClient}[i%2], Data: []byte(text)})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := tape.Format(&out, &b, tape.FormatOptions{Commit: true}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestReadings(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write([]byte("{\"a\":\n\"\x1b[1m\"}"))
	w.Close()
	for _, tt := range []struct {
		name string
		in   []byte
		want string
	}{
		{"gzip", taped(t, "GET / HTTP/1.1\r\n\r\n", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", z.Len(), z.String())),
			"#| {\"a\":\n#| \"\\x1b[1m\"}\n<"},
		{"h2", taped(t, http2.Preface+string(http2.AppendSettings(nil))+string(http2.AppendHeaders(nil, 1, true, []byte{0x82, 0x86, 0x84, 0x41, 1, 'a'}, 1<<14)),
			string(http2.AppendSettings(nil))+string(http2.AppendHeaders(nil, 1, false, []byte{0x88}, 1<<14))+string(http2.AppendData(nil, 1, true, 0, []byte("hello")))),
			"#| stream 1: GET http://a/\n>"},
		{"h2 response", nil, "#| stream 1: 200\n#| hello\n<"},
		{"plain", taped(t, "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), ""},
	} {
		if tt.in == nil {
			tt.in = taped(t, http2.Preface+string(http2.AppendSettings(nil))+string(http2.AppendHeaders(nil, 1, true, []byte{0x82, 0x86, 0x84, 0x41, 1, 'a'}, 1<<14)),
				string(http2.AppendSettings(nil))+string(http2.AppendHeaders(nil, 1, false, []byte{0x88}, 1<<14))+string(http2.AppendData(nil, 1, true, 0, []byte("hello"))))
		}
		got, err := Readings(tt.in, "x.tape")
		if err != nil || !strings.Contains(string(got), tt.want) || tt.want == "" && !bytes.Equal(got, tt.in) {
			t.Errorf("%s: %v, want in it\n%s\n%s", tt.name, err, tt.want, got)
		}
		if back := StripReadings(got); !bytes.Equal(back, tt.in) {
			t.Errorf("%s: without readings:\n%s\nwant\n%s", tt.name, back, tt.in)
		}
		var a, b bytes.Buffer
		for i, text := range [][]byte{tt.in, got} {
			if _, err := tape.Format([]*bytes.Buffer{&a, &b}[i], bytes.NewReader(StripReadings(text)), tape.FormatOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if a.String() != b.String() {
			t.Errorf("%s: readings change the tape", tt.name)
		}
	}
}
