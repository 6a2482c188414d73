// Package word reads the words of a line that says what to send, for those who
// make octets of them.
package word

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// A Word is one of a line: up to a blank, where quotes hold blanks and escapes.
type Word struct {
	Text   string
	Quoted bool // all of it, or a part
}

// Is reports whether the word is the given one, in whatever case.
func (w Word) Is(word string) bool { return !w.Quoted && strings.EqualFold(w.Text, word) }

// Octets takes the octets that words begin with: "…" once or more, hex HH…, or
// none. It returns the words behind them.
func Octets(words []Word) (b []byte, rest []Word, err error) {
	if len(words) > 0 && words[0].Is("hex") {
		n := 1
		var digits strings.Builder
		for ; n < len(words) && !words[n].Quoted; n++ {
			digits.WriteString(words[n].Text)
		}
		b, err = Hex(digits.String())
		return b, words[n:], err
	}
	n := 0
	for ; n < len(words) && words[n].Quoted; n++ {
		b = append(b, words[n].Text...)
	}
	return b, words[n:], nil
}

// Hex reads pairs of hex digits, which blanks and colons may part.
func Hex(digits string) ([]byte, error) {
	b, err := hex.DecodeString(strings.NewReplacer(" ", "", "\t", "", ":", "").Replace(digits))
	if err != nil {
		return nil, fmt.Errorf("hex %q: want pairs of hex digits, such as 0d0a 00ff", digits)
	}
	return b, nil
}

// Switch reads on and off, and 1 and 0.
func Switch(s string) (on, ok bool) {
	switch strings.ToLower(s) {
	case "on", "1":
		return true, true
	case "off", "0":
		return false, true
	}
	return false, false
}
