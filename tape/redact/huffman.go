package redact

import (
	"slices"
	"sync"

	"golang.org/x/net/http2/hpack"
)

// huffman is the code of RFC 7541, appendix B.
type huffman struct {
	bits [256]int
	// next leads from a node, by a bit, to a node, or to -1-c for the symbol c.
	// Zero leads nowhere.
	next [][2]int16
	like [32]byte // by bits: a visible symbol
}

var code = sync.OnceValue(func() *huffman {
	h := &huffman{next: make([][2]int16, 1, 257)}
	for c := 255; c >= 0; c-- {
		s := string([]byte{byte(c)})
		// Eight of them fill as many octets as one has bits.
		n := int(hpack.HuffmanEncodeLength(s + s + s + s + s + s + s + s))
		h.bits[c] = n
		if c > ' ' && c != 0x7f {
			h.like[n] = byte(c)
		}
		octets := hpack.AppendHuffmanString(nil, s)
		node := int16(0)
		for k := range n {
			bit := octets[k/8] >> (7 - k%8) & 1
			to := &h.next[node][bit]
			switch {
			case k == n-1:
				*to = int16(-1 - c)
			case *to == 0:
				*to = int16(len(h.next))
				h.next = append(h.next, [2]int16{})
				node = int16(len(h.next) - 1)
			default:
				node = *to
			}
		}
	}
	return h
})

// A walk is where the decoding of a string stands.
type walk struct {
	node  int16
	depth int
	zeros bool // not all bits of the symbol in progress are ones
}

// step takes an octet and gives the symbols that it ends. It reports whether the
// string can be decoded so far.
func (w *walk) step(c byte, give func(byte)) bool {
	next := code().next
	for bit := 7; bit >= 0; bit-- {
		b := c >> bit & 1
		switch to := next[w.node][b]; {
		case to == 0:
			return false // RFC 7541, section 5.2: EOS is not sent
		case to < 0:
			give(byte(-1 - to))
			*w = walk{}
		default:
			w.node = to
			w.depth++
			w.zeros = w.zeros || b == 0
		}
	}
	return true
}

// padded reports whether a string may end here (RFC 7541, section 5.2).
func (w *walk) padded() bool { return w.depth < 8 && !w.zeros }

// blot is a symbol of 8 bits, X.
const blot = 0xfc

// fill overwrites a secret with as many symbols that take as many bits. Of what
// it was, the longest codes remain, but not where they stood.
func fill(b []byte) {
	h := code()
	var long []int
	more := 0 // bits beyond 5 for each symbol
	for _, c := range b {
		if n := h.bits[c]; n > 8 {
			long = append(long, n)
		} else {
			more += n - 5
		}
	}
	slices.Sort(long)
	for i, n := range long {
		b[i] = h.like[n]
	}
	for i := len(long); i < len(b); i++ {
		n := min(3, more)
		b[i] = "abjX"[n] // of 5 to 8 bits
		more -= n
	}
}
