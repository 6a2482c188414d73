package session

import (
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire/content"
	"wiretape/wire/proto"
)

// Limits bound what a peer makes us hold. Zero fields have the defaults.
type Limits struct {
	Parse   proto.Limits
	Decoded content.Limits
}

// A limit is one of Limits by its name, as --limit and .set have it.
type limit struct {
	name, of string
	usual    int // the default
	value    func(*Limits) *int
}

// limitTable has them in the order in which people read it.
var limitTable = []limit{
	{"line", "one line", proto.DefaultLine, func(l *Limits) *int { return &l.Parse.Line }},
	{"head", "one head, start line and fields", proto.DefaultHead, func(l *Limits) *int { return &l.Parse.Head }},
	{"body", "what is kept of a body", proto.DefaultBody, func(l *Limits) *int { return &l.Parse.Body }},
	{"decoded", "what a coded body may yield", content.DefaultSize, func(l *Limits) *int { return &l.Decoded.Size }},
	{"ratio", "how many times its octets, beyond 1m", content.DefaultRatio, func(l *Limits) *int { return &l.Decoded.Ratio }},
}

// maxLimit is the largest value of a limit: 1 GiB.
const maxLimit = 1 << 30

// LimitsHelp names the limits with their defaults.
func LimitsHelp() string {
	var all []string
	for _, row := range limitTable {
		all = append(all, fmt.Sprintf("%s=%s (%s)", row.name, sizeWord(row.usual), row.of))
	}
	return strings.Join(all, ", ")
}

// Set takes NAME=SIZE,…: octets, or with k, m or g.
func (l *Limits) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		name, size, _ := strings.Cut(part, "=")
		row := findLimit(name)
		if row == nil {
			var names []string
			for _, r := range limitTable {
				names = append(names, r.name)
			}
			return fmt.Errorf("limit %q: want one of %s", name, strings.Join(names, ", "))
		}
		n, err := parseSize(size)
		if err != nil {
			return fmt.Errorf("limit %s=%s: %w", row.name, size, err)
		}
		*row.value(l) = n
	}
	return nil
}

func findLimit(name string) *limit {
	for i := range limitTable {
		if strings.EqualFold(limitTable[i].name, name) {
			return &limitTable[i]
		}
	}
	return nil
}

// parseSize reads a number of octets, 1 to maxLimit.
func parseSize(s string) (int, error) {
	digits, shift := s, 0
	if s != "" {
		if i := strings.IndexByte("kmg", s[len(s)-1]|0x20); i >= 0 {
			digits, shift = s[:len(s)-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || n == 0 || n > maxLimit>>shift {
		return 0, fmt.Errorf("want 1 to 1g, such as 64k or 8m")
	}
	return int(n) << shift, nil
}

// sizeWord writes a size as parseSize reads it.
func sizeWord(n int) string {
	switch {
	case n%(1<<20) == 0:
		return strconv.Itoa(n>>20) + "m"
	case n%(1<<10) == 0:
		return strconv.Itoa(n>>10) + "k"
	}
	return strconv.Itoa(n)
}

// String gives what was set.
func (l *Limits) String() string {
	var set []string
	for _, row := range limitTable {
		if n := *row.value(l); n != 0 {
			set = append(set, row.name+"="+sizeWord(n))
		}
	}
	return strings.Join(set, ",")
}
