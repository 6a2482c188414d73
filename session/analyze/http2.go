package analyze

import (
	"fmt"
	"slices"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http2"
)

// both is what the first probe offers, alone what the second does, to find
// servers that prefer HTTP/1.1.
var (
	offerBoth  = []string{"h2", "http/1.1"}
	offerAlone = []string{"h2"}
	offerMain  = []string{"http/1.1"}
)

// alertNoProtocol is RFC 7301, section 3.2: none of the offered protocols.
const alertNoProtocol = wire.Alert(120)

// probed returns where HTTP/2 of a URL is asked: there, or for http at its
// default port at that of https. For http at another port there is nowhere.
func probed(a address) (address, bool) {
	if !a.secure && a.port == 80 {
		return a.over(true), true
	}
	return a, a.secure
}

// A pair is what was recorded of the two probes for HTTP/2 at one place; nil for
// what was not.
type pair struct{ both, alone *conversation }

// offers reports whether a handshake offered a protocol.
func offers(c *conversation, protocol string) bool {
	return c.tls != nil && slices.Contains(c.tls.Offered, protocol)
}

// http2At gives the verdict about one place from its probes.
func http2At(a address, p pair) (Verdict, string) {
	at := a.target()
	c := p.both
	if c == nil && p.alone != nil && p.alone.tls != nil && p.alone.tls.ALPN == "h2" {
		// A recording of a client that speaks nothing else.
		return confirmed(at, "selected h2 where it was offered alone", p.alone)
	}
	if c == nil {
		return Unknown, at + " was not asked"
	}
	if c.tls == nil {
		return withoutTLS(at, c)
	}
	switch c.tls.ALPN {
	case "h2":
		return confirmed(at, "selected h2", c)
	case "http/1.1":
		return preferring(at, p.alone)
	case "":
		return No, at + " selected no protocol of h2, http/1.1"
	}
	return No, fmt.Sprintf("%s selected %s", at, c.tls.ALPN)
}

// withoutTLS judges a first probe whose handshake did not end well.
func withoutTLS(at string, c *conversation) (Verdict, string) {
	switch {
	case c.alert != nil && c.alert.Alert == alertNoProtocol && c.alert.Dir == wire.ServerToClient:
		return No, at + " takes neither h2 nor http/1.1: alert " + alertNoProtocol.String()
	case slices.ContainsFunc(c.errors, func(s string) bool { return strings.Contains(s, "unadvertised ALPN") }):
		// RFC 7301, section 3.1: it selects from the client's list.
		return Broken, at + " selected a protocol that was not offered"
	case c.plaintext():
		return No, at + " answers a TLS handshake in the clear"
	}
	return Unknown, at + ": " + c.trouble()
}

// confirmed judges a connection on which h2 was selected: RFC 9113, section 3.4:
// the server's first frame is SETTINGS.
func confirmed(at, selected string, c *conversation) (Verdict, string) {
	f := &c.frames
	switch {
	case f.goAway && f.code != http2.ErrCodeNo:
		return Broken, at + " " + selected + ", then sent GOAWAY " + f.code.String()
	case f.refused:
		return Broken, at + " " + selected + ", and refuses a request over it: HTTP_1_1_REQUIRED"
	case f.settings && !f.goAway, f.settings && f.acked:
		return Yes, at + " " + selected + " and sent SETTINGS"
	case f.goAway:
		return Broken, at + " " + selected + ", then sent GOAWAY"
	case f.other:
		return Broken, fmt.Sprintf("%s %s, then sent %q", at, selected, c.opening())
	}
	if t := c.trouble(); t != "" {
		return Broken, at + " " + selected + ", but no SETTINGS came: " + t
	}
	return Unknown, at + " " + selected + "; the analysis ended before SETTINGS could come"
}

// preferring judges a server that selected http/1.1 where it had the choice, by
// the probe that gave it none.
func preferring(at string, alone *conversation) (Verdict, string) {
	const prefers = " selected http/1.1 of h2, http/1.1"
	switch {
	case alone == nil:
		return No, at + prefers
	case alone.tls == nil && alone.alert != nil && alone.alert.Dir == wire.ServerToClient:
		return No, at + prefers + ", and refuses h2 alone: alert " + alone.alert.Alert.String()
	case alone.tls == nil:
		return No, at + prefers + "; of h2 alone nothing is known: " + alone.trouble()
	case alone.tls.ALPN == "h2":
		return confirmed(at, "prefers http/1.1, selected h2 where it was offered alone", alone)
	}
	return No, at + prefers + ", and nothing where h2 was offered alone"
}
