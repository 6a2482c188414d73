package cookie

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"wiretape/wire/token"
)

// compareGo notes where net/http and net/http/cookiejar go another way. A test
// holds these notes against the two packages.
func (v *Verdict) compareGo(setCookie []byte) {
	c := &v.Cookie
	pair, _, _ := bytes.Cut(setCookie, []byte(";"))
	_, value, _ := bytes.Cut(bytes.TrimRight(pair, " \t"), []byte("="))
	raw := string(value) // net/http leaves blanks before the value in it
	switch {
	case c.Name == "":
		v.note("Go", "drops it: it has no name")
		return
	case !token.Is(c.Name):
		v.note("Go", "drops it: the name is not a token")
		return
	case !goValue(raw, true):
		v.note("Go", "drops it: the value has octets that it does not allow")
		return
	case strings.ContainsAny(raw, " ,") && !strings.HasPrefix(raw, `"`):
		v.note("Go", "sends it in double quotes")
	}
	for _, a := range c.Attributes {
		switch {
		case !knownAttribute(a.Name) || a.Ignored != "" && !equalFold(a.Name, "Partitioned"):
		case a.blankBefore, a.blankAfter && !isFlag(a.Name):
			v.note("Go", "misreads "+a.Name+": a blank stands beside =")
		case !goValue(a.Value, false) && !equalFold(a.Name, "Expires"):
			v.note("Go", "ignores "+a.Name+": it has octets that it does not allow")
		}
	}
	v.compareGoLife()
}

// isFlag reports whether an attribute's mere presence counts.
func isFlag(name string) bool {
	return equalFold(name, "Secure") || equalFold(name, "HttpOnly") || equalFold(name, "Partitioned")
}

func (v *Verdict) compareGoLife() {
	c := &v.Cookie
	if maxAge, sent := c.Sent("Max-Age"); sent {
		n, err := strconv.Atoi(maxAge)
		reads := err == nil && !(n != 0 && maxAge[0] == '0')
		switch {
		case reads && c.MaxAge == nil:
			v.note("Go", "takes Max-Age for "+strconv.Itoa(n))
			return
		case !reads && c.MaxAge != nil:
			v.note("Go", "ignores Max-Age")
			return
		}
	}
	expires, sent := c.Sent("Expires")
	switch {
	case sent && c.MaxAge == nil && !c.Expires.IsZero() && !goDate(expires):
		v.note("Go", "does not read the date and keeps it for the session")
	case v.clamped():
		v.note("Go", "keeps it as long as asked")
	}
}

// goValue reports whether net/http takes s as the value of a cookie, which may
// stand in quotes, or of an attribute, which may not.
func goValue(s string, quotes bool) bool {
	if quotes && len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return true
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
