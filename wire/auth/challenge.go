// Package auth answers a server of HTTP that asks who is there: it reads challenges
// and makes the values of Authorization that answer them, Basic (RFC 7617), Bearer
// (RFC 6750) and Digest (RFC 7616). It sends nothing; to whom credentials may go is
// its caller's to decide.
package auth

import (
	"strings"

	"wiretape/wire/token"
)

// Limits of what is read of a peer.
const (
	MaxChallenges = 64 // of one call of [Parse]
	maxParams     = 32 // of a challenge
)

// A Challenge is one way to authenticate that a server offers.
type Challenge struct {
	Scheme string      // as it came; its case means nothing
	Realm  string      // unquoted; "" where there is none
	Params [][2]string // names in lower case, values unquoted; 32 at most
}

// Param returns the value of the first parameter of a name, which is given in lower
// case; "" for none.
func (c *Challenge) Param(name string) string {
	for _, p := range c.Params {
		if p[0] == name {
			return p[1]
		}
	}
	return ""
}

// Parse reads the values of WWW-Authenticate or Proxy-Authenticate fields: RFC
// 9110, section 11.6.1. A comma separates challenges and the parameters of one
// challenge alike; what begins with a token and a space, or is a token alone, is a
// challenge. What fits nowhere is passed over. At most [MaxChallenges] are
// returned.
func Parse(values [][]byte) []Challenge {
	var out []Challenge
	for _, v := range values {
		p := challengeParser{rest: string(v)}
		// RFC 9110, section 5.2: several lines are one list, but a parameter
		// that follows on another line belongs to nothing.
		p.run(func(c Challenge) {
			if len(out) < MaxChallenges {
				out = append(out, c)
			}
		})
	}
	return out
}

// A challengeParser reads one field value.
type challengeParser struct {
	rest    string
	current *Challenge
}

func (p *challengeParser) run(give func(Challenge)) {
	flush := func() {
		if p.current != nil {
			give(*p.current)
		}
	}
	for {
		p.rest = strings.TrimLeft(p.rest, " \t,")
		if p.rest == "" {
			break
		}
		token := p.token()
		spaces := p.spaces()
		switch {
		case token == "":
			p.skip()
		case strings.HasPrefix(p.rest, "=") && !(spaces && p.isToken68()):
			p.rest = p.rest[1:]
			p.param(token, p.value())
		default:
			flush()
			p.current = &Challenge{Scheme: token}
			if spaces && p.isToken68() {
				p.skip()
			} else if !spaces {
				p.skip() // a token and then what is neither a list's nor a parameter's
			}
		}
	}
	flush()
}

// param takes a parameter of the current challenge; of several realms the first.
func (p *challengeParser) param(name, value string) {
	if p.current != nil && len(p.current.Params) < maxParams {
		p.current.Params = append(p.current.Params, [2]string{strings.ToLower(name), value})
	}
	if p.current != nil && p.current.Realm == "" && strings.EqualFold(name, "realm") {
		p.current.Realm = value
	}
}

// token takes a token: RFC 9110, section 5.6.2.
func (p *challengeParser) token() string {
	n := token.Len(p.rest)
	t := p.rest[:n]
	p.rest = p.rest[n:]
	return t
}

// spaces takes white space and reports whether there was any.
func (p *challengeParser) spaces() bool {
	rest := strings.TrimLeft(p.rest, " \t")
	found := len(rest) < len(p.rest)
	p.rest = rest
	return found
}

// isToken68 reports whether all up to the next comma is a token68 (RFC 9110,
// section 11.2). An empty realm looks like one too and is none.
func (p *challengeParser) isToken68() bool {
	item, _, _ := strings.Cut(p.rest, ",")
	item = strings.TrimRight(item, " \t")
	body := strings.TrimRight(item, "=")
	if body == "" || len(body) < len(item) && strings.EqualFold(body, "realm") {
		return false
	}
	for i := range len(body) {
		c := body[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-._~+/", c) < 0 {
			return false
		}
	}
	return true
}

// value takes the value of a parameter: a quoted-string, or what stands up to the
// next comma, spaces within it too, as servers that do not quote mean it.
func (p *challengeParser) value() string {
	p.spaces()
	if !strings.HasPrefix(p.rest, `"`) {
		value, rest, _ := strings.Cut(p.rest, ",")
		p.rest = rest
		return strings.TrimRight(value, " \t")
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			p.skip()
			return b.String()
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	p.rest = "" // no end of the quotes
	return b.String()
}

// skip passes over what stands up to the next comma, or quoted-string.
func (p *challengeParser) skip() {
	if i := strings.IndexByte(p.rest, ','); i >= 0 {
		p.rest = p.rest[i+1:]
		return
	}
	p.rest = ""
}
