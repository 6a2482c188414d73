package tape

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// formatVersion is the format that this package reads and writes.
const formatVersion = 1

const magic = "wiretape "

// A SyntaxError is a place in a tape that does not fit the format.
type SyntaxError struct {
	File string
	Line int // from 1
	Text string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text) }

// maxShown bounds how much of an offending line an error repeats, in bytes.
const maxShown = 60

// shown returns s for an error message: quoted, and shortened when long.
func shown(s []byte) string {
	if len(s) <= maxShown {
		return fmt.Sprintf("%q", s)
	}
	n := maxShown
	for n > maxShown-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return fmt.Sprintf("%q…", s[:n])
}

// bad returns an error about a part of a line; the Reader adds file and line.
func bad(format string, args ...any) error { return fmt.Errorf(format, args...) }

// errUnterminated is a last line without its line end.
var errUnterminated = errors.New("line without its end")
