package cookie

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxPath bounds a default-path, the only part of a cookie without a limit of the
// draft's own, in octets. A cookie that would get a longer one is ignored, which
// 5.7 step 1 leaves to the client.
const maxPath = 8 << 10

// Judge returns the verdict on the value of one Set-Cookie field line that came
// in the response to a request to o, for a client that holds no other cookie. The
// value's octets are copied.
func Judge(o Origin, setCookie []byte, now time.Time) Verdict {
	return new(Jar).Set(o, setCookie, now)
}

// judge takes a Set-Cookie through 6265bis 5.6 and steps 1 to 22 of 5.7. Steps 15
// and 18 are about scripts and embedded documents, of which there are none here.
// shadows answers step 16.
func judge(o Origin, setCookie []byte, now time.Time, shadows func(c *Cookie) bool) Verdict {
	s := string(setCookie)
	p := parse(s)
	v := Verdict{Cookie: Cookie{
		Name: p.name, Value: p.value, Attributes: p.attributes,
		Secure: p.secure, HTTPOnly: p.httpOnly, Partitioned: p.partitioned,
		SameSite: sameSite(p.sent(p.sameSite)),
		Created:  now,
	}}
	c := &v.Cookie
	host, hostOK := canonicalHost(o.Host)
	c.Domain, c.HostOnly = host, true
	c.Path = defaultPath(o.Path)
	if path := p.sent(p.path); strings.HasPrefix(path, "/") {
		c.Path = path
	}
	c.live(&p, now)

	switch {
	case hasCTL(s):
		v.reject("5.6 step 1", "control characters are not allowed", "has "+firstCTL(s))
		return v
	case len(c.Name)+len(c.Value) > MaxNameValue:
		v.reject("5.6 step 5", fmt.Sprintf("name and value may have %d octets together", MaxNameValue),
			fmt.Sprintf("have %d", len(c.Name)+len(c.Value)))
		return v
	case len(c.Path) > maxPath:
		v.reject("5.7 step 1", fmt.Sprintf("a path of more than %d octets is not kept", maxPath),
			fmt.Sprintf("has %d", len(c.Path)))
		return v
	case c.Name == "" && c.Value == "":
		v.reject("5.7 step 2", "name and value are both empty", "")
		return v
	case !hostOK:
		v.reject("5.7 step 9", "the request's host is no host name", "is "+show(o.Host))
		return v
	}
	if !v.scope(lower(strings.TrimPrefix(p.sent(p.domain), "."))) {
		return v
	}
	switch {
	case c.Secure && !o.Secure:
		v.reject("5.7 step 13", "Secure needs https", "came over http")
	case !c.Secure && !o.Secure && shadows(c):
		v.reject("5.7 step 16", "over http it may not overlay a cookie that is Secure", "the jar has one of that name")
	case c.SameSite == SameSiteNone && !c.Secure:
		v.reject("5.7 step 19", "SameSite=None needs Secure", "has no Secure")
	case hasPrefixFold(c.Name, "__Secure-") && !c.Secure:
		v.reject("5.7 step 20", "__Secure- needs Secure", "has no Secure")
	case hasPrefixFold(c.Name, "__Host-"):
		v.hostPrefix(p.path >= 0)
	case c.Name == "" && hasPrefixFold(c.Value, "__Secure-"), c.Name == "" && hasPrefixFold(c.Value, "__Host-"):
		v.reject("5.7 step 22", "a cookie without a name may not start with __Secure- or __Host-", "")
	}
	if v.Action == 0 {
		v.settle(now)
	}
	return v
}

// live sets what Max-Age and Expires say (5.6.1, 5.6.2, 5.7 step 6), within the
// lifetime limit of 5.5.
func (c *Cookie) live(p *parsed, now time.Time) {
	switch {
	case p.maxAge >= 0:
		seconds := min(p.seconds, int64(MaxAge/time.Second))
		c.MaxAge = &seconds
		c.Expires = earliest
		if seconds > 0 {
			c.Expires = now.Add(time.Duration(seconds) * time.Second)
		}
	case p.expires >= 0:
		c.Expires = p.date
		if limit := now.Add(MaxAge); c.Expires.After(limit) {
			c.Expires = limit
		}
	}
}

// scope takes steps 8 to 10: whom the cookie is for. It reports whether it may
// set it.
func (v *Verdict) scope(domain string) bool {
	c := &v.Cookie
	host := c.Domain
	if domain == "" {
		return true
	}
	c.Domain, c.HostOnly = domain, false
	switch {
	case !isASCII(domain):
		v.reject("5.7 step 8", "Domain may hold ASCII only", "is "+show(domain))
	case isPublicSuffix(domain) && domain == host:
		c.HostOnly = true
		v.note("", "Domain="+show(domain)+" is a public suffix: the cookie is for that host alone")
	case isPublicSuffix(domain):
		v.reject("5.7 step 9", "Domain is a public suffix", "is "+show(domain))
	case !domainMatch(host, domain):
		v.reject("5.7 step 10", "the host does not domain-match Domain", show(host)+" is not within "+show(domain))
	}
	return v.Action != Reject
}

// hostPrefix takes step 21.
func (v *Verdict) hostPrefix(pathSent bool) {
	c := &v.Cookie
	var needs, has, lacks []string
	if !c.Secure {
		needs, lacks = append(needs, "Secure"), append(lacks, "Secure")
	}
	if c.Path != "/" || !pathSent {
		needs = append(needs, "Path=/")
		if path, ok := c.Sent("Path"); ok {
			has = append(has, "Path="+show(path))
		} else {
			lacks = append(lacks, "Path")
		}
	}
	if !c.HostOnly {
		needs = append(needs, "no Domain")
		domain, _ := c.Sent("Domain")
		has = append(has, "Domain="+show(domain))
	}
	if len(needs) == 0 {
		return
	}
	for i := range lacks {
		lacks[i] = "no " + lacks[i]
	}
	v.reject("5.7 step 21", "__Host- needs "+join(needs), "has "+strings.Join(append(has, lacks...), ", "))
}

// settle decides between Store and Expire, once nothing refused the cookie.
func (v *Verdict) settle(now time.Time) {
	c := &v.Cookie
	v.Action = Store
	if !c.expired(now) {
		return
	}
	v.Action, v.Rule = Expire, "6265bis 5.7 step 6"
	v.Reason = "deletes cookie: Expires is in the past"
	if c.MaxAge != nil {
		v.Reason = "deletes cookie: Max-Age=" + strconv.FormatInt(*c.MaxAge, 10)
	}
}

func (v *Verdict) reject(step, reason, found string) {
	v.Action, v.Rule, v.Reason, v.Found = Reject, "6265bis "+step, reason, found
}

// maxNotes bounds the notes on one cookie, of which a peer may cause any number.
const maxNotes = 16

func (v *Verdict) note(who, text string) {
	if len(v.Notes) >= maxNotes {
		return
	}
	v.Notes = append(v.Notes, Note{Who: who, Text: text})
}

// firstCTL names the first control character of s and its place.
func firstCTL(s string) string {
	for i := range len(s) {
		if hasCTL(s[i : i+1]) {
			return fmt.Sprintf("0x%02x at octet %d", s[i], i)
		}
	}
	return "none"
}

// join returns "a", "a and b", "a, b and c".
func join(s []string) string {
	last := len(s) - 1
	if last <= 0 {
		return strings.Join(s, "")
	}
	return strings.Join(s[:last], ", ") + " and " + s[last]
}
