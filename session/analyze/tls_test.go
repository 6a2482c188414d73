package analyze

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/tlsrec"
)

// An issuer signs certificates of a test's own making.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue signs a certificate; a nil issuer has it sign itself.
func (i *issuer) issue(t *testing.T, c *x509.Certificate) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotBefore.IsZero() {
		c.NotBefore, c.NotAfter = time.Now().Add(-24*time.Hour), time.Now().Add(30*24*time.Hour-12*time.Hour)
	}
	by := i
	if by == nil {
		by = &issuer{c, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{cert, key}
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
}

func leaf(names ...string) *x509.Certificate {
	return &x509.Certificate{Subject: pkix.Name{CommonName: "www.example.com"}, DNSNames: names}
}

// A certificate that does not verify is reported with its reason, and the analysis
// goes on.
func TestCertificates(t *testing.T) {
	var nobody *issuer
	root := nobody.issue(t, authority("root"))
	inter := root.issue(t, authority("inter"))
	other := nobody.issue(t, authority("other"))
	named := func(f func(*x509.Certificate)) *x509.Certificate {
		c := leaf("www.example.com")
		f(c)
		return c
	}
	day := 24 * time.Hour
	for _, row := range []struct {
		name   string
		by     *issuer
		cert   *x509.Certificate
		chain  []*issuer
		verify string
		facts  string // chain, days left, warnings
	}{
		{"good", root, leaf("www.example.com"), nil, "ok", "complete 29"},
		{"wildcard of one label", root, leaf("*.example.com"), nil, "ok", "complete 29"},
		{"wildcard of another depth", root, leaf("*.www.example.com"), nil, "name mismatch: certificate is for *.www.example.com", "unknown 29"},
		{"common name alone", root, leaf(), nil, `name mismatch: certificate has no subject alternative name (common name "www.example.com")`, "unknown 29"},
		{"wrong host", root, leaf("other.example"), nil, "name mismatch: certificate is for other.example", "unknown 29"},
		{"self-signed", nil, leaf("www.example.com"), nil, "self-signed", "complete 29"},
		{"unknown authority", other, leaf("www.example.com"), nil, `unknown authority "other", whose certificate was not sent`, "unknown 29"},
		{"unknown authority, sent", other, leaf("www.example.com"), []*issuer{other}, `unknown authority "other"`, "complete 29"},
		{"with the intermediate", inter, leaf("www.example.com"), []*issuer{inter}, "ok", "complete 29"},
		{"without the intermediate", inter, named(func(c *x509.Certificate) { c.IssuingCertificateURL = []string{"http://a.example/inter.der"} }), nil,
			`unknown authority "inter", whose certificate was not sent`, "incomplete 29; the server does not send the whole chain of its certificate"},
		{"SHA-1", inter, named(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), []*issuer{inter}, "signed with ECDSA-SHA1, which proves nothing any more", "unknown 29; the certificate is signed with ECDSA-SHA1"},
		{"expired", root, named(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(-9*day), time.Now().Add(-5*day/2) }), nil, "expired on ", "unknown -2"},
		{"not yet good", root, named(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(2*day), time.Now().Add(17*day/2) }), nil, "not valid before ", "unknown 8; the certificate is good for 8 days more"},
		{"soon over", root, named(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(-2*day), time.Now().Add(5*day/2) }), nil, "ok", "complete 2; the certificate is good for 2 days more"},
		{"must-staple", root, named(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}}
		}), nil, "ok", "complete 29; the certificate asks for a stapled OCSP response (RFC 7633), and none came"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := row.by.issue(t, row.cert)
			c := tls.Certificate{Certificate: [][]byte{got.cert.Raw}, PrivateKey: got.key}
			for _, i := range row.chain {
				c.Certificate = append(c.Certificate, i.cert.Raw)
			}
			cfg := &tls.Config{Certificates: []tls.Certificate{c}}
			secured := serve(t, site{tls: cfg, http: always(page("Set-Cookie: a=1; Secure"))})
			roots := x509.NewCertPool()
			roots.AddCert(root.cert)
			o := www(t, "", secured, Options{Dialer: wire.Dialer{TLS: &wire.TLSOptions{Roots: roots}}})
			o.Full = false
			// The clock of certificates is the machine's, that of the report its own.
			r, err := analyzeAt(t, "https://www.example.com/", o, time.Now())
			if err != nil || r.TLS == nil || len(r.Hops) != 1 {
				t.Fatalf("%d hops, %v", len(r.Hops), err)
			}
			if !strings.HasPrefix(r.TLS.Verify, row.verify) {
				t.Errorf("verify %q, want %q", r.TLS.Verify, row.verify)
			}
			facts := []string{fmt.Sprintf("%s %d", r.TLS.Chain, *r.TLS.DaysLeft)}
			for _, w := range r.Warnings {
				if !strings.Contains(w, "does not verify") {
					facts = append(facts, w)
				}
			}
			if got := strings.Join(facts, "; "); got != row.facts {
				t.Errorf("got %s, want %s", got, row.facts)
			}
			if want := row.verify != "ok"; strings.HasPrefix(r.HTTPS, "broken certificate: ") != want {
				t.Errorf("https %q", r.HTTPS)
			}
			if r.TLS.SelfSigned != (row.by == nil) || r.TLS.Key != "ECDSA P-256" || r.TLS.ServerName != "www.example.com" {
				t.Errorf("TLS %+v", r.TLS)
			}
		})
	}
}

// A staple is told, and never trusted.
func TestStaple(t *testing.T) {
	cfg, o := secure(t)
	cfg.Certificates[0].OCSPStaple = []byte("anything")
	s := serve(t, site{tls: cfg, http: always(page())})
	if r, err := analyze(t, "https://"+s+"/", o); err != nil || !r.TLS.OCSP {
		t.Errorf("TLS %+v, %v", r.TLS, err)
	}
}

// Each version of TLS alone is found, and its page read.
func TestVersionsOfTLS(t *testing.T) {
	all := []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}
	for i, only := range all {
		t.Run(tls.VersionName(only), func(t *testing.T) {
			t.Parallel()
			cfg, o := secure(t)
			cfg.MinVersion, cfg.MaxVersion = only, only
			s := handler(t, func(c net.Conn) {
				if s := tls.Server(c, cfg); s.Handshake() == nil {
					keeping(always(page()))(s)
				}
			})
			o.Full = true
			r, err := analyze(t, "https://"+s+"/", o)
			if err != nil || len(r.Hops) != 1 || r.TLS == nil || len(r.TLS.Versions) != 4 {
				t.Fatalf("%d hops, TLS %+v, %v", len(r.Hops), r.TLS, err)
			}
			for j, v := range r.TLS.Versions {
				if want := j == i; (v.Verdict == Yes) != want || v.Verdict == Unknown || v.Evidence == "" {
					t.Errorf("%s: %s, %s", v.Version, v.Verdict, v.Evidence)
				}
			}
			old := slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "RFC 8996") })
			if old != (only < tls.VersionTLS12) {
				t.Errorf("warnings %q", r.Warnings)
			}
		})
	}
}

// Our ClientHello reads as what it is meant to be, and a server in Go takes it.
func TestClientHello(t *testing.T) {
	for v := uint16(0x0301); v <= 0x0304; v++ {
		r := newRecording()
		r.feed(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "h:443"}})
		r.feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: clientHello(v, "www.example.com.")})
		c := r.conv(1)
		if c.kind() != kindHello || c.offered == nil || c.offered.Chosen() != tlsrec.Version(v) || c.offered.ServerName != "www.example.com" || !slices.Equal(c.offered.ALPN, []string{"http/1.1"}) {
			t.Errorf("%#x: %+v", v, c.offered)
		}
	}
	if h := clientHello(0x0304, "127.0.0.1"); strings.Contains(string(h), "127.0.0.1") {
		t.Error("an address was sent as SNI")
	}
}

// Who ends every handshake says nothing about versions.
func TestHandshakesThatEnd(t *testing.T) {
	s := handler(t, func(c net.Conn) { io.ReadFull(c, make([]byte, 5)) })
	r, _ := analyze(t, "https://"+s+"/", Options{Full: true})
	if r.TLS == nil || len(r.TLS.Versions) != 4 {
		t.Fatalf("TLS %+v", r.TLS)
	}
	for _, v := range r.TLS.Versions {
		if v.Verdict != Unknown || v.Evidence == "" {
			t.Errorf("%+v", v)
		}
	}
}

// A body that only the end of the connection ends may be cut where nobody says so.
func TestBodyWithoutCloseNotify(t *testing.T) {
	cfg, o := secure(t)
	for _, notify := range []bool{true, false} {
		s := handler(t, func(c net.Conn) {
			s := tls.Server(c, cfg)
			if s.Handshake() != nil {
				return
			}
			keeping(func(string) string {
				io.WriteString(s, "HTTP/1.1 200 OK\r\n\r\nbody")
				if notify {
					s.CloseWrite()
				}
				c.Close()
				return ""
			})(s)
		})
		r, err := analyze(t, "https://"+s+"/", o)
		got := slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.Contains(w, "may be truncated") })
		if got == notify || err != nil || len(r.Hops) != 1 {
			t.Errorf("close_notify %t: warnings %q, %v", notify, r.Warnings, err)
		}
	}
}
