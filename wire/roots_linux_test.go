package wire

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRootsAreFoundByTheNameOfAnIssuer(t *testing.T) {
	var bundle []byte
	var first *Authority
	for i := range 3 {
		a, err := NewAuthority()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = a
		}
		bundle = append(bundle, a.PEM()...)
	}
	good, err := first.Issue("h")
	if err != nil {
		t.Fatal(err)
	}
	chain := []*x509.Certificate{good.Leaf}
	if got := verifyChain(chain, rootsFor(chain, bundle), "h", time.Now()); got != verifyOK {
		t.Errorf("a chain to a root in the bundle: %q", got)
	}
	if got := verifyChain(chain, rootsFor(chain, nil), "h", time.Now()); got == verifyOK {
		t.Error("a chain to no root in the bundle is ok")
	}
	if got := verifyChain(chain, rootsFor(chain, []byte("-----BEGIN CERTIFICATE-----\nnonsense")), "h", time.Now()); got == verifyOK {
		t.Error("a chain to a broken bundle is ok")
	}
}

func TestSystemRootsComeFromTheFileThatTheUserNames(t *testing.T) {
	a, cert := authority(t, "h")
	chain := []*x509.Certificate{cert.Leaf}
	name := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(name, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", name)
	if pool := bundleRoots(chain); pool == nil || !pool.Equal(a.Pool()) {
		t.Error("the authority in SSL_CERT_FILE is not found")
	}
	t.Setenv("SSL_CERT_FILE", name+".none")
	if pool := bundleRoots(chain); pool != nil {
		t.Error("there are roots where SSL_CERT_FILE names no file")
	}
}

func BenchmarkBundleRoots(b *testing.B) {
	a, err := NewAuthority()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		bundleRoots([]*x509.Certificate{a.cert})
	}
}
