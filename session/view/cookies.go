package view

import (
	"strings"
	"time"

	"wiretape/wire/cookie"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// shownValue is how much of a cookie's value a row gives, in octets.
const shownValue = 40

// verdicts judges the cookies that a response sets, in the order of its fields,
// each by itself.
func verdicts(r *http1.Response, o cookie.Origin, now time.Time) []cookie.Verdict {
	var vs []cookie.Verdict
	for _, value := range r.Fields.Values("Set-Cookie") {
		vs = append(vs, cookie.Judge(o, value, now))
	}
	return vs
}

// originOf returns the origin of the request that a response answers. Where none
// is known, the cookie's host is unknown too.
func originOf(m *proto.Message, r *http1.Response) cookie.Origin {
	if r.Request == nil {
		return cookie.Origin{Secure: m.Secure}
	}
	return cookie.NewOrigin(m.Secure, r.Request.Host(), r.Request.Target)
}

// Keep puts the cookies that m sets into a jar, as the client of its request
// would at the time now, and returns the verdicts in their order. A Message that
// is no response sets none. Where no request is known, neither is the host that
// a cookie is for: the jar then sends it nowhere.
func Keep(jar *cookie.Jar, m *proto.Message, now time.Time) []cookie.Verdict {
	r, ok := m.Value.(*http1.Response)
	if !ok {
		return nil
	}
	var vs []cookie.Verdict
	for _, value := range r.Fields.Values("Set-Cookie") {
		vs = append(vs, jar.Set(originOf(m, r), value, now))
	}
	return vs
}

// cookies returns the rows about the cookies that a response sets: those kept,
// or deleted, and those refused.
func (p *Printer) cookies(m *proto.Message) (kept, refused []string) {
	for _, v := range Keep(&p.jar, m, p.now(m.Last)) {
		switch v.Action {
		case cookie.Reject:
			refused = append(refused, v.String())
		case cookie.Expire:
			kept = append(kept, v.String())
		default:
			kept = append(kept, storedText(&v))
		}
	}
	return kept, refused
}

// storedText says what is kept of a cookie: its attributes as they took effect.
func storedText(v *cookie.Verdict) string {
	c := &v.Cookie
	value := c.Value
	if len(value) > shownValue {
		value = value[:runeStart([]byte(value), shownValue)] + "…"
	}
	scope := "for " + c.Domain + " and below"
	switch {
	case c.Domain == "":
		scope = "for its host alone"
	case c.HostOnly:
		scope = "for " + c.Domain + " alone"
	}
	life := "until the session ends"
	if !c.Expires.IsZero() {
		life = "until " + c.Expires.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	parts := []string{scope, "path " + c.Path, life}
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{c.Secure, "Secure"}, {c.HTTPOnly, "HttpOnly"},
		{c.SameSite != "", "SameSite=" + string(c.SameSite)}, {c.Partitioned, "Partitioned"},
	} {
		if flag.set {
			parts = append(parts, flag.name)
		}
	}
	remarks := []string{"cookie " + c.Name + "=" + value + " stored: " + strings.Join(parts, ", ")}
	for _, n := range v.Notes {
		remarks = append(remarks, n.String())
	}
	return strings.Join(remarks, ". ")
}
