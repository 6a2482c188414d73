package update

import (
	"bytes"
	"testing"

	"wiretape/tape/lint"
)

// FuzzLaws: a tape that is accepted as it is does not change, what is redacted or
// made right can be read, and readings come off again.
func FuzzLaws(f *testing.F) {
	f.Add([]byte(old))
	f.Add([]byte(recording(firstNow, secondNow)))
	f.Add([]byte(framed("> POST /?token=abcdef HTTP/1.1\\r\\n\n> Content-Length: 7\\r\\n\n> \\r\\n\n> x\n<x 01 02\n>@ 3\na\nb\n<b AAEC\n")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4<<10 {
			return
		}
		if got, err := Accept(b, "x.tape", b); err == nil && !bytes.Equal(got, b) {
			t.Fatalf("accepted as it is:\n%s\nwas\n%s", got, b)
		}
		if got, _, err := fixed(string(b)); err == nil {
			_, _, err := fixed(string(got))
			if err != nil {
				t.Fatalf("lengths made right: %v\n%s\nwas\n%s", err, got, b)
			}
		}
		if got, _, err := redacted(string(b), lint.Options{}); err == nil {
			if _, _, err := redacted(string(got), lint.Options{}); err != nil {
				t.Fatalf("redacted: %v\n%s\nwas\n%s", err, got, b)
			}
		}
		plain := StripReadings(b)
		if got, err := Readings(plain, "x.tape"); err == nil && !bytes.Equal(StripReadings(got), plain) {
			t.Fatalf("without readings:\n%s\nwas\n%s", StripReadings(got), plain)
		}
	})
}
