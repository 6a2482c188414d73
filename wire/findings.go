package wire

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"
)

// Findings remember what was found of certificates, for those who shake hands
// with the same servers, or with many that have the same chain, in a row: a chain
// is verified once a minute. The zero value is ready; nil remembers nothing. It
// may be used by several goroutines.
type Findings struct {
	mu sync.Mutex
	of map[findingKey][]string
}

// maxFindings bounds what is remembered; beyond it all is forgotten.
const maxFindings = 1024

// A findingKey is what a finding hangs on, but for the host's name.
type findingKey struct {
	chain    [sha256.Size]byte
	roots    *x509.CertPool
	insecure bool
	minute   int64
}

// get returns what find finds of a chain, or has found.
func (f *Findings) get(chain []*x509.Certificate, o *TLSOptions, now time.Time, find func() []string) []string {
	if f == nil {
		return find()
	}
	h := sha256.New()
	for _, c := range chain {
		h.Write(c.Raw) // DER tells its own length
	}
	k := findingKey{roots: o.Roots, insecure: o.Insecure, minute: now.Unix() / 60}
	h.Sum(k.chain[:0])
	f.mu.Lock()
	found, ok := f.of[k]
	f.mu.Unlock()
	if ok {
		return found
	}
	found = find()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil || len(f.of) == maxFindings {
		f.of = make(map[findingKey][]string)
	}
	f.of[k] = found
	return found
}
