package keylog

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"hash"

	"wiretape/wire/tlsrec"
)

// expand is P_hash of RFC 5246, section 5: n octets of secret, label and seed.
func expand(h func() hash.Hash, secret, seed []byte, n int) []byte {
	mac := hmac.New(h, secret)
	sum := func(parts ...[]byte) []byte {
		mac.Reset()
		for _, p := range parts {
			mac.Write(p)
		}
		return mac.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// keyBlock returns the key block of RFC 5246, section 6.3, of n octets.
func keyBlock(v tlsrec.Version, h func() hash.Hash, master []byte, client, server [32]byte, n int) []byte {
	seed := append([]byte("key expansion"), server[:]...)
	seed = append(seed, client[:]...)
	if v >= 0x0303 {
		return expand(h, master, seed, n)
	}
	// RFC 2246, section 5: each half of the secret by a hash of its own.
	half := (len(master) + 1) / 2
	out := expand(md5.New, master[:half], seed, n)
	for i, c := range expand(sha1.New, master[len(master)-half:], seed, n) {
		out[i] ^= c
	}
	return out
}

// expandLabel is HKDF-Expand-Label of RFC 8446, section 7.1, with an empty context.
func expandLabel(h func() hash.Hash, secret []byte, label string, n int) ([]byte, error) {
	label = "tls13 " + label
	info := append([]byte{byte(n >> 8), byte(n), byte(len(label))}, label...)
	return hkdf.Expand(h, secret, string(append(info, 0)), n)
}
