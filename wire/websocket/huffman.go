package websocket

import (
	"math/bits"
	"sync"
)

const (
	maxCode   = 15 // bits of the longest code (RFC 1951, section 3.2.7)
	quickBits = 9  // codes up to that length are looked up at once
)

// A huffman is a canonical Huffman code (RFC 1951, section 3.2.2).
type huffman struct {
	count   [maxCode + 1]uint16 // codes of each length
	symbols [288]uint16         // in order of their codes
	quick   [1 << quickBits]uint16
}

// build makes the code of which each symbol has a length, 0 for none. It reports
// whether the lengths make a code: none at all, a single one of one bit, or a set
// that no bits fall out of.
func (h *huffman) build(lengths []uint8) bool {
	*h = huffman{}
	for _, n := range lengths {
		h.count[n]++
	}
	if int(h.count[0]) == len(lengths) {
		h.count[0] = 0
		return true
	}
	h.count[0] = 0
	room := 1
	longest := 0
	var index, code [maxCode + 2]int
	for n := 1; n <= maxCode; n++ {
		count := int(h.count[n])
		if room = room<<1 - count; room < 0 {
			return false
		}
		if count > 0 {
			longest = n
		}
		index[n+1] = index[n] + count
		code[n+1] = (code[n] + count) << 1
	}
	if room > 0 && !(longest == 1 && h.count[1] == 1) {
		return false
	}
	for sym, n := range lengths {
		if n == 0 {
			continue
		}
		h.symbols[index[n]] = uint16(sym)
		index[n]++
		c := code[n]
		code[n]++
		if n > quickBits {
			continue
		}
		// Codes come with their first bit lowest.
		for at := int(bits.Reverse16(uint16(c)) >> (16 - n)); at < 1<<quickBits; at += 1 << n {
			h.quick[at] = uint16(sym)<<4 | uint16(n)
		}
	}
	return true
}

// The fixed codes of RFC 1951, section 3.2.6.
var (
	fixedLit = sync.OnceValue(func() *huffman {
		var lengths [288]uint8
		for i := range lengths {
			switch {
			case i < 144:
				lengths[i] = 8
			case i < 256:
				lengths[i] = 9
			case i < 280:
				lengths[i] = 7
			default:
				lengths[i] = 8
			}
		}
		h := new(huffman)
		h.build(lengths[:])
		return h
	})
	fixedDist = sync.OnceValue(func() *huffman {
		var lengths [32]uint8
		for i := range lengths {
			lengths[i] = 5
		}
		h := new(huffman)
		h.build(lengths[:])
		return h
	})
)
