package analyze

import (
	"net"
	"strings"
	"sync"
	"testing"

	"wiretape/wire"
	"wiretape/wire/auth"
)

// A guarded site lets through who answers its challenge as wanted.
func guarded(challenges []string, takes func(value string) bool) func(string) string {
	return func(head string) string {
		for line := range strings.SplitSeq(head, "\r\n") {
			if v, ok := strings.CutPrefix(line, "Authorization: "); ok && takes(v) {
				return page()
			}
		}
		var fields []string
		for _, c := range challenges {
			fields = append(fields, "WWW-Authenticate: "+c)
		}
		return "HTTP/1.1 401 x\r\n" + lines(fields) + "Content-Length: 0\r\n\r\n"
	}
}

// digestBy checks a Digest answer by computing it again.
func digestBy(challenge, user, password string) func(string) bool {
	c := auth.Parse([][]byte{[]byte(challenge)})[0]
	return func(value string) bool {
		got := auth.Parse([][]byte{[]byte(value)})
		if len(got) == 0 || got[0].Scheme != "Digest" {
			return false
		}
		again := auth.Parse([][]byte{[]byte(c.Digest(auth.Answer{User: user, Password: password, Method: "GET", Target: got[0].Param("uri"), Count: 1, Nonce: got[0].Param("cnonce")}))})
		return got[0].Param("response") == again[0].Param("response") && got[0].Param("algorithm") == c.Param("algorithm")
	}
}

func TestCredentials(t *testing.T) {
	is := func(want string) func(string) bool { return func(v string) bool { return v == want } }
	for _, row := range []struct {
		name, auth string
		challenges []string
		takes      func(string) bool
		want       string
	}{
		{"Basic", "admin:password", []string{`Basic realm="x"`}, is("Basic YWRtaW46cGFzc3dvcmQ="), "yes Basic: status 200 with credentials"},
		{"Basic, wrong", "admin:x", []string{`Basic realm="x"`}, is("Basic YWRtaW46cGFzc3dvcmQ="), "no Basic: status 401 with credentials"},
		{"Bearer", "t0ken", []string{`Bearer realm="x"`}, is("Bearer t0ken"), "yes Bearer: status 200 with credentials"},
		{"Digest without qop", "u:p", []string{`Digest realm="x", nonce="n"`}, digestBy(`Digest realm="x", nonce="n"`, "u", "p"), "yes Digest: status 200 with credentials"},
		{"Digest MD5-sess", "u:p", []string{`Digest realm="x", nonce="n", qop="auth", algorithm=MD5-sess`}, digestBy(`Digest realm="x", nonce="n", qop="auth", algorithm=MD5-sess`, "u", "p"), "yes Digest: status 200 with credentials"},
		{"Digest SHA-256-sess", "u:p", []string{`Digest realm="x", nonce="n", qop="auth", algorithm=SHA-256-sess`}, digestBy(`Digest realm="x", nonce="n", qop="auth", algorithm=SHA-256-sess`, "u", "p"), "yes Digest: status 200 with credentials"},
		{"the stronger Digest", "u:p", []string{`Digest realm="x", nonce="n", qop="auth", algorithm=MD5, Digest realm="x", nonce="n", qop="auth", algorithm=SHA-256`},
			digestBy(`Digest realm="x", nonce="n", qop="auth", algorithm=SHA-256`, "u", "p"), "yes Digest: status 200 with credentials"},
		{"Digest before Basic", "u:p", []string{`Basic realm="x"`, `Digest realm="x", nonce="n"`}, digestBy(`Digest realm="x", nonce="n"`, "u", "p"), "yes Digest: status 200 with credentials"},
		{"Basic behind Digest", "u:p", []string{`Digest realm="x", nonce="n"`, `Basic realm="x"`}, is("Basic dTpw"), "yes Basic: status 200 with credentials"},
		{"Digest of an unknown algorithm", "u:p", []string{`Digest realm="x", nonce="n", algorithm=X`}, is(""), "unknown : none go there: no scheme is offered that can be answered here"},
		{"Negotiate", "u:p", []string{`Negotiate`}, is(""), "unknown : none go there: no scheme is offered that can be answered here"},
		{"not asked for", "", []string{`Basic realm="x"`}, is(""), "none"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, site{http: guarded(row.challenges, row.takes)})
			r, err := analyze(t, "http://"+s+"/", Options{Auth: row.auth})
			got := "none"
			if a := r.Auth; a != nil {
				got = string(a.Verdict) + " " + a.Scheme + ": " + a.Evidence
			}
			if got != row.want || err != nil || r.Password.Verdict != Yes || len(r.Hops) != 1 {
				t.Errorf("got %s, want %s (password %s, %v)", got, row.want, r.Password.Verdict, err)
			}
		})
	}
}

// Credentials go nowhere where they would be somebody else's.
func TestCredentialsStayHere(t *testing.T) {
	cfg, trusted := secure(t, "http/1.1")
	var mu sync.Mutex
	var heads []string
	note := func(answer func(string) string) func(string) string {
		return func(head string) string {
			mu.Lock()
			defer mu.Unlock()
			heads = append(heads, head)
			return answer(head)
		}
	}
	ask := guarded([]string{`Basic realm="x"`}, func(string) bool { return true })
	secured := serve(t, site{tls: cfg, http: note(ask)})
	plain := serve(t, site{http: note(ask)})
	_, plainPort, _ := net.SplitHostPort(plain)
	away := serve(t, site{http: note(always(redirect(302, "http://www.example.com:"+plainPort+"/")))})
	down := serve(t, site{tls: cfg, http: note(always(redirect(302, "http://"+plain+"/")))})
	other := serve(t, site{http: note(guarded([]string{"Negotiate"}, func(string) bool { return false }))})
	unknown, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	untrusted := Options{Dialer: wire.Dialer{TLS: &wire.TLSOptions{Roots: unknown.Pool()}}}
	for _, row := range []struct {
		name, url string
		o         Options
		why       string // they stay; "" where they go
	}{
		{"over good TLS", "https://" + secured + "/", trusted, ""},
		{"over TLS that did not verify", "https://" + secured + "/", untrusted, "the certificate does not verify"},
		{"in the clear", "http://" + plain + "/", Options{}, ""},
		{"to another host", "http://" + away + "/", Options{}, "another host asks than the one that was typed"},
		{"behind a downgrade", "https://" + down + "/", trusted, "the redirects left https"},
		{"to who wants something else", "http://" + other + "/", Options{}, "no scheme is offered that can be answered here"},
	} {
		heads = nil
		row.o.Auth = "u:p"
		r, err := analyze(t, row.url, row.o)
		if err != nil || r.Auth == nil {
			t.Fatalf("%s: credentials %+v, %v", row.name, r.Auth, err)
		}
		sent := strings.Contains(strings.Join(heads, ""), "Authorization:")
		if sent != (row.why == "") || (r.Auth.Scheme != "") != sent || !sent && r.Auth.Evidence != "none go there: "+row.why {
			t.Errorf("%s: sent %t, %+v", row.name, sent, r.Auth)
		}
	}
}
