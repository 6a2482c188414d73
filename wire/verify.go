package wire

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// verifyOK is TLS.Verify of a certificate in which nothing was found.
const verifyOK = "ok"

// maxNames is how many of a certificate's names a finding lists.
const maxNames = 5

// nameMismatch begins the finding about a certificate's names.
const nameMismatch = "name mismatch: certificate is for "

// verifyChain checks a server's chain, leaf first, for host and returns what it
// found in words: "ok", or every fault, separated by "; ". A nil pool means the
// system's; by is added to a fault that hangs on the pool.
func verifyChain(certs []*x509.Certificate, roots *x509.CertPool, by, host string, now time.Time) string {
	if len(certs) == 0 {
		return "no certificate"
	}
	return finding(chainFaults(certs, roots, by, now), certs[0], host)
}

// finding adds what is wrong with a certificate's names to what is wrong with its
// chain, and puts it in words.
func finding(faults []string, leaf *x509.Certificate, host string) string {
	if f := nameFault(leaf, host); f != "" {
		faults = append(slices.Clip(faults), f)
	}
	if len(faults) == 0 {
		return verifyOK
	}
	return strings.Join(faults, "; ")
}

// chainFaults returns what is wrong with a chain, whoever it is for.
func chainFaults(certs []*x509.Certificate, roots *x509.CertPool, by string, now time.Time) (faults []string) {
	leaf := certs[0]
	aged := validity(leaf, now)
	if aged != "" {
		faults = append(faults, aged)
		// The chain is judged at a time at which the leaf was good, so that its
		// age does not hide what else is wrong. Its issuers' age then says
		// nothing.
		now = leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
	}
	if f, issuerAged := chainFault(certs, roots, now); f != "" && (aged == "" || !issuerAged) {
		faults = append(faults, f+by)
	}
	return faults
}

// validity says whether a certificate is out of its time.
func validity(c *x509.Certificate, now time.Time) string {
	switch {
	case now.After(c.NotAfter):
		return "expired on " + c.NotAfter.UTC().Format(time.DateOnly)
	case now.Before(c.NotBefore):
		return "not valid before " + c.NotBefore.UTC().Format(time.DateOnly)
	}
	return ""
}

// chainFault says why no chain leads from the leaf to a root, and whether it is
// for an issuer's age.
func chainFault(certs []*x509.Certificate, roots *x509.CertPool, now time.Time) (fault string, issuerAged bool) {
	leaf := certs[0]
	inter := x509.NewCertPool()
	for _, c := range certs[1:] {
		inter.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: inter, CurrentTime: now})
	if err == nil {
		return "", false
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		if selfSigned(leaf) {
			return "self-signed", false
		}
		if c := weaklySigned(certs); c != nil {
			// crypto/x509 tells of one that its issuer is not known.
			return "signed with " + c.SignatureAlgorithm.String() + ", which proves nothing any more", false
		}
		last := certs[len(certs)-1]
		issuer := printable(last.Issuer.CommonName)
		if issuer == "" {
			issuer = printable(last.Issuer.String())
		}
		s := "unknown authority " + strconv.Quote(issuer)
		if len(certs) == 1 {
			s += ", whose certificate was not sent"
		}
		return s, false
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired && e.Cert != nil {
			if f := validity(e.Cert, now); f != "" {
				return fmt.Sprintf("issuer %q %s", printable(e.Cert.Subject.CommonName), f), true
			}
		}
		if e.Reason == x509.IncompatibleUsage {
			return "not for servers", false
		}
	}
	return printable(strings.TrimPrefix(err.Error(), "x509: ")), false
}

// weaklySigned returns the first certificate whose issuer signed it over a hash that
// can be forged, nil for none. What the last one has signed by itself is not
// looked at by anybody.
func weaklySigned(certs []*x509.Certificate) *x509.Certificate {
	for i, c := range certs {
		switch c.SignatureAlgorithm {
		case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
			if i == 0 || !bytes.Equal(c.RawIssuer, c.RawSubject) {
				return c
			}
		}
	}
	return nil
}

// nameFault says whether the leaf is for another host.
func nameFault(leaf *x509.Certificate, host string) string {
	if host == "" {
		return "no name to check it against"
	}
	if leaf.VerifyHostname(host) == nil {
		return ""
	}
	var names []string
	for _, n := range leaf.DNSNames {
		names = append(names, printable(n))
	}
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if n := len(names); n > maxNames {
		names = append(names[:maxNames], fmt.Sprintf("%d more", n-maxNames))
	}
	if len(names) == 0 {
		// RFC 9525, section 6.3: the common name is not looked at.
		return fmt.Sprintf("name mismatch: certificate has no subject alternative name (common name %q)", printable(leaf.Subject.CommonName))
	}
	return nameMismatch + strings.Join(names, ", ")
}

// selfSigned reports whether a certificate's own key signed it.
func selfSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// verifySentence turns a finding of verifyChain into a sentence for an error.
func verifySentence(finding string) string {
	parts := strings.Split(finding, "; ")
	for i, p := range parts {
		switch {
		case strings.HasPrefix(p, "name mismatch: "):
			parts[i] = strings.TrimPrefix(p, "name mismatch: ")
		case strings.HasPrefix(p, "expired"), strings.HasPrefix(p, "issuer"):
			parts[i] = "certificate " + p
		case strings.HasPrefix(p, "unknown authority"):
			parts[i] = "certificate is from " + p
		default:
			parts[i] = "certificate: " + p
		}
		switch p {
		case "self-signed", "not for servers":
			parts[i] = "certificate is " + p
		}
	}
	return strings.Join(parts, "; ")
}

// printable escapes what a peer could write to a terminal with, and what would
// break a finding into two.
func printable(s string) string {
	q := strconv.QuoteToASCII(s)
	q = q[1 : len(q)-1]
	return strings.NewReplacer(`\"`, `"`, `; `, `;`).Replace(q)
}
