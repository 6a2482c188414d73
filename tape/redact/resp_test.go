package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// words writes a command of Redis.
func words(args ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.String()
}

// In a line of text AUTH is that of Redis once anything else tells that this is
// Redis: an array before it, the server's answer, the port.
func TestPasswordsOfRedisInText(t *testing.T) {
	commands := "AUTH hunter22\r\nauth me \"hunter22\"\r\nHELLO 3 AUTH me hunter22 SETNAME x\r\nCONFIG SET maxmemory 1 requirepass hunter22\r\n" +
		"ACL SETUSER me on >hunter22 +@all\r\nSET auth hunger22\r\nAUTH " + strings.Repeat("hunter22", 600) + "\r\n"
	want := "AUTH authauth\r\nauth me \"authauth\"\r\nHELLO 3 AUTH me authauth SETNAME x\r\nCONFIG SET maxmemory 1 requirepass authauth\r\n" +
		"ACL SETUSER me on >authauth +@all\r\nSET auth hunger22\r\nAUTH "
	for _, cut := range []func(string) []string{whole, bytewise} {
		r := run(t, Options{}, []turn{{1, c2s, "PING\r\n"}, {1, s2c, "+PONG\r\n"}, {1, c2s, commands}}, cut)
		if got := r.stream(1, c2s); !strings.HasPrefix(got, "PING\r\n"+want) || strings.Contains(got, "hunter22") || len(got) != len("PING\r\n"+commands) {
			t.Errorf("%q", got)
		}
	}
}

// The first line tells by itself.
func TestPasswordsOfRedisInTheFirstLine(t *testing.T) {
	for in, want := range map[string]string{
		"AUTH hunter22\r\nPING\r\n":                       "AUTH authauth\r\nPING\r\n",
		"auth me \"hunter22\"\n":                          "auth me \"authauth\"\n",
		"HELLO 3 AUTH me hunter22 SETNAME x\r\n":          "HELLO 3 AUTH me authauth SETNAME x\r\n",
		"HEAD /?token=hunter22 HTTP/1.1\r\n\r\n":          "HEAD /?token=tokentok HTTP/1.1\r\n\r\n",
		"Authorization: Bearer hunter22\r\n hunter22\r\n": "Authorization: Bearer tokentok\r\n tokentok\r\n",
		"AUTHOR hunter22\r\nAUTH hunter22\r\n":            "AUTHOR hunter22\r\nAUTH hunter22\r\n",
	} {
		for _, cut := range []func(string) []string{whole, bytewise} {
			if got := run(t, Options{}, []turn{{1, c2s, in}, {1, s2c, "x"}}, cut).stream(1, c2s); got != want {
				t.Errorf("%q became %q, want %q", in, got, want)
			}
		}
	}
}

func TestPasswordsOfRedis(t *testing.T) {
	for _, c := range []struct {
		text   string
		secret bool
	}{
		{words("AUTH", "hunter22"), true}, {words("auth", "me", "hunter22"), true}, {words("HELLO", "3", "AUTH", "me", "hunter22", "SETNAME", "x"), true},
		{words("MIGRATE", "h", "1", "k", "0", "9", "AUTH", "hunter22"), true}, {words("MIGRATE", "h", "1", "k", "0", "9", "AUTH2", "me", "hunter22", "KEYS", "a"), true},
		{words("ACL", "SETUSER", "me", "on", ">hunter22", "+@all"), true}, {words("CONFIG", "SET", "maxmemory", "1", "requirepass", "hunter22"), true},
		{words("SENTINEL", "SET", "m", "auth-pass", "hunter22"), true}, {words("PING") + "AUTH hunter22\r\n", true}, {"PING\r\nAUTH hunter22\r\n", false},
		{words("AUTH", "one\nhunter22"), true},
		{words("SET", "auth", "hunter22"), false}, {words("CONFIG", "GET", "requirepass") + words("ECHO", "hunter22"), false}, {words("ACL", "SETUSER", "me", "hunter22"), false},
		{words("AUTH", "other") + words("GET", "hunter22"), false}, {"PING\r\nSET auth hunter22\r\n", false},
	} {
		for seed := range 8 {
			rng := rand.New(rand.NewPCG(uint64(seed), 3))
			cut := func(s string) (parts []string) {
				for len(s) > 0 {
					n := 1 + rng.IntN(min(len(s), 1+seed*9))
					parts, s = append(parts, s[:n]), s[n:]
				}
				return parts
			}
			r := run(t, Options{}, []turn{{1, c2s, c.text}, {1, s2c, "+OK\r\n"}, {1, c2s, words("GET", "a")}}, cut)
			var got strings.Builder
			for _, e := range r.events {
				if e.Dir == c2s {
					got.Write(e.Data)
				}
			}
			want := c.text + words("GET", "a")
			if strings.Contains(got.String(), "hunter22") == c.secret || len(got.String()) != len(want) {
				t.Errorf("%q, seed %d: the tape has %q", c.text, seed, got.String())
				break
			}
			if !c.secret && !strings.Contains(c.text, "other") && got.String() != want {
				t.Errorf("%q is changed to %q", c.text, got.String())
				break
			}
		}
	}
}
