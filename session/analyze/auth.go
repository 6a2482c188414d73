package analyze

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"wiretape/wire/http1"
)

// authBar says why no credentials go to where a chain ended, though it asks for
// them; "" for no reason. A pure function of what was recorded, so that a tape
// tells the same.
func authBar(first address, answer *hop, hops []hop) string {
	switch a := answer.at; {
	case a.secure && !answer.conv.tls.Verified():
		return "the certificate does not verify"
	case !a.secure && wasSecure(hops):
		return "the redirects left https"
	case strings.TrimPrefix(a.host, "www.") != strings.TrimPrefix(first.host, "www."):
		return "another host asks than the one that was typed"
	}
	return ""
}

func wasSecure(hops []hop) bool {
	for i := range hops {
		if hops[i].at.secure {
			return true
		}
	}
	return false
}

// answerable returns what a final response asks for that can be answered, the
// strongest first, and each scheme once.
func answerable(r *http1.Response, credentials string) []challenge {
	var digest, rest []challenge
	pair := strings.Contains(credentials, ":")
	best := -1
	seen := make(map[string]bool)
	for _, c := range parseChallengeParams(r.Fields.Values("WWW-Authenticate")) {
		scheme := strings.ToLower(string(c.Scheme))
		switch {
		case scheme == "digest" && pair:
			// RFC 7616, section 3.7: the first that is known, but a stronger one is
			// worth more than the order.
			if rank := digestRank(c.param("algorithm")); rank > best {
				best, digest = rank, []challenge{c}
			}
		case seen[scheme]:
		case scheme == "basic" && pair, scheme == "bearer":
			seen[scheme] = true
			rest = append(rest, c)
		}
	}
	return append(digest, rest...)
}

// digestRank orders the algorithms of Digest; negative for one that is not known.
func digestRank(algorithm string) int {
	switch strings.ToUpper(algorithm) {
	case "", "MD5":
		return 0
	case "MD5-SESS":
		return 1
	case "SHA-256":
		return 2
	case "SHA-256-SESS":
		return 3
	}
	return -1
}

// authorization returns the value of an Authorization field that answers a
// challenge.
func authorization(c challenge, credentials, target string) string {
	user, password, _ := strings.Cut(credentials, ":")
	switch strings.ToLower(string(c.Scheme)) {
	case "basic":
		// RFC 7617, section 2.
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
	case "bearer":
		// RFC 6750, section 2.1. user:token serves as well as the token.
		if password != "" {
			user = password
		}
		return "Bearer " + user
	}
	var nonce [12]byte
	rand.Read(nonce[:])
	return digest(c, user, password, target, hex.EncodeToString(nonce[:]))
}

// digest answers a challenge of Digest: RFC 7616, section 3.4. Of the qualities of
// protection it takes auth, or that of RFC 2069 where there is none; auth-int
// alone is answered as auth, which a server may refuse.
func digest(c challenge, user, password, target, cnonce string) string {
	algorithm := c.param("algorithm")
	sum := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	if digestRank(algorithm) >= 2 {
		sum = func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	}
	realm, nonce := string(c.Realm), c.param("nonce")
	a1 := sum(user + ":" + realm + ":" + password)
	if strings.HasSuffix(strings.ToUpper(algorithm), "-SESS") {
		a1 = sum(a1 + ":" + nonce + ":" + cnonce)
	}
	a2 := sum("GET:" + target)
	name := user
	hashed := strings.EqualFold(c.param("userhash"), "true") // section 3.4.4
	if hashed {
		name = sum(user + ":" + realm)
	}
	b := fmt.Appendf(nil, `Digest username=%s, realm=%s, nonce=%s, uri=%s`, quoted(name), quoted(realm), quoted(nonce), quoted(target))
	const count = "00000001"
	if c.param("qop") != "" {
		b = fmt.Appendf(b, `, qop=auth, nc=%s, cnonce="%s", response="%s"`, count, cnonce, sum(a1+":"+nonce+":"+count+":"+cnonce+":auth:"+a2))
	} else {
		b = fmt.Appendf(b, `, response="%s"`, sum(a1+":"+nonce+":"+a2))
		if strings.HasSuffix(strings.ToUpper(algorithm), "-SESS") {
			b = fmt.Appendf(b, `, cnonce="%s"`, cnonce)
		}
	}
	if algorithm != "" {
		b = fmt.Appendf(b, `, algorithm=%s`, algorithm)
	}
	if opaque := c.param("opaque"); opaque != "" {
		b = fmt.Appendf(b, `, opaque=%s`, quoted(opaque))
	}
	if hashed {
		b = append(b, ", userhash=true"...)
	}
	return string(b)
}

// quoted returns a quoted-string: RFC 9110, section 5.6.4. What cannot stand in one
// is left out, as a line end that would begin a field of the peer's choosing.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c >= ' ' && c != 0x7f || c == '\t':
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
