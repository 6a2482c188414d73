package analyze

import (
	"net"
	"slices"
	"strconv"
	"strings"

	"wiretape/wire"
)

// page returns the first conversation, of those not yet taken, in which a request
// was made as a chain makes it; nil where there is none.
func (r *recording) page(w want, taken map[*conversation]bool) *conversation {
	for _, c := range r.convs {
		if !taken[c] && c.kind() == kindPage && c.answersTo(w) {
			return c
		}
	}
	return nil
}

// find returns the conversation that answers the chain's next request; nil where
// there is none. Of those not yet taken it is the first that was made for it. In
// the recording of another program any GET serves.
func (r *recording) find(w want, taken map[*conversation]bool) *conversation {
	if w.version != "HTTP/2" {
		if c := r.page(w, taken); c != nil {
			return c
		}
	}
	for _, k := range []kind{kindALPN, kindAuth, kindKeep, kindBrowser, kindUpgrade, kindPrior} {
		for _, c := range r.convs {
			if taken[c] || c.kind() != k || !c.answersTo(w) || k == kindALPN && c.final() == nil {
				continue
			}
			if k == kindALPN && w.version == "HTTP/2" || !r.requestedAt(w.at) {
				return c
			}
		}
	}
	return nil
}

// answersTo reports whether a request was made in c that is w's. The version does
// not matter: what is asked again in another one comes later.
func (c *conversation) answersTo(w want) bool {
	q := c.request
	return q != nil && q.Method == "GET" && c.target() == w.at.target() && (c.tls != nil) == w.at.secure && q.Target == w.at.requestTarget()
}

// requestedAt reports whether a page of a place was asked for as an analysis does
// that: what else was asked there is then a probe.
func (r *recording) requestedAt(a address) bool {
	return slices.ContainsFunc(r.convs, func(c *conversation) bool {
		return c.target() == a.target() && (c.tls != nil) == a.secure && c.kind() == kindPage
	})
}

// shutsOut reports whether a place ended a conversation in HTTP/1.1.
func (r *recording) shutsOut(a address) bool {
	return slices.ContainsFunc(r.convs, func(c *conversation) bool {
		return c.attempted(a) && c.shutOut() && (c.tls == nil || c.tls.ALPN != "h2") && c.handshook()
	})
}

// failures returns the conversations of what never came to a request, towards a
// place, over TLS or in the clear. The offer of a handshake that failed is not
// recorded: which of them was for what follows from what else is there.
func (r *recording) failures(a address, taken map[*conversation]bool) []*conversation {
	var out []*conversation
	for _, c := range r.convs {
		if taken[c] || c.request != nil || c.tls != nil || !c.attempted(a) || c.kind() != kindOther {
			continue
		}
		if c.facts == nil || c.handshook() == a.secure {
			out = append(out, c)
		}
	}
	return out
}

// failed returns the conversation in which the chain's request should have been
// made and was not, nil where none was tried.
func (r *recording) failed(w want, taken map[*conversation]bool) *conversation {
	before := false
	for _, c := range r.convs {
		if c.target() != w.at.target() {
			continue
		}
		before = before || taken[c]
		if w.at.secure && c.tls != nil && c.request == nil && !taken[c] && !offers(c, "h2") {
			return c // the handshake went well, the request was not sent
		}
	}
	fs := r.failures(w.at, taken)
	switch {
	case len(fs) == 0:
		return nil
	case before:
		// The probes for HTTP/2 are made once for a place, when the chain first
		// comes there.
		return fs[len(fs)-1]
	}
	return fs[0]
}

// probes returns the probes for HTTP/2 at a place.
func (r *recording) probes(a address, taken map[*conversation]bool) pair {
	var p pair
	for _, c := range r.convs {
		switch {
		case c.target() != a.target() || !offers(c, "h2"):
		case p.both == nil && offers(c, "http/1.1"):
			p.both = c
		case p.alone == nil && !offers(c, "http/1.1"):
			p.alone = c
		}
	}
	fs := r.failures(a.over(true).at(a.port), taken)
	if p.both == nil && len(fs) > 0 {
		p.both, fs = fs[0], fs[1:]
	}
	if p.alone == nil && p.both != nil && p.both.tls != nil && p.both.tls.ALPN == "http/1.1" && len(fs) > 0 {
		p.alone = fs[0]
		for _, f := range fs {
			if f.alert != nil && f.alert.Alert == alertNoProtocol {
				p.alone = f
			}
		}
	}
	return p
}

// at returns a at another port.
func (a address) at(port uint16) address {
	a.port = port
	return a
}

// firstURL returns the URL of the first request of a recording; where none was
// made, that of the first attempt, of which the path is not recorded.
func (r *recording) firstURL() (address, bool) {
	for _, page := range []bool{true, false} {
		for _, c := range r.convs {
			if !page && c.kind() == kindOther && c.facts != nil && c.tls == nil && c.handshook() {
				break // what else was asked is beside this
			}
			// RFC 9112, section 3.2.1: the origin-form.
			if c.request == nil || c.request.Method != "GET" || c.facts == nil || !strings.HasPrefix(c.request.Target, "/") || page && c.kind() != kindPage {
				continue
			}
			if a, ok := addressOf(c.facts.Target, c.tls != nil); ok {
				path, query, ok := strings.Cut(c.request.Target, "?")
				if a.path = path; ok {
					a.query = "?" + query
				}
				return a, true
			}
		}
	}
	for _, c := range r.convs {
		if k := c.kind(); k != kindOther && k != kindALPN {
			continue
		}
		target, secure := "", false
		if c.facts != nil {
			target, secure = c.facts.Target, c.handshook()
		} else if len(c.tries) > 0 {
			target = c.tries[0].Addr
			secure = strings.HasSuffix(target, ":443")
		}
		if a, ok := addressOf(target, secure); ok {
			return a, true
		}
	}
	return address{}, false
}

// addressOf reads host:port.
func addressOf(target string, secure bool) (address, bool) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return address{}, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || host == "" {
		return address{}, false
	}
	return address{secure: secure, host: host, port: uint16(n), path: "/"}, true
}

// unverified returns what is wrong with the certificates of a recording, a
// sentence for each host and fault, in order.
func (r *recording) unverified() []string {
	var out []string
	for _, c := range r.convs {
		if c.tls == nil || c.tls.Verify == "" || c.tls.Verified() || c.facts == nil || c.facts.Role == wire.Accepted {
			continue
		}
		s := unverifiedOf(c.target(), c.tls.Verify)
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
