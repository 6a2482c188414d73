package auth

import (
	"fmt"
	"strings"
	"testing"
)

func challengesOf(values ...string) string {
	var fields [][]byte
	for _, v := range values {
		fields = append(fields, []byte(v))
	}
	var out []string
	for _, c := range Parse(fields) {
		out = append(out, fmt.Sprintf("%s(%s)", c.Scheme, c.Realm))
	}
	return strings.Join(out, " ")
}

func TestChallenges(t *testing.T) {
	for _, row := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{" , ,"}, ""},
		{[]string{`Basic realm="Protected"`}, "Basic(Protected)"},
		{[]string{"Basic"}, "Basic()"},
		{[]string{`basic REALM = "x"`}, "basic(x)"},
		{[]string{`Basic realm="a, b", Digest realm="x", qop="auth,auth-int", Negotiate`}, "Basic(a, b) Digest(x) Negotiate()"},
		{[]string{`Basic realm="a, b"`, `Digest realm="x", qop="auth,auth-int"`, "Negotiate"}, "Basic(a, b) Digest(x) Negotiate()"},
		{[]string{`Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple"`}, "Newauth(apps) Basic(simple)"},
		{[]string{"Negotiate, NTLM"}, "Negotiate() NTLM()"},
		{[]string{"Negotiate YII=, Basic realm=x"}, "Negotiate() Basic(x)"},
		{[]string{"NTLM TlRMTVNTUAAC==,Basic realm=x"}, "NTLM() Basic(x)"},
		{[]string{"Basic realm=My Site, charset=UTF-8"}, "Basic(My Site)"},
		{[]string{"Basic realm="}, "Basic()"},
		{[]string{`Basic realm=""`}, "Basic()"},
		{[]string{`Basic realm="say \"hi\" \\ "`}, `Basic(say "hi" \ )`},
		{[]string{`Basic realm="no end`}, "Basic(no end)"},
		{[]string{`Basic charset="UTF-8", realm="x"`}, "Basic(x)"},
		{[]string{`Basic realm="x", realm="y"`}, "Basic(x)"},
		{[]string{`realm="x"`}, ""},
		{[]string{`realm="x", Basic realm="y"`}, "Basic(y)"},
		{[]string{`,, Basic realm="x",,Digest realm="y",`}, "Basic(x) Digest(y)"},
		{[]string{"X-Unknown!scheme a=b"}, "X-Unknown!scheme()"},
		{[]string{`Bearer realm="r", scope="a b", error="invalid_token"`}, "Bearer(r)"},
		{[]string{"Basic\trealm=\"x\""}, "Basic(x)"},
		{[]string{"\"quoted\", Basic realm=\"x\""}, "Basic(x)"},
		{[]string{"Basic realm=\"\x1b]0;\xff\""}, "Basic(\x1b]0;\xff)"},
	} {
		if got := challengesOf(row.values...); got != row.want {
			t.Errorf("%q: %s, want %s", row.values, got, row.want)
		}
	}
}

func TestChallengesAreBounded(t *testing.T) {
	if got := Parse([][]byte{[]byte(strings.Repeat("a,", 10000))}); len(got) != MaxChallenges {
		t.Errorf("%d challenges, want %d", len(got), MaxChallenges)
	}
}

func FuzzChallenges(f *testing.F) {
	f.Add(`Basic realm="a, b", Digest realm="x", qop="auth,auth-int", Negotiate`)
	f.Add("Negotiate YII=, Basic realm=x y")
	f.Add(`a b c="\`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range Parse([][]byte{[]byte(s)}) {
			if c.Scheme == "" || !strings.Contains(s, c.Scheme) {
				t.Fatalf("%q gives the scheme %q", s, c.Scheme)
			}
			if len(c.Realm) > len(s) {
				t.Fatalf("%q gives the realm %q", s, c.Realm)
			}
		}
		// A challenge that another line adds is one more.
		n := len(Parse([][]byte{[]byte(s)}))
		if m := len(Parse([][]byte{[]byte(s), []byte(`Basic realm="x"`)})); m != min(n+1, MaxChallenges) {
			t.Fatalf("%q has %d challenges, and %d with one more", s, n, m)
		}
	})
}
