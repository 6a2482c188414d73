package match

import (
	"encoding/hex"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/websocket"
)

// upgraded returns a tape of a handshake and of frames of the client and then of the
// server.
func upgraded(client, server string) string {
	var b strings.Builder
	b.WriteString("= open tcp a:80\n")
	for _, l := range []string{"GET / HTTP/1.1", "Host: a", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", ""} {
		b.WriteString("> " + l + "\\r\\n\n")
	}
	for _, l := range []string{"HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", ""} {
		b.WriteString("< " + l + "\\r\\n\n")
	}
	b.WriteString(">x " + hex.EncodeToString([]byte(client)) + "\n<x " + hex.EncodeToString([]byte(server)) + "\n= close\n")
	return b.String()
}

// frame gives a client's frame with a key of one octet, repeated.
func frame(o websocket.Opcode, fin bool, key byte, payload string) string {
	h := websocket.Frame{Fin: fin, Opcode: o, Masked: true, Key: [4]byte{key, key, key, key}, Length: int64(len(payload))}
	return string(websocket.AppendFrame(nil, h, []byte(payload)))
}

func TestFramesAreComparedUnmasked(t *testing.T) {
	want := frame(websocket.Text, true, 1, "hello")
	for _, tt := range []struct{ name, got, diff string }{
		{"the same", want, ""},
		{"another key", frame(websocket.Text, true, 2, "hello"), ""},
		{"another payload", frame(websocket.Text, true, 1, "hullo"), "frame payload: want hello, got hullo (at byte 1 of 5)"},
		{"another opcode", frame(websocket.Binary, true, 1, "hello"), "frame opcode: want text, got binary"},
		{"a fragment", frame(websocket.Text, false, 1, "hello"), "frame FIN: want true, got false"},
		{"not masked", "\x81\x05hello", "frame mask: want true, got false"},
		{"cut off", want[:8], "frame payload: want hello, got he"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := messages(load(t, upgraded(want, "\x81\x00")), wire.ClientToServer)
			g := messages(load(t, upgraded(tt.got, "\x81\x00")), wire.ClientToServer)
			out := Compare(w[1], g[1], nil, nil)
			var got []string
			for _, m := range out.Mismatches {
				got = append(got, m.String())
			}
			all := strings.Join(got, "\n")
			if tt.diff == "" && (all != "" || !out.Key) || !strings.Contains(all, tt.diff) || tt.diff != "" && out.Key {
				t.Errorf("key %t, mismatches %q, want %q", out.Key, all, tt.diff)
			}
		})
	}
}

func TestDescribeFrame(t *testing.T) {
	m := messages(load(t, upgraded(frame(websocket.Ping, true, 1, "x"), "\x81\x00")), wire.ClientToServer)[1]
	if got, want := Describe(m), "ping, 1 octet, FIN x"; got != want {
		t.Errorf("Describe = %q, want %q", got, want)
	}
}
