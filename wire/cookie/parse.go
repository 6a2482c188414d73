package cookie

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Limits of 6265bis 5.5 and 5.6.
const (
	MaxNameValue = 4096                 // octets of name and value together; a cookie with more is rejected
	MaxAttribute = 1024                 // octets of an attribute's value; an attribute with more is ignored
	MaxAge       = 400 * 24 * time.Hour // a longer life is cut to this one
)

// earliest is the earliest representable date: no cookie-date names an earlier
// one (6265bis 5.1.1 step 5).
var earliest = time.Date(1601, time.January, 1, 0, 0, 0, 0, time.UTC)

// parsed is the cookie-attribute-list of 6265bis 5.6: for each attribute the one
// that counts, as an index into the attributes as sent, -1 for none.
type parsed struct {
	name, value string
	attributes  []Attribute

	domain, path, expires, maxAge, sameSite int
	secure, httpOnly, partitioned           bool

	date    time.Time // of expires, as sent
	seconds int64     // of maxAge, saturated, as sent
}

// parse reads a set-cookie-string as 6265bis 5.6 does, the two refusals apart:
// those are the judge's, who wants the name of what it refuses.
func parse(s string) parsed {
	p := parsed{domain: -1, path: -1, expires: -1, maxAge: -1, sameSite: -1}
	pair, rest, more := strings.Cut(s, ";")
	name, value, ok := strings.Cut(pair, "=")
	if !ok { // step 3: without "=" all of it is the value
		name, value = "", pair
	}
	p.name, p.value = trimWSP(name), trimWSP(value)

	for more {
		var av string
		av, rest, more = strings.Cut(rest, ";")
		name, value, equals := strings.Cut(av, "=")
		a := Attribute{Name: trimWSP(name), Value: trimWSP(value)}
		if a.Name == "" && a.Value == "" {
			continue
		}
		a.blankBefore = equals && strings.TrimRight(name, " \t") != name
		a.blankAfter = strings.TrimLeft(value, " \t") != value
		p.attributes = append(p.attributes, a)
		p.process(len(p.attributes) - 1)
	}
	if p.maxAge >= 0 && p.expires >= 0 {
		p.attributes[p.expires].Ignored = "Max-Age wins over Expires" // 5.7 step 6
	}
	return p
}

// process applies 6265bis 5.6.1 to 5.6.7 to attribute i.
func (p *parsed) process(i int) {
	a := &p.attributes[i]
	if len(a.Value) > MaxAttribute {
		a.Ignored = fmt.Sprintf("its value has %d octets, more than %d", len(a.Value), MaxAttribute)
		return
	}
	switch lower(a.Name) {
	case "expires":
		t, ok := parseDate(a.Value)
		if !ok {
			a.Ignored = "not a date"
			return
		}
		p.date = t
		p.supersede(&p.expires, i)
	case "max-age":
		n, ok := deltaSeconds(a.Value)
		if !ok {
			a.Ignored = "not a whole number"
			return
		}
		p.seconds = n
		p.supersede(&p.maxAge, i)
	case "domain":
		p.supersede(&p.domain, i)
	case "path":
		p.supersede(&p.path, i)
		if !strings.HasPrefix(a.Value, "/") {
			a.Ignored = "does not start with /"
		}
	case "samesite":
		p.supersede(&p.sameSite, i)
		if sameSite(a.Value) == SameSiteDefault {
			a.Ignored = "not Strict, Lax or None"
		}
	case "secure":
		p.secure = true
	case "httponly":
		p.httpOnly = true
	case "partitioned":
		p.partitioned = true
		a.Ignored = "unknown to 6265bis"
	default:
		a.Ignored = "unknown attribute"
	}
}

// supersede makes attribute i the one that counts.
func (p *parsed) supersede(counts *int, i int) {
	if *counts >= 0 {
		p.attributes[*counts].Ignored = "a later " + p.attributes[i].Name + " wins"
	}
	*counts = i
}

// sent returns the value of attribute i.
func (p *parsed) sent(i int) string {
	if i < 0 {
		return ""
	}
	return p.attributes[i].Value
}

// deltaSeconds reads the value of a Max-Age as 6265bis 5.6.2 does: digits, with
// or without a minus sign. What no int64 holds becomes the nearest one.
func deltaSeconds(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" {
		return 0, false
	}
	var n int64
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(digits[i]-'0')
	}
	if len(digits) < len(s) {
		n = -n
	}
	return n, true
}

// sameSite returns the enforcement that a SameSite value asks for (5.6.7).
func sameSite(value string) SameSite {
	for _, s := range []SameSite{SameSiteNone, SameSiteLax, SameSiteStrict} {
		if equalFold(value, string(s)) {
			return s
		}
	}
	return SameSiteDefault
}
