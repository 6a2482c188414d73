package analyze

import (
	"testing"
)

// BenchmarkRun is one analysis of a site on loopback: two handshakes, a GET, the
// certificate.
func BenchmarkRun(b *testing.B) {
	cfg, o := secure(b, "h2", "http/1.1")
	s := serve(b, site{tls: cfg, http: always(page("Set-Cookie: a=1"))})
	b.ReportAllocs()
	for b.Loop() {
		if r, err := Run(b.Context(), "https://"+s+"/", o); err != nil || r.HTTP2.Verdict != Yes {
			b.Fatal(r.HTTP2, err)
		}
	}
}
