package lint

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
)

// What is found by hand is what an expression says, which takes ten times as long.
func TestRuns(t *testing.T) {
	encoded := regexp.MustCompile(`[A-Za-z0-9+/_-]{20,}(?:\r?\n[A-Za-z0-9+/_-]{4,})*={0,2}`)
	named := regexp.MustCompile(`(?i)([A-Za-z0-9_-]*(?:secret|token|passw|credential|api-?_?key|auth|session|signature|private)[A-Za-z0-9_-]*)"?\s*[:=]\s*"?([A-Za-z0-9+/_.~=-]{16,})`)
	pieces := []string{"a", "Zz9+", "/_-", "=", "==", "\r", "\n", "\r\n", " ", ":", `"`, "token", "Api-Key", "x_SECRET", "ab", "0123456789abcdef", "é", "~."}
	rnd := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 20000 {
		var b []byte
		for range rnd.IntN(30) {
			b = append(b, pieces[rnd.IntN(len(pieces))]...)
		}
		var want, got []string
		for _, m := range encoded.FindAll(b, -1) {
			want = append(want, string(m))
		}
		for m := range inBase64(b) {
			got = append(got, string(m))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("base64 in %q: got %q, want %q", b, got, want)
		}
		found += len(got)
		want, got = nil, nil
		for _, m := range named.FindAllSubmatch(b, -1) {
			want = append(want, string(m[1])+" "+string(m[2]))
		}
		for name, at := range telling(b) {
			got = append(got, string(name)+" "+string(b[at[0]:at[1]]))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("values in %q: got %q, want %q", b, got, want)
		}
		found += len(got)
	}
	if found < 1000 {
		t.Errorf("%d found in all", found)
	}
}
