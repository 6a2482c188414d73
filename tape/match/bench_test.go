package match

import (
	"bytes"
	"strings"
	"testing"

	"wiretape/tape"
)

// BenchmarkLoad reads 5,000 exchanges, held whole and as a long tape, beside the
// records alone.
func BenchmarkLoad(b *testing.B) {
	one := "> GET / HTTP/1.1\\r\\n\n> Host: 127.0.0.1\\r\\n\n> \\r\\n\n" +
		"< HTTP/1.1 200 OK\\r\\n\n< Content-Type: text/html; charset=utf-8\\r\\n\n" +
		strings.Repeat("< Set-Cookie: name=0123456789abcdef; Path=/; HttpOnly\\r\\n\n", 6) +
		"< Content-Length: 256\\r\\n\n< \\r\\n\n< " + strings.Repeat("x", 256) + "\n"
	text := []byte("wiretape 1\n= open tcp a:80\n" + strings.Repeat(one, 5000) + "= close\n")
	for name, long := range map[string]int64{"held": longTape, "long": 0} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := loadAbove(bytes.NewReader(text), "x", long); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("records", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			for _, err := range tape.NewReader(bytes.NewReader(text), "x").Records() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
