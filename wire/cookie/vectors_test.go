package cookie

import (
	"math"
	"strings"
	"testing"
	"time"
)

var (
	https      = Origin{Secure: true, Host: "www.example.com", Path: "/dir/7"}
	httpOrigin = Origin{Host: "www.example.com", Path: "/dir/7"}
	now        = time.Date(2026, time.January, 15, 12, 0, 0, 0, time.UTC)
)

// A vector is a Set-Cookie and what a client makes of it that holds no other
// cookie. The zero Origin stands for https://www.example.com/dir/7.
type vector struct {
	set  string
	from Origin
	want string // the effective cookie, as describe tells it, or "reject" and the step
	note string // one of the notes, as far as given
}

var vectors = []vector{
	// Domain.
	{set: "a=1", want: "a=1 host /dir"},
	{set: "a=1; Domain=.example.com", want: "a=1 example.com /dir"},
	{set: "a=1; Domain=EXAMPLE.com", want: "a=1 example.com /dir"},
	{set: "a=1; Domain=www.example.com", want: "a=1 www.example.com /dir"},
	{set: "a=1; Domain=com", want: "reject 5.7 step 9", note: "curl rejects it too"},
	{set: "a=1; Domain=.com", want: "reject 5.7 step 9"},
	{set: "a=1; Domain=co.uk", want: "reject 5.7 step 9"},
	{set: "a=1; Domain=co.uk", from: Origin{Secure: true, Host: "co.uk", Path: "/"}, want: "a=1 host /", note: "Domain=co.uk is a public suffix"},
	{set: "a=1; Domain=unlisted", from: Origin{Secure: true, Host: "a.unlisted"}, want: "reject 5.7 step 9"},
	{set: "a=1; Domain=github.io", from: Origin{Secure: true, Host: "me.github.io"}, want: "reject 5.7 step 9"},
	{set: "a=1; Domain=other.com", want: "reject 5.7 step 10", note: "curl rejects it too"},
	{set: "a=1; Domain=sub.www.example.com", want: "reject 5.7 step 10"},
	{set: "a=1; Domain=ample.com", want: "reject 5.7 step 10"},
	{set: "a=1; Domain=example.com.", want: "reject 5.7 step 10"},
	{set: "a=1; Domain=..example.com", want: "reject 5.7 step 10"},
	{set: "a=1; Domain=127.0.0.1", want: "reject 5.7 step 10"},
	{set: "a=1; Domain=127.0.0.1", from: Origin{Host: "127.0.0.1"}, want: "a=1 127.0.0.1 /"},
	{set: "a=1; Domain=0.0.1", from: Origin{Host: "127.0.0.1"}, want: "reject 5.7 step 10"},
	{set: "a=1; Domain=bücher.example", from: Origin{Host: "bücher.example"}, want: "reject 5.7 step 8", note: "Go ignores Domain and stores it"},
	{set: "a=1; Domain=xn--bcher-kva.example", from: Origin{Host: "BÜCHER.example"}, want: "a=1 xn--bcher-kva.example /"},
	{set: "a=1; Domain=example.com", from: Origin{Host: "www.Example.COM."}, want: "a=1 example.com /"},
	{set: "a=1; Domain=", want: "a=1 host /dir"},
	{set: "a=1; Domain", want: "a=1 host /dir"},
	{set: "a=1; Domain=other.com; Domain=example.com", want: "a=1 example.com /dir"},
	{set: "a=1; Domain=example.com; Domain=" + strings.Repeat("x", 1025), want: "a=1 example.com /dir", note: "Domain is ignored: its value has 1025 octets"},
	{set: "a=1", from: Origin{Host: "a..b"}, want: "reject 5.7 step 9"},
	{set: "a=1", from: Origin{}, want: "a=1 host /dir"},

	// Path.
	{set: "a=1; Path=x", want: "a=1 host /dir", note: "curl sends it to every path"},
	{set: "a=1; Path=", want: "a=1 host /dir"},
	{set: "a=1; Path=/; Path=/b", want: "a=1 host /b"},
	{set: "a=1; Path=/" + strings.Repeat("x", 1024), want: "a=1 host /dir"},
	{set: "a=1", from: Origin{Host: "h", Path: "/dir"}, want: "a=1 host /"},
	{set: "a=1", from: Origin{Host: "h", Path: "*"}, want: "a=1 host /"},
	{set: "a=1", from: Origin{Host: "h", Path: "/a/b/"}, want: "a=1 host /a/b"},
	{set: "a=1", from: Origin{Host: "h", Path: "/" + strings.Repeat("x", 9000) + "/"}, want: "reject 5.7 step 1"},

	// Prefixes.
	{set: "__Host-a=1; Secure; Path=/", want: "__Host-a=1 host / Secure"},
	{set: "__Host-a=1; Secure", want: "reject 5.7 step 21", note: "curl rejects it too"},
	{set: "__Host-a=1; Secure", from: Origin{Secure: true, Host: "h", Path: "/"}, want: "reject 5.7 step 21"},
	{set: "__Host-a=1; Secure; Path=/; Domain=example.com", want: "reject 5.7 step 21"},
	{set: "__Host-a=1; Path=/", want: "reject 5.7 step 21"},
	{set: "__host-a=1; Secure", want: "reject 5.7 step 21"},
	{set: "__Secure-a=1", want: "reject 5.7 step 20"},
	{set: "__secure-a=1", want: "reject 5.7 step 20"},
	{set: "__Secure-a=1; Secure", want: "__Secure-a=1 host /dir Secure"},
	{set: "=__Host-a=1; Secure; Path=/", want: "reject 5.7 step 22"},
	{set: "__secure-a; Secure; Path=/", want: "reject 5.7 step 22"},
	{set: "__Http-a=1; Secure", want: "__Http-a=1 host /dir Secure", note: "Firefox rejects it: __Http- needs Secure and HttpOnly"},
	{set: "__Host-Http-a=1; Secure; Path=/", want: "__Host-Http-a=1 host / Secure", note: "Firefox rejects it: __Host-Http- needs"},

	// Secure, SameSite, Partitioned.
	{set: "a=1; Secure", from: httpOrigin, want: "reject 5.7 step 13", note: "curl rejects it too"},
	{set: "a=1; Secure", from: Origin{Host: "localhost"}, want: "reject 5.7 step 13", note: "browsers store it"},
	{set: "a=1; SameSite=None", want: "reject 5.7 step 19", note: "curl stores it"},
	{set: "a=1; SameSite=none; Secure", want: "a=1 host /dir Secure SameSite=None"},
	{set: "a=1; SameSite=STRICT", want: "a=1 host /dir SameSite=Strict"},
	{set: "a=1; SameSite=Lax; SameSite=Bogus", want: "a=1 host /dir"},
	{set: "a=1; SameSite=Bogus", want: "a=1 host /dir", note: "SameSite=Bogus is not Strict, Lax or None"},
	{set: "a=1; Partitioned", want: "a=1 host /dir Partitioned", note: "browsers reject it: Partitioned needs Secure"},

	// Max-Age and Expires.
	{set: "a=1; Max-Age=0; Expires=Fri, 01 Jan 2038 00:00:00 GMT", want: "expire"},
	{set: "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", want: "a=1 host /dir for 1m0s"},
	{set: "a=1; Max-Age=-1", want: "expire"},
	{set: "a=1; Max-Age=-99999999999999999999", want: "expire"},
	{set: "a=1; Max-Age=abc", want: "a=1 host /dir", note: "curl takes it for 0"},
	{set: "a=1; Max-Age=+5", want: "a=1 host /dir", note: "curl takes it for 5"},
	{set: "a=1; Max-Age=1.5", want: "a=1 host /dir", note: "curl takes it for 1"},
	{set: "a=1; Max-Age=", want: "a=1 host /dir", note: "curl takes it for 0"},
	{set: "a=1; Max-Age=-", want: "a=1 host /dir"},
	{set: "a=1; Max-Age=5-", want: "a=1 host /dir"},
	{set: "a=1; Max-Age=5; Max-Age=x", want: "a=1 host /dir for 5s"},
	{set: "a=1; Max-Age=010", want: "a=1 host /dir for 10s", note: "Go ignores Max-Age"},
	{set: "a=1; Max-Age=99999999999999999999", want: "a=1 host /dir for 9600h0m0s", note: "its life is cut to 400 days"},
	{set: "a=1; Expires=Thursday, 01-Jan-27 00:00:00 GMT", want: "a=1 host /dir for 8412h0m0s"},
	{set: "a=1; Expires=Thursday, 01-Jan-38 00:00:00 GMT", want: "a=1 host /dir for 9600h0m0s", note: "curl keeps it as long as asked"},
	{set: `a=1; expires="Fri, 01 Jan 2027 00:00:00 GMT"`, want: "a=1 host /dir for 8412h0m0s", note: "Go does not read the date"},
	{set: "a=1; Expires=Thu, 15 Jan 13:55:55 2026 GMT", want: "a=1 host /dir for 1h55m55s"},
	{set: "a=1; Expires=Wed Dec 12 2007 08:44:07 GMT-0500 (EST)", want: "expire"},
	{set: "a=1; Expires=Thu, 15 Jan 2026 13:57:2 GMT", want: "a=1 host /dir for 1h57m2s"},
	{set: "a=1; Expires=Mon, 01-Jan-2011 00: 00:00 GMT", want: "a=1 host /dir", note: "is ignored: not a date"},
	{set: "a=1; Expires=31 Feb 2011 00:00:00", want: "a=1 host /dir"},
	{set: "a=1; Expires=1 Feb 2011 24:00:00", want: "a=1 host /dir"},
	{set: "a=1; Expires=1 Feb 1600 00:00:00", want: "a=1 host /dir"},
	{set: "a=1; Expires=1 Feb 1601 00:00:00", want: "expire"},
	{set: "uvic_bar=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/; domain=.example.com", want: "expire"},

	// Name and value.
	{set: "noequals", want: "=noequals host /dir", note: "curl rejects it"},
	{set: "=value", want: "=value host /dir", note: "Go drops it"},
	{set: "=", want: "reject 5.7 step 2"},
	{set: "", want: "reject 5.7 step 2"},
	{set: ";Path=/", want: "reject 5.7 step 2"},
	{set: "a=", want: "a= host /dir"},
	{set: "a=b=c", want: "a=b=c host /dir"},
	{set: " a b =\tc d\t; Path=/", want: "a b=c d host /"},
	{set: `a="q;r"; Path=/`, want: `a="q host /`},
	{set: "a=1, b=2", want: "a=1, b=2 host /dir", note: "it is one cookie, but looks like several"},
	{set: "a=1; Path=/, b=2", want: "a=1 host /, b=2", note: "it is one cookie, but looks like several"},
	{set: "a=1;;;  Secure ;", want: "a=1 host /dir Secure"},
	{set: "A=1; PATH=/; SECURE", want: "A=1 host / Secure"},
	{set: "a=1; HttpOnly=false", want: "a=1 host /dir HttpOnly"},
	{set: "a=1; Secure =x", want: "a=1 host /dir Secure", note: "Go misreads Secure"},
	{set: "a=1; Secure= x", want: "a=1 host /dir Secure"},
	{set: `a=1; Domain="www.example.com"`, want: "reject 5.7 step 10", note: "Go ignores Domain and stores it"},
	{set: strings.Repeat("x", 4097), want: "reject 5.6 step 5", note: "Go rejects it too"},
	{set: `a=1; "Secure"`, want: "a=1 host /dir", note: `"\"Secure\"" is not Secure`},
	{set: "a=b\tc", want: "a=b\tc host /dir", note: "curl rejects it"},
	{set: "a=\x00", want: "reject 5.6 step 1"},
	{set: "a\x01=1", want: "reject 5.6 step 1"},
	{set: "a=1; Path=/\x7f", want: "reject 5.6 step 1"},
	{set: "a=1\r\nb=2", want: "reject 5.6 step 1"},
	{set: "a=" + strings.Repeat("x", 4095), want: "a=" + strings.Repeat("x", 4095) + " host /dir"},
	{set: "a=" + strings.Repeat("x", 4096), want: "reject 5.6 step 5"},
	{set: "a=\xff\xfe", want: "a=\xff\xfe host /dir", note: "Go drops it"},
	{set: "a=1; Path=/\xe9", want: "a=1 host /\xe9", note: "Go ignores Path"},
	{set: "bücher=1", want: "bücher=1 host /dir"},
}

func (v vector) origin() Origin {
	if v.from == (Origin{}) {
		return https
	}
	return v.from
}

// describe tells the effective cookie in one line, or who refused it.
func describe(v Verdict) string {
	c := &v.Cookie
	switch v.Action {
	case Expire:
		return "expire"
	case Reject:
		return "reject " + strings.TrimPrefix(v.Rule, "6265bis ")
	}
	domain := "host"
	if !c.HostOnly {
		domain = c.Domain
	}
	words := []string{c.Name + "=" + c.Value, domain, c.Path}
	if !c.Expires.IsZero() {
		words = append(words, "for "+c.Expires.Sub(now).String())
	}
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{c.Secure, "Secure"}, {c.HTTPOnly, "HttpOnly"}, {c.Partitioned, "Partitioned"},
		{c.SameSite != SameSiteDefault, "SameSite=" + string(c.SameSite)},
	} {
		if flag.set {
			words = append(words, flag.name)
		}
	}
	return strings.Join(words, " ")
}

func TestVerdicts(t *testing.T) {
	for _, row := range vectors {
		v := Judge(row.origin(), []byte(row.set), now)
		if got := describe(v); got != row.want {
			t.Errorf("Set-Cookie %.100q from %+v: %.200q, want %.200q", row.set, row.origin(), got, row.want)
		}
		var notes strings.Builder
		for _, n := range v.Notes {
			notes.WriteString(n.String() + "\n")
		}
		if !strings.Contains(notes.String(), row.note) {
			t.Errorf("Set-Cookie %.100q: notes %q lack %q", row.set, notes.String(), row.note)
		}
		if (v.Reason == "") != (v.Action == Store) || (v.Rule == "") != (v.Action == Store) {
			t.Errorf("Set-Cookie %.100q: %s with reason %q and rule %q", row.set, v.Action, v.Reason, v.Rule)
		}
	}
}

// The report shows each attribute's text as the server wrote it.
func TestSentVerbatim(t *testing.T) {
	c := Judge(https, []byte("a=1; expires= Thu, 01-Jan-1970 00:00:01 GMT ; DOMAIN=.Example.COM; domain=.example.com; Max-Age=9; max-age=x; Path=/\xff; Secure"), now).Cookie
	for _, row := range []struct {
		name, want string
		sent       bool
	}{
		{"Expires", "Thu, 01-Jan-1970 00:00:01 GMT", true}, // though Max-Age wins
		{"Domain", ".example.com", true},                   // the later one
		{"Max-Age", "9", true},                             // the later one is no number
		{"Path", "/\xff", true},
		{"Secure", "", true},
		{"HttpOnly", "", false},
	} {
		if got, sent := c.Sent(row.name); got != row.want || sent != row.sent {
			t.Errorf("Sent(%q) = %q, %v, want %q, %v", row.name, got, sent, row.want, row.sent)
		}
	}
	ignored := map[string]string{}
	for _, a := range c.Attributes {
		if a.Ignored != "" {
			ignored[a.Name] = a.Ignored
		}
	}
	for name, want := range map[string]string{
		"expires": "Max-Age wins over Expires", "DOMAIN": "a later domain wins", "max-age": "not a whole number",
	} {
		if ignored[name] != want {
			t.Errorf("attribute %s ignored because %q, want %q", name, ignored[name], want)
		}
	}
	if len(ignored) != 3 {
		t.Errorf("ignored attributes: %v, want three", ignored)
	}
}

func TestVerdictInOneLine(t *testing.T) {
	api := Origin{Secure: true, Host: "localhost", Path: "/login"}
	for _, row := range []struct {
		set, want string
	}{
		{"__Host-sid=7f3ac9; Path=/api; HttpOnly", "cookie __Host-sid rejected: __Host- needs Secure and Path=/ (6265bis 5.7 step 21); has Path=/api, no Secure. curl rejects it too. Go stores it"},
		{"a\xff=\x1b[31m", `cookie "a\xff" rejected: control characters are not allowed (6265bis 5.6 step 1); has 0x1b at octet 3. curl rejects it too. Go rejects it too`},
		{"a=1; Max-Age=0", "cookie a expired: deletes cookie: Max-Age=0 (6265bis 5.7 step 6)"},
		{"a=1; Path=/", "cookie a stored"},
	} {
		if got := Judge(api, []byte(row.set), now).String(); got != row.want {
			t.Errorf("%q: %s\nwant %s", row.set, got, row.want)
		}
	}
}

// A peer cannot make a verdict much longer than its Set-Cookie.
func TestNotesAreBounded(t *testing.T) {
	v := Judge(https, []byte("a=1"+strings.Repeat(`;"Secure"`, 10000)), now)
	if len(v.Notes) > 20 {
		t.Errorf("%d notes on one cookie", len(v.Notes))
	}
}

func TestMaxAgeSaturates(t *testing.T) {
	for in, want := range map[string]int64{
		"9223372036854775807": math.MaxInt64, "9223372036854775808": math.MaxInt64, "92233720368547758079": math.MaxInt64,
		"-92233720368547758080": -math.MaxInt64, "00000000000000000000007": 7, "-0": 0,
	} {
		if got, ok := deltaSeconds(in); !ok || got != want {
			t.Errorf("deltaSeconds(%q) = %d, %v, want %d", in, got, ok, want)
		}
	}
}
