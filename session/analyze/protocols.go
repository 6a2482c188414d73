package analyze

import (
	"fmt"
	"slices"
	"strings"

	"wiretape/wire/http1"
	"wiretape/wire/tlsrec"
)

// clear returns where a site is asked in the clear: at the place of an http URL,
// at port 80 for an https URL at its default port. For https at another port there
// is nowhere.
func clearPlace(a address) (address, bool) {
	switch {
	case !a.secure:
		return a, true
	case a.port == 443:
		return a.over(false), true
	}
	return a, false
}

// protocols says which ways to speak HTTP a site takes, HTTP/3 apart.
func (r *recording) protocols(p *Report, final address, answer *hop) []Protocol {
	h2 := Protocol{Name: "h2", Verdict: p.HTTP2.Verdict, Evidence: p.HTTP2.Evidence, Conn: p.HTTP2.Conn, Line: p.HTTP2.Line}
	place, _ := probed(final)
	for _, c := range r.of(kindALPN, place.target()) {
		if m := c.final(); m != nil {
			h2.Evidence += fmt.Sprintf("; status %d over it", responseOf(m).Status)
			break
		}
	}
	out := []Protocol{h2, r.http11(answer)}
	target := final.target()
	out = append(out, r.keepAlive(target), r.old(target))
	if plain, ok := clearPlace(final); ok {
		out = append(out, r.prior(plain.target()), r.upgrade(plain.target()))
		if final.secure {
			out = append(out, r.port80(plain))
		}
	} else {
		const why = "not asked: there is no place in the clear beside this one"
		out = append(out, Protocol{Name: "h2c", Verdict: Unknown, Evidence: why}, Protocol{Name: "h2c upgrade", Verdict: Unknown, Evidence: why})
	}
	return out
}

// http11 is the verdict by the final response.
func (r *recording) http11(answer *hop) Protocol {
	p := Protocol{Name: "http/1.1", Verdict: Unknown, Evidence: "no final response"}
	if answer == nil {
		return p
	}
	p.Conn, p.Line = answer.conv.id, answer.conv.shown()
	v := answer.response.Version
	switch {
	case answer.version == "HTTP/2" && !r.shutsOut(answer.at):
		p.Evidence = notAsked
	case answer.version == "HTTP/2":
		p.Verdict, p.Evidence = No, "the server answers over HTTP/2 alone"
	case v == "HTTP/1.1":
		p.Verdict, p.Evidence = Yes, fmt.Sprintf("status %d in it", answer.response.Status)
	default:
		p.Verdict, p.Evidence = No, fmt.Sprintf("status %d in %s", answer.response.Status, v)
	}
	return p
}

// keepAlive is the verdict by two requests on one connection.
func (r *recording) keepAlive(target string) Protocol {
	p := Protocol{Name: "keep-alive", Verdict: Unknown, Evidence: notAsked}
	c := r.first(kindKeep, target)
	if c == nil {
		return p
	}
	p.Conn, p.Line = c.id, c.shown()
	switch m := c.final(); {
	case c.secondReply:
		p.Verdict, p.Evidence = Yes, "two responses on one connection"
	case m == nil:
		p.Evidence = noResponse(c)
	case !responseOf(m).KeepAlive:
		p.Verdict, p.Evidence = No, responseOf(m).KeepAliveWhy
	case c.eof || c.reset:
		p.Verdict, p.Evidence = No, "promised, and the server closed the connection"
	default:
		p.Evidence = "no second response: " + c.trouble()
	}
	return p
}

const notAsked = "not asked"

// old is the verdict by a request in HTTP/1.0 that has no Host.
func (r *recording) old(target string) Protocol {
	p := Protocol{Name: "http/1.0", Verdict: Unknown, Evidence: notAsked}
	c := r.first(kindOld, target)
	if c == nil {
		return p
	}
	p.Conn, p.Line = c.id, c.shown()
	m := c.final()
	if m == nil {
		p.Evidence = noResponse(c)
		if c.eof || c.reset || len(c.first) > 0 {
			p.Verdict = No
		}
		return p
	}
	v := m.Value.(*http1.Response)
	p.Verdict, p.Evidence = Yes, fmt.Sprintf("without a Host: status %d in %s", v.Status, v.Version)
	if v.Status == 400 || v.Status == 505 || v.Status == 426 {
		p.Verdict = No
	}
	return p
}

// prior is the verdict by HTTP/2 that begins in the clear without having been
// agreed on: RFC 9113, section 3.3.
func (r *recording) prior(target string) Protocol {
	p := Protocol{Name: "h2c", Verdict: Unknown, Evidence: notAsked}
	for _, c := range r.convs {
		if c.tls == nil && c.kind() == kindPage && c.target() == target && c.answeredInFrames() {
			return Protocol{Name: "h2c", Verdict: Yes, Evidence: "HTTP/1.1 is answered with SETTINGS", Conn: c.id, Line: c.shown()}
		}
	}
	c := r.first(kindPrior, target)
	if c == nil {
		return p
	}
	p.Conn, p.Line = c.id, c.shown()
	switch {
	case c.facts == nil:
		p.Evidence = c.trouble()
	case c.frames.settings:
		p.Verdict, p.Evidence = Yes, "the preface is answered with SETTINGS"
	case len(c.first) > 0:
		p.Verdict, p.Evidence = No, fmt.Sprintf("the preface is answered with %q", c.opening())
	case c.eof, c.reset:
		p.Verdict, p.Evidence = No, "after the preface: "+c.trouble()
	case c.timeout:
		p.Verdict, p.Evidence = No, "the preface is not answered"
	default:
		p.Evidence = "the analysis ended before an answer could come"
	}
	return p
}

// upgrade is the verdict by a request with Upgrade: h2c, which RFC 9113, section
// 3.1, made obsolete.
func (r *recording) upgrade(target string) Protocol {
	p := Protocol{Name: "h2c upgrade", Verdict: Unknown, Evidence: notAsked}
	c := r.first(kindUpgrade, target)
	if c == nil {
		return p
	}
	p.Conn, p.Line = c.id, c.shown()
	var status int
	switched, offered := false, false
	for _, m := range c.responses {
		v := m.Value.(*http1.Response)
		status = v.Status
		switched = switched || v.Status == 101
		offered = offered || strings.Contains(strings.ToLower(string(v.Fields.Get("Upgrade"))), "h2c")
	}
	switch {
	case switched && c.frames.settings:
		p.Verdict, p.Evidence = Yes, "101 and SETTINGS (obsolete: RFC 9113 3.1)"
	case switched:
		p.Verdict, p.Evidence = Broken, "101, and no SETTINGS"
	case status != 0 && offered:
		p.Verdict, p.Evidence = No, fmt.Sprintf("status %d, which advertises h2c and does not take it", status)
	case status != 0:
		p.Verdict, p.Evidence = No, fmt.Sprintf("status %d", status)
	case c.eof || c.reset:
		p.Verdict, p.Evidence = No, c.trouble()
	default:
		p.Evidence = noResponse(c)
	}
	return p
}

// h2c sums up what is known of HTTP/2 in the clear; "" where it was not asked.
func (r *recording) h2c() string {
	asked, known := false, false
	for _, c := range r.convs {
		if c.tls != nil || !c.dialled() {
			continue
		}
		var p Protocol
		switch k := c.kind(); {
		case c.request != nil && c.answeredInFrames():
			return string(Yes)
		case k == kindPrior:
			p = r.prior(c.target())
		case k == kindUpgrade:
			p = r.upgrade(c.target())
		default:
			continue
		}
		if p.Verdict == Yes {
			return string(Yes)
		}
		asked, known = true, known || p.Verdict != Unknown
	}
	switch {
	case !asked:
		return ""
	case known:
		return string(No)
	}
	return string(Unknown)
}

// port80 says what the same path gives in the clear.
func (r *recording) port80(plain address) Protocol {
	p := Protocol{Name: "port 80", Verdict: Unknown, Evidence: notAsked}
	for _, c := range r.convs {
		k := c.kind()
		switch {
		case c.facts == nil && (len(c.tries) > 0 && strings.HasSuffix(c.tries[0].Addr, ":80")):
			p.Conn, p.Line, p.Evidence = c.id, c.shown(), c.trouble()
			if c.refused() {
				p.Verdict = No
			}
		case k != kindPage || c.tls != nil || c.target() != plain.target():
			continue
		default:
			p.Conn, p.Line = c.id, c.shown()
			m := c.final()
			if m == nil {
				p.Evidence = noResponse(c)
				break
			}
			v := m.Value.(*http1.Response)
			p.Verdict, p.Evidence = Yes, fmt.Sprintf("status %d", v.Status)
			if !follows(v.Status) {
				break
			}
			to, _, err := plain.resolve(string(v.Fields.Get("Location")))
			switch {
			case err != nil:
			case to.secure && to.host == plain.host:
				p.Evidence += ", to https of the same host"
			case to.secure:
				p.Evidence += ", to https of " + to.host
			default:
				p.Evidence += ", to " + to.String()
			}
		}
		return p
	}
	return p
}

// versions lists which versions of TLS a server takes: those that were offered
// alone, and the one that the handshake of the analysis chose.
func (r *recording) versions(place address, t *TLS) []TLSVersion {
	var out []TLSVersion
	for v := tlsrec.Version(0x0301); v <= 0x0304; v++ {
		row, ok := r.version(place, v)
		if t != nil && t.Version == row.Version && row.Verdict != Yes {
			row = TLSVersion{Version: t.Version, Verdict: Yes, Cipher: t.Cipher, Group: t.Group, Evidence: "chosen by the handshake", Conn: t.Conn, Line: t.Line}
			ok = true
		}
		if ok {
			out = append(out, row)
		} else if len(r.of(kindHello, place.target())) > 0 {
			row.Evidence = notAsked
			out = append(out, row)
		}
	}
	if !slices.ContainsFunc(out, func(v TLSVersion) bool { return v.Verdict == Yes }) {
		// Who ends every handshake alike says nothing about versions.
		for i, v := range out {
			if v.Evidence == closedOnUs || v.Evidence == resetOnUs {
				out[i].Verdict = Unknown
			}
		}
	}
	return out
}

// version finds the probe of one version.
func (r *recording) version(place address, v tlsrec.Version) (TLSVersion, bool) {
	row := TLSVersion{Version: strings.TrimPrefix(v.String(), "TLS "), Verdict: Unknown}
	for _, c := range r.of(kindHello, place.target()) {
		o := c.offered
		if o == nil || o.Chosen() != v || len(o.Versions) > 1 {
			continue
		}
		row.Conn, row.Line = c.id, c.shown()
		switch h := c.hello; {
		case h != nil && h.Chosen() == v:
			row.Verdict, row.Evidence = Yes, "ServerHello"
			if len(h.Suites) > 0 {
				row.Cipher = h.Suites[0].String()
			}
			if len(h.KeyShares) > 0 {
				row.Group = h.KeyShares[0].String()
			}
		case h != nil:
			row.Verdict, row.Evidence = No, "the server chose "+h.Chosen().String()
		case c.refusal != nil:
			row.Verdict, row.Evidence = No, "alert "+c.refusal.Code.String()
		case len(c.first) > 0:
			row.Verdict, row.Evidence = No, fmt.Sprintf("answered with %q, which is no TLS", c.opening())
		case c.eof, c.reset:
			row.Verdict, row.Evidence = No, c.trouble()
		default:
			row.Evidence = c.trouble()
			if row.Evidence == "" {
				row.Evidence = "the analysis ended before an answer could come"
			}
		}
		return row, true
	}
	return row, false
}
