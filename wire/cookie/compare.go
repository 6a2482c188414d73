package cookie

import (
	"math"
	"strconv"
	"strings"

	"wiretape/wire/token"
)

// compare notes where other clients treat the cookie in another way: curl as
// 7.88 was seen to, Go's net/http and cookiejar as of 1.26, browsers by their
// drafts.
func (v *Verdict) compare(o Origin, setCookie []byte) {
	if v.Action == Reject {
		v.compareRejected(o)
		return
	}
	c := &v.Cookie
	switch {
	case c.Name == "":
		v.note("curl", "rejects it: it has no name")
	case strings.Contains(c.Name+c.Value, "\t"):
		v.note("curl", "rejects it: it has a tab")
	}
	v.compareLong()
	v.comparePath()
	v.compareLife()
	v.compareFlags()
	v.compareFolded()
	v.compareGo(setCookie)
}

// elsewhere says for each step that refuses whether others refuse as well. A
// client that is not named was not tried, or does now this and now that.
var elsewhere = map[string][]Note{
	"6265bis 5.6 step 1":  {{"curl", "rejects it too"}, {"Go", "rejects it too"}},
	"6265bis 5.6 step 5":  {{"curl", "rejects it too"}, {"Go", "stores it"}},
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
	c := &v.Cookie
	host, _ := canonicalHost(o.Host)
	notes := elsewhere[v.Rule]
	switch v.Rule {
	case "6265bis 5.6 step 1":
		if !hasCTL(c.Name + c.Value) {
			notes = []Note{{"Go", "stores it without the attribute that has it"}}
		}
	case "6265bis 5.7 step 8", "6265bis 5.7 step 9", "6265bis 5.7 step 10":
		if domain, _ := c.Sent("Domain"); !goValue(domain, false) {
			notes = []Note{{"Go", "ignores Domain and stores it"}}
		}
	case "6265bis 5.7 step 13":
		if domainMatch(host, "localhost") {
			notes = []Note{{"browsers", "store it: http://localhost is secure to them"}}
		}
	}
	for _, n := range notes {
		if n.Who == "Go" && (!token.Is(c.Name) || !goValue(c.Value, true)) {
			n.Text = "rejects it too"
		}
		v.Notes = append(v.Notes, n)
	}
}

// compareLong is about attributes that are too long to count.
func (v *Verdict) compareLong() {
	for _, a := range v.Cookie.Attributes {
		if len(a.Value) > MaxAttribute && knownAttribute(a.Name) {
			v.note("", a.Name+" is ignored: "+a.Ignored)
			v.note("Go", "does not ignore it")
		}
	}
}

func (v *Verdict) comparePath() {
	path, sent := v.Cookie.Sent("Path")
	switch {
	case !sent || strings.HasPrefix(path, "/"):
	case path == "":
		v.note("curl", "sends it to every path")
	default:
		v.note("", "Path="+show(path)+" does not start with /: the default-path "+show(v.Cookie.Path)+" counts")
		v.note("curl", "sends it to every path")
	}
}

// compareLife is about Max-Age and Expires.
func (v *Verdict) compareLife() {
	c := &v.Cookie
	if maxAge, sent := c.Sent("Max-Age"); sent && c.MaxAge == nil {
		v.note("", "Max-Age="+show(maxAge)+" is ignored: "+v.ignored("Max-Age"))
		// curl reads as many digits as there are, after blanks, quotes and a sign.
		number := strings.TrimPrefix(strings.TrimLeft(maxAge, `" `), "+")
		if n, _, ok := leadingDigits(number, 1, math.MaxInt); ok && n > 0 {
			v.note("curl", "takes it for "+strconv.Itoa(n))
		} else {
			v.note("curl", "takes it for 0 and drops the cookie")
		}
	}
	if expires, sent := c.Sent("Expires"); sent && c.MaxAge == nil && c.Expires.IsZero() {
		v.note("", "Expires="+show(expires)+" is ignored: "+v.ignored("Expires"))
	}
	if v.clamped() {
		v.note("", "its life is cut to 400 days")
		v.note("curl", "keeps it as long as asked")
	}
}

// clamped reports whether the cookie asked for more than [MaxAge].
func (v *Verdict) clamped() bool {
	c := &v.Cookie
	if c.MaxAge != nil {
		sent, _ := c.Sent("Max-Age")
		n, _ := deltaSeconds(sent)
		return n > *c.MaxAge
	}
	expires, _ := c.Sent("Expires")
	t, ok := parseDate(expires)
	return ok && t.After(c.Expires) && !c.Expires.IsZero()
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

// compareFlags is about SameSite, Partitioned, attributes in quotes, and the
// prefixes that came after 6265bis.
func (v *Verdict) compareFlags() {
	c := &v.Cookie
	if value, sent := c.Sent("SameSite"); sent && c.SameSite == SameSiteDefault {
		v.note("", "SameSite="+show(value)+" is not Strict, Lax or None: as if it were not there")
	}
	if c.Partitioned && !c.Secure {
		v.note("browsers", "reject it: Partitioned needs Secure (CHIPS)")
	}
	for _, a := range c.Attributes {
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
		_, rest, comma := strings.Cut(s, ",")
		name, _, pair := strings.Cut(rest, "=")
		if comma && pair && token.Is(trimWSP(name)) {
			v.note("", "it is one cookie, but looks like several Set-Cookie lines joined with a comma")
			return
		}
	}
}
