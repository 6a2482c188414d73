package match

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind says in what way something is not as recorded.
type Kind string

// The kinds of mismatches, as they stand in JSON.
const (
	Different Kind = "different" // both have it, with other values
	Missing   Kind = "missing"   // on the tape, and did not come
	Extra     Kind = "extra"     // came, and is not on the tape
	Cut       Kind = "cut"       // a message that is whole on the tape was cut off
	EarlyEnd  Kind = "eof"       // the peer ended its direction before all came
	Reset     Kind = "reset"     // the peer reset the connection
	Alert     Kind = "alert"     // a TLS alert came
	Tail      Kind = "tail"      // bytes came after the last that was expected
	Silence   Kind = "silence"   // nothing came for too long
	Dial      Kind = "dial"      // the connection did not come to be
	Verify    Kind = "verify"    // the certificate did not verify
	Fact      Kind = "fact"      // a fact of the connection that the tape requires
	Unmatched Kind = "unmatched" // nothing on the tape answers what came
	Unplayed  Kind = "unplayed"  // on the tape, and never asked for
	Timing    Kind = "timing"    // sooner or later than the tape's range
	Unsent    Kind = "unsent"    // ours, and could not be sent
)

// A Mismatch is one thing that is not as recorded.
type Mismatch struct {
	Tape     string `json:"tape"`              // the tape's name
	TapeLine int    `json:"line"`              // of the tape, from 1; 0 for none
	Conn     int    `json:"conn,omitempty"`    // connection on the tape
	N        int    `json:"n,omitempty"`       // exchange on the tape, from 1; 0 for none
	Kind     Kind   `json:"kind"`              //
	Path     string `json:"path"`              // what of it: "response Content-Type", "reply line 2"
	Offset   int64  `json:"offset"`            // octet of the direction's stream on the tape; -1 for none
	Want     string `json:"want"`              // for display: escaped, cut, secrets hidden
	Got      string `json:"got"`               // for display, as Want
	Why      string `json:"why,omitempty"`     // more than the values tell
	Detail   string `json:"detail,omitempty"`  // several lines for display: a diff of text, octets aligned in hex
	Nearest  string `json:"nearest,omitempty"` // of what nothing answered: the most alike on the tape, and what differs
}

// SortByLine sorts mismatches of a tape as they stand on it, whoever spoke; what no
// line of it is about is last.
func SortByLine(ms []Mismatch) {
	slices.SortStableFunc(ms, func(x, y Mismatch) int {
		if (x.TapeLine == 0) != (y.TapeLine == 0) {
			return cmp.Compare(y.TapeLine, x.TapeLine)
		}
		return cmp.Compare(x.TapeLine, y.TapeLine)
	})
}

// place returns "x.tape:14", without a line where none is known.
func (m Mismatch) place() string {
	if m.TapeLine == 0 {
		return m.Tape
	}
	return m.Tape + ":" + strconv.Itoa(m.TapeLine)
}

// String returns the mismatch as one line: "x.tape:14: #1 response Content-Type:
// want text/plain, got text/html".
func (m Mismatch) String() string {
	var b strings.Builder
	b.WriteString(m.place())
	b.WriteString(": ")
	if m.N > 0 {
		fmt.Fprintf(&b, "#%d ", m.N)
	}
	if m.Path != "" {
		b.WriteString(m.Path + ": ")
	}
	switch m.Kind {
	case Different, Fact:
		fmt.Fprintf(&b, "want %s, got %s", orNothing(m.Want), orNothing(m.Got))
	case Missing:
		fmt.Fprintf(&b, "missing; want %s", orNothing(m.Want))
	case Extra:
		fmt.Fprintf(&b, "not on the tape; got %s", orNothing(m.Got))
	default:
		b.WriteString(m.Got)
		if m.Want != "" {
			if m.Got != "" {
				b.WriteString("; ")
			}
			b.WriteString("want " + m.Want)
		}
	}
	if m.Why != "" {
		b.WriteString(" (" + m.Why + ")")
	}
	if m.Nearest != "" {
		b.WriteString("; nearest: " + m.Nearest)
	}
	return b.String()
}

func orNothing(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// maxShown bounds how much of a value stands in a Mismatch, in bytes.
const maxShown = 120

// Show returns b for display: as it is where it is plain text, quotes and backslashes
// in it too, else quoted; cut where it is long.
func Show(b []byte) string {
	cut := len(b) > maxShown
	if cut {
		n := maxShown
		for n > maxShown-utf8.UTFMax && !utf8.RuneStart(b[n]) {
			n--
		}
		b = b[:n]
	}
	s := string(b)
	if inner, err := strconv.Unquote(s); needsQuotes(s) || err == nil && needsQuotes(inner) {
		s = strconv.Quote(s) // else it would read as another value in its quotes
	}
	if cut {
		s += "…"
	}
	return s
}

// needsQuotes reports whether s, shown as it is, would not be seen or not be one line
// of text.
func needsQuotes(s string) bool {
	return s == "" || plain(s) != s || strings.TrimSpace(s) != s
}

// plain returns s in one line without control characters: names come from peers
// too.
func plain(s string) string {
	q := strconv.Quote(s)
	if q == `"`+s+`"` {
		return s
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(q[1 : len(q)-1])
}
