package analyze

import (
	"net"
	"strings"
	"sync"
	"testing"

	"wiretape/wire"
)

// RFC 7616, section 3.9.1, and RFC 2617, section 3.5, have these values; those of
// -sess are computed by section 3.4.2.
func TestDigestOfTheRFCs(t *testing.T) {
	const nonce = `nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"`
	const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	for _, row := range []struct{ challenge, target, user, password, cnonce, want string }{
		{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, ` + nonce + `, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			"/dir/index.html", "Mufasa", "Circle of Life", cnonce, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
		{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, ` + nonce,
			"/dir/index.html", "Mufasa", "Circle of Life", cnonce, "8ca523f5e9506fed4657c9700eebdbec"},
		{`Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"`,
			"/dir/index.html", "Mufasa", "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
	} {
		c := parseChallengeParams([][]byte{[]byte(row.challenge)})
		got := digest(c[0], row.user, row.password, row.target, row.cnonce)
		if !strings.Contains(got, `response="`+row.want+`"`) || !strings.Contains(got, "qop=auth, nc=00000001") {
			t.Errorf("%s\nanswered with %s\nwant the response %s", row.challenge, got, row.want)
		}
	}
}

// A nonce is the peer's: it adds no field to a request.
func TestDigestQuotesWhatThePeerChose(t *testing.T) {
	c := challenge{Challenge: Challenge{Scheme: "Digest", Realm: "a\"b\\\r\nX: y"}, params: [][2]string{{"nonce", "\r\n\r\nGET / HTTP/1.1\r\n"}, {"opaque", "\n"}, {"algorithm", "MD5"}}}
	if got := digest(c, "u", "p", "/", "n"); strings.ContainsAny(got, "\r\n") || !strings.Contains(got, `realm="a\"b\\X: y"`) {
		t.Errorf("%q", got)
	}
}

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
	c := parseChallengeParams([][]byte{[]byte(challenge)})[0]
	return func(value string) bool {
		got := parseChallengeParams([][]byte{[]byte(value)})
		if len(got) == 0 || got[0].Scheme != "Digest" {
			return false
		}
		again := parseChallengeParams([][]byte{[]byte(digest(c, user, password, got[0].param("uri"), got[0].param("cnonce")))})
		return got[0].param("response") == again[0].param("response") && got[0].param("algorithm") == c.param("algorithm")
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
		{"Digest of an unknown algorithm", "u:p", []string{`Digest realm="x", nonce="n", algorithm=X`}, is(""), "none"},
		{"Negotiate", "u:p", []string{`Negotiate`}, is(""), "none"},
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
	unknown, err := wire.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	untrusted := Options{Dialer: wire.Dialer{TLS: &wire.TLSOptions{Roots: unknown.Pool()}}}
	for _, row := range []struct {
		name, url string
		o         Options
		want      bool
	}{
		{"over good TLS", "https://" + secured + "/", trusted, true},
		{"over TLS that did not verify", "https://" + secured + "/", untrusted, false},
		{"in the clear", "http://" + plain + "/", Options{}, true},
		{"to another host", "http://" + away + "/", Options{}, false},
		{"behind a downgrade", "https://" + down + "/", trusted, false},
	} {
		heads = nil
		row.o.Auth = "u:p"
		if _, err := analyze(t, row.url, row.o); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := strings.Contains(strings.Join(heads, ""), "Authorization:"); got != row.want {
			t.Errorf("%s: sent %t, want %t", row.name, got, row.want)
		}
	}
}
