package wire

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"time"
)

// TLSOptions say how to shake hands. The zero value verifies the server's
// certificate by the system's roots for the target's host, which is sent as SNI.
// They are read and not modified, and may serve any number of connections.
type TLSOptions struct {
	// ALPN is the list to offer, or as a server the list to choose from. Nil
	// means the target's own; empty means none.
	ALPN []string
	// ServerName is sent as SNI and is what the certificate has to be for; ""
	// means the target's host. An IP address is never sent, nor a port.
	ServerName string
	// NoServerName sends no SNI. The certificate has to fit all the same.
	NoServerName bool
	// Roots are the authorities to trust; nil means the system's.
	Roots *x509.CertPool
	// Certificates are ours: what a server shows, or a client when asked.
	Certificates []tls.Certificate
	// Insecure goes on whatever the certificate is. TLS.Verify still says, on
	// Linux by the system's bundle of roots alone, which it then tells: to look
	// into every place that may hold roots takes longer than the handshake.
	Insecure bool
	// MinVersion and MaxVersion are as in crypto/tls; zero means its defaults. A
	// MinVersion below TLS 1.2 also offers the suites that only such peers need.
	MinVersion, MaxVersion uint16
	// CipherSuites are offered up to TLS 1.2, by their IANA numbers and in the order
	// that crypto/tls has for them; nil means its own choice. Those of TLS 1.3 are
	// not to be chosen.
	CipherSuites []uint16
	// KeyLog gets the secrets in NSS key log format; nil means none.
	KeyLog io.Writer
	// Confirm is asked when a certificate does not verify, while the handshake
	// stands open; nil error means to go on, as with Insecure. No timeout of
	// ours runs meanwhile.
	Confirm func(*TLS) error
	// Findings remember what was found of certificates; nil means that each
	// handshake finds out.
	Findings *Findings
	// Timeout is for the handshake, without the time that Confirm takes; zero
	// means none.
	Timeout time.Duration
}

// defaultALPN returns opts with the target's list where opts has none.
func defaultALPN(opts *TLSOptions, t Target) *TLSOptions {
	o := TLSOptions{}
	if opts != nil {
		o = *opts
	}
	if o.ALPN == nil {
		o.ALPN = t.ALPN
	}
	return &o
}
