package match

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// How much of a difference is detailed.
const (
	maxDetail  = 24      // lines
	maxAligned = 500     // lines of text that are put side by side, without those that both share at their ends
	unchanged  = 2       // lines of text around those that differ
	hexRow     = 16      // octets in a line of hex
	hexRows    = 3       // lines of hex of each side
	maxText    = 1 << 20 // octets of text
)

// textDetail returns what differs between two texts, line by line: "-" stands
// before what is only on the tape, "+" before what only came. It is "" where that
// tells no more than the first line that differs, or is too long to be found out.
func textDetail(want, got [][]byte) string {
	head := 0
	for head < len(want) && head < len(got) && bytes.Equal(want[head], got[head]) {
		head++
	}
	tail := 0
	for tail < len(want)-head && tail < len(got)-head && bytes.Equal(want[len(want)-1-tail], got[len(got)-1-tail]) {
		tail++
	}
	w, g := want[head:len(want)-tail], got[head:len(got)-tail]
	if len(w) > maxAligned || len(g) > maxAligned || len(w)+len(g) <= 2 && len(w) == len(g) {
		return ""
	}
	var rows []string
	row := func(mark byte, n int, line []byte) {
		rows = append(rows, fmt.Sprintf("%c %d: %s", mark, n, Show(line)))
	}
	for i := max(0, head-unchanged); i < head; i++ {
		row(' ', i+1, want[i])
	}
	same := common(w, g)
	for i, k := 0, 0; i < len(w) || k < len(g); {
		switch {
		case i < len(w) && k < len(g) && bytes.Equal(w[i], g[k]):
			row(' ', head+i+1, w[i])
			i, k = i+1, k+1
		case k == len(g) || i < len(w) && same[i+1][k] >= same[i][k+1]:
			row('-', head+i+1, w[i])
			i++
		default:
			row('+', head+k+1, g[k])
			k++
		}
	}
	for i := range min(tail, unchanged) {
		row(' ', head+len(w)+i+1, want[head+len(w)+i])
	}
	if n := len(rows) - maxDetail; n > 0 {
		rows = append(rows[:maxDetail], fmt.Sprintf("… and %d more lines", n))
	}
	return strings.Join(rows, "\n")
}

// common returns for each pair of places how many lines two texts have in common
// from there on, in order.
func common(w, g [][]byte) [][]int32 {
	t := make([][]int32, len(w)+1)
	row := make([]int32, (len(w)+1)*(len(g)+1))
	for i := range t {
		t[i], row = row[:len(g)+1], row[len(g)+1:]
	}
	for i := len(w) - 1; i >= 0; i-- {
		for k := len(g) - 1; k >= 0; k-- {
			if bytes.Equal(w[i], g[k]) {
				t[i][k] = t[i+1][k+1] + 1
			} else {
				t[i][k] = max(t[i+1][k], t[i][k+1])
			}
		}
	}
	return t
}

// hexDetail returns the octets of both sides around the first that differs, aligned
// by their offset, "-" before what is on the tape and "+" before what came. Both
// begin at the offset base. It is "" where both are text.
func hexDetail(want, got []byte, at int, base int64) string {
	if readable(want) && readable(got) {
		return ""
	}
	from := max(0, at/hexRow*hexRow-hexRow)
	var rows []string
	for ; len(rows) < 2*hexRows && (from < len(want) || from < len(got)); from += hexRow {
		w, g := rowAt(want, from), rowAt(got, from)
		if bytes.Equal(w, g) {
			rows = append(rows, hexLine(' ', base+int64(from), w))
			continue
		}
		if len(w) > 0 {
			rows = append(rows, hexLine('-', base+int64(from), w))
		}
		if len(g) > 0 {
			rows = append(rows, hexLine('+', base+int64(from), g))
		}
	}
	return strings.Join(rows, "\n")
}

func rowAt(b []byte, from int) []byte { return b[min(len(b), from):min(len(b), from+hexRow)] }

// hexLine returns a line as hexdump -C has it.
func hexLine(mark byte, from int64, b []byte) string {
	var hex, text strings.Builder
	for i, c := range b {
		if i == hexRow/2 {
			hex.WriteByte(' ')
		}
		fmt.Fprintf(&hex, "%02x ", c)
		if c < 0x20 || c > 0x7e {
			c = '.'
		}
		text.WriteByte(c)
	}
	return fmt.Sprintf("%c %08x  %-49s |%s|", mark, from, hex.String(), text.String())
}

// readable reports whether b is text without control characters but line ends.
func readable(b []byte) bool {
	b = b[:min(len(b), maxText)]
	return utf8.Valid(b) && bytes.IndexFunc(b, func(r rune) bool { return r < 0x20 && r != '\n' && r != '\r' && r != '\t' || r == 0x7f }) < 0
}
