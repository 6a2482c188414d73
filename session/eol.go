package session

import (
	"fmt"
	"strings"
)

// EOL is the line end that is added to a typed line.
type EOL string

// The line ends that .eol sets. The empty string means CRLF, so that the zero
// value of [Options] works; EOLNone adds nothing.
const (
	EOLCRLF EOL = "crlf"
	EOLLF   EOL = "lf"
	EOLCR   EOL = "cr"
	EOLNone EOL = "none"
	EOLNUL  EOL = "nul"
)

var eols = []struct {
	name  EOL
	bytes string
}{
	{EOLCRLF, "\r\n"},
	{EOLLF, "\n"},
	{EOLCR, "\r"},
	{EOLNone, ""},
	{EOLNUL, "\x00"},
}

// ParseEOL reads the name of a line end.
func ParseEOL(name string) (EOL, error) {
	var names []string
	for _, e := range eols {
		if string(e.name) == name {
			return e.name, nil
		}
		names = append(names, string(e.name))
	}
	return "", fmt.Errorf("line end %q: want %s", name, strings.Join(names, ", "))
}

// String returns the name.
func (e EOL) String() string {
	if e == "" {
		return string(EOLCRLF)
	}
	return string(e)
}

// Bytes returns the octets that are added.
func (e EOL) Bytes() string {
	for _, x := range eols {
		if x.name == e {
			return x.bytes
		}
	}
	return "\r\n"
}
