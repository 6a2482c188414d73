package wire

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
)

// bundles are where distributions keep all their roots in one file, in the order
// in which crypto/x509 looks for it.
var bundles = []string{
	"/etc/ssl/certs/ca-certificates.crt", // Debian, Alpine, Arch
	"/etc/pki/tls/certs/ca-bundle.crt",   // Fedora
	"/etc/ssl/ca-bundle.pem",             // openSUSE
	"/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/cert.pem",
}

// bundleRoots returns those of the system's roots that could end a chain, or nil
// when it cannot say. crypto/x509 reads and parses every root there is, twice
// where files and a bundle hold the same ones: 12 ms at the start of a program
// that lives for 5. Here only roots that have the name of an issuer in the chain
// are parsed: 1 ms. Directories of roots are not looked into; they are when this
// finds none and the certificate would be refused.
func bundleRoots(chain []*x509.Certificate) *x509.CertPool {
	names := bundles
	if name := os.Getenv("SSL_CERT_FILE"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			return rootsFor(chain, data)
		}
	}
	return nil
}

// rootsFor returns the certificates of a PEM bundle that have the name of an
// issuer in the chain.
func rootsFor(chain []*x509.Certificate, bundle []byte) *x509.CertPool {
	pool := x509.NewCertPool()
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			return pool
		}
		for _, c := range chain {
			if !bytes.Contains(block.Bytes, c.RawIssuer) {
				continue
			}
			if root, err := x509.ParseCertificate(block.Bytes); err == nil {
				pool.AddCert(root)
			}
			break
		}
	}
}
