package wire

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestBundleIsTheFileThatTheUserNames(t *testing.T) {
	a, _ := authority(t)
	name := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(name, a.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", name)
	if got := readBundle(); len(got) != 1 || !rootsFor([]*x509.Certificate{a.cert}, got).Equal(a.Pool()) {
		t.Errorf("%d roots, want the authority in SSL_CERT_FILE", len(got))
	}
	t.Setenv("SSL_CERT_FILE", name+".none")
	if got := readBundle(); got != nil {
		t.Errorf("%d roots where SSL_CERT_FILE names no file", len(got))
	}
}

func TestRootsAreFoundByTheNameOfAnIssuer(t *testing.T) {
	var first *Authority
	var several []byte
	for range 3 {
		a, _ := authority(t)
		if first == nil {
			first = a
		}
		several = append(several, a.PEM()...)
	}
	good, err := first.Issue("h")
	if err != nil {
		t.Fatal(err)
	}
	chain := []*x509.Certificate{good.Leaf}
	block, _ := pem.Decode(first.PEM())
	other, headed := *block, *block
	other.Type = "TRUSTED CERTIFICATE"
	headed.Headers = map[string]string{"a": "b"}
	for _, tt := range []struct {
		name  string
		pem   []byte
		found bool
	}{
		{"a bundle that has it", several, true},
		{"no bundle", nil, false},
		{"a broken bundle", []byte("-----BEGIN CERTIFICATE-----\nnonsense"), false},
		{"a block of another type", pem.EncodeToMemory(&other), false},
		{"a block with headers", pem.EncodeToMemory(&headed), false},
	} {
		got := verifyChain(chain, rootsFor(chain, certificates(tt.pem)), "", "h", time.Now())
		if (got == verifyOK) != tt.found {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// What Insecure records is true as well: it names what was not asked, where that
// could have told otherwise.
func TestFindingByTheBundleSaysSo(t *testing.T) {
	bundled, inBundle := authority(t, "h")
	_, outside := authority(t, "h")
	const unknown = `unknown authority "wiretape authority", whose certificate was not sent`
	system := bundle
	defer func() { bundle = system }()
	for _, tt := range []struct {
		name     string
		bundle   []byte
		server   tls.Certificate
		want     string
		insecure string // where that differs
	}{
		{"in the bundle", bundled.PEM(), inBundle, verifyOK, ""},
		{"elsewhere or nowhere", bundled.PEM(), outside, unknown, unknown + bundleAlone},
		{"no bundle", nil, outside, unknown, ""},
	} {
		bundle = func() [][]byte { return certificates(tt.bundle) }
		for _, insecure := range []bool{false, true} {
			to := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{tt.server}}, func(*tls.Conn, *net.TCPConn) {})
			c, err := Dialer{TLS: &TLSOptions{ServerName: "h", Insecure: insecure}}.Dial(ctx(t), to, nil)
			got, want := "", tt.want
			if bad, ok := errors.AsType[*VerifyError](err); ok {
				got = bad.TLS.Verify
			} else if err != nil {
				t.Fatal(err)
			} else {
				got = c.TLS().Verify
				c.Close()
			}
			if insecure && tt.insecure != "" {
				want = tt.insecure
			}
			if got != want || insecure && err != nil {
				t.Errorf("%s, insecure %v: %q, %v; want %q", tt.name, insecure, got, err, want)
			}
		}
	}
	// A fault that does not hang on roots is not qualified.
	bundle = func() [][]byte { return certificates(bundled.PEM()) }
	h := handshake{c: &Conn{host: "other"}, opts: &TLSOptions{Insecure: true}}
	if got, want := h.check([]*x509.Certificate{inBundle.Leaf}), nameMismatch+"h"; got != want {
		t.Errorf("another name: %q, want %q", got, want)
	}
}

func BenchmarkReadBundle(b *testing.B) {
	for b.Loop() {
		readBundle()
	}
}
