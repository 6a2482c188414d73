package wire_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wiretape/wire"
	"wiretape/wire/proto/prototest"
)

// FuzzParseTarget: a target that is understood, written and read again, is the
// same target, and nothing in it can leave its place.
func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"h:80", "http://u:p@h/x?y#z", "[fe80::1%25e]:smtp", "::1", "unix:@a", "h2://H.:1", "https://[::1]?q", "udp://h:53", "//", "h:\x00"} {
		f.Add(s)
	}
	for _, s := range prototest.Seeds(f, "url.txt.gz") {
		f.Add(string(s))
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := wire.ParseTarget(s)
		if err != nil {
			return
		}
		if strings.ContainsFunc(a.Host+a.Path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			t.Errorf("ParseTarget(%q) = %+v: control character", s, a)
		}
		if strings.Contains(a.Path, " ") || a.Path != "" && a.Path[0] != '/' {
			t.Errorf("ParseTarget(%q): path %q does not fit a request line", s, a.Path)
		}
		written := write(a)
		b, err := wire.ParseTarget(written)
		if err != nil {
			t.Fatalf("ParseTarget(%q) = %+v; written %q it is not understood: %v", s, a, written, err)
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("%q -> %q (-first +second):\n%s", s, written, d)
		}
	})
}

// write returns a target in the form that ParseTarget reads.
func write(t wire.Target) string {
	if t.Network == "unix" {
		return "unix:" + t.Host
	}
	s := t.Address() + t.Path
	if t.Scheme != "" {
		s = t.Scheme + "://" + s
	}
	return s
}
