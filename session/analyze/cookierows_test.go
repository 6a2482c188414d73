package analyze

import (
	"fmt"
	"strings"
	"testing"
)

// cookieRows are Set-Cookie fields as servers send them to https://www.example.com/dir/7,
// and what becomes of each: "store NAME=VALUE SCOPE PATH LIFE" or "reject RULE". LIFE
// counts from 2026-11-23T10:00:00Z.
var cookieRows = []struct{ sent, want string }{
	{"a=1; Domain=.example.com", "store a=1 example.com /dir session"},
	{"a=1; Domain=com", "reject 9"},
	{"a=1; Domain=co.uk", "reject 9"},
	{"a=1; Domain=other.com", "reject"},
	{"a=1; Domain=sub.www.example.com", "reject"},
	{"a=1; Domain=127.0.0.1", "reject"},
	{"a=1; Domain=", "store a=1 host /dir session"},
	{"a=1; Domain=other.com; Domain=example.com", "store a=1 example.com /dir session"},
	{"a=1; Path=x", "store a=1 host /dir session, noted"},
	{"a=1", "store a=1 host /dir session"},
	{"__Host-a=1; Secure; Path=/", "store __Host-a=1 host / session"},
	{"__Host-a=1; Secure", "reject 21"},
	{"__Host-a=1; Secure; Path=/; Domain=www.example.com", "reject 21"},
	{"__Host-a=1; Path=/", "reject"},
	{"__host-a=1; Secure", "reject 21"},
	{"__Secure-a=1", "reject 20"},
	{"=__Host-a=1; Secure; Path=/", "reject 22"},
	{"__Http-a=1; Secure", "store __Http-a=1 host /dir session, noted"},
	{"a=1; SameSite=None", "reject 19"},
	{"a=1; SameSite=Bogus", "store a=1 host /dir session, noted"},
	{"a=1; Partitioned", "store a=1 host /dir session, noted"},
	{"a=1; Max-Age=0; Expires=Fri, 01 Jan 2038 00:00:00 GMT", "expire a=1"},
	{"a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "store a=1 host /dir 2026-11-23T10:01:00Z"},
	{"a=1; Max-Age=-1", "expire a=1"},
	{"a=1; Max-Age=abc", "store a=1 host /dir session, noted"},
	{"a=1; Max-Age=+5", "store a=1 host /dir session, noted"},
	{"a=1; Max-Age=1.5", "store a=1 host /dir session, noted"},
	{"a=1; Max-Age=", "store a=1 host /dir session, noted"},
	{"a=1; Max-Age=99999999999999999999", "store a=1 host /dir 2027-12-28T10:00:00Z, noted"},
	{"a=1; Expires=Thursday, 01-Jan-38 00:00:00 GMT", "store a=1 host /dir 2027-12-28T10:00:00Z, noted"},
	{`a=1; expires="Fri, 01 Jan 2027 00:00:00 GMT"`, "store a=1 host /dir 2027-01-01T00:00:00Z, noted"},
	{"a=1; Expires=Thu, 31 Dec 23:55:55 2026 GMT", "store a=1 host /dir 2026-12-31T23:55:55Z, noted"},
	{"a=1; Expires=Wed Dec 12 2007 08:44:07 GMT-0500 (EST)", "expire a=1"},
	{"a=1; Expires=Mon, 01-Jan-2011 00: 00:00 GMT", "store a=1 host /dir session, noted"},
	{"a=1; Expires=Mon, 31 Feb 2027 00:00:00 GMT", "store a=1 host /dir session, noted"},
	{"a=1; Expires=Mon, 01 Jan 2027 24:00:00 GMT", "store a=1 host /dir session, noted"},
	{"a=1; Expires=Mon, 01 Jan 1600 00:00:00 GMT", "store a=1 host /dir session, noted"},
	{"noequals", "store =noequals host /dir session, noted"},
	{"=value", "store =value host /dir session, noted"},
	{"=", "reject"},
	{";Path=/", "reject"},
	{"a=", "store a= host /dir session"},
	{"a=b=c", "store a=b=c host /dir session"},
	{`a="q;r"; Path=/`, `store a="q host / session, noted`},
	{"a=1, b=2", "store a=1, b=2 host /dir session, noted"},
	{"a=1;;;  Secure ;", "store a=1 host /dir session, secure"},
	{"A=1; PATH=/; SECURE", "store A=1 host / session, secure"},
	{"a=1; HttpOnly=false", "store a=1 host /dir session, http-only"},
	{"a=1; Secure =x", "store a=1 host /dir session, secure, noted"},
	{`a=1; "Secure"`, "store a=1 host /dir session, noted"},
	{"a=b\tc", "store a=b\tc host /dir session, noted"},
	{"a=b\x01c", "reject"},
	{"a=b\x7fc", "reject"},
	{"a=b\x00c", "reject"},
	{"a=" + strings.Repeat("x", 4095), "store"},
	{"a=" + strings.Repeat("x", 4096), "reject"},
	{"a=1; Path=/" + strings.Repeat("x", 1024), "store a=1 host /dir session, noted"},
	{"a=\xff\xfe", "store a=\xff\xfe host /dir session, noted"},
	{"uvic_bar=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/; domain=.example.com", "expire uvic_bar=deleted"},
}

func TestCookieRows(t *testing.T) {
	cfg, o := secure(t)
	byPath := make(map[string]string)
	s := serve(t, site{tls: cfg, http: pages(byPath)})
	o = www(t, "", s, o)
	o.Full = false
	for i, row := range cookieRows {
		// Each from a server that knows nothing of the others.
		byPath["/dir/7"] = page("set-cookie: " + row.sent)
		r, err := analyze(t, "https://www.example.com/dir/7", o)
		if err != nil || len(r.Cookies) != 1 {
			t.Errorf("%d: %q: %d cookies, %v", i, row.sent, len(r.Cookies), err)
			continue
		}
		if got := cookieRow(&r.Cookies[0]); got != row.want && !(len(row.want) < 10 && strings.HasPrefix(got, row.want)) {
			t.Errorf("%.80q: %.120q, want %q (%s; %s)", row.sent, got, row.want, r.Cookies[0].Reason, r.Cookies[0].Rule)
		}
	}
}

// cookieRow writes a verdict as the table has it.
func cookieRow(c *Cookie) string {
	switch c.Verdict {
	case "reject":
		_, step, _ := strings.Cut(c.Rule, "step ")
		return strings.TrimSpace("reject " + step)
	case "expire":
		return fmt.Sprintf("expire %s=%s", c.Name, c.Value)
	}
	scope, life := string(c.Domain), "session"
	if c.HostOnly {
		scope = "host"
	}
	if c.EffectiveExpires != "" {
		life = c.EffectiveExpires
	}
	words := []string{fmt.Sprintf("%s %s=%s %s %s %s", c.Verdict, c.Name, c.Value, scope, c.Path, life)}
	for _, flag := range []struct {
		is   bool
		name string
	}{{c.Secure && !strings.HasPrefix(string(c.Name), "__"), "secure"}, {c.HTTPOnly, "http-only"}, {len(c.Notes) > 0, "noted"}} {
		if flag.is {
			words = append(words, flag.name)
		}
	}
	return strings.Join(words, ", ")
}
