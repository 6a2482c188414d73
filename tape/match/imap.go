package match

import (
	"bytes"
	"regexp"
	"sync"

	"wiretape/wire/imap"
)

// imapCommand compares a line of a client of IMAP, whose tag is drawn anew by each
// client (RFC 9051, section 2.2.1).
func (c *comparison) imapCommand(w, g *imap.Command) {
	c.tagged(c.want.counted(), c.got.Raw, w.Tag, g.Tag, w.Tag != "" && g.Tag != "")
}

// imapResponse compares a line of a server of IMAP. The tag is that of the command
// which it completes; how long the command took is another time each time.
func (c *comparison) imapResponse(w, g *imap.Response) {
	free := completes(w) && completes(g)
	want, got := c.want.counted(), c.got.Raw
	var ends []int
	if free {
		ends = took().FindIndex(want.b)
	}
	if gotEnds := took().FindIndex(got); ends != nil && gotEnds != nil && want.sub(ends[0], ends[1]).literal() {
		differ := !bytes.Equal(want.b[ends[0]:], got[gotEnds[0]:])
		if c.tagged(want.sub(0, ends[0]), got[:gotEnds[0]], w.Tag, g.Tag, c.got.Exchange != 0) && differ {
			c.byKind("time taken")
		}
		return
	}
	c.tagged(want, got, w.Tag, g.Tag, free && c.got.Exchange != 0)
}

func completes(r *imap.Response) bool { return r.Tag != "" && r.Tag != "*" && r.Tag != "+" }

// took is what Dovecot says behind a reply: for how long the command ran, then
// waited, then stood before a lock, where it did: "(0.001 + 0.000 + 0.003 secs)".
var took = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\([0-9]+\.[0-9]{3}(?: \+ [0-9]+\.[0-9]{3})* secs\)\.?\r?\n$`)
})

// tagged compares lines octet by octet, those with free tags behind them, and reports
// whether they agree.
func (c *comparison) tagged(want text, got []byte, wantTag, gotTag string, free bool) bool {
	if !free || wantTag == gotTag || !want.sub(0, len(wantTag)).literal() {
		return c.bytes(want, got, c.what())
	}
	if !c.bytes(want.sub(len(wantTag), len(want.b)), got[len(gotTag):], c.what()) {
		return false
	}
	c.byKind("tag")
	return true
}
