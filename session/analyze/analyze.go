package analyze

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"wiretape/wire"
	"wiretape/wire/cookie"
	"wiretape/wire/http1"
)

// Analyze returns the report on recorded conversations, in the order in which a
// [wire.Sink] saw their events. Start is the wall clock at the start of the
// recording, by which cookies are judged; where it is zero, what the first
// connection tells of it serves. The events' Data is not kept. A recording
// without a request and without a connection gives a report that says so.
func Analyze(events iter.Seq[wire.Event], start time.Time) Report {
	c := NewCollector()
	for e := range events {
		c.Event(e)
	}
	return c.Report(start)
}

// report applies the rules. Asked is the URL that was typed, which counts where
// the recording does not tell it.
func (r *recording) report(asked address, start time.Time) Report {
	r.close()
	if start.IsZero() {
		start = r.began
	}
	first, ok := r.firstURL()
	if !ok || asked.host != "" && !r.requested() {
		first, ok = asked, asked.host != ""
	}
	if !ok {
		return Report{
			Schema: Schema, HTTP2: HTTP2{Verdict: Unknown}, Cookies: []Cookie{}, Hops: []Hop{},
			Password: Password{Verdict: Unknown, Kind: "unknown", Challenges: []Challenge{}},
			Warnings: []string{}, Error: "nothing was recorded that tells a URL",
		}
	}
	first.fragment = ""
	ch := newChain(first, start.Truncate(time.Second))
	taken := make(map[*conversation]bool)
	ended := (*conversation)(nil) // that should have had the next response
	ch.soft = func(w want) bool { return r.page(w, taken) != nil }
	for ch.next != nil && len(ch.hops) < maxConversations {
		w := *ch.next
		c := r.find(w, taken)
		if c == nil || c.final() == nil {
			failed := c
			if c == nil {
				failed = r.failed(w, taken)
			}
			if ch.inFrames(failed) {
				if h2 := r.find(*ch.next, taken); h2 != nil && h2.final() != nil {
					if failed != nil {
						taken[failed] = true
					}
					taken[h2] = true
					ch.take(h2)
					continue
				}
				*ch.next = w
			}
		}
		if c == nil {
			switch ended = r.failed(w, taken); {
			case ended != nil:
				taken[ended] = true
				ch.fault = w.at.String() + ": " + cmp.Or(ended.trouble(), "no answer before the analysis ended")
				if p := ended.speaks(); p != "" {
					ch.fault += "; it speaks " + speech(p)
				}
			case ch.redirects > maxRedirects:
				ch.fault, ch.next = tooMany(ch.redirects-1), nil
			default:
				ch.fault = w.at.String() + ": it was not asked: the analysis ended"
			}
			break
		}
		taken[c] = true
		if ch.take(c); ch.next == nil && c.final() == nil {
			ended = c
		}
	}
	return r.assemble(first, ch, ended, taken)
}

// requested reports whether a page was asked for, as an analysis does that.
func (r *recording) requested() bool {
	return slices.ContainsFunc(r.convs, func(c *conversation) bool { return c.kind() == kindPage })
}

// assemble writes the report of a chain that is over.
func (r *recording) assemble(first address, ch *chain, ended *conversation, taken map[*conversation]bool) Report {
	p := Report{
		Schema: Schema, URL: first.String(), Website: first.shownHost(),
		Cookies: append([]Cookie{}, ch.cookies...), Hops: []Hop{}, Error: Text(ch.fault),
	}
	final := first
	for _, h := range ch.hops {
		p.Hops = append(p.Hops, h.shown())
		final = h.at
	}
	if ch.next != nil {
		final = ch.next.at // asked in vain
	}
	p.FinalURL = final.String()

	var answer *hop // that is final
	var conv *conversation
	if h := ch.last(); h != nil {
		conv, p.Status = h.conv, h.response.Status
		p.HSTS = parseHSTS(h.response.Fields, h.at, conv.tls.Verified())
		if ch.fault == "" {
			answer = h
			ch.completeness(h)
		}
	}
	var warning string
	if p.Password, warning = password(answer, ch.redirects > 0, ended); warning != "" {
		ch.warn("%s", warning)
	}
	if ended != nil {
		conv = ended
		p.Speaks = ended.speaks()
	}
	r.http2(&p, first, final, ch, ended, taken)
	p.TLS = tlsOf(r.handshake(final, conv), ch.now)
	p.HTTPS = r.https(final, ch, taken)
	p.Timing = r.timing(conv)
	r.rest(&p, first, final, ch, answer, taken)
	p.Warnings = append(p.Warnings, r.unverified()...)
	p.Warnings = append(p.Warnings, p.TLS.warnings()...)
	if p.TLS != nil && p.TLS.Asked && p.Password.Kind != "client-cert" {
		p.Warnings = append(p.Warnings, "the server asked for a client certificate, and answered all the same")
	}
	p.Warnings = append(append(p.Warnings, ch.warnings...), r.leftOver(first, taken)...)
	if p.Warnings == nil {
		p.Warnings = []string{}
	}
	return p
}

func (h *hop) shown() Hop {
	s := Hop{URL: h.at.String(), Status: h.response.Status, Conn: h.conv.id, Line: h.conv.reply, Soft: cookie.Octets(h.page.soft)}
	s.Location = octets(h.response.Fields.Get("Location"))
	return s
}

// completeness warns of a last response that is not whole.
func (c *chain) completeness(h *hop) {
	m := h.conv.final()
	switch {
	case m.Complete && h.conv.abrupt && h.response.Framing == http1.FramingClose:
		// RFC 8446, section 6.1.
		c.warn("hop %d: the body ends with the connection, without a close_notify: it may be truncated", len(c.hops))
	case m.Complete:
	case h.conv.eof || h.conv.reset:
		c.warn("hop %d: the response is truncated: %s", len(c.hops), m.EndedBy)
	default:
		c.warn("hop %d: the body was not read to its end: %d octets were", len(c.hops), m.Body.Size)
	}
	if h.conv.tlsInClear() {
		c.warn("hop %d: port %d speaks TLS and was asked in the clear", len(c.hops), h.at.port)
	}
}

// http2 fills in the verdicts about HTTP/2.
func (r *recording) http2(p *Report, first, final address, ch *chain, ended *conversation, taken map[*conversation]bool) {
	p.HTTP2.Verdict, p.HTTP2.Evidence = r.http2Of(final, taken)
	end, _ := probed(final)
	if probes := r.probes(end, taken); probes.both != nil {
		shows := probes.both
		if probes.both.tls != nil && probes.both.tls.ALPN == "http/1.1" && p.HTTP2.Verdict == Yes {
			p.HTTP2.Prefers, shows = "http/1.1", probes.alone
		}
		p.HTTP2.Conn, p.HTTP2.Line = shows.id, shows.shook()
	}
	if at, ok := probed(first); ok && first.target() != final.target() {
		if v, evidence := r.http2Of(first, taken); at.target() != end.target() && r.probes(at, taken).both != nil {
			p.HTTP2.Evidence += fmt.Sprintf("; %s of the first URL: %s: %s", first.host, v, evidence)
			p.HTTP2.First = &HTTP2Host{Host: at.target(), Verdict: v, Evidence: evidence}
		}
	}
	p.HTTP2.H2C = r.h2c()
	if h := ch.last(); h != nil && h.version == "HTTP/2" && r.shutsOut(h.at) {
		ch.warn("hop %d: the server answers over HTTP/2 alone", len(ch.hops))
	}
	if p.HTTP2.Verdict == Yes && ended != nil && ch.last() == nil && ended.final() == nil && final.secure {
		ch.warn("the server takes h2 and gave no response over http/1.1: its cookies and whether it wants a password are not known")
	}
}

// http2Of gives the verdict about the place where a URL's HTTP/2 is asked.
func (r *recording) http2Of(a address, taken map[*conversation]bool) (Verdict, string) {
	at, ok := probed(a)
	probes := r.probes(at, taken)
	if !ok && probes.both == nil {
		reached := func(c *conversation) bool { return c.facts != nil && c.target() == a.target() }
		if !slices.ContainsFunc(r.convs, reached) {
			return Unknown, a.target() + " was not reached"
		}
		return No, a.target() + " was asked in the clear, where no protocol is selected; port 443 is another place and was not asked"
	}
	if c := probes.both; c != nil && !a.secure && c.facts == nil && c.refused() {
		return No, at.target() + " refuses connections: there is no https"
	}
	return http2At(at, probes)
}

// handshake returns the conversation whose handshake stands for the final host.
func (r *recording) handshake(final address, conv *conversation) *conversation {
	if conv != nil && conv.tls != nil && conv.target() == final.target() {
		return conv
	}
	at, _ := probed(final)
	for _, c := range r.convs {
		if c.tls != nil && c.target() == at.target() {
			return c
		}
	}
	return nil
}

// https says what there is of https at the final host; "" where it is not known.
func (r *recording) https(final address, ch *chain, taken map[*conversation]bool) string {
	c := r.handshake(final, nil)
	if h := ch.last(); h != nil && !final.secure && slices.ContainsFunc(ch.hops, func(h hop) bool { return h.at.secure }) {
		return "downgrades to http"
	}
	if c != nil {
		if !c.tls.Verified() {
			return "broken certificate: " + c.tls.Verify
		}
		return "available"
	}
	at, _ := probed(final)
	if b := r.probes(at, taken).both; b != nil && (b.plaintext() || !final.secure && b.refused()) {
		return "plaintext-only"
	}
	return ""
}

// timing takes the times of a conversation.
func (r *recording) timing(c *conversation) Timing {
	t := Timing{Total: seconds(r.last)}
	if c == nil {
		return t
	}
	if c.facts != nil {
		t.DNS, t.Connect = seconds(c.facts.Phases.DNS), seconds(c.facts.Phases.Connect)
	}
	if c.tls != nil {
		t.TLS = seconds(c.tls.Took)
	}
	if m := c.final(); m != nil {
		t.FirstByte = seconds(max(m.First-c.asked, 0))
	}
	return t
}

// seconds cuts a duration to microseconds.
func seconds(d time.Duration) float64 { return float64(d/time.Microsecond) / 1e6 }

// leftOver tells of a port 80 that did not answer before https did: nothing else
// in the report speaks of it.
func (r *recording) leftOver(first address, taken map[*conversation]bool) []string {
	if !first.secure || first.port != defaultPort(true) {
		return nil
	}
	for _, c := range r.convs {
		if taken[c] {
			break // what was tried later was beside this
		}
		if c.facts == nil && len(c.tries) > 0 && c.attempted(first.over(false)) {
			return []string{"http did not answer, https was asked: " + c.trouble()}
		}
	}
	return nil
}
