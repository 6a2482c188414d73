package websocket

import "unicode/utf8"

// A textCheck checks that octets which come piece by piece are UTF-8. The zero
// value is ready.
type textCheck struct {
	pending [utf8.UTFMax]byte // the beginning of a character
	n       int
	off     bool // something was wrong already, or octets are missing
}

// feed takes the next octets and returns the index in p of the first octet that
// cannot stand there, -1 for none. It finds only the first fault.
func (c *textCheck) feed(p []byte) int {
	if c.off {
		return -1
	}
	i := 0
	for c.n > 0 && i < len(p) {
		c.pending[c.n] = p[i]
		c.n++
		i++
		if !utf8.FullRune(c.pending[:c.n]) {
			continue
		}
		if r, size := utf8.DecodeRune(c.pending[:c.n]); r == utf8.RuneError && size == 1 {
			c.off = true
			return i - 1
		}
		c.n = 0
	}
	if c.n > 0 || utf8.Valid(p[i:]) {
		return -1
	}
	for i < len(p) {
		r, size := utf8.DecodeRune(p[i:])
		if r != utf8.RuneError || size != 1 {
			i += size
			continue
		}
		if !utf8.FullRune(p[i:]) {
			c.n = copy(c.pending[:], p[i:])
			return -1
		}
		c.off = true
		k := 1
		for !utf8.FullRune(p[i : i+k]) {
			k++
		}
		return i + k - 1
	}
	return -1
}

// cut reports whether the octets so far end within a character.
func (c *textCheck) cut() bool { return !c.off && c.n > 0 }
