package keylog

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"wiretape/wire/tlsrec"
)

// A suite is what seals the records of a cipher suite.
type suite struct {
	key   int // octets
	aead  func(key []byte) (cipher.AEAD, error)
	block func(key []byte) (cipher.Block, error) // in CBC mode, where there is no aead
	size  int                                    // of the block
	mac   func() hash.Hash                       // of a block cipher
	hash  func() hash.Hash                       // that secrets are expanded by, from TLS 1.2 on
	fixed int                                    // octets of the nonce that are not in the record (TLS 1.2)
}

// suiteOf returns what seals the records of s. IANA's names say it behind the
// exchange of keys: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
func suiteOf(s tlsrec.Suite) (suite, error) {
	_, name, ok := strings.Cut(s.String(), "_WITH_")
	if !ok {
		name = strings.TrimPrefix(s.String(), "TLS_")
	}
	out := suite{hash: sha256.New}
	if strings.HasSuffix(name, "SHA384") {
		out.hash = sha512.New384
	}
	switch name {
	case "AES_128_GCM_SHA256", "AES_256_GCM_SHA384":
		out.aead, out.fixed = gcm, 4
	case "CHACHA20_POLY1305_SHA256":
		out.key, out.aead, out.fixed = 32, chacha20poly1305.New, 12
	case "AES_128_CBC_SHA", "AES_256_CBC_SHA":
		out.block, out.size, out.mac = aes.NewCipher, aes.BlockSize, sha1.New
	case "AES_128_CBC_SHA256", "AES_256_CBC_SHA256", "AES_256_CBC_SHA384":
		out.block, out.size, out.mac = aes.NewCipher, aes.BlockSize, out.hash
	case "3DES_EDE_CBC_SHA":
		out.key, out.block, out.size, out.mac = 24, des.NewTripleDESCipher, des.BlockSize, sha1.New
	default:
		return out, fmt.Errorf("the suite %s is not read", s)
	}
	if strings.HasPrefix(name, "AES_") {
		out.key = 16
		if strings.HasPrefix(name, "AES_256") {
			out.key = 32
		}
	}
	return out, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	b, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// A seal is what protects the records of one direction. open returns the type and
// the content of a record, within the payload, which it may write over; not ok says
// that the record is not of this key.
type seal interface {
	open(header [5]byte, payload []byte) (t tlsrec.Type, content []byte, ok bool)
}

// aead13 is RFC 8446, section 5.2.
type aead13 struct {
	suite  suite
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

func newAEAD13(s suite, secret []byte) (*aead13, error) {
	if s.aead == nil {
		return nil, fmt.Errorf("TLS 1.3 has no suite in CBC mode")
	}
	key, err := expandLabel(s.hash, secret, "key", s.key)
	if err != nil {
		return nil, err
	}
	a := &aead13{suite: s, secret: secret}
	if a.iv, err = expandLabel(s.hash, secret, "iv", 12); err != nil {
		return nil, err
	}
	a.aead, err = s.aead(key)
	return a, err
}

// updated returns the seal behind a KeyUpdate (RFC 8446, section 7.2).
func (a *aead13) updated() (*aead13, error) {
	next, err := expandLabel(a.suite.hash, a.secret, "traffic upd", a.suite.hash().Size())
	if err != nil {
		return nil, err
	}
	return newAEAD13(a.suite, next)
}

func (a *aead13) open(header [5]byte, payload []byte) (tlsrec.Type, []byte, bool) {
	// A failed Open destroys what it writes to, and another key may be tried.
	b, err := a.aead.Open(nil, nonce(a.iv, a.seq), payload, header[:])
	if err != nil {
		return 0, nil, false
	}
	b = bytes.TrimRight(b, "\x00") // padding
	if len(b) == 0 {
		return 0, nil, false
	}
	a.seq++
	return tlsrec.Type(b[len(b)-1]), b[:len(b)-1], true
}

// nonce is that of RFC 8446, section 5.3, and of RFC 7905, section 2.
func nonce(iv []byte, seq uint64) []byte {
	out := bytes.Clone(iv)
	at := out[len(out)-8:]
	binary.BigEndian.PutUint64(at, binary.BigEndian.Uint64(at)^seq)
	return out
}

// aead12 is RFC 5288 and RFC 7905.
type aead12 struct {
	aead  cipher.AEAD
	fixed []byte // the whole nonce, where the record has no part of it
	seq   uint64
}

func (a *aead12) open(header [5]byte, payload []byte) (tlsrec.Type, []byte, bool) {
	n := nonce12(a.fixed, a.seq, &payload)
	size := len(payload) - a.aead.Overhead()
	if n == nil || size < 0 {
		return 0, nil, false
	}
	b, err := a.aead.Open(payload[:0], n, payload, additional(a.seq, header, size))
	if err != nil {
		return 0, nil, false
	}
	a.seq++
	return tlsrec.Type(header[0]), b, true
}

// nonce12 returns the nonce of a record, whose part in the record it takes off; nil
// where that is cut off.
func nonce12(fixed []byte, seq uint64, payload *[]byte) []byte {
	if len(fixed) == 12 {
		return nonce(fixed, seq)
	}
	explicit := 12 - len(fixed)
	if len(*payload) < explicit {
		return nil
	}
	n := append(bytes.Clone(fixed), (*payload)[:explicit]...)
	*payload = (*payload)[explicit:]
	return n
}

// additional is what a record authenticates beside its content: RFC 5246, section
// 6.2.3.3.
func additional(seq uint64, header [5]byte, size int) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 13), seq)
	return binary.BigEndian.AppendUint16(append(b, header[:3]...), uint16(size))
}

// cbc is RFC 5246, section 6.2.3.2, and of RFC 7366 where first is set.
type cbc struct {
	block cipher.Block
	chain cipher.BlockMode // of TLS 1.0: one for all records
	mac   hash.Hash
	first bool // the MAC is over what is encrypted
	seq   uint64
}

// sum is the MAC of a record.
func (c *cbc) sum(header [5]byte, content []byte) []byte {
	c.mac.Reset()
	c.mac.Write(additional(c.seq, header, len(content)))
	c.mac.Write(content)
	return c.mac.Sum(nil)
}

func (c *cbc) open(header [5]byte, b []byte) (tlsrec.Type, []byte, bool) {
	tag := c.mac.Size()
	if c.first {
		if len(b) < tag {
			return 0, nil, false
		}
		var mac []byte
		b, mac = b[:len(b)-tag], b[len(b)-tag:]
		if !hmac.Equal(mac, c.sum(header, b)) {
			return 0, nil, false
		}
	}
	mode, size := c.chain, c.block.BlockSize()
	if mode == nil {
		if len(b) < size {
			return 0, nil, false
		}
		mode, b = cipher.NewCBCDecrypter(c.block, b[:size]), b[size:]
	}
	if len(b) == 0 || len(b)%size != 0 {
		return 0, nil, false
	}
	mode.CryptBlocks(b, b)
	pad := int(b[len(b)-1]) + 1
	if pad > len(b) {
		return 0, nil, false
	}
	b = b[:len(b)-pad]
	if !c.first {
		if len(b) < tag {
			return 0, nil, false
		}
		var mac []byte
		b, mac = b[:len(b)-tag], b[len(b)-tag:]
		if !hmac.Equal(mac, c.sum(header, b)) {
			return 0, nil, false
		}
	}
	c.seq++
	return tlsrec.Type(header[0]), b, true
}

// A handshake12 is what the keys of a handshake up to TLS 1.2 are made of.
type handshake12 struct {
	version        tlsrec.Version
	suite          suite
	master         []byte
	client, server [32]byte
	macFirst       bool // encrypt_then_mac was agreed on
}

// seals returns those of both directions, the client's first (RFC 5246, section 6.3).
func (h *handshake12) seals() (out [2]seal, err error) {
	s := h.suite
	mac, iv := 0, s.fixed
	if s.aead == nil {
		mac, iv = s.mac().Size(), 0
		if h.version < 0x0302 {
			iv = s.size
		}
	} else if h.version < 0x0303 {
		return out, fmt.Errorf("%s has no such suite", h.version)
	}
	block := keyBlock(h.version, s.hash, h.master, h.client, h.server, 2*(mac+s.key+iv))
	take := func(n int) (parts [2][]byte) {
		parts[0], parts[1], block = block[:n:n], block[n:2*n:2*n], block[2*n:]
		return parts
	}
	macs, keys, ivs := take(mac), take(s.key), take(iv)
	for i := range out {
		if s.aead != nil {
			a, err := s.aead(keys[i])
			if err != nil {
				return out, err
			}
			out[i] = &aead12{aead: a, fixed: ivs[i]}
			continue
		}
		b, err := s.block(keys[i])
		if err != nil {
			return out, err
		}
		c := &cbc{block: b, mac: hmac.New(s.mac, macs[i]), first: h.macFirst}
		if iv > 0 {
			c.chain = cipher.NewCBCDecrypter(b, ivs[i])
		}
		out[i] = c
	}
	return out, nil
}
