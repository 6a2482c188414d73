package match

import (
	"wiretape/wire"
	"wiretape/wire/proto"
)

// LineAt returns the tape's line of an octet of an item's message, or the item's
// own line.
func (it *Item) LineAt(offset int64) int {
	if it.Message == nil {
		return it.Line
	}
	return it.Message.Line(offset)
}

// Messages returns how many messages of a direction a connection has.
func (c *Conv) Messages(dir wire.Dir) int {
	n := 0
	for i := range c.Items {
		if c.Items[i].Message != nil && c.Items[i].Dir == dir {
			n++
		}
	}
	return n
}

// Secure returns the facts of the handshake with which the connection began, nil
// where bytes in the clear came first or no TLS is on the tape.
func (c *Conv) Secure() *wire.TLS {
	if len(c.Items) > 0 && c.Items[0].Event.Kind == wire.KindSecure {
		return c.Items[0].Event.TLS
	}
	return nil
}

// Spoken returns the name of the protocol in which the connection began, "" for
// one without bytes. It is a name that detection knows.
func (c *Conv) Spoken() string {
	for i := range c.Items {
		if m := c.Items[i].Message; m != nil {
			return m.Proto
		}
	}
	return ""
}

// IsRaw reports whether a message is bytes that no protocol frames.
func (m *Message) IsRaw() bool { return m.Kind == proto.KindRaw }
