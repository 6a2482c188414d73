package demo

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"wiretape/wire/websocket"
)

// masked returns a client's frame.
func masked(o websocket.Opcode, payload string) string {
	f := websocket.Frame{Fin: true, Opcode: o, Masked: true, Key: [4]byte{1, 2, 3, 4}, Length: int64(len(payload))}
	return string(websocket.AppendFrame(nil, f, []byte(payload)))
}

// The key and what accepts it are those of RFC 6455, section 1.3.
const (
	handshake = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	accepted = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// Messages come back, those too that were sent along with the handshake.
func TestWebSocketEcho(t *testing.T) {
	s := servers(t)
	for name, tt := range map[string]struct{ frames, want string }{
		"text and close": {masked(websocket.Text, "hello") + masked(websocket.Close, "\x03\xe8bye"), "\x81\x05hello\x88\x02\x03\xe8"},
		"ping":           {masked(websocket.Ping, "p") + masked(websocket.Close, ""), "\x8a\x01p\x88\x00"},
		"fragments":      {"\x01\x81\x00\x00\x00\x00a" + "\x80\x81\x00\x00\x00\x00b" + masked(websocket.Close, ""), "\x81\x02ab\x88\x00"},
		"not masked":     {"\x81\x02hi", "\x88\x1b\x03\xeaa client masks its frames"},
	} {
		c, err := net.Dial("tcp", s.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(c, handshake+tt.frames)
		r := bufio.NewReader(c)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 101 || resp.Header.Get("Sec-WebSocket-Accept") != accepted {
			t.Fatalf("%s: %v, %v", name, resp, err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != tt.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, tt.want)
		}
	}
}

// Who asks wrongly is told what the page wants.
func TestWebSocketAskedWrongly(t *testing.T) {
	s := servers(t)
	for _, request := range []string{
		"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		strings.Replace(handshake, "Version: 13", "Version: 8\r\nConnection: close", 1),
		strings.Replace(handshake, "dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ=\r\nConnection: close", 1),
	} {
		c, err := net.Dial("tcp", s.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(c, request)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode != 426 || resp.Header.Get("Upgrade") != "websocket" || resp.Header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%q: %v, %v, want 426", request, resp, err)
		}
	}
}

// Each datagram comes back as it went, the empty one too.
func TestEcho(t *testing.T) {
	s := servers(t)
	c, err := net.Dial("udp", s.Echo)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	buf := make([]byte, 64<<10)
	for _, sent := range []string{"hello", "", strings.Repeat("x", 8000)} {
		if _, err := io.WriteString(c, sent); err != nil {
			t.Fatal(err)
		}
		n, err := c.Read(buf)
		if err != nil || !bytes.Equal(buf[:n], []byte(sent)) {
			t.Errorf("%d octets came back as %d, %v", len(sent), n, err)
		}
	}
}
