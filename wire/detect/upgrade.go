package detect

import (
	"bytes"
	"cmp"
	"net"
	"slices"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// upgrader is a parser that can see its protocol end within the connection.
type upgrader interface {
	// Upgraded reports whether it has, and in favour of what.
	Upgraded() (token string, ok bool)
	// Rest returns the octets of a direction behind that, and the offset of the
	// first.
	Rest(wire.Dir) (offset int64, data []byte)
}

// upgrade hands the connection over to the protocol that follows. What CONNECT
// leads to is looked for as on a new connection; so is what comes after an
// upgrade to TLS that the recording shows from outside.
func (c *conn) upgrade(u upgrader, token string, at time.Duration) {
	v := evidence{network: c.v.network, token: strings.ToLower(token)}
	if token == "CONNECT" {
		v.token, v.port = "", tunnelPort(c.out)
	}
	if strings.HasPrefix(v.token, "tls/") {
		v.token = ""
	}
	if v.token == "h2c" {
		v.asked = asked(c.out)
	}
	if v.token == WebSocket {
		v.agreed = agreed(c.out)
	}
	dirs := [2]wire.Dir{wire.ClientToServer, wire.ServerToClient}
	var rest [2][]byte
	for side, dir := range dirs {
		offset, data := u.Rest(dir)
		c.from[side], rest[side] = offset, bytes.Clone(data)
	}
	c.restart(v)
	c.decide()
	// The client's octets came before the reply that they were not to wait for.
	for side, data := range rest {
		if len(data) > 0 {
			c.pass(wire.Event{Conn: c.id, At: at, Kind: wire.KindData, Dir: dirs[side], Data: data})
		}
	}
}

// tunnelPort returns the port that CONNECT asked for, as the last response tells
// it.
func tunnelPort(msgs []proto.Message) string {
	for i := len(msgs) - 1; i >= 0; i-- {
		if r, ok := msgs[i].Value.(*http1.Response); ok && r.Request != nil {
			_, port, _ := net.SplitHostPort(r.Request.Target)
			return port
		}
	}
	return ""
}

// asked returns the request that the last response answers; nil where none is at
// hand.
func asked(msgs []proto.Message) *http1.Request {
	for i := len(msgs) - 1; i >= 0; i-- {
		if r, ok := msgs[i].Value.(*http1.Response); ok {
			return r.Request
		}
	}
	return nil
}

// agreed reads the handshake that the last response ends, and leaves notes there on
// what is wrong with it. It is nil where the response is not at hand.
func agreed(msgs []proto.Message) *websocket.Handshake {
	for i := len(msgs) - 1; i >= 0; i-- {
		m := &msgs[i]
		if r, ok := m.Value.(*http1.Response); ok {
			h, notes := websocket.Check(r, m.Span.From)
			for _, n := range notes {
				m.Notes = proto.AddNote(m.Notes, n)
			}
			slices.SortStableFunc(m.Notes, func(a, b proto.Note) int { return cmp.Compare(a.Offset, b.Offset) })
			return &h
		}
	}
	return nil
}
