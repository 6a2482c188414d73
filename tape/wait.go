package tape

import (
	"strings"
	"time"
)

// A Wait is the argument of a Time record, to be added to the clock of the next
// record. A plain wait has Min == Max and asserts nothing; a range is asserted
// by "! require timing"; Free is "*".
type Wait struct {
	Min, Max time.Duration
	Free     bool
}

// String returns the wait as a tape spells it.
func (w Wait) String() string {
	switch {
	case w.Free:
		return "*"
	case w.Min != w.Max:
		return w.Min.String() + ".." + w.Max.String()
	}
	return w.Min.String()
}

func parseWait(s string) (Wait, error) {
	if s == "*" {
		return Wait{Free: true}, nil
	}
	from, to, isRange := strings.Cut(s, "..")
	lo, err := parseDuration(from)
	if err != nil || !isRange {
		return Wait{Min: lo, Max: lo}, err
	}
	hi, err := parseDuration(to)
	if err == nil && hi <= lo {
		err = bad("range %q is empty", s)
	}
	if err != nil {
		return Wait{}, err
	}
	return Wait{Min: lo, Max: hi}, nil
}
