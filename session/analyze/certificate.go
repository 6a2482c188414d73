package analyze

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"
)

// tlsOf says what is known of a handshake at a time; nil for none.
func tlsOf(c *conversation, now time.Time) *TLS {
	if c == nil {
		return nil
	}
	t := &TLS{
		Version: c.tls.VersionName(), Cipher: tls.CipherSuiteName(c.tls.CipherSuite),
		ALPN: c.tls.ALPN, ServerName: c.tls.ServerName, Verify: c.tls.Verify, Names: []string{},
		Conn: c.id, Line: c.lines.secure, Sent: len(c.tls.Certificates), OCSP: c.tls.OCSP, SCTs: c.tls.SCTs, Asked: c.tls.Asked, Chain: "unknown", target: c.target(),
	}
	if c.tls.Group != 0 {
		t.Group = c.tls.Group.String()
	}
	var certs []*x509.Certificate
	for _, der := range c.tls.Certificates {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			break
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 {
		return t
	}
	cert := certs[0]
	t.Subject, t.Issuer = cert.Subject.String(), cert.Issuer.String()
	t.Names = append(t.Names, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		t.Names = append(t.Names, ip.String())
	}
	t.NotBefore = cert.NotBefore.UTC().Format(time.RFC3339)
	t.NotAfter = cert.NotAfter.UTC().Format(time.RFC3339)
	if !now.IsZero() {
		days := int(cert.NotAfter.Sub(now) / (24 * time.Hour))
		if now.After(cert.NotAfter) {
			days = min(days, -1)
		}
		t.DaysLeft = &days
	}
	t.Key, t.Signature = KeyName(cert), cert.SignatureAlgorithm.String()
	t.SelfSigned = itself(cert)
	t.Chain = chainOf(certs, c.tls.Verified(), c.tls.Verify)
	t.MustStaple = mustStaple(cert)
	return t
}

// itself reports whether a certificate names its own subject as its issuer.
func itself(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// chainOf says whether all certificates between the server's and a root came with
// it. Ones that are missing are not fetched from anywhere.
func chainOf(certs []*x509.Certificate, verified bool, verify string) string {
	last := certs[len(certs)-1]
	switch {
	case verified:
		return "complete"
	case itself(certs[0]):
		return "complete" // there is nothing else to it
	case strings.Contains(verify, "whose certificate was not sent") && !itself(last) && len(last.IssuingCertificateURL) > 0:
		// An authority of the public web, whose roots are known: what is missing
		// stands between, and the certificate says where it can be had.
		return "incomplete"
	case itself(last):
		return "complete"
	}
	return "unknown"
}

// mustStaple reports whether a certificate asks for a stapled OCSP response: RFC
// 7633, section 4.1, the feature status_request (5).
func mustStaple(c *x509.Certificate) bool {
	for _, e := range c.Extensions {
		if !e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}) {
			continue
		}
		var features []int
		if _, err := asn1.Unmarshal(e.Value, &features); err != nil {
			return false
		}
		if slices.Contains(features, 5) {
			return true
		}
	}
	return false
}

// KeyName names the type and size of a certificate's public key: "ECDSA P-256".
func KeyName(c *x509.Certificate) string {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d bits", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return c.PublicKeyAlgorithm.String()
}

// expiring is how many days before its end a certificate is warned of.
const expiring = 14

// warnings says what is odd about a handshake whose certificate may verify all the
// same.
func (t *TLS) warnings() []string {
	var out []string
	if t == nil {
		return nil
	}
	if t.DaysLeft != nil && *t.DaysLeft >= 0 && *t.DaysLeft < expiring {
		out = append(out, fmt.Sprintf("the certificate is good for %d days more", *t.DaysLeft))
	}
	if t.MustStaple && !t.OCSP {
		out = append(out, "the certificate asks for a stapled OCSP response (RFC 7633), and none came")
	}
	if t.Chain == "incomplete" {
		out = append(out, "the server does not send the whole chain of its certificate")
	}
	if strings.Contains(t.Signature, "SHA1") || strings.Contains(t.Signature, "MD5") {
		out = append(out, "the certificate is signed with "+t.Signature)
	}
	for _, v := range t.Versions {
		if v.Verdict == Yes && (v.Version == "1.0" || v.Version == "1.1") {
			out = append(out, "TLS "+v.Version+" is taken, which RFC 8996 puts out of use")
		}
	}
	return out
}
