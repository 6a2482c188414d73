package analyze

import (
	"bytes"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/tlsrec"
)

// A kind is what a conversation was for, as it is read from what was said.
type kind uint8

const (
	kindOther   kind = iota // another protocol, or nothing was said
	kindPage                // a GET as the chain makes it
	kindALPN                // a handshake that offered h2, and perhaps SETTINGS
	kindHello               // a ClientHello of our own making
	kindNames               // questions to a name server
	kindPrior               // HTTP/2 in the clear, by prior knowledge
	kindUpgrade             // a GET with Upgrade: h2c
	kindOld                 // a GET in HTTP/1.0 without a Host
	kindKeep                // two GETs on one connection
	kindAuth                // a GET with credentials
	kindBrowser             // a GET under a browser's name
	kindQUIC                // a datagram in a version of QUIC that does not exist
)

// browserAgent is the name under which a page is asked for again that was
// refused: some front ends refuse names that they do not know.
const browserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

var kindWords = [...]string{
	kindOther: "connection", kindPage: "page", kindALPN: "ALPN", kindHello: "TLS version", kindNames: "DNS", kindPrior: "h2c by prior knowledge",
	kindUpgrade: "h2c by Upgrade", kindOld: "HTTP/1.0 without Host", kindKeep: "keep-alive", kindAuth: "credentials", kindBrowser: "as a browser", kindQUIC: "QUIC",
}

func (k kind) String() string { return kindWords[k] }

// kind reads what a conversation was for.
func (c *conversation) kind() kind {
	q := c.request
	switch {
	case c.facts != nil && c.facts.Network == "udp":
		if len(c.said) > 5 && c.said[0]&0x80 != 0 && bytes.Equal(c.said[1:5], quicVersion) {
			return kindQUIC
		}
		return kindNames
	case c.tls == nil && c.refused53():
		return kindNames
	case c.tls == nil && len(c.said) > 2 && tlsrec.Begins(c.said) != "":
		return kindHello
	case c.tls == nil && bytes.HasPrefix(c.said, []byte(http2.Preface[:16])):
		return kindPrior
	case q != nil && q.Method == "GET" && q.Fields.Has("Authorization"):
		return kindAuth
	case offers(c, "h2") && (q == nil || c.tls.ALPN == "h2"):
		return kindALPN
	case q == nil || q.Method != "GET":
		return kindOther
	case q.Version == "HTTP/1.0" && !q.Fields.Has("Host"):
		return kindOld
	case c.tls == nil && strings.EqualFold(string(q.Fields.Get("Upgrade")), "h2c"):
		return kindUpgrade
	case string(q.Fields.Get("User-Agent")) == browserAgent:
		return kindBrowser
	case strings.EqualFold(string(q.Fields.Get("Connection")), "keep-alive"):
		return kindKeep
	}
	return kindPage
}

// refused53 reports whether c was an attempt to reach a name server that did not
// come to a socket.
func (c *conversation) refused53() bool {
	if c.facts != nil {
		return false
	}
	for _, t := range c.tries {
		if strings.HasSuffix(t.Addr, ":53") {
			return true
		}
	}
	return false
}

// of returns the conversations of a kind at a place, in order; "" is any place.
func (r *recording) of(k kind, target string) []*conversation {
	var out []*conversation
	for _, c := range r.convs {
		if c.kind() == k && (target == "" || c.target() == target) {
			out = append(out, c)
		}
	}
	return out
}

// first returns the first conversation of a kind with a target, nil for none.
func (r *recording) first(k kind, target string) *conversation {
	for _, c := range r.convs {
		if c.kind() == k && c.target() == target {
			return c
		}
	}
	return nil
}

// dialled reports whether c is one that we made, where that is known.
func (c *conversation) dialled() bool { return c.facts == nil || c.facts.Role != wire.Accepted }
