package analyze

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"wiretape/wire"
	"wiretape/wire/cookie"
	"wiretape/wire/http1"
)

// maxRedirects is how many redirects are followed unless Options say otherwise.
const maxRedirects = 10

// maxWarnings bounds what a report warns of.
const maxWarnings = 64

// maxListed bounds the other lists of a report that a peer can make long.
const maxListed = 64

// A want is a request that the chain needs the answer to.
type want struct {
	at      address
	version string // "HTTP/1.1"; "HTTP/1.0" or "HTTP/2" for a server that takes nothing else
}

// A chain follows redirects from response to response. It decides what is asked
// next; who makes the requests, or finds them in a recording, is not its matter.
type chain struct {
	now  time.Time // for the verdicts on cookies
	jar  cookie.Jar
	sts  map[string]bool // hosts that want https, learnt over good TLS; whether with their subdomains
	next *want           // nil when the chain is over
	// limit is how many redirects are followed; negative for as many as there are.
	limit int
	// soft says whether what no HTTP redirect leads to is followed.
	soft func(want) bool
	h2   map[string]bool // places that speak HTTP/2 alone

	hops      []hop
	seen      map[string]bool // requests made: URL and cookies
	redirects int
	softs     int // of the redirects, those that no HTTP redirect led to
	cookies   []Cookie
	warnings  []string
	fault     string // what ended the chain before a final response
}

// A hop is a request and its response.
type hop struct {
	want
	conv     *conversation
	response *http1.Response
	page     document // of a response that is HTML
}

func newChain(start address, now time.Time) *chain {
	return &chain{
		now: now, sts: make(map[string]bool), seen: make(map[string]bool), h2: make(map[string]bool),
		limit: -1, soft: func(want) bool { return false },
		next: &want{at: start, version: "HTTP/1.1"},
	}
}

// inFrames makes the chain ask again what had no answer, over HTTP/2: a server
// that speaks nothing else is not down. It reports whether that is worth a try.
func (c *chain) inFrames(conv *conversation) bool {
	w := *c.next
	if !w.at.secure || w.version == "HTTP/2" || conv != nil && !conv.shutOut() {
		return false
	}
	c.next = &want{at: w.at, version: "HTTP/2"}
	return true
}

// shutOut reports whether a server over TLS ended a conversation in HTTP/1.1
// without a word in it.
func (c *conversation) shutOut() bool {
	switch {
	case c.final() != nil || c.facts == nil:
		return false
	case c.alert != nil && c.alert.Dir == wire.ServerToClient:
		return c.alert.Alert == alertNoProtocol
	case c.tls == nil:
		return false
	}
	return len(c.first) == 0 && (c.eof || c.reset) || c.answeredInFrames()
}

// origin returns what cookies need to know of a request.
func (w want) origin() cookie.Origin {
	return cookie.NewOrigin(w.at.secure, w.at.authority(), w.at.requestTarget())
}

// cookieHeader returns the Cookie value of a request, nil for none. Nothing goes
// over a connection whose certificate did not verify.
func (c *chain) cookieHeader(w want, verified bool) []byte {
	if w.at.secure && !verified {
		return nil
	}
	return c.jar.Header(w.origin(), c.now)
}

func (c *chain) warn(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); len(c.warnings) < maxWarnings && !slices.Contains(c.warnings, s) {
		c.warnings = append(c.warnings, s)
	}
}

// last returns the hop that the chain has come to, nil before the first.
func (c *chain) last() *hop {
	if len(c.hops) == 0 {
		return nil
	}
	return &c.hops[len(c.hops)-1]
}

// follows reports whether a status leads to another URL. RFC 9110, section 15.4:
// 300, 304, 305 and 306 do not.
func follows(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// take takes the conversation that answers next, and decides what is next then.
func (c *chain) take(conv *conversation) {
	w := *c.next
	c.next = nil
	m := conv.final()
	if m == nil {
		c.fault = w.at.String() + ": " + noResponse(conv)
		return
	}
	h := hop{want: w, conv: conv, response: m.Value.(*http1.Response)}
	if conv.tls != nil && conv.tls.ALPN == "h2" {
		h.version = "HTTP/2"
		c.h2[w.at.target()] = true
	}
	if conv.page == nil {
		p := readPage(h.response, m)
		conv.page = &p
	}
	h.page = *conv.page
	c.hops = append(c.hops, h)
	c.learn(&h)
	if h.response.Fault != "" {
		c.warn("hop %d: a strict client refuses the response: %s", len(c.hops), h.response.Fault)
	}
	for _, note := range m.Notes {
		// Where a body ends is what others may see in another way: RFC 9112,
		// section 11.2.
		if note.Rule == "RFC 9112 6.3" && !strings.Contains(h.response.Fault, note.Text) {
			c.warn("hop %d: %s (%s)", len(c.hops), note.Text, note.Rule)
		}
	}

	var sent []byte
	if conv.request != nil {
		sent = conv.request.Fields.Get("Cookie")
	}
	key := h.version + " " + w.at.withoutFragment() + " " + string(sent)
	again := c.seen[key]
	c.seen[key] = true

	locations := h.response.Fields.Values("Location")
	status := h.response.Status
	switch {
	case status == 505 && w.version == "HTTP/1.1":
		c.warn("hop %d: the server does not speak HTTP/1.1; asked again with HTTP/1.0", len(c.hops))
		c.next = &want{at: w.at, version: "HTTP/1.0"}
	case !follows(status):
		if len(locations) > 0 && status >= 300 && status < 400 {
			c.warn("hop %d: status %d is not followed to %q", len(c.hops), status, locations[0])
		}
		c.softly(&h, again)
	case len(locations) == 0 || len(bytes.Trim(locations[0], " \t")) == 0:
		c.warn("hop %d: status %d without a Location", len(c.hops), status)
	case slices.ContainsFunc(locations, func(l []byte) bool { return !bytes.Equal(l, locations[0]) }):
		c.fault = fmt.Sprintf("%s: Location fields that differ: %q", w.at.String(), locations)
	case again:
		c.fault = w.at.String() + ": redirect loop: the same request was made before"
	case c.redirects == c.limit:
		c.fault = tooMany(c.redirects)
	default:
		c.redirect(&h, string(locations[0]))
	}
}

func tooMany(n int) string { return fmt.Sprintf("too many redirects: %d were followed", n) }

// softly goes where the page itself says, if that is wanted. Again says that the
// same request was made before.
func (c *chain) softly(h *hop, again bool) {
	if h.page.soft == "" {
		return
	}
	n := len(c.hops)
	to, _, err := h.at.resolve(h.page.soft)
	if err != nil {
		c.warn("hop %d: the page leads to %q by %s, which is not followed: %v", n, h.page.soft, h.page.softBy, err)
		return
	}
	next := want{at: to, version: c.version(to)}
	if to.withoutFragment() == h.at.withoutFragment() {
		return
	}
	switch {
	case again && c.softs > 0:
		c.fault = h.at.String() + ": redirect loop: the same request was made before"
	case to.host == metadataAddress:
		c.warn("hop %d: %s is not followed: it gives credentials to whoever asks from within a cloud", n, to.authority())
	case !c.soft(next):
	case c.redirects == c.limit:
		c.fault = tooMany(c.redirects)
	default:
		c.warn("hop %d: the page leads to %s by %s", n, to.String(), h.page.softBy)
		c.redirects++
		c.softs++
		c.next = &next
	}
}

// version returns the version in which a place is asked.
func (c *chain) version(a address) string {
	if a.secure && c.h2[a.target()] {
		return "HTTP/2"
	}
	return "HTTP/1.1"
}

// metadataAddress is where clouds tell a machine its credentials. Nobody is led
// there by a redirect in good faith.
const metadataAddress = "169.254.169.254"

// redirect goes where a Location says.
func (c *chain) redirect(h *hop, location string) {
	n := len(c.hops)
	to, user, err := h.at.resolve(location)
	if err != nil {
		c.warn("hop %d: Location %q is not followed: %v", n, location, err)
		return
	}
	if user {
		c.warn("hop %d: the Location has a user in it, which is not sent", n)
	}
	if !to.secure && c.wantsHTTPS(to.host) {
		// RFC 6797, section 8.3.
		c.warn("hop %d: http://%s asked over https: Strict-Transport-Security was seen", n, to.authority())
		to = to.over(true)
	}
	if h.at.secure && !to.secure {
		c.warn("hop %d: downgrade from https to http://%s", n, to.authority())
	}
	if to.host == metadataAddress && h.at.host != metadataAddress {
		c.warn("hop %d: %s is not followed: it gives credentials to whoever asks from within a cloud", n, to.authority())
		return
	}
	c.redirects++
	c.next = &want{at: to, version: c.version(to)}
}

// learn takes the cookies of a response, and its wish for https.
func (c *chain) learn(h *hop) {
	n, r := len(c.hops), h.response
	for _, m := range h.conv.responses {
		if v := m.Value.(*http1.Response); v.Interim() && v.Fields.Has("Set-Cookie") {
			c.warn("hop %d: Set-Cookie in an interim response (%d) is not taken", n, v.Status)
		}
	}
	if r.Trailers.Has("Set-Cookie") {
		c.warn("hop %d: Set-Cookie in a trailer is not taken", n)
	}
	for _, value := range r.Fields.Values("Set-Cookie") {
		v := c.jar.Set(h.origin(), value, c.now)
		domain, _ := v.Cookie.Sent("Domain")
		k := Cookie{Object: v.Object(), Hop: n, Replaced: v.Replaced, Size: len(v.Cookie.Name) + len(v.Cookie.Value), SentDomain: domain}
		for _, note := range v.Notes {
			k.Notes = append(k.Notes, note.String())
		}
		c.cookies = append(c.cookies, k)
	}
	if r.Fields.Has("Set-Cookie2") {
		c.warn("hop %d: Set-Cookie2 is ignored: RFC 6265 made it obsolete", n)
	}
	if h.page.setCookie {
		c.warn("hop %d: a meta element of the page has a Set-Cookie, which browsers ignore", n)
	}
	if s := parseHSTS(r.Fields, h.at, h.conv.tls.Verified()); s != nil && s.Ignored == "" {
		delete(c.sts, h.at.host)
		if s.MaxAge > 0 {
			c.sts[h.at.host] = s.IncludeSubDomains
		}
	}
}

// wantsHTTPS reports whether a host is to be asked over https alone: RFC 6797,
// section 8.2.
func (c *chain) wantsHTTPS(host string) bool {
	if _, ok := c.sts[host]; ok {
		return true
	}
	for {
		var ok bool
		if _, host, ok = strings.Cut(host, "."); !ok {
			return false
		}
		if c.sts[host] {
			return true
		}
	}
}

// noResponse says why a conversation has no response.
func noResponse(c *conversation) string {
	switch {
	case c.answeredInFrames():
		return "answered with HTTP/2 SETTINGS: it speaks HTTP/2 alone"
	case c.tlsInClear():
		return "the port speaks TLS: ask with https"
	case c.cutHead, len(c.responses) > 0:
		s := "no response: its head did not come to an end"
		if len(c.responses) > 0 {
			s = "no final response behind the interim ones"
		}
		if t := c.trouble(); t != "" {
			s += ": " + t
		}
		return s
	case bytes.HasPrefix(c.first, []byte("HTTP/1.")) && c.unreadable != "":
		return "no response that can be read: " + c.unreadable
	case len(c.first) > 0:
		return c.noHTTP()
	}
	if t := c.trouble(); t != "" {
		return "no response: " + t
	}
	return "no response"
}
