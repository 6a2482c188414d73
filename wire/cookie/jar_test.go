package cookie

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// origin parses a URL that is known to be good.
func origin(t testing.TB, url string) Origin {
	t.Helper()
	o, err := ParseOrigin(url)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A step of a jar's life: a Set-Cookie with what becomes of it, or a Cookie
// expected for a URL.
type step struct {
	after time.Duration // since the start
	url   string
	set   string // if empty, the step looks at the Cookie
	want  string // an action, with "replaced" if so; or the Cookie
}

func TestJar(t *testing.T) {
	for _, row := range []struct {
		name  string
		steps []step
	}{
		{"longer paths first, then the earlier created", []step{
			{url: "https://h.example/", set: "a=1; Path=/", want: "store"},
			{url: "https://h.example/", set: "b=2; Path=/x/y", want: "store"},
			{url: "https://h.example/", set: "c=3; Path=/", want: "store"},
			{url: "https://h.example/", set: "d=4; Path=/x", want: "store"},
			{url: "https://h.example/x/y/z?q", want: "b=2; d=4; a=1; c=3"},
			{url: "https://h.example/xy", want: "a=1; c=3"},
		}},
		{"a replacement keeps the creation-time", []step{
			{url: "https://h.example/", set: "a=1", want: "store"},
			{after: time.Second, url: "https://h.example/", set: "b=2", want: "store"},
			{after: time.Minute, url: "https://h.example/", set: "a=9", want: "store replaced"},
			{after: time.Minute, url: "https://h.example/", want: "a=9; b=2"},
		}},
		{"a deletion needs the same path and domain", []step{
			{url: "https://h.example/", set: "a=1; Path=/x", want: "store"},
			{url: "https://h.example/", set: "a=; Max-Age=0", want: "expire"},
			{url: "https://h.example/x", want: "a=1"},
			{url: "https://h.example/", set: "a=; Path=/x; Domain=h.example; Max-Age=0", want: "expire"},
			{url: "https://h.example/x", want: "a=1"},
			{url: "https://h.example/", set: "a=; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT", want: "expire replaced"},
			{url: "https://h.example/x", want: ""},
		}},
		{"a cookie lives as long as Max-Age", []step{
			{url: "https://h.example/", set: "a=1; Max-Age=60", want: "store"},
			{url: "https://h.example/", set: "s=1", want: "store"},
			{after: 60 * time.Second, url: "https://h.example/", want: "a=1; s=1"},
			{after: 61 * time.Second, url: "https://h.example/", want: "s=1"},
		}},
		{"host-only and domain cookies are two cookies", []step{
			{url: "https://w.h.example/", set: "a=1; Domain=h.example", want: "store"},
			{url: "https://h.example/", set: "a=2", want: "store"},
			{url: "https://h.example/", want: "a=1; a=2"},
			{url: "https://w.h.example/", want: "a=1"},
			{url: "https://wh.example/", want: ""},
		}},
		{"Secure stays on TLS, whatever the port", []step{
			{url: "https://h.example:8443/", set: "a=1; Secure", want: "store"},
			{url: "http://h.example/", set: "b=2", want: "store"},
			{url: "http://h.example/", want: "b=2"},
			{url: "https://H.EXAMPLE./", want: "a=1; b=2"},
		}},
		{"http does not overlay a Secure cookie", []step{
			{url: "https://w.h.example/", set: "a=1; Secure; Path=/login; Domain=h.example", want: "store"},
			{url: "http://h.example/", set: "a=2; Path=/login", want: "reject"},
			{url: "http://h.example/", set: "a=2; Path=/login/en", want: "reject"},
			{url: "http://x.w.h.example/", set: "a=2; Path=/login", want: "reject"},
			{url: "http://h.example/", set: "a=2; Path=/foo", want: "store"},
			{url: "http://h.example/", set: "a=2; Path=/", want: "store"},
			{url: "http://h.example/", set: "A=2; Path=/login", want: "store"},
			{url: "https://h.example/", set: "a=2; Path=/login", want: "store"},
		}},
		{"http may not delete a Secure cookie either", []step{
			{url: "https://h.example/", set: "a=1; Secure", want: "store"},
			{url: "http://h.example/", set: "a=; Max-Age=0", want: "reject"},
			{url: "https://h.example/", want: "a=1"},
		}},
		{"a nameless cookie is sent as its value", []step{
			{url: "https://h.example/", set: "one", want: "store"},
			{url: "https://h.example/", set: "=two", want: "store replaced"},
			{url: "https://h.example/", set: "x=", want: "store"},
			{url: "https://h.example/", want: "two; x="},
		}},
		{"an address matches only itself", []step{
			{url: "https://[::1]:8443/", set: "a=1", want: "store"},
			{url: "https://[0:0::1]/", want: "a=1"},
			{url: "http://127.0.0.1:80/", set: "b=1; Domain=127.0.0.1", want: "store"},
			{url: "http://127.0.0.1/", want: "b=1"},
			{url: "http://1.127.0.0.1/", want: ""},
		}},
	} {
		row.steps = append([]step(nil), row.steps...)
		t.Run(row.name, func(t *testing.T) {
			var jar Jar
			for i, s := range row.steps {
				at, o := now.Add(s.after), origin(t, s.url)
				got := ""
				if s.set == "" {
					got = string(jar.Header(o, at))
				} else {
					v := jar.Set(o, []byte(s.set), at)
					if got = v.Action.String(); v.Replaced {
						got += " replaced"
					}
				}
				if got != s.want {
					t.Errorf("step %d: %s %q: %q, want %q", i, s.url, s.set, got, s.want)
				}
			}
		})
	}
}

func TestJarListsCookiesAsCreated(t *testing.T) {
	var jar Jar
	o := origin(t, "https://h.example/")
	jar.Set(o, []byte("b=1"), now)
	jar.Set(o, []byte("a=1; Max-Age=5"), now.Add(time.Second))
	jar.Set(o, []byte("b=2"), now.Add(2*time.Second))
	all := jar.All(now.Add(3 * time.Second))
	if len(all) != 2 || all[0].Value != "2" || !all[0].Created.Equal(now) || all[1].Name != "a" {
		t.Errorf("All = %+v, want b=2 created at first, then a=1", all)
	}
	if all = jar.All(now.Add(time.Hour)); len(all) != 1 {
		t.Errorf("All an hour later = %+v, want b alone", all)
	}
}

// Whatever a peer sends, the jar stays within its limits, and what was used last
// stays in it.
func TestJarIsBounded(t *testing.T) {
	var jar Jar
	secure, plain := origin(t, "https://h.example/"), origin(t, "http://h.example/plain/")
	jar.Set(secure, []byte("kept=1; Secure"), now)
	for i := range 2 * MaxPerDomain {
		at := now.Add(time.Duration(i+1) * time.Second)
		jar.Set(plain, fmt.Appendf(nil, "n%d=1", i), at)
	}
	all := jar.All(now)
	if len(all) != MaxPerDomain {
		t.Errorf("the jar has %d cookies of one domain, want %d", len(all), MaxPerDomain)
	}
	if all[0].Name != "kept" {
		t.Errorf("the oldest cookie is %s, want the Secure one: those without Secure go first", all[0].Name)
	}

	jar = Jar{}
	first := origin(t, "https://first.example/")
	jar.Set(first, []byte("a=1"), now)
	for i := range MaxCookies + 50 {
		at := now.Add(time.Duration(i+1) * time.Second)
		jar.Set(Origin{Host: fmt.Sprintf("h%d.example", i)}, []byte("a=1"), at)
		jar.Header(first, at)
	}
	if n := len(jar.All(now)); n != MaxCookies {
		t.Errorf("the jar has %d cookies, want %d", n, MaxCookies)
	}
	if got := jar.Header(first, now); string(got) != "a=1" {
		t.Errorf("the cookie that was used all the time is gone")
	}
	if got := jar.Header(Origin{Host: "h0.example"}, now); got != nil {
		t.Errorf("the cookie that was not used for the longest time is still there")
	}
}

// The memory of a cookie is its own: a jar does not hold on to field lines.
func TestJarCopies(t *testing.T) {
	var jar Jar
	o := origin(t, "https://h.example/")
	set := []byte("a=1; Path=/")
	jar.Set(o, set, now)
	for i := range set {
		set[i] = 'x'
	}
	if got := string(jar.Header(o, now)); got != "a=1" {
		t.Errorf("Cookie %q after the caller reused its buffer, want a=1", got)
	}
	if all := jar.All(now); all[0].Attributes != nil {
		t.Errorf("the jar keeps the attributes as sent: %+v", all[0].Attributes)
	}
}

func TestOrigins(t *testing.T) {
	for _, row := range []struct {
		secure       bool
		host, target string
		want         Origin
	}{
		{true, "h.example:8443", "/a/b?c/d", Origin{true, "h.example", "/a/b"}},
		{false, " h.example ", "/a#/b", Origin{false, "h.example", "/a"}},
		{false, "[::1]:80", "*", Origin{false, "[::1]", "*"}},
		{false, "[::1", "", Origin{false, "[::1", ""}},
		{false, "h.example", "http://user:p@o.example:81/x?y", Origin{false, "o.example", "/x"}},
		{false, "h.example", "/x?u=http://o.example/", Origin{false, "h.example", "/x"}},
		{false, "h.example:80", "o.example:443", Origin{false, "h.example", "o.example:443"}},
	} {
		if got := NewOrigin(row.secure, row.host, row.target); got != row.want {
			t.Errorf("NewOrigin(%v, %q, %q) = %+v, want %+v", row.secure, row.host, row.target, got, row.want)
		}
	}
	for url, want := range map[string]string{
		"https://h.example/a?b": "{true h.example /a}",
		"HTTP://h.example":      "{false h.example }",
		"wss://[::1]:9/x":       "{true [::1] /x}",
		"h.example/a":           `origin "h.example/a": want a URL such as https://host/path`,
		"ftp://h.example/":      `origin "ftp://h.example/": scheme "ftp": want http or https`,
		"https:///a":            `origin "https:///a": no host`,
		"https://a..b/":         `origin "https://a..b/": "a..b" is not a host name`,
	} {
		o, err := ParseOrigin(url)
		got := fmt.Sprint(o)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("ParseOrigin(%q): %s, want %s", url, got, want)
		}
	}
}

func TestCanonicalHost(t *testing.T) {
	long := strings.Repeat("a.", 126)
	for in, want := range map[string]string{
		"WWW.Example.COM": "www.example.com", "example.com.": "example.com", "": "", "a_b.example": "a_b.example",
		"bücher.example": "xn--bcher-kva.example", "XN--BCHER-KVA.example": "xn--bcher-kva.example",
		"127.0.0.1": "127.0.0.1", "[::1]": "[::1]", "0:0::1": "[::1]", "[FE80::A]": "[fe80::a]",
		long + "b": long + "b",

		"a..b": "fail", ".a": "fail", "a b": "fail", "xn--a": "fail", "[127.0.0.1]": "fail", "[::1": "[::1]",
		"-a.example": "fail", "a-.example": "fail", strings.Repeat("a", 64): "fail", long + "bb": "fail",
		"\xff.example": "fail", "a\x00b": "fail", strings.Repeat("ü", 1000): "fail",
	} {
		got, ok := canonicalHost(in)
		if !ok {
			got = "fail"
		}
		if got != want {
			t.Errorf("canonicalHost(%.80q) = %.80q, want %.80q", in, got, want)
		}
	}
}
