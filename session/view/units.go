package view

import (
	"strconv"
	"strings"
	"time"
)

// span writes a duration for reading: "640 µs", "41 ms", "1.2 s", "3 min 5 s".
func span(d time.Duration) string { return Duration(d) }

// Duration writes a time as rows have it: "640 µs", "3.2 ms", "41 ms", "2 min 5 s".
func Duration(d time.Duration) string {
	switch d = max(d, 0); {
	case 0 < d && d < 999500*time.Nanosecond:
		return strconv.FormatInt(max(d.Round(time.Microsecond).Microseconds(), 1), 10) + " µs"
	case d < 9950*time.Microsecond:
		return tenths(float64(d)/float64(time.Millisecond)) + " ms"
	case d < 999500*time.Microsecond:
		return strconv.FormatInt(int64(d.Round(time.Millisecond)/time.Millisecond), 10) + " ms"
	case d < 59950*time.Millisecond:
		return tenths(d.Seconds()) + " s"
	}
	s := int64(d.Round(time.Second) / time.Second)
	return strconv.FormatInt(s/60, 10) + " min " + strconv.FormatInt(s%60, 10) + " s"
}

// tenths writes f with one digit after the point, or none where it is a zero.
func tenths(f float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
}

// count writes n with thousands separators: "51,214".
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// octets writes an exact size: "51,214 B".
func octets(n int64) string { return count(n) + " B" }

// about writes a size roughly: "812 B", "49 kB", "1.2 MB".
func about(n int64) string {
	switch {
	case n < 1000:
		return octets(n)
	case n < 999_500:
		return count((n+500)/1000) + " kB"
	}
	return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
}

// plural writes a count and its noun: "1 line", "2 lines".
func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// days writes how long a moment is away, in whole days: "29 days left",
// "expired 3 days ago".
func days(now, then time.Time) string {
	d := then.Sub(now)
	if d < 0 {
		return "expired " + plural(int64(-d/(24*time.Hour)), "day") + " ago"
	}
	return plural(int64(d/(24*time.Hour)), "day") + " left"
}
