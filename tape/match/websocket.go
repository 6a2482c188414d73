package match

import (
	"fmt"

	"wiretape/wire/websocket"
)

// frame compares frames of WebSocket. The masking key is drawn anew for each (RFC
// 6455, section 5.3), so that payloads are compared unmasked, unless spans stand in
// the recorded octets.
func (c *comparison) frame(w, g *websocket.Frame) {
	if len(c.want.Spans) > 0 {
		c.bytes(c.want.text(c.want.Span), c.got.Raw, "frame")
		return
	}
	for _, part := range []struct {
		path      string
		want, got any
	}{
		{"frame opcode", w.Opcode, g.Opcode},
		{"frame FIN", w.Fin, g.Fin},
		{"frame RSV", w.RSV, g.RSV},
		{"frame mask", w.Masked, g.Masked},
	} {
		if part.want != part.got {
			c.out.Key = false
			c.add(Mismatch{Kind: Different, Path: part.path, Want: fmt.Sprint(part.want), Got: fmt.Sprint(part.got)}, c.want.Span.From)
		}
	}
	header := int64(len(c.want.Head))
	same := c.bytes(text{b: c.want.Body.Data, off: c.want.Span.From + header}, c.got.Body.Data, "frame payload")
	if same && c.want.Body.Size != c.got.Body.Size {
		c.out.Key = false
		c.add(Mismatch{Kind: Different, Path: "frame payload", Want: octets(c.want.Body.Size), Got: octets(c.got.Body.Size)}, c.want.Span.From)
	}
	c.completeness()
}

// describeFrame returns a frame in a few words, without what differs each time.
func describeFrame(m *Message, f *websocket.Frame) string {
	h := *f
	h.Masked = false
	return fmt.Sprintf("%s %s", h.String(), Show(m.Body.Data))
}
