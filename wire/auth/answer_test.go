package auth

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"
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
		c := Parse([][]byte{[]byte(row.challenge)})
		got := c[0].Digest(Answer{row.user, row.password, "GET", row.target, 1, row.cnonce})
		if !strings.Contains(got, `response="`+row.want+`"`) || !strings.Contains(got, "qop=auth, nc=00000001") {
			t.Errorf("%s\nanswered with %s\nwant the response %s", row.challenge, got, row.want)
		}
	}
}

// A nonce is the peer's: it adds no field to a request.
func TestDigestQuotesWhatThePeerChose(t *testing.T) {
	c := Challenge{Scheme: "Digest", Realm: "a\"b\\\r\nX: y", Params: [][2]string{{"nonce", "\r\n\r\nGET / HTTP/1.1\r\n"}, {"opaque", "\n"}, {"algorithm", "MD5"}}}
	if got := c.Digest(Answer{"u", "p", "GET", "/", 1, "n"}); strings.ContainsAny(got, "\r\n") || !strings.Contains(got, `realm="a\"b\\X: y"`) {
		t.Errorf("%q", got)
	}
}

func TestDigestWantsANonce(t *testing.T) {
	for challenge, want := range map[string]int{`Digest realm="r"`: -1, `Digest realm="r", nonce=""`: -1, `Digest`: -1, `Digest nonce="n"`: 0, `Digest nonce="n", algorithm=SHA-256`: 2} {
		if c := Parse([][]byte{[]byte(challenge)})[0]; c.DigestRank() != want {
			t.Errorf("%s has rank %d, want %d", challenge, c.DigestRank(), want)
		}
	}
}

// RFC 7616, section 3.4: the count of a nonce, and the method, are in the response.
func TestDigestCountsItsNonce(t *testing.T) {
	c := Parse([][]byte{[]byte(`Digest realm="r", nonce="n", qop="auth"`)})[0]
	first := c.Digest(Answer{"u", "p", "POST", "/", 1, "cn"})
	eleventh := c.Digest(Answer{"u", "p", "POST", "/", 11, "cn"})
	for _, want := range []string{"nc=0000000b", `response="` + md5Hex(md5Hex("u:r:p")+":n:0000000b:cn:auth:"+md5Hex("POST:/")) + `"`} {
		if !strings.Contains(eleventh, want) || strings.Contains(first, want) {
			t.Errorf("%s lacks %s, or %s has it", eleventh, want, first)
		}
	}
}

func md5Hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) }
