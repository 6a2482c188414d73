package wire

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"sync"
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

// bundle holds the roots of the system's bundle, DER. It is read once.
var bundle = sync.OnceValue(readBundle)

// bundleRoots returns those of the system's roots that could end a chain, or nil
// when it cannot say. crypto/x509 reads and parses every root there is, twice
// where files and a bundle hold the same ones: 12 ms at the start of a program
// that lives for 5. Here only roots that have the name of an issuer in the chain
// are parsed: 1 ms. Directories of roots are not looked into: that costs 4 ms.
func bundleRoots(chain []*x509.Certificate) *x509.CertPool {
	if len(bundle()) == 0 {
		return nil
	}
	return rootsFor(chain, bundle())
}

// rootsFor returns the roots that have the name of an issuer in the chain.
func rootsFor(chain []*x509.Certificate, roots [][]byte) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range roots {
		for _, c := range chain {
			if !bytes.Contains(der, c.RawIssuer) {
				continue
			}
			if root, err := x509.ParseCertificate(der); err == nil {
				pool.AddCert(root)
			}
			break
		}
	}
	return pool
}

// readBundle returns the certificates of the first bundle that there is.
func readBundle() [][]byte {
	names := bundles
	if name := os.Getenv("SSL_CERT_FILE"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			return certificates(data)
		}
	}
	return nil
}

// certificates returns those of a PEM file. As in crypto/x509, a block of another
// type, or with headers, is none.
func certificates(data []byte) [][]byte {
	var out [][]byte
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return out
		}
		if block.Type == "CERTIFICATE" && len(block.Headers) == 0 {
			out = append(out, block.Bytes)
		}
	}
}
