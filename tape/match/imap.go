package match

import "wiretape/wire/imap"

// imapCommand compares a line of a client of IMAP, whose tag is drawn anew by each
// client (RFC 9051, section 2.2.1).
func (c *comparison) imapCommand(w, g *imap.Command) {
	c.tagged(w.Tag, g.Tag, w.Tag != "" && g.Tag != "")
}

// imapResponse compares a line of a server of IMAP. The tag is that of the command
// which it completes.
func (c *comparison) imapResponse(w, g *imap.Response) {
	c.tagged(w.Tag, g.Tag, completes(w) && completes(g) && c.got.Exchange != 0)
}

func completes(r *imap.Response) bool { return r.Tag != "" && r.Tag != "*" && r.Tag != "+" }

// tagged compares lines octet by octet, those with free tags behind them.
func (c *comparison) tagged(want, got string, free bool) {
	t := c.want.counted()
	if !free || want == got || !t.sub(0, len(want)).literal() {
		c.bytes(t, c.got.Raw, c.what())
		return
	}
	if c.bytes(t.sub(len(want), len(t.b)), c.got.Raw[len(got):], c.what()) {
		c.byKind("tag")
	}
}
