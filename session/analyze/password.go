package analyze

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"wiretape/wire"
	"wiretape/wire/auth"
	"wiretape/wire/cookie"
)

// password says what a final response asks for; h is nil where there is none, and
// c the conversation that should have had it, if there is one. Moved says that
// redirects led there.
func password(h *hop, moved bool, c *conversation) (p Password, warning string) {
	p = Password{Verdict: Unknown, Kind: "unknown", Challenges: []Challenge{}}
	if h == nil {
		// RFC 8446, section 6.2: certificate_required, which over TLS 1.3 comes
		// after the client's handshake has ended.
		if c != nil && c.alert != nil && c.alert.Dir == wire.ServerToClient {
			switch c.alert.Alert {
			case 116:
				p.Kind = "client-cert"
				p.Evidence = "the server sent alert " + c.alert.Alert.String()
			case 40, 42, 49: // what servers send in its place up to TLS 1.2, and for other reasons
				p.Evidence = "the server sent alert " + c.alert.Alert.String() + ", which may ask for a client certificate"
			}
		}
		return p, ""
	}
	r := h.response
	asked := challenges(r.Fields.Values("WWW-Authenticate"))
	p.Verdict, p.Kind = No, "no"
	switch {
	case r.Status == 401:
		p.Verdict, p.Kind = Yes, "http-auth"
		p.Evidence = "status 401"
		if len(asked) == 0 {
			// RFC 9110, section 15.5.2.
			warning = "status 401 without a challenge in WWW-Authenticate"
		}
	case r.Status == 407:
		p.Kind, p.Evidence = "proxy-auth", "status 407: your proxy asks, not the site"
		asked = challenges(r.Fields.Values("Proxy-Authenticate"))
	case len(asked) > 0:
		warning = "authentication is offered and not required"
		fallthrough
	default:
		p.guess(h, moved)
	}
	if len(asked) > 0 {
		p.Challenges = asked
	}
	return p, warning
}

// guess looks at what else may stand between a visitor and the page.
func (p *Password) guess(h *hop, moved bool) {
	set := func(kind, confidence, format string, args ...any) {
		p.Kind, p.Confidence, p.Evidence = kind, confidence, fmt.Sprintf(format, args...)
	}
	r := h.response
	status := r.Status
	f, formed := h.loginForm()
	words := h.at.loginWords()
	switch {
	case (status == 403 || status == 429 || status == 503) && r.Fields.Has("Cf-Mitigated"):
		set("bot-wall", "high", "status %d with Cf-Mitigated: %s", status, r.Fields.Get("Cf-Mitigated"))
	case (status == 403 || status == 429 || status == 503) && h.page.challenge:
		set("bot-wall", "medium", "status %d with a page that asks whether a person is there", status)
	case (status == 400 || status == 403 || status == 496) && h.wantsCertificate():
		set("client-cert", "high", "status %d with a page that asks for a client certificate", status)
	case status/100 == 2 && moved && words != "" && formed:
		set("login-redirect", "high", "redirected to %s (%s), a page with a password field", h.at.String(), words)
	case status/100 == 2 && moved && words != "":
		set("login-redirect", "medium", "redirected to %s (%s)", h.at.String(), words)
	case formed && (status/100 == 2 || status == 403):
		confidence := "medium"
		switch {
		case f.stray:
			confidence = "low"
		case f.current || words != "" || loginTitle(h.page.title):
			confidence = "high"
		}
		set("login-form", confidence, "a form for %s with a password field", f.target())
	case status == 403:
		set("forbidden", "", "status 403 without a challenge: an address, a front end or a client certificate may be what is refused")
	case status/100 == 2 && h.page.html && !h.page.cut && !h.page.text && h.page.scripts > 0:
		set("unknown", "low", "the page is made by scripts, which are not run")
	case status/100 == 2 && h.page.html && !h.page.text && h.page.frames:
		set("unknown", "low", "the page is made of frames, which are not asked for")
	}
}

// target names where a form goes.
func (f *form) target() string {
	switch {
	case f.stray:
		return "scripts"
	case f.action == "":
		return "the page itself"
	}
	return fmt.Sprintf("%q", f.action)
}

// loginForm returns the form that asks for a password and sends it to the page's
// own host.
func (h *hop) loginForm() (form, bool) {
	for _, f := range h.page.forms {
		to, _, err := h.at.resolve(f.action)
		if f.stray || f.action == "" || err == nil && to.host == h.at.host {
			return f, true
		}
	}
	return form{}, false
}

// loginWords returns what in a URL is of a place to log in; "" for nothing.
func (a address) loginWords() string {
	split := func(r rune) bool { return r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' }
	known := []string{"login", "logon", "signin", "sso", "oauth", "oauth2", "saml", "saml2", "cas", "adfs", "idp", "authorize"}
	for _, where := range []string{a.path, a.host} {
		parts := strings.FieldsFunc(strings.ToLower(where), split)
		for i, w := range parts {
			if slices.Contains(known, w) {
				return w
			}
			if (w == "in" || w == "on") && i > 0 && (parts[i-1] == "sign" || parts[i-1] == "log") {
				return parts[i-1] + "-" + w
			}
		}
	}
	names := make(map[string]bool)
	for pair := range strings.SplitSeq(strings.TrimPrefix(a.query, "?"), "&") {
		name, _, _ := strings.Cut(pair, "=")
		names[strings.ToLower(name)] = true
	}
	for _, n := range []string{"samlrequest", "relaystate", "returnurl", "next"} {
		if names[n] {
			return n + "="
		}
	}
	if names["client_id"] && names["redirect_uri"] {
		return "client_id= and redirect_uri="
	}
	return ""
}

// loginTitle reports whether a title is of a page to log in.
func loginTitle(s string) bool {
	s = strings.ToLower(s)
	for _, w := range []string{"log in", "login", "sign in", "signin", "log on"} {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// wantsCertificate knows the pages of servers in common use that ask for a client
// certificate.
func (h *hop) wantsCertificate() bool {
	m := h.conv.final()
	for _, words := range []string{"No required SSL certificate", "SSL certificate error", "client certificate required", "Client certificate is required"} {
		if m != nil && bytes.Contains(m.Body.Data, []byte(words)) {
			return true
		}
	}
	return false
}

// A Challenge is one way to authenticate that a server offers.
type Challenge struct {
	Scheme cookie.Octets `json:"scheme"` // as it came; its case means nothing
	Realm  cookie.Octets `json:"realm"`  // unquoted; "" where there is none
}

// challenges returns what fields of a response offer.
func challenges(values [][]byte) []Challenge {
	var out []Challenge
	for _, c := range auth.Parse(values) {
		out = append(out, Challenge{cookie.Octets(c.Scheme), cookie.Octets(c.Realm)})
	}
	return out
}
