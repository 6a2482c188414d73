package analyze

import (
	"strings"

	"wiretape/wire/dns"
)

// An alternative is one of an Alt-Svc field: RFC 7838, section 3.
type alternative struct{ protocol, authority string }

// parseAltSvc reads the value of an Alt-Svc field. Clear takes all back that was
// said before. What fits nowhere is passed over.
func parseAltSvc(value string) (list []alternative, clear bool) {
	if strings.TrimSpace(value) == "clear" {
		return nil, true
	}
	for len(value) > 0 && len(list) < maxListed {
		var item string
		item, value = cutQuoted(value, ',')
		item, _ = cutQuoted(item, ';')
		name, authority, ok := strings.Cut(item, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			continue
		}
		list = append(list, alternative{unescapeToken(name), strings.Trim(strings.TrimSpace(authority), `"`)})
	}
	return list, false
}

// cutQuoted cuts s at the first sep that stands outside of quotes.
func cutQuoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// unescapeToken undoes the percent-encoding of a protocol's name: RFC 7838,
// section 3.
func unescapeToken(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := strings.IndexByte("0123456789abcdef", s[i+1]|0x20), strings.IndexByte("0123456789abcdef", s[i+2]|0x20)
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// isH3 reports whether a protocol's name is that of HTTP/3, a draft of it among
// them.
func isH3(name string) bool {
	return name == "h3" || strings.HasPrefix(name, "h3-")
}

// http3 says what is known of HTTP/3 at the final host: what a field, a frame or a
// record advertises, and whether a port of UDP answers in QUIC.
func (r *recording) http3(ch *chain, final address, names *DNS) (state string, p Protocol) {
	p = Protocol{Name: "h3", Verdict: Unknown}
	var seen, evidence []string
	asked := false
	advert := func(value, by string, c *conversation) {
		list, _ := parseAltSvc(value)
		for _, a := range list {
			if isH3(a.protocol) {
				seen, p.Conn, p.Line = append(seen, "advertised-header"), c.id, c.shown()
				evidence = append(evidence, by+" names "+a.protocol+" at "+a.authority)
				return
			}
		}
	}
	if h := ch.last(); h != nil && h.at.target() == final.target() {
		switch values := h.response.Fields.Values("Alt-Svc"); {
		case len(values) == 0:
		case !h.at.secure:
			evidence = append(evidence, "Alt-Svc came over http, where it counts for nothing")
		case !h.conv.tls.Verified():
			// RFC 7838, section 2.1: reasonable assurances.
			evidence = append(evidence, "Alt-Svc came over a connection that did not verify, where it counts for nothing")
		default:
			var all []string
			for _, v := range values {
				all = append(all, string(v))
			}
			advert(strings.Join(all, ","), "Alt-Svc", h.conv)
		}
		asked = h.at.secure
	}
	for _, c := range r.convs {
		if len(seen) == 0 && c.tls.Verified() && c.target() == final.target() && len(c.altSvc) > 0 {
			advert(string(c.altSvc), "an ALTSVC frame", c)
		}
	}
	faulty := false
	if names != nil {
		faulty = names.failed(dns.TypeHTTPS)
		asked = true
		for _, rec := range names.Records {
			if rec.Type != dns.TypeHTTPS.String() {
				continue
			}
			for _, alpn := range alpnOf(rec.Data) {
				if isH3(alpn) {
					seen = append(seen, "advertised-dns")
					evidence = append(evidence, "an HTTPS record names "+alpn)
					if p.Conn == 0 {
						p.Conn, p.Line = names.Conn, names.Line
					}
					break
				}
			}
			if len(seen) > 0 && seen[len(seen)-1] == "advertised-dns" {
				break
			}
		}
	}
	for _, c := range r.of(kindQUIC, "") {
		if c.quicAnswered() {
			seen = append(seen, "udp-answers")
			evidence = append(evidence, c.target()+" answers a version that does not exist with those that it speaks")
			p.Conn, p.Line = c.id, c.shown()
			break
		}
	}
	switch {
	case len(seen) > 0:
		p.Verdict, state = Yes, strings.Join(seen, ", ")
		if seen[len(seen)-1] != "udp-answers" {
			p.Evidence = strings.Join(evidence, "; ") + "; advertised, not spoken here"
			return state, p
		}
	case faulty:
		state = "unknown"
		evidence = append(evidence, "no Alt-Svc, and what records say is not known: "+strings.Join(names.Faults, "; "))
	case asked:
		p.Verdict, state = No, "not seen"
		if len(evidence) == 0 {
			evidence = append(evidence, "no Alt-Svc names it")
		}
		if names != nil {
			evidence = append(evidence, "no HTTPS record does")
		}
	case len(evidence) == 0:
		evidence = append(evidence, "not asked: it stands beside https")
	}
	p.Evidence = strings.Join(evidence, "; ")
	return state, p
}

// quicVersion is one that does not exist (RFC 9000, section 15): a server that
// speaks QUIC answers it with the versions that it has.
var quicVersion = []byte{0x1a, 0x2a, 0x3a, 0x4a}

// quicAnswered reports whether a Version Negotiation packet came: RFC 8999,
// section 6.
func (c *conversation) quicAnswered() bool {
	b := c.first
	return len(b) >= 11 && b[0]&0x80 != 0 && b[1]|b[2]|b[3]|b[4] == 0
}

// quicPing is a datagram of 1200 octets that looks like the first of a client, in
// a version that does not exist: RFC 9000, sections 6.1 and 14.1.
func quicPing(id [8]byte) []byte {
	b := make([]byte, 1200)
	b[0] = 0xc0
	copy(b[1:], quicVersion)
	b[5] = 8
	copy(b[6:], id[:])
	b[14] = 8
	copy(b[15:], id[:])
	return b
}
