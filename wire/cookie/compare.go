package cookie

import (
	"strings"
	"time"
)

// compare notes where other clients treat the cookie in another way: curl as of
// 7.88, Go's net/http and cookiejar as of 1.26, browsers by their drafts.
func (v *Verdict) compare(o Origin) {
	c := &v.Cookie
	if v.Action == Reject {
		v.compareRejected(o)
		return
	}
	if c.Name == "" {
		v.note("curl", "rejects it: it has no name")
		v.note("Go", "drops it: it has no name")
	}
	v.compareOctets()
	v.comparePath(o)
	v.compareLife()
	v.compareFlags()
	v.compareFolded()
}

// rejectedElsewhere says for each step whether curl and Go refuse as well; a
// client that is not named was not tried.
var rejectedElsewhere = map[string][]Note{
	"6265bis 5.6 step 5":  {{"Go", "stores it"}},
	"6265bis 5.7 step 2":  {{"curl", "rejects it too"}, {"Go", "rejects it too"}},
	"6265bis 5.7 step 9":  {{"curl", "rejects it too"}},
	"6265bis 5.7 step 10": {{"curl", "rejects it too"}, {"Go", "rejects it too"}},
	"6265bis 5.7 step 13": {{"curl", "rejects it too"}, {"Go", "stores it and sends it over https"}},
	"6265bis 5.7 step 19": {{"curl", "stores it"}, {"Go", "stores it"}},
	"6265bis 5.7 step 20": {{"curl", "rejects it too"}, {"Go", "stores it"}},
	"6265bis 5.7 step 21": {{"curl", "rejects it too"}, {"Go", "stores it"}},
	"6265bis 5.7 step 22": {{"curl", "rejects it too"}, {"Go", "rejects it too"}},
}

func (v *Verdict) compareRejected(o Origin) {
	v.Notes = append(v.Notes, rejectedElsewhere[v.Rule]...)
	host, _ := canonicalHost(o.Host)
	if v.Rule == "6265bis 5.7 step 13" && domainMatch(host, "localhost") {
		v.note("browsers", "store it: http://localhost is secure to them")
	}
}

// compareOctets is about octets that other clients do not let through.
func (v *Verdict) compareOctets() {
	c := &v.Cookie
	if strings.Contains(c.Name+c.Value, "\t") {
		v.note("curl", "rejects it: it has a tab")
	}
	if c.Name != "" && (!isToken(c.Name) || !goValue(c.Value)) {
		v.note("Go", "drops it: it has octets that its grammar does not allow")
	}
}

// isToken reports whether s is a token (RFC 9110 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// goValue reports whether net/http takes s as a value.
func goValue(s string) bool {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
}

func (v *Verdict) comparePath(o Origin) {
	path, sent := v.Cookie.Sent("Path")
	switch {
	case sent && !strings.HasPrefix(path, "/") && path != "":
		v.note("", "Path="+show(path)+" does not start with /: the default-path "+show(v.Cookie.Path)+" counts")
		v.note("curl", "takes the path as it is, so that it fits no request")
	case !sent && v.Cookie.Path != "/":
		v.note("curl", "gives it the path "+show(defaultPath(o.Path)+"/"))
	}
}

// compareLife is about Max-Age and Expires.
func (v *Verdict) compareLife() {
	c := &v.Cookie
	maxAge, hasMaxAge := c.Sent("Max-Age")
	expires, hasExpires := c.Sent("Expires")
	switch {
	case hasMaxAge && c.MaxAge == nil:
		v.note("", "Max-Age="+show(maxAge)+" is ignored: "+v.ignored("Max-Age"))
		v.note("curl", "takes it for 0 and drops the cookie")
		if strings.HasPrefix(maxAge, "+") && isDigits(maxAge[1:]) {
			v.note("Go", "takes the number")
		}
	case hasMaxAge && len(maxAge) > 1 && strings.HasPrefix(maxAge, "0"):
		v.note("Go", "ignores Max-Age: it starts with 0")
	case hasMaxAge && len(maxAge) > 18:
		v.note("Go", "ignores Max-Age: it is out of its range")
	}
	if hasExpires && c.MaxAge == nil {
		_, parsed := parseDate(expires)
		switch {
		case !parsed:
			v.note("", "Expires="+show(expires)+" is ignored: "+v.ignored("Expires"))
		case !goDate(expires):
			v.note("Go", "does not read this date and keeps it for the session")
		}
	}
	if v.clamped() {
		v.note("", "cut to 400 days, the longest life")
		v.note("curl", "keeps it as long as asked")
		v.note("Go", "keeps it as long as asked")
	}
}

// clamped reports whether the cookie asked for more than MaxAge.
func (v *Verdict) clamped() bool {
	c := &v.Cookie
	if c.MaxAge != nil {
		sent, _ := c.Sent("Max-Age")
		n, _ := deltaSeconds(sent)
		return n > *c.MaxAge
	}
	expires, ok := c.Sent("Expires")
	t, parsed := parseDate(expires)
	return ok && parsed && t.After(c.Expires)
}

// ignored returns why the last attribute of that name had no effect.
func (v *Verdict) ignored(name string) string {
	why := ""
	for _, a := range v.Cookie.Attributes {
		if equalFold(a.Name, name) {
			why = a.Ignored
		}
	}
	return why
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// goDate reports whether net/http reads s as a date.
func goDate(s string) bool {
	for _, layout := range []string{time.RFC1123, "Mon, 02-Jan-2006 15:04:05 MST"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// compareFlags is about the attributes without a value, SameSite and the prefixes
// that came after 6265bis.
func (v *Verdict) compareFlags() {
	c := &v.Cookie
	if value, ok := c.Sent("SameSite"); ok && c.SameSite == SameSiteDefault {
		v.note("", "SameSite="+show(value)+" is not Strict, Lax or None: as if it were not there")
	}
	if c.Partitioned && !c.Secure {
		v.note("browsers", "reject it: Partitioned needs Secure (CHIPS)")
	}
	for _, a := range c.Attributes {
		if a.blank && knownAttribute(a.Name) {
			v.note("Go", "overlooks "+a.Name+": a blank stands before =")
		}
		if bare := strings.Trim(a.Name, `"'`); bare != a.Name && knownAttribute(bare) {
			v.note("", show(a.Name)+" is not "+bare+": the quotes are part of its name, so it is ignored")
		}
	}
	path, _ := c.Sent("Path")
	switch {
	case hasPrefixFold(c.Name, "__Host-Http-") && !(c.Secure && c.HTTPOnly && c.HostOnly && path == "/"):
		v.note("Firefox", "rejects it: __Host-Http- needs Secure, HttpOnly, Path=/ and no Domain")
	case hasPrefixFold(c.Name, "__Http-") && !(c.Secure && c.HTTPOnly):
		v.note("Firefox", "rejects it: __Http- needs Secure and HttpOnly")
	}
}

func knownAttribute(name string) bool {
	switch lower(name) {
	case "expires", "max-age", "domain", "path", "secure", "httponly", "samesite", "partitioned":
		return true
	}
	return false
}

// compareFolded notes what looks like several Set-Cookie lines that something on
// the way joined with commas. They cannot be taken apart, since a comma may stand
// in a value and stands in most dates.
func (v *Verdict) compareFolded() {
	texts := []string{v.Cookie.Value}
	for _, a := range v.Cookie.Attributes {
		texts = append(texts, a.Name, a.Value)
	}
	for _, s := range texts {
		_, rest, ok := strings.Cut(s, ",")
		if !ok {
			continue
		}
		name, _, ok := strings.Cut(rest, "=")
		if ok && isToken(trimWSP(name)) {
			v.note("", "it is one cookie, but looks like several Set-Cookie lines joined with a comma")
			return
		}
	}
}
