package analyze

import (
	"errors"
	"strings"
	"testing"
)

func TestTypedURLs(t *testing.T) {
	for _, row := range []struct{ text, first, second string }{
		{"http://www.example.com", "http://www.example.com/", ""},
		{"HTTPS://Example.COM/A", "https://example.com/A", ""},
		{"www.example.com", "http://www.example.com/", "https://www.example.com/"},
		{"www.example.com/a?b", "http://www.example.com/a?b", "https://www.example.com/a?b"},
		{"www.example.com:", "http://www.example.com/", "https://www.example.com/"},
		{"www.example.com:80", "http://www.example.com/", ""},
		{"www.example.com:443", "https://www.example.com/", ""},
		{"www.example.com:8000/x", "https://www.example.com:8000/x", "http://www.example.com:8000/x"},
		{"EXAMPLE.com.", "http://example.com./", "https://example.com./"},
		{"http://user:pw@h.example/", "http://h.example/", ""},
		{"[::1]:8080", "https://[::1]:8080/", "http://[::1]:8080/"},
		{"http://[::1]/", "http://[::1]/", ""},
		{"::1", "http://[::1]/", "https://[::1]/"},
		{"https://[fe80::1%25eth0]/", "https://[fe80::1]/", ""},
		{"http://h.example:80/", "http://h.example/", ""},
		{"https://h.example:80/", "https://h.example:80/", ""},
		{"http://bücher.example/", "http://xn--bcher-kva.example/", ""},
		{"http://bücher.example:81/", "http://xn--bcher-kva.example:81/", ""},
		{"h.example?q", "http://h.example/?q", "https://h.example/?q"},
		{"http://h.example/a/../b/./c#f", "http://h.example/b/c#f", ""},
		{"http://h.example/a//b/", "http://h.example/a//b/", ""},
		{"http://h.example/ %zz\u00fc", "http://h.example/%20%zz%C3%BC", ""},
		{"http://h.example/?u=http://x/", "http://h.example/?u=http://x/", ""},
		{" http://h.example/ ", "http://h.example/", ""},
	} {
		u, err := parseTyped(row.text)
		if err != nil {
			t.Errorf("%q: %v", row.text, err)
			continue
		}
		second := ""
		if u.second != nil {
			second = u.second.String()
		}
		if u.first.String() != row.first || second != row.second {
			t.Errorf("%q is %s, then %q; want %s, then %q", row.text, u.first, second, row.first, row.second)
		}
	}
}

func TestURLsThatAreNone(t *testing.T) {
	for _, text := range []string{
		"", "   ", "http://", "http:///x", "//h.example", "http:/h.example", "https:h", "ftp://h.example/", "://h", "h:0", "h:65536",
		"h:99999999999999999999", "http://h:smtp/", "mailto:x", "www..example", "www .example", "http://[::1", "http://[::1]x/", "http://[h]/", "0x7f.1",
		"a:b:c", "http://h\x00/", "http://h/\x1b[0m", "http://" + strings.Repeat("a", 70) + "/", "http://h/" + strings.Repeat("a", maxURL),
	} {
		u, err := parseTyped(text)
		if err == nil {
			t.Errorf("%.60q is %s, want an error", text, u.first)
		}
		if _, ok := errors.AsType[*URLError](err); err != nil && !ok {
			t.Errorf("%.60q: error of type %T", text, err)
		}
		if _, err := Run(t.Context(), text, Options{}); err == nil {
			t.Errorf("%.60q was run", text)
		}
	}
}

func TestReferences(t *testing.T) {
	for _, row := range []struct{ base, reference, want string }{
		// RFC 3986, sections 5.4.1 and 5.4.2, as far as they are of http.
		{"", "g", "http://a/b/c/g"}, {"", "./g", "http://a/b/c/g"}, {"", "g/", "http://a/b/c/g/"}, {"", "/g", "http://a/g"},
		{"", "//g", "http://g/"}, {"", "?y", "http://a/b/c/d;p?y"}, {"", "g?y", "http://a/b/c/g?y"}, {"", "#s", "http://a/b/c/d;p?q#s"},
		{"", "g#s", "http://a/b/c/g#s"}, {"", "g?y#s", "http://a/b/c/g?y#s"}, {"", ";x", "http://a/b/c/;x"}, {"", "g;x", "http://a/b/c/g;x"},
		{"", "", "http://a/b/c/d;p?q"}, {"", ".", "http://a/b/c/"}, {"", "./", "http://a/b/c/"}, {"", "..", "http://a/b/"},
		{"", "../", "http://a/b/"}, {"", "../g", "http://a/b/g"}, {"", "../..", "http://a/"}, {"", "../../g", "http://a/g"},
		{"", "../../../g", "http://a/g"}, {"", "/./g", "http://a/g"}, {"", "/../g", "http://a/g"}, {"", "g.", "http://a/b/c/g."},
		{"", "..g", "http://a/b/c/..g"}, {"", "./../g", "http://a/b/g"}, {"", "./g/.", "http://a/b/c/g/"}, {"", "g/../h", "http://a/b/c/h"},
		{"", "g;x=1/../y", "http://a/b/c/y"}, {"", "g?y/../x", "http://a/b/c/g?y/../x"}, {"", "g#s/../x", "http://a/b/c/g#s/../x"},

		{"", "HTTPS://H.example", "https://h.example/"},
		{"", "https://a:80/", "https://a:80/"},
		{"", "http://a:80/x", "http://a/x"},
		{"", "http://a:/x", "http://a/x"},
		{"", "//h:81?q", "http://h:81/?q"},
		{"", "a b\tc", "http://a/b/c/a%20b%09c"},
		{"", "/\xff\x01", "http://a/%FF%01"},
		{"", "  /x ", "http://a/x"},
		{"", "http://bücher.example/", "http://xn--bcher-kva.example/"},
		{"", "/a:b", "http://a/a:b"},
		{"", "?a:b", "http://a/b/c/d;p?a:b"},
		{"https://a:8443/x#f", "/y", "https://a:8443/y#f"},
		{"https://a:8443/x#f", "//b/y#g", "https://b/y#g"},
		{"https://a/x#f", "/y#", "https://a/y#"},

		{"", "javascript:alert(1)", ""}, {"", "ftp://h/", ""}, {"", "itms:x", ""}, {"", "g:h", ""}, {"", "http:g", ""}, {"", "http:/g", ""},
		{"", "http://[::1", ""}, {"", "http://h:99999/", ""}, {"", "http://h:0/", ""}, {"", "http://h:smtp/", ""}, {"", "http:///x", ""},
		{"", "//", ""}, {"", "http://0x7f.1/", ""}, {"", "http://\xff/", ""}, {"", "/" + strings.Repeat("x", maxURL), ""},
	} {
		if row.base == "" {
			row.base = "http://a/b/c/d;p?q"
		}
		base, err := parseTyped(row.base)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		to, _, err := base.first.resolve(row.reference)
		if err == nil {
			got = to.String()
		}
		if got != row.want {
			t.Errorf("%.60q at %s is %q, want %q (%v)", row.reference, row.base, got, row.want, err)
		}
	}
}

func FuzzReferences(f *testing.F) {
	for _, s := range []string{"/x", "../..//a?b#c", "//h:1/", "HTTP://[::1]:80", "javascript:x", "\xff \t", "http://ü/"} {
		f.Add("http://a/b/c?d", s)
	}
	f.Add("[::1]:8080/x", "y")
	f.Fuzz(func(t *testing.T, base, reference string) {
		b, err := parseTyped(base)
		if err != nil {
			return
		}
		to, _, err := b.first.resolve(reference)
		if err != nil {
			return
		}
		line := to.requestTarget() + to.authority()
		if strings.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || !strings.HasPrefix(to.path, "/") || strings.Contains(line, "#") {
			t.Fatalf("%q at %q gives a request of %q for %q", reference, base, to.requestTarget(), to.authority())
		}
		for s := range strings.SplitSeq(to.path, "/") {
			if s == "." || s == ".." {
				t.Fatalf("%q at %q leaves dot segments: %q", reference, base, to.path)
			}
		}
		// What is resolved resolves to itself.
		again, _, err := b.first.resolve(to.String())
		if err != nil || len(to.String()) <= maxURL && again.String() != to.String() {
			t.Fatalf("%q, resolved again, is %q (%v)", to, again, err)
		}
	})
}

func TestResolve(t *testing.T) {
	for _, row := range []struct{ base, reference, want string }{
		{"http://h:8000/a/b?c", "/x", "http://h:8000/x"},
		{"http://h:8000/a/b?c", "../x y", "http://h:8000/x%20y"},
		{"https://h/", "//other:444/p#f", "https://other:444/p#f"},
		{"https://h/", "http://me:pw@h/", "http://h/ with a user"},
		{"https://h/", "ftp://h/", `"ftp://h/": scheme "ftp" is not followed`},
		{"tcp://h/", "/", `url "tcp://h/": want http:// or https://`},
	} {
		got, user, err := Resolve(row.base, row.reference)
		if user {
			got += " with a user"
		}
		if err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("Resolve(%q, %q) = %s, want %s", row.base, row.reference, got, row.want)
		}
	}
}
