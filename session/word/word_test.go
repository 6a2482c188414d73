package word

import "testing"

func TestOctets(t *testing.T) {
	tests := []struct {
		words []Word
		want  string
		rest  int
		err   bool
	}{
		{nil, "", 0, false},
		{[]Word{{"a b", true}, {"c", true}, {"end", false}}, "a bc", 1, false},
		{[]Word{{"HEX", false}, {"0d:0a", false}, {"00", false}, {"end", true}}, "\r\n\x00", 1, false},
		{[]Word{{"hex", true}}, "hex", 0, false},
		{[]Word{{"hex", false}, {"0", false}}, "", 0, true},
		{[]Word{{"end", false}}, "", 1, false},
	}
	for _, tt := range tests {
		b, rest, err := Octets(tt.words)
		if string(b) != tt.want || len(rest) != tt.rest || (err != nil) != tt.err {
			t.Errorf("Octets(%v) = %q, %v, %v; want %q and %d words", tt.words, b, rest, err, tt.want, tt.rest)
		}
	}
}
