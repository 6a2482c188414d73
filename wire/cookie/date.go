package cookie

import (
	"strings"
	"time"
)

// parseDate reads a cookie-date by the token algorithm of 6265bis 5.1.1, which
// finds a time, a day, a month and a year in whatever order they come and looks
// at nothing else: neither the weekday nor the zone. The result is in UTC; its
// year is 1601 to 9999.
func parseDate(s string) (time.Time, bool) {
	var (
		clock, day, month, year      bool
		hour, minute, second         int
		dayValue, monthValue, yValue int
	)
	for token := range strings.FieldsFuncSeq(toLatin1(s), isDateDelimiter) {
		if !clock {
			if h, m, sec, ok := timeToken(token); ok {
				clock, hour, minute, second = true, h, m, sec
				continue
			}
		}
		if !day {
			if n, ok := numberToken(token, 1, 2); ok {
				day, dayValue = true, n
				continue
			}
		}
		if !month {
			if n, ok := monthToken(token); ok {
				month, monthValue = true, n
				continue
			}
		}
		if !year {
			if n, ok := numberToken(token, 2, 4); ok {
				year, yValue = true, n
			}
		}
	}
	switch { // steps 3 and 4
	case yValue >= 70 && yValue <= 99:
		yValue += 1900
	case yValue >= 0 && yValue <= 69:
		yValue += 2000
	}
	// Step 5.
	if !clock || !day || !month || !year ||
		dayValue < 1 || dayValue > 31 || yValue < 1601 ||
		hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	// Step 6: time.Date turns 31 February into March, which is no such date.
	t := time.Date(yValue, time.Month(monthValue), dayValue, hour, minute, second, 0, time.UTC)
	return t, t.Day() == dayValue
}

// toLatin1 makes each octet of s a rune of its own, since date tokens are of
// octets and those from 0x80 up delimit nothing.
func toLatin1(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			runes := make([]rune, len(s))
			for i := range len(s) {
				runes[i] = rune(s[i])
			}
			return string(runes)
		}
	}
	return s
}

func isDateDelimiter(r rune) bool {
	return r == '\t' || r >= ' ' && r <= '/' || r >= ';' && r <= '@' || r >= '[' && r <= '`' || r >= '{' && r <= '~'
}

// leadingDigits returns the number at the start of s and what follows it. It
// reports whether there are from least to most digits there, not more.
func leadingDigits(s string, least, most int) (n int, rest string, ok bool) {
	i := 0
	for ; i < len(s) && isDigit(s[i]); i++ {
		if i == most {
			return 0, s, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, s[i:], i >= least
}

// numberToken reads the productions day-of-month and year: digits, then nothing
// or anything that does not start with a digit.
func numberToken(token string, least, most int) (int, bool) {
	n, _, ok := leadingDigits(token, least, most)
	return n, ok
}

// timeToken reads the production time: three fields of one or two digits.
func timeToken(token string) (hour, minute, second int, ok bool) {
	hour, rest, ok := leadingDigits(token, 1, 2)
	if !ok || !strings.HasPrefix(rest, ":") {
		return 0, 0, 0, false
	}
	minute, rest, ok = leadingDigits(rest[1:], 1, 2)
	if !ok || !strings.HasPrefix(rest, ":") {
		return 0, 0, 0, false
	}
	second, _, ok = leadingDigits(rest[1:], 1, 2)
	return hour, minute, second, ok
}

var months = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// monthToken reads the production month: the first three letters decide.
func monthToken(token string) (int, bool) {
	for i, m := range months {
		if hasPrefixFold(token, m) {
			return i + 1, true
		}
	}
	return 0, false
}
