package auth

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// Basic returns the value of Authorization for a user and a password: RFC 7617,
// section 2. The user has no colon.
func Basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// An Answer is what a client puts into the answer to a challenge of Digest.
type Answer struct {
	User, Password string
	Method         string // of the request
	Target         string // its request-target
	Count          int    // how often the challenge's nonce was answered, this time included
	Nonce          string // the client's own
}

// NewNonce returns a nonce of the client, which nobody can foresee.
func NewNonce() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// DigestRank orders challenges of Digest by their algorithm, the stronger the
// higher; negative for an algorithm that cannot be answered, and without a nonce,
// on which an answer rests (RFC 7616, section 3.3).
func (c *Challenge) DigestRank() int {
	if c.Param("nonce") == "" {
		return -1
	}
	switch strings.ToUpper(c.Param("algorithm")) {
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

// Digest returns the value of Authorization that answers a challenge of Digest: RFC
// 7616, section 3.4. Of the qualities of protection it takes auth, or that of RFC
// 2069 where there is none; auth-int alone is answered as auth, which a server may
// refuse.
func (c *Challenge) Digest(a Answer) string {
	algorithm := c.Param("algorithm")
	session := strings.HasSuffix(strings.ToUpper(algorithm), "-SESS")
	sum := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	if c.DigestRank() >= 2 {
		sum = func(s string) string { h := sha256.Sum256([]byte(s)); return hex.EncodeToString(h[:]) }
	}
	nonce := c.Param("nonce")
	a1 := sum(a.User + ":" + c.Realm + ":" + a.Password)
	if session {
		a1 = sum(a1 + ":" + nonce + ":" + a.Nonce)
	}
	a2 := sum(a.Method + ":" + a.Target)
	name := a.User
	hashed := strings.EqualFold(c.Param("userhash"), "true") // section 3.4.4
	if hashed {
		name = sum(a.User + ":" + c.Realm)
	}
	b := fmt.Appendf(nil, `Digest username=%s, realm=%s, nonce=%s, uri=%s`, quoted(name), quoted(c.Realm), quoted(nonce), quoted(a.Target))
	if c.Param("qop") != "" {
		count := fmt.Sprintf("%08x", a.Count)
		b = fmt.Appendf(b, `, qop=auth, nc=%s, cnonce="%s", response="%s"`, count, a.Nonce, sum(a1+":"+nonce+":"+count+":"+a.Nonce+":auth:"+a2))
	} else {
		b = fmt.Appendf(b, `, response="%s"`, sum(a1+":"+nonce+":"+a2))
		if session {
			b = fmt.Appendf(b, `, cnonce="%s"`, a.Nonce)
		}
	}
	if algorithm != "" {
		b = fmt.Appendf(b, `, algorithm=%s`, algorithm)
	}
	if opaque := c.Param("opaque"); opaque != "" {
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
