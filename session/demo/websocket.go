package demo

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// webSocketPath is where the practice site speaks WebSocket.
const webSocketPath = "/ws"

// webSocket is the page at webSocketPath for who does not ask for an upgrade, or
// asks for it wrongly (RFC 9110, section 15.5.22; RFC 6455, section 4.2.1).
func webSocket(*request) *response {
	r := text(426, "this page speaks WebSocket, version 13, over HTTP/1.1\n")
	r.add("Sec-WebSocket-Version", "13")
	return r
}

// switched answers a request for WebSocket, nil for any other (RFC 6455, section
// 4.2.2).
func (s site) switched(q *http1.Request) []byte {
	r := request{fields: fieldsOf(q.Fields)}
	path, _, _ := strings.Cut(q.Target, "?")
	upgrade, _ := r.field("Upgrade")
	connection, _ := r.field("Connection")
	version, _ := r.field("Sec-WebSocket-Version")
	key, _ := r.field("Sec-WebSocket-Key")
	nonce, err := base64.StdEncoding.DecodeString(key)
	if !s.sockets || path != webSocketPath || q.Method != "GET" || q.Version != "HTTP/1.1" ||
		!strings.EqualFold(upgrade, "websocket") || !hasToken(connection, "upgrade") ||
		version != "13" || err != nil || len(nonce) != 16 {
		return nil
	}
	return []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + websocket.Accept(key) + "\r\n\r\n")
}

// hasToken reports whether a comma-separated list holds token, in any case.
func hasToken(list, token string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(item), token) {
			return true
		}
	}
	return false
}

// serveWebSocket sends every message of the client back, of which the octets in
// first have come already, and answers Ping and Close.
func serveWebSocket(c *wire.Conn, first []byte) {
	p := websocket.New(proto.Limits{}, nil)
	buf := make([]byte, 16<<10)
	for data := first; ; {
		for _, m := range slices.Clone(p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: data})) {
			out, over := echoFrame(&m)
			if len(out) > 0 {
				if _, err := c.Write(out); err != nil {
					return
				}
			}
			if over {
				return
			}
		}
		c.SetReadDeadline(time.Now().Add(idle))
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		data = buf[:n]
	}
}

// echoFrame returns what answers a frame or a message of the client, and whether
// the connection is over behind it.
func echoFrame(m *proto.Message) (out []byte, over bool) {
	o := websocket.Text
	switch v := m.Value.(type) {
	case *websocket.Message:
		o = v.Opcode
	case *websocket.Frame:
		switch {
		case !v.Masked:
			// RFC 6455, section 5.1.
			return closing(closeProtocol, "a client masks its frames"), true
		case v.Opcode.Control():
			return v.Answer(m.Body.Data, false, [4]byte{}), v.Opcode == websocket.Close
		case v.Joined:
			return nil, false // its message follows
		}
		o = v.Opcode
	default:
		return closing(closeProtocol, "this is no frame"), true
	}
	if m.Body.Cut {
		return closing(closeTooBig, "the echo takes messages up to 1 MiB"), true
	}
	return websocket.AppendFrame(nil, websocket.Frame{Fin: true, Opcode: o, Length: m.Body.Size}, m.Body.Data), false
}

// Why the echo closes (RFC 6455, section 7.4.1).
const (
	closeProtocol websocket.CloseCode = 1002
	closeTooBig   websocket.CloseCode = 1009
)

// closing returns a Close frame.
func closing(code websocket.CloseCode, reason string) []byte {
	p := websocket.ClosePayload(code, reason)
	return websocket.AppendFrame(nil, websocket.Frame{Fin: true, Opcode: websocket.Close, Length: int64(len(p))}, p)
}
