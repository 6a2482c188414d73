package analyze

import (
	"wiretape/wire"
	"wiretape/wire/http1"
)

// password says what a final response asks for; r is nil where there is none, and
// c the conversation that should have had it, if there is one.
func password(r *http1.Response, c *conversation) (p Password, warning string) {
	p = Password{Verdict: Unknown, Kind: "unknown", Challenges: []Challenge{}}
	if r == nil {
		// RFC 8446, section 6.2: certificate_required, which over TLS 1.3 comes
		// after the client's handshake has ended.
		if c != nil && c.alert != nil && c.alert.Alert == 116 && c.alert.Dir == wire.ServerToClient {
			p.Kind = "client-cert"
		}
		return p, ""
	}
	challenges := parseChallenges(r.Fields.Values("WWW-Authenticate"))
	switch {
	case r.Status == 401:
		p.Verdict, p.Kind = Yes, "http-auth"
		if len(challenges) == 0 {
			// RFC 9110, section 15.5.2.
			warning = "status 401 without a challenge in WWW-Authenticate"
		}
	case r.Status == 407:
		p.Verdict, p.Kind = No, "proxy-auth"
		challenges = parseChallenges(r.Fields.Values("Proxy-Authenticate"))
	case r.Status == 403:
		p.Verdict, p.Kind = No, "forbidden"
	default:
		p.Verdict, p.Kind = No, "no"
		if len(challenges) > 0 {
			warning = "authentication is offered and not required"
		}
	}
	if len(challenges) > 0 {
		p.Challenges = challenges
	}
	return p, warning
}
