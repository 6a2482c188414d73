package cookie

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"
)

// FuzzSetCookie holds the laws of a verdict: it is the same for the same input,
// it names its rule, its line is printable, and a cookie that is stored comes back
// to the host that set it exactly as it was stored, if the path allows.
func FuzzSetCookie(f *testing.F) {
	for _, row := range vectors {
		o := row.origin()
		f.Add([]byte(row.set), o.Secure, o.Host, o.Path, int64(0))
	}
	f.Fuzz(func(t *testing.T, set []byte, secure bool, host, path string, unix int64) {
		o := Origin{Secure: secure, Host: host, Path: path}
		at := now.Add(time.Duration(unix % (1 << 40)))
		var jar Jar
		v := jar.Set(o, set, at)
		if again := Judge(o, bytes.Clone(set), at); !reflect.DeepEqual(v, again) {
			t.Fatalf("%q: %+v, then %+v", set, v, again)
		}
		c := &v.Cookie
		if v.Action == Reject != (v.Rule != "" && v.Action != Expire) {
			t.Errorf("%s with rule %q", v.Action, v.Rule)
		}
		line := v.String()
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("unprintable: %q", line)
		}
		if c.Expires.After(at.Add(MaxAge)) {
			t.Errorf("expires at %v, more than %v from %v", c.Expires, MaxAge, at)
		}
		o.Path = c.Path // where it surely goes
		got := jar.Header(o, at)
		if v.Action != Store {
			if got != nil {
				t.Errorf("%s, yet Cookie %q", line, got)
			}
			return
		}
		want := c.Value
		if c.Name != "" {
			want = c.Name + "=" + c.Value
		}
		if string(got) != want {
			t.Errorf("%s: Cookie %q, want %q", line, got, want)
		}
		if strings.ContainsAny(want, ";\x00\r\n") {
			t.Errorf("Cookie %q could be taken for something else", want)
		}
		if _, err := v.Object().Name.MarshalJSON(); err != nil {
			t.Error(err)
		}
	})
}

// FuzzDate holds that a date that parses is one that a calendar has, and parses
// again from its usual form.
func FuzzDate(f *testing.F) {
	for _, s := range []string{
		"Wed, 09 Dec 2009 16:27:23 GMT", "Mon Dec 10 16:32:30 2007 GMT", "15-Sat, Apr-17 21:01:22 GMT",
		"13:57:2 1 jan 70", "31 Feb 2011 00:00:00", "12-Aug-31841 20:49:07", "1\xff jan\xff 2000\xff 1:1:1\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseDate(s)
		if !ok {
			return
		}
		if got.Year() < 1601 || got.Year() > 9999 {
			t.Errorf("parseDate(%q) = %v", s, got)
		}
		again, ok := parseDate(got.Format("Mon, 02 Jan 2006 15:04:05 GMT"))
		if !ok || !again.Equal(got) {
			t.Errorf("parseDate(%q) = %v, whose usual form parses as %v", s, got, again)
		}
	})
}

// FuzzOrigin holds that no URL or Host field makes trouble, and that a canonical
// host is canonical.
func FuzzOrigin(f *testing.F) {
	f.Add("www.Example.com:80", "/dir/7?x")
	f.Add("[::1]:80", "http://u@bücher.example:1/x#y")
	f.Add("xn--a", "*")
	f.Fuzz(func(t *testing.T, host, target string) {
		o := NewOrigin(true, host, target)
		canonical, ok := canonicalHost(o.Host)
		if !ok {
			return
		}
		if again, ok := canonicalHost(canonical); !ok || again != canonical {
			t.Errorf("canonicalHost(%q) = %q, and of that %q, %v", o.Host, canonical, again, ok)
		}
		if p := defaultPath(o.Path); !pathMatch(o.requestPath(), p) {
			t.Errorf("path %q does not match its default-path %q", o.Path, p)
		}
	})
}
