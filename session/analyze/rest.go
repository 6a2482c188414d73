package analyze

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http1"
)

// fullKinds are probes that the classic report does without: where one of them
// is, the whole report is wanted.
var fullKinds = []kind{kindHello, kindNames, kindPrior, kindUpgrade, kindOld, kindKeep}

// full reports whether the recording is of a full analysis.
func (r *recording) full() bool {
	return slices.ContainsFunc(r.convs, func(c *conversation) bool {
		k := c.kind()
		// Many programs keep connections alive. It is a probe beside a page alone.
		return c.dialled() && slices.Contains(fullKinds, k) && (k != kindKeep || r.requested())
	})
}

// rest fills in what a full analysis knows beside the classic report. Answer is
// the final response's hop, nil where there is none.
func (r *recording) rest(p *Report, first, final address, ch *chain, answer *hop, taken map[*conversation]bool) {
	if p.Auth = r.auth(final, answer); p.Auth == nil && p.Password.Kind == "http-auth" {
		p.Auth = untried(answer, ch.hops)
	}
	r.rebound(final, ch)
	if !r.full() {
		if state, _ := r.http3(ch, final, nil); strings.Contains(state, "advertised") {
			p.HTTP2.HTTP3 = state
		}
		return
	}
	p.DNS = r.dns(final)
	if p.DNS == nil {
		p.DNS = r.dns(first)
	}
	p.Addresses = r.addresses(final)
	place, _ := probed(final)
	if versions := r.versions(place, p.TLS); len(versions) > 0 {
		if p.TLS == nil {
			p.TLS = &TLS{Names: []string{}, Chain: "unknown"}
		}
		p.TLS.Versions = versions
	}
	var h3 Protocol
	p.HTTP2.HTTP3, h3 = r.http3(ch, final, p.DNS)
	p.Protocols = append([]Protocol{h3}, r.protocols(p, final, answer)...)
	if answer != nil {
		p.Server = fieldsNamed(answer.response.Fields, "Server", "Via", "X-Powered-By", "X-Generator", "X-AspNet-Version")
		p.Security = securityFields(answer)
	}
	p.Hints = hints(p.Cookies)
	for _, c := range r.convs {
		if c == c.convs[0] {
			p.Probes = append(p.Probes, r.probe(c))
		}
	}
	for _, w := range p.DNS.warnings() {
		ch.warn("%s", w)
	}
	for _, w := range r.disagreements(final, answer) {
		ch.warn("%s", w)
	}
	for _, c := range r.of(kindBrowser, final.target()) {
		if m := c.final(); m != nil && answer != nil {
			if status := responseOf(m).Status; status != answer.response.Status {
				ch.warn("status %d under a browser's name, where it is %d under this program's", status, answer.response.Status)
			}
		}
	}
}

// addresses lists those that were tried for a host at its port, in order.
func (r *recording) addresses(a address) []Address {
	var out []Address
	add := func(addr, result string, took float64, conn, line int) {
		ip, err := netip.ParseAddrPort(addr)
		if err != nil {
			return
		}
		family := "IPv6"
		if ip.Addr().Unmap().Is4() {
			family = "IPv4"
		}
		i := slices.IndexFunc(out, func(o Address) bool { return o.Address == addr })
		switch {
		case i < 0 && len(out) < maxListed:
			out = append(out, Address{addr, family, result, took, conn, line})
		case i >= 0 && result == "connected" && out[i].Result != result:
			out[i] = Address{addr, family, result, took, conn, line}
		}
	}
	place, _ := probed(a)
	for _, c := range r.convs {
		k := c.kind()
		if k == kindNames || k == kindQUIC || c.facts != nil && (c.facts.Via != "" || c.facts.Network != "tcp") {
			continue
		}
		if !c.attempted(a) && !c.attempted(place) {
			continue
		}
		for _, t := range c.tries {
			add(t.Addr, t.Text, 0, c.id, t.line)
		}
		if c.facts != nil {
			add(c.facts.Remote, "connected", seconds(c.facts.Phases.Connect), c.id, c.lines.open)
		}
	}
	return out
}

// disagreements says in what the site differs from itself where it was asked at
// another address than that of the final response: over the other family of
// addresses, where it has both.
func (r *recording) disagreements(final address, answer *hop) []string {
	if answer == nil || answer.conv.facts.Via != "" {
		return nil
	}
	var out []string
	for _, c := range r.of(kindKeep, final.target()) {
		m := c.final()
		if m == nil || c.facts.Via != "" || c.facts.Remote == answer.conv.facts.Remote {
			continue
		}
		differ := func(what, there, here string) {
			if there != here {
				out = append(out, fmt.Sprintf("%s gives %s %q, and %s %q", c.facts.Remote, what, there, answer.conv.facts.Remote, here))
			}
		}
		v := responseOf(m)
		differ("status", strconv.Itoa(v.Status), strconv.Itoa(answer.response.Status))
		if follows(v.Status) && v.Status == answer.response.Status {
			differ("Location", string(v.Fields.Get("Location")), string(answer.response.Fields.Get("Location")))
		}
		differ("Server", string(v.Fields.Get("Server")), string(answer.response.Fields.Get("Server")))
		if c.tls == nil || answer.conv.tls == nil {
			continue
		}
		differ("TLS", c.tls.VersionName(), answer.conv.tls.VersionName())
		if a, b := ownCert(c.tls), ownCert(answer.conv.tls); !bytes.Equal(a, b) {
			out = append(out, fmt.Sprintf("%s has another certificate than %s", c.facts.Remote, answer.conv.facts.Remote))
		}
	}
	return out
}

// ownCert returns the certificate of a server itself, nil for none.
func ownCert(t *wire.TLS) []byte {
	if len(t.Certificates) == 0 {
		return nil
	}
	return t.Certificates[0]
}

// rebound warns of a public name that leads to an address of a private network,
// as who rebinds names does.
func (r *recording) rebound(a address, ch *chain) {
	if _, err := netip.ParseAddr(a.host); err == nil || reserved(a.host) {
		return
	}
	for _, c := range r.convs {
		if c.facts == nil || c.facts.Via != "" || c.target() != a.target() {
			continue
		}
		ip, err := netip.ParseAddrPort(c.facts.Remote)
		if err == nil && (ip.Addr().IsLoopback() || ip.Addr().IsPrivate() || ip.Addr().IsLinkLocalUnicast()) {
			ch.warn("%s leads to %s, which is no public address", a.host, ip.Addr())
		}
	}
}

// reserved reports whether a name is one that is not public: RFC 6761, RFC 6762,
// and names of one label.
func reserved(host string) bool {
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := labels[len(labels)-1]
	if len(labels) == 1 || slices.Contains([]string{"test", "example", "invalid", "localhost", "local", "internal", "home", "lan", "arpa"}, last) {
		return true
	}
	return labels[len(labels)-2] == "example" && (last == "com" || last == "net" || last == "org")
}

// local reports whether a name is one that name servers do not know: RFC 6761,
// section 6.3, RFC 6762, and names of one label.
func local(host string) bool {
	host = "." + strings.TrimSuffix(host, ".")
	return strings.Count(host, ".") == 1 || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".local")
}

// auth says what became of credentials.
func (r *recording) auth(final address, answer *hop) *Auth {
	var out *Auth
	for _, c := range r.of(kindAuth, final.target()) {
		if answer != nil && c == answer.conv && len(r.convs) == 1 {
			break // a recording of something else
		}
		scheme, _, _ := strings.Cut(string(c.request.Fields.Get("Authorization")), " ")
		a := &Auth{Verdict: Unknown, Scheme: scheme, Conn: c.id, Line: c.shown()}
		switch m := c.final(); {
		case m == nil:
			a.Evidence = noResponse(c)
		case responseOf(m).Status < 400:
			a.Verdict, a.Evidence = Yes, fmt.Sprintf("status %d with credentials", responseOf(m).Status)
		default:
			a.Verdict, a.Evidence = No, fmt.Sprintf("status %d with credentials", responseOf(m).Status)
		}
		if out == nil || a.Verdict == Yes && out.Verdict != Yes || out.Verdict == Unknown {
			out = a
		}
	}
	return out
}

// fieldsNamed returns the fields of a response that have one of the names.
func fieldsNamed(fields http1.Fields, names ...string) []Field {
	var out []Field
	for _, n := range names {
		for _, v := range fields.Values(n) {
			if len(out) < maxListed {
				out = append(out, Field{Name: n, Value: octets(v)})
			}
		}
	}
	return out
}

// securityFields says what a response tells browsers to be careful about, and what
// it does not.
func securityFields(h *hop) []Field {
	var out []Field
	for _, row := range []struct {
		name string
		want bool // its absence is worth a line
	}{
		{"Strict-Transport-Security", h.at.secure}, {"Content-Security-Policy", true}, {"X-Content-Type-Options", true},
		{"X-Frame-Options", true}, {"Referrer-Policy", true}, {"Permissions-Policy", false},
		{"Cross-Origin-Opener-Policy", false}, {"Cross-Origin-Embedder-Policy", false}, {"Cross-Origin-Resource-Policy", false},
	} {
		values := h.response.Fields.Values(row.name)
		if len(values) == 0 {
			if row.want {
				out = append(out, Field{Name: row.name, Note: "not sent"})
			}
			continue
		}
		f := Field{Name: row.name, Value: octets(values[0])}
		switch {
		case row.name == "X-Content-Type-Options" && !strings.EqualFold(string(values[0]), "nosniff"):
			f.Note = "only nosniff has a meaning"
		case row.name == "X-Frame-Options" && !strings.EqualFold(string(values[0]), "DENY") && !strings.EqualFold(string(values[0]), "SAMEORIGIN"):
			f.Note = "only DENY and SAMEORIGIN have a meaning"
		case row.name == "Strict-Transport-Security":
			if s := parseHSTS(h.response.Fields, h.at, h.conv.tls.Verified()); s.Ignored != "" {
				f.Note = "ignored: " + s.Ignored
			} else if s.MaxAge >= 31536000 && s.IncludeSubDomains && s.Preload {
				f.Note = "fit for the preload list"
			}
		}
		if len(values) > 1 && f.Note == "" {
			f.Note = fmt.Sprintf("%d fields of this name", len(values))
		}
		out = append(out, f)
	}
	return out
}

// cookieHints tell from the beginning of a cookie's name what set it.
var cookieHints = []struct{ prefix, what string }{
	{"PHPSESSID", "PHP"}, {"JSESSIONID", "a Java servlet container"}, {"ASP.NET_SessionId", "ASP.NET"}, {".ASPXAUTH", "ASP.NET"}, {".AspNetCore.", "ASP.NET Core"},
	{"BIGip", "F5 BIG-IP"}, {"TS01", "F5 BIG-IP ASM"}, {"AWSALB", "an AWS load balancer"}, {"AWSELB", "an AWS load balancer"},
	{"__cf_bm", "Cloudflare"}, {"cf_clearance", "Cloudflare"}, {"laravel_session", "Laravel"}, {"csrftoken", "Django"}, {"_rails", "Ruby on Rails"},
	{"connect.sid", "Express"}, {"wordpress_", "WordPress"}, {"CFID", "ColdFusion"}, {"incap_ses_", "Imperva"}, {"visid_incap_", "Imperva"},
	{"ak_bmsc", "Akamai"}, {"bm_sz", "Akamai"}, {"SERVERID", "HAProxy"}, {"XSRF-TOKEN", "a single-page application"},
}

// hints says what the names of cookies tell of what runs there.
func hints(cookies []Cookie) []string {
	var out []string
	for i := range cookies {
		for _, h := range cookieHints {
			if !strings.HasPrefix(string(cookies[i].Name), h.prefix) {
				continue
			}
			if s := h.prefix + ": " + h.what; !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// probe says what one connection was for, and what came of it.
func (r *recording) probe(c *conversation) Probe {
	p := Probe{Conn: c.id, Line: c.lines.begin, What: c.kind().String(), Target: c.target(), Timing: r.timing(c)}
	if p.Target == "" && len(c.tries) > 0 {
		p.Target = c.tries[0].Addr
	}
	p.Total = seconds(c.ended)
	switch m := c.final(); {
	case m != nil:
		p.Result = "status " + strconv.Itoa(responseOf(m).Status)
	case c.hello != nil:
		p.Result = c.hello.Chosen().String()
	case c.refusal != nil:
		p.Result = "alert " + c.refusal.Code.String()
	case len(c.answers) > 0:
		p.Result = fmt.Sprintf("%d answers", len(c.answers))
	case len(c.first) > 0 && c.kind() == kindPrior:
		p.Result = r.prior(c.target()).Evidence
	case c.quicAnswered() && c.kind() == kindQUIC:
		p.Result = "Version Negotiation"
	case c.tls != nil && c.request == nil && c.frames.settings:
		p.Result = "ALPN h2, SETTINGS"
	case c.tls != nil && c.request == nil:
		p.Result = "ALPN " + strconv.Quote(c.tls.ALPN)
	default:
		p.Result = c.trouble()
	}
	if c.tls == nil && p.What == kindOther.String() && c.handshook() && c.facts != nil && c.facts.Role == wire.Dialed {
		p.What = "handshake"
	}
	return p
}
