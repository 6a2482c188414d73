package view

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"wiretape/session/analyze"
	"wiretape/wire"
)

// ALPN writes what was offered and selected (.alpn). A nil t is a connection
// without TLS.
func (p *Printer) ALPN(t *wire.TLS) {
	if t == nil {
		p.Info("no TLS, and so no ALPN")
		return
	}
	p.Info(alpnText(t))
}

// Certificate writes the peer's chain (.cert): what [Printer.Chain] writes, and
// the chain as PEM.
func (p *Printer) Certificate(t *wire.TLS, now time.Time) {
	p.Chain(t, now)
	if t == nil {
		return
	}
	p.begin()
	defer p.mu.Unlock()
	defer p.flush()
	for _, der := range t.Certificates {
		block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		p.rows(0, markNone, string(bytes.TrimSpace(block)))
	}
}

// Chain writes the peer's chain: of each certificate its holder, names, issuer,
// validity, key and signature.
func (p *Printer) Chain(t *wire.TLS, now time.Time) {
	p.begin()
	defer p.mu.Unlock()
	defer p.flush()
	if t == nil || len(t.Certificates) == 0 {
		p.rows(0, markInfo, "no certificate from the peer")
		return
	}
	switch {
	case t.Verified():
		p.rows(0, markInfo, "verified: ok")
	case t.Verify == "":
		p.rows(0, markInfo, "verified: not asked for")
	default:
		p.rows(0, markWarn, "not trusted: "+t.Verify)
	}
	if t.OCSP {
		p.rows(0, markInfo, "an OCSP response was stapled; it is not verified here")
	}
	if t.SCTs > 0 {
		p.rows(0, markInfo, fmt.Sprintf("%d signed certificate timestamps in the handshake (RFC 6962 3.3)", t.SCTs))
	}
	for i, der := range t.Certificates {
		p.certificate(i, der, now)
	}
}

// certificate appends the rows of one certificate of a chain.
func (p *Printer) certificate(i int, der []byte, now time.Time) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		p.rows(0, markWarn, fmt.Sprintf("%d: certificate of %s cannot be read: %v", i, octets(int64(len(der))), err))
		return
	}
	row := func(name, value string) {
		if value != "" {
			p.rows(0, markNone, fmt.Sprintf("     %-10s %s", name, value))
		}
	}
	p.rows(0, markNone, fmt.Sprintf("  %d: %s", i, c.Subject))
	row("names", strings.Join(altNames(c), ", "))
	issuer := c.Issuer.String()
	if bytes.Equal(c.RawIssuer, c.RawSubject) {
		issuer += " (itself)"
	}
	row("issuer", issuer)
	valid := c.NotBefore.UTC().Format(time.RFC3339) + " to " + c.NotAfter.UTC().Format(time.RFC3339)
	switch {
	case now.IsZero():
	case now.Before(c.NotBefore):
		valid += ", not yet valid"
	default:
		valid += ", " + days(now, c.NotAfter)
	}
	row("valid", valid)
	row("key", analyze.KeyName(c))
	row("signature", c.SignatureAlgorithm.String())
	row("serial", fmt.Sprintf("%x", c.SerialNumber))
}

// altNames lists the alternative names of a certificate with their types.
func altNames(c *x509.Certificate) []string {
	var names []string
	for _, n := range c.DNSNames {
		names = append(names, "DNS:"+n)
	}
	for _, ip := range c.IPAddresses {
		names = append(names, "IP:"+ip.String())
	}
	for _, a := range c.EmailAddresses {
		names = append(names, "email:"+a)
	}
	for _, u := range c.URIs {
		names = append(names, "URI:"+u.String())
	}
	return names
}
