package wire

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"
)

// What was found of a chain is found once a minute, for each set of roots.
func TestAChainIsVerifiedOnceAMinute(t *testing.T) {
	a, b := []*x509.Certificate{{Raw: []byte("a")}}, []*x509.Certificate{{Raw: []byte("b")}}
	roots := x509.NewCertPool()
	now := time.Unix(1_800_000_000, 0)
	var f Findings
	times := 0
	for _, step := range []struct {
		chain []*x509.Certificate
		o     TLSOptions
		after time.Duration
		want  int // times that it was found out so far
	}{
		{a, TLSOptions{}, 0, 1}, {a, TLSOptions{}, 59 * time.Second, 1}, {b, TLSOptions{}, 0, 2}, {a, TLSOptions{}, 0, 2},
		{a, TLSOptions{Roots: roots}, 0, 3}, {a, TLSOptions{Insecure: true}, 0, 4}, {a, TLSOptions{}, time.Minute, 5}, {b, TLSOptions{}, 0, 5},
	} {
		got := f.get(step.chain, &step.o, now.Add(step.after), func() []string { times++; return []string{"expired"} })
		if times != step.want || !slices.Equal(got, []string{"expired"}) {
			t.Errorf("%s after %v: found %q, %d times, want %d", step.chain[0].Raw, step.after, got, times, step.want)
		}
	}
	(*Findings)(nil).get(a, &TLSOptions{}, now, func() []string { times++; return nil })
	if times != 6 {
		t.Errorf("nil remembers")
	}
	for i := range 3 * maxFindings {
		f.get(a, &TLSOptions{}, now.Add(time.Duration(i)*time.Minute), func() []string { return nil })
	}
	if len(f.of) > maxFindings {
		t.Errorf("%d remembered", len(f.of))
	}
}
