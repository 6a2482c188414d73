package lint

import (
	"bytes"
	"iter"
	"regexp"
)

// A class is a set of octets.
type class [256]bool

func classOf(more string) *class {
	c := new(class)
	for _, s := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", more} {
		for i := range len(s) {
			c[s[i]] = true
		}
	}
	return c
}

// base64Class has the octets of either alphabet of base64, without the padding.
var base64Class = classOf("+/_-")

// end returns where the octets of the class end that stand at b[i].
func (c *class) end(b []byte, i int) int {
	for i < len(b) && c[b[i]] {
		i++
	}
	return i
}

// runs gives the longest runs of octets of a class in b, of least octets at least:
// each from b[from] up to b[to].
func (c *class) runs(b []byte, least int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		// A run that begins in b[low:low+least] has the octet that is least-1 behind
		// low, or begins behind that.
		for low := 0; low+least <= len(b); {
			i := low + least - 1
			for i >= low && c[b[i]] {
				i--
			}
			if i >= low {
				low = i + 1
				continue
			}
			to := c.end(b, low+least)
			if !yield(low, to) {
				return
			}
			low = to
		}
	}
}

// padded returns where the padding of base64 ends that stands at b[i], if any does.
func padded(b []byte, i int) int {
	for n := 0; n < 2 && i < len(b) && b[i] == '='; n++ {
		i++
	}
	return i
}

// findAll is re.FindAllIndex(b, 100) for what has one of the words in it: without
// them nothing is looked for.
func findAll(re *regexp.Regexp, words []string, b []byte) [][]int {
	for _, w := range words {
		if bytes.Contains(b, []byte(w)) {
			return re.FindAllIndex(b, 100)
		}
	}
	return nil
}
