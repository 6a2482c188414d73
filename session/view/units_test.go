package view

import (
	"bytes"
	"testing"
	"time"
)

func TestDurationsForReading(t *testing.T) {
	tests := []struct {
		in   time.Duration
		want string
	}{
		{0, "0 ms"},
		{-time.Second, "0 ms"},
		{time.Nanosecond, "1 µs"},
		{1500 * time.Nanosecond, "2 µs"},
		{100 * time.Microsecond, "100 µs"},
		{999499 * time.Nanosecond, "999 µs"},
		{999500 * time.Nanosecond, "1 ms"},
		{5700 * time.Microsecond, "5.7 ms"},
		{6 * time.Millisecond, "6 ms"},
		{41200 * time.Microsecond, "41 ms"},
		{9949 * time.Microsecond, "9.9 ms"},
		{9950 * time.Microsecond, "10 ms"},
		{999499 * time.Microsecond, "999 ms"},
		{999500 * time.Microsecond, "1 s"},
		{1234 * time.Millisecond, "1.2 s"},
		{59949 * time.Millisecond, "59.9 s"},
		{59950 * time.Millisecond, "1 min 0 s"},
		{185 * time.Second, "3 min 5 s"},
	}
	for _, tt := range tests {
		if got := span(tt.in); got != tt.want {
			t.Errorf("span(%v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestSizesForReading(t *testing.T) {
	tests := []struct {
		n            int64
		exact, rough string
	}{
		{0, "0 B", "0 B"},
		{11, "11 B", "11 B"},
		{999, "999 B", "999 B"},
		{1000, "1,000 B", "1 kB"},
		{51214, "51,214 B", "51 kB"},
		{999_500, "999,500 B", "1.0 MB"},
		{1_234_567, "1,234,567 B", "1.2 MB"},
	}
	for _, tt := range tests {
		if got := octets(tt.n); got != tt.exact {
			t.Errorf("octets(%d) = %q, want %q", tt.n, got, tt.exact)
		}
		if got := about(tt.n); got != tt.rough {
			t.Errorf("about(%d) = %q, want %q", tt.n, got, tt.rough)
		}
	}
}

func TestHexLaysOutLikeHexdump(t *testing.T) {
	tests := []struct {
		data   string
		offset int64
		want   string
	}{
		{"", 5, ""},
		{"GET / HTTP/1.1\r\n\r\n", 0, "" +
			"00000000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  |GET / HTTP/1.1..|\n" +
			"00000010  0d 0a                                             |..|\n" +
			"00000012\n"},
		{"\x1b[0m\xff~", 0x1_0000_0000, "" +
			"100000000  1b 5b 30 6d ff 7e                                 |.[0m.~|\n" +
			"100000006\n"},
	}
	for _, tt := range tests {
		var b bytes.Buffer
		if err := Hex(&b, []byte(tt.data), tt.offset); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != tt.want {
			t.Errorf("Hex(%q, %d) =\n%swant\n%s", tt.data, tt.offset, got, tt.want)
		}
	}
}
