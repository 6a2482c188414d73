package view

import (
	"encoding/hex"
	"fmt"
	"unicode/utf8"

	"wiretape/wire/proto"
	"wiretape/wire/websocket"
)

// websocketFrame appends the row of a frame of WebSocket, and its payload where no
// message gives it: that of a control frame within the row. What a person has just
// typed is not shown again.
func (p *Printer) websocketFrame(m *proto.Message, mk mark) {
	f := m.Value.(*websocket.Frame)
	v := p.conn(m.Conn)
	v.websocket = true
	if f.Opcode == websocket.Close {
		v.finished[proto.Side(m.Dir)] = true
	}
	text := f.String()
	if !f.Joined {
		text = numbered(m) + text
	}
	switch {
	case f.Code != 0:
		text += "; " + f.Code.String()
		if len(f.Reason) > 0 {
			text += ": " + EscapeString(string(f.Reason))
		}
	case f.Opcode.Control() && m.Body.Size > 0:
		text += "; " + payloadText(&m.Body)
	}
	if !m.Complete {
		text += "; incomplete: " + m.EndedBy
	}
	p.rows(m.Conn, mk, text)
	typed := p.s.Live && m.Dir != v.peer()
	if !f.Opcode.Control() && !f.Joined && !typed {
		p.payload(m)
	}
}

// websocketMessage appends the row of what several frames, or a compressed one,
// amount to, and its body.
func (p *Printer) websocketMessage(m *proto.Message, mk mark) {
	v := m.Value.(*websocket.Message)
	text := numbered(m) + "message: " + v.Opcode.String() + ", " + octets(m.Body.Size) + ", " + plural(int64(v.Frames), "frame")
	if v.Compressed {
		text += ", compressed to " + octets(v.Wire)
	}
	if !m.Complete {
		text += "; incomplete: " + m.EndedBy
	}
	p.rows(m.Conn, mk, text)
	p.payload(m)
}

// numbered returns the number by which a message is shown again, for the front of
// its row; "" where it has none.
func numbered(m *proto.Message) string {
	if m.N == 0 {
		return ""
	}
	return fmt.Sprintf("#%d ", m.N)
}

// payload appends the body of m as rows of their own.
func (p *Printer) payload(m *proto.Message) {
	if m.Body.Size == 0 {
		return
	}
	var b bodyProgress
	p.body(m.Conn, &b, m.Body.Data, bodyStyle{room: p.third()}, true)
	if left := m.Body.Size - int64(b.at); left > 0 {
		p.rows(m.Conn, markNone, "… "+about(left)+" more, not shown")
	}
}

// payloadText writes a short payload for one row: quoted, or in hexadecimal.
func payloadText(b *proto.Body) string {
	shown := b.Data[:min(len(b.Data), maxControlShown)]
	if utf8.Valid(shown) && isText(shown) {
		text := `"` + EscapeString(string(shown)) + `"`
		if b.Size > int64(len(shown)) {
			text += "…"
		}
		return text
	}
	return someOctets(b.Data)
}

// maxControlShown is the longest payload that a control frame may have (RFC 6455,
// section 5.5).
const maxControlShown = 125

// websocketFrame appends what a frame of WebSocket has in JSON.
func (j *object) websocketFrame(m *proto.Message, f *websocket.Frame) {
	j.string("opcode", f.Opcode.String())
	j.bool("fin", f.Fin)
	j.int("rsv", int64(f.RSV))
	j.bool("masked", f.Masked)
	if f.Masked {
		j.string("key", hex.EncodeToString(f.Key[:]))
	}
	j.int("length", f.Length)
	j.bool("joined", f.Joined)
	if f.Code != 0 {
		j.int("close_code", int64(f.Code))
		j.string("close_name", f.Code.Name())
		j.bytes("reason", f.Reason)
	}
	j.complete(m)
	j.body(m)
}

// websocketMessage appends what a message of WebSocket has in JSON.
func (j *object) websocketMessage(m *proto.Message, v *websocket.Message) {
	j.string("opcode", v.Opcode.String())
	j.bool("compressed", v.Compressed)
	j.int("frames", int64(v.Frames))
	j.int("wire_size", v.Wire)
	j.complete(m)
	j.body(m)
}
