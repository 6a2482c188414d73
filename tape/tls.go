package tape

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire"
)

// certVerb begins the records after "= tls", one for each certificate, DER.
const certVerb = "cert"

// maxCert bounds one certificate, in bytes; its base64 has to be one line.
const maxCert = maxLine / 2

// groups are the registered names of the key exchange groups (IANA, TLS
// Supported Groups).
var groups = map[tls.CurveID]string{
	23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 29: "x25519", 30: "x448",
	4587: "SecP256r1MLKEM768", 4588: "X25519MLKEM768", 4589: "SecP384r1MLKEM1024",
}

var versions = map[string]uint16{
	"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11,
	"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

func putTLS(l *facts, e wire.Event) {
	t := e.TLS
	if t == nil {
		l.fail("tls without facts")
		return
	}
	l.add(t.VersionName())
	if t.CipherSuite != 0 {
		l.set("suite", tls.CipherSuiteName(t.CipherSuite))
	}
	if t.Group != 0 {
		name := groups[t.Group]
		if name == "" {
			name = fmt.Sprintf("0x%04x", uint16(t.Group))
		}
		l.set("group", name)
	}
	l.set("alpn", t.ALPN)
	putOffer(l, t.Offered)
	l.set("sni", t.ServerName)
	if t.Resumed {
		l.set("resumed", "yes")
	}
	for _, der := range t.Certificates {
		if len(der) == 0 || len(der) > maxCert {
			l.fail("certificate of %d bytes", len(der))
		}
	}
	if len(t.Certificates) > 0 {
		l.set("leaf", leaf(t.Certificates[0]))
	}
	l.set("verify", t.Verify)
	if t.Asked {
		l.set("asked", "yes")
	}
	if t.OCSP {
		l.set("ocsp", "yes")
	}
	if t.SCTs != 0 {
		l.set("sct", strconv.Itoa(t.SCTs))
	}
	l.setDur("took", t.Took)
}

// putOffer writes the list in one word, or, where a name has a comma in it or
// would need quotes, each name in a quoted word of its own.
func putOffer(l *facts, names []string) {
	plain := len(names) > 0
	for _, name := range names {
		plain = plain && isPlain(name) && !strings.Contains(name, ",")
	}
	if plain {
		l.set("offer", strings.Join(names, ","))
		return
	}
	for _, name := range names {
		l.words = append(l.words, word{key: "offer", value: name, quoted: true})
	}
}

func getTLS(l *facts, e *wire.Event) {
	t := &wire.TLS{
		ALPN:       l.key("alpn"),
		ServerName: l.key("sni"),
		Resumed:    l.yes("resumed"),
		Verify:     l.key("verify"),
		Asked:      l.yes("asked"),
		OCSP:       l.yes("ocsp"),
		Took:       l.dur("took"),
	}
	e.TLS = t
	if l.has("sct") {
		t.SCTs = int(l.number(l.key("sct")))
	}
	name := l.place("a version")
	var ok bool
	if t.Version, ok = versions[name]; !ok {
		if t.Version, ok = hex16(name); !ok {
			l.fail("version %q: want 1.3, or 0x and four hex digits", name)
		}
	}
	if s := l.key("suite"); s != "" {
		if t.CipherSuite, ok = suiteNamed(s); !ok {
			l.fail("suite %q: want a name, or 0x and four hex digits", s)
		}
	}
	if s := l.key("group"); s != "" {
		n, ok := hex16(s)
		for id, name := range groups {
			if strings.EqualFold(name, s) {
				n, ok = uint16(id), true
			}
		}
		if !ok {
			l.fail("group %q: want a name, or 0x and four hex digits", s)
		}
		t.Group = tls.CurveID(n)
	}
	for _, w := range l.words {
		switch {
		case w.key != "offer":
		case w.quoted:
			t.Offered = append(t.Offered, w.value)
		default:
			t.Offered = append(t.Offered, strings.Split(w.value, ",")...)
		}
	}
	if s := l.key("leaf"); l.has("leaf") {
		if b, err := hex.DecodeString(s); err != nil || len(b) != sha256.Size {
			l.fail("leaf %q: want a SHA-256 in hex", s)
		}
	}
}

func hex16(s string) (uint16, bool) {
	digits, ok := strings.CutPrefix(s, "0x")
	n, err := strconv.ParseUint(digits, 16, 16)
	return uint16(n), ok && err == nil && len(digits) == 4
}

func suiteNamed(s string) (uint16, bool) {
	for _, suites := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, suite := range suites {
			if suite.Name == s {
				return suite.ID, true
			}
		}
	}
	return hex16(s)
}

// leaf returns the fingerprint of a certificate: the SHA-256 of its DER, hex.
func leaf(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func appendCert(dst []byte, conn int, der []byte) []byte {
	dst = append(append(append(appendConn(dst, conn), "= "...), certVerb...), ' ')
	return append(base64.StdEncoding.AppendEncode(dst, der), '\n')
}

// parseCert reads what follows the verb of a certificate's record.
func parseCert(rest []byte) ([]byte, error) {
	b64, ok := bytes.CutPrefix(rest, []byte(" "))
	der, err := base64.StdEncoding.Strict().DecodeString(string(b64))
	if !ok || err != nil || len(der) == 0 {
		return nil, bad("cert %s: want base64", shown(b64))
	}
	return der, nil
}
