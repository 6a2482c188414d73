package cookie

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/idna"

	"wiretape/wire/proto/prototest"
)

// changed lists the rows of the http-state suite that ask for what RFC 6265 or an
// old browser did and 6265bis does otherwise, with the Cookie that 6265bis gives.
// The suite marks the nameless cookies among them itself.
var changed = map[string]string{
	// A control character rejects the whole cookie.
	"disabled-chromium0022": "",
	"disabled-chromium0023": "",
	// Paths are compared octet by octet: %6F is no o.
	"disabled-path0029": "",
	// The last Domain wins though it is empty, which makes the cookie host-only.
	"optional-domain0042": "foo=bar",
}

func TestHTTPState(t *testing.T) {
	type row struct {
		ID       string   `json:"id"`
		SetURL   string   `json:"set_url"`
		GetURL   string   `json:"get_url"`
		Cookies  [][]byte `json:"set_cookie_b64"`
		Want     []byte   `json:"expect_cookie_header_b64"`
		Conflict string   `json:"bis_conflict"`
		Clock    string   `json:"pin_clock"`
	}
	standing, other := 0, 0
	for _, r := range prototest.Rows[row](t, "httpstate_cookies.jsonl") {
		now := time.Date(2026, time.January, 15, 0, 0, 0, 0, time.UTC)
		if r.Clock != "" {
			var err error
			if now, err = time.Parse(time.RFC3339, r.Clock); err != nil {
				t.Fatal(err)
			}
		}
		from, err := ParseOrigin(r.SetURL)
		if err != nil {
			t.Fatal(err)
		}
		to, err := ParseOrigin(r.GetURL)
		if err != nil {
			t.Fatal(err)
		}
		var jar Jar
		var reasons []string
		for _, c := range r.Cookies {
			if v := jar.Set(from, c, now); v.Rule != "" {
				reasons = append(reasons, v.Rule)
			}
		}
		got := string(jar.Header(to, now))
		want, byBis := changed[r.ID]
		switch {
		case byBis:
		case r.Conflict == "nameless-cookie":
			byBis, want = true, nameless(r.Cookies, string(r.Want))
		default:
			standing++
			want = string(r.Want)
		}
		if byBis {
			other++
			t.Logf("by 6265bis: %s: Set-Cookie %.60q: Cookie %.60q where the suite has %.60q", r.ID, r.Cookies, got, r.Want)
		}
		if got != want {
			t.Errorf("%s: Set-Cookie %.200q: Cookie %.200q, want %.200q %v", r.ID, r.Cookies, got, want, reasons)
		}
	}
	t.Logf("marks: %d rows as they stand, %d by 6265bis", standing, other)
}

// nameless returns the Cookie that 6265bis gives for a row with nameless cookies:
// the one of them that came last, as its value alone, in the place of the first;
// the others are as the suite has them.
func nameless(cookies [][]byte, others string) string {
	value, place, named := "", -1, 0
	for _, c := range cookies {
		pair, attributes, _ := strings.Cut(string(c), ";")
		name, v, ok := strings.Cut(pair, "=")
		if !ok {
			name, v = "", pair
		}
		switch {
		case strings.TrimSpace(name) != "":
			named++
		case strings.TrimSpace(v) == "", len(v) > MaxNameValue: // rejected
		case strings.TrimSpace(attributes) == "max-age=0": // deleted
			value, place = "", -1
		default:
			if place < 0 {
				place = named
			}
			value = strings.TrimSpace(v)
		}
	}
	var parts []string
	if others != "" {
		parts = strings.Split(others, "; ")
	}
	if place >= 0 {
		parts = slices.Insert(parts, place, value)
	}
	return strings.Join(parts, "; ")
}

func TestHTTPStateDates(t *testing.T) {
	type row struct{ Input, Expected string }
	for _, r := range prototest.Rows[row](t, "httpstate_dates.jsonl") {
		got := ""
		if date, ok := parseDate(r.Input); ok {
			got = date.Format("Mon, 02 Jan 2006 15:04:05 GMT")
		}
		if got != r.Expected {
			t.Errorf("parseDate(%q) = %q, want %q", r.Input, got, r.Expected)
		}
	}
}

// The rows give the registrable domain: the public suffix and one label more.
func TestPublicSuffixList(t *testing.T) {
	ascii := func(s string) string {
		if s == "null" {
			return ""
		}
		a, err := idna.ToASCII(s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	n := 0
	for line := range strings.Lines(string(prototest.Suite(t, "psl/tests.txt"))) {
		fields := strings.Fields(line)
		if len(fields) != 2 || strings.HasPrefix(fields[0], "//") {
			continue
		}
		n++
		got := ""
		if host, ok := canonicalHost(fields[0]); ok && host != "" && fields[0] != "null" {
			suffix := publicSuffix(host)
			if rest, ok := strings.CutSuffix(host, "."+suffix); ok {
				got = rest[strings.LastIndexByte(rest, '.')+1:] + "." + suffix
			}
			if isPublicSuffix(host) != (suffix == host) {
				t.Errorf("isPublicSuffix(%q) disagrees with publicSuffix, %q", host, suffix)
			}
		}
		if want := ascii(fields[1]); got != want {
			t.Errorf("registrable domain of %q = %q, want %q", fields[0], got, want)
		}
	}
	t.Logf("marks: %d rows", n)
}
