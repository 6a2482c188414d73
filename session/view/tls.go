package view

import (
	"crypto/x509"
	"fmt"
	"strings"

	"wiretape/wire"
)

// secured appends the row of a handshake that is over.
func (p *Printer) secured(v *connView, e wire.Event) {
	t := e.TLS
	if t == nil {
		return
	}
	first := v.tls == nil
	v.tls = t
	m := markInfo
	if t.Verify != "" && !t.Verified() {
		m = markWarn
	}
	text := "tls " + t.VersionName() + ", " + alpnText(t)
	if c := p.certificateText(t, e); c != "" {
		text += ", " + c
	}
	var times []string
	if f := v.facts; f != nil && first {
		if f.Phases.DNS > 0 {
			times = append(times, "dns "+span(f.Phases.DNS))
		}
		if f.Phases.Connect > 0 {
			times = append(times, "tcp "+span(f.Phases.Connect))
		}
	}
	if t.Took > 0 {
		times = append(times, "tls "+span(t.Took))
	}
	if len(times) > 0 {
		text += "; " + strings.Join(times, ", ")
	}
	p.rows(e.Conn, m, text)
}

// alpnText says what was selected, and of what.
func alpnText(t *wire.TLS) string {
	switch {
	case t.ALPN != "":
		return "alpn " + t.ALPN + " (offered " + strings.Join(t.Offered, ", ") + ")"
	case len(t.Offered) > 0:
		return "alpn: none selected (offered " + strings.Join(t.Offered, ", ") + ")"
	}
	return "alpn not offered"
}

// certificateText says whether the peer's certificate is good, whose it is and
// for how long; "" when there is none.
func (p *Printer) certificateText(t *wire.TLS, e wire.Event) string {
	if len(t.Certificates) == 0 {
		return ""
	}
	cert, err := x509.ParseCertificate(t.Certificates[0])
	who := "unreadable"
	if err == nil {
		who = holder(cert)
		if now := p.now(e.At); now.IsZero() {
			who += ", valid to " + cert.NotAfter.UTC().Format("2006-01-02")
		} else {
			who += ", " + days(now, cert.NotAfter)
		}
	}
	switch {
	case t.Verified():
		return "certificate ok (" + who + ")"
	case t.Verify == "":
		return "certificate not checked (" + who + ")"
	}
	return "certificate not trusted: " + t.Verify + " (" + who + ")"
}

// Holder names whom the certificate that was presented is for, escaped; "no
// certificate" without one.
func Holder(t *wire.TLS) string {
	if len(t.Certificates) == 0 {
		return "no certificate"
	}
	cert, err := x509.ParseCertificate(t.Certificates[0])
	if err != nil {
		return "unreadable"
	}
	return EscapeString(holder(cert))
}

// holder names whom a certificate is for: its common name, or else its first
// alternative name.
func holder(c *x509.Certificate) string {
	switch {
	case c.Subject.CommonName != "":
		return "CN=" + c.Subject.CommonName
	case len(c.DNSNames) > 0:
		return "DNS:" + c.DNSNames[0]
	case len(c.IPAddresses) > 0:
		return "IP:" + c.IPAddresses[0].String()
	case c.Subject.String() != "":
		return c.Subject.String()
	}
	return "no name"
}

// alert appends the row of a TLS alert, with what it means where that is worth
// saying.
func (p *Printer) alert(v *connView, e wire.Event) {
	if e.Alert == 0 {
		p.rows(e.Conn, markInfo, "tls: close_notify from the "+e.Dir.String())
		return
	}
	v.over = true
	text := fmt.Sprintf("tls alert %d %s from the %s", uint8(e.Alert), e.Alert, e.Dir)
	p.rows(e.Conn, markWarn, join(text, alertReason(e.Alert, e.Dir)))
}

// alertReason says in words what an alert of one side means to the other (RFC
// 8446, section 6.2); "" where the name says it all.
func alertReason(a wire.Alert, from wire.Dir) string {
	side, other := "server", "client"
	if from == wire.ClientToServer {
		side, other = other, side
	}
	switch a {
	case 120:
		if from == wire.ServerToClient {
			return "server has no protocol from your ALPN list"
		}
		return "client did not offer the protocol that the server chose"
	case 40:
		return side + " found no common cipher suite, group or signature scheme"
	case 70:
		return side + " does not speak any of the offered TLS versions"
	case 71:
		return side + " wants stronger parameters than were offered"
	case 112:
		return "server knows no site by the name asked for (SNI)"
	case 116:
		return "server wants a client certificate and got none"
	case 42, 43, 44, 45, 46:
		return side + " does not accept the " + other + "'s certificate"
	case 48:
		return side + " does not trust the issuer of the " + other + "'s certificate"
	case 49:
		return side + " accepts the certificate but not its holder"
	case 50, 10, 47:
		return side + " could not read the handshake: does the " + other + " speak TLS?"
	case 20, 51:
		return side + " could not check or decrypt a record"
	case 86:
		return side + " sees a needless fallback to an older version"
	case 109, 110:
		return side + " misses, or did not expect, an extension"
	case 121:
		return side + " requires Encrypted Client Hello"
	}
	return ""
}
