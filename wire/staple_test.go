package wire

import (
	"crypto/tls"
	"io"
	"net"
	"testing"
)

// What a server adds to its certificate is told, and suites are offered as asked.
func TestStapledFactsAndSuites(t *testing.T) {
	ca, cert := authority(t, "127.0.0.1")
	cert.OCSPStaple, cert.SignedCertificateTimestamps = []byte{0x30, 0}, [][]byte{{1}, {2}}
	to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS12}, func(c *tls.Conn, _ *net.TCPConn) { io.Copy(io.Discard, c) })
	const suite = tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
	facts := dial(t, Dialer{TLS: &TLSOptions{Roots: ca.Pool(), CipherSuites: []uint16{suite}}}, to, nil).TLS()
	if !facts.OCSP || facts.SCTs != 2 || facts.CipherSuite != suite {
		t.Errorf("facts %+v; want a stapled response, 2 timestamps and suite %#x", facts, suite)
	}
	_, err := Dialer{TLS: &TLSOptions{Roots: ca.Pool(), CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}}.Dial(ctx(t), to, nil)
	if err == nil {
		t.Error("a suite of RSA alone was agreed on with a server that has an ECDSA key")
	}
}
