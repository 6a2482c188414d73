package http2

import (
	"bytes"
	"fmt"

	"golang.org/x/net/http2/hpack"
)

// A literal is a string as it came.
type literal struct {
	octets  []byte
	huffman bool
}

// literal finds the string at an index of b, and returns the index behind it; not
// ok where it is not complete, or too long.
func (d *hpackDecoder) literal(l *literal, b []byte, from, at int) (next int, ok bool) {
	if from >= len(b) {
		return 0, false
	}
	l.huffman = b[from]&0x80 != 0
	length, n, ok := readInt(b[from:], 7)
	switch {
	case !ok || length > uint64(d.limit):
		d.fail(at, fmt.Sprintf("a string of more than %d octets", d.limit), "RFC 7541 5.2")
		return 0, false
	case n == 0 || length > uint64(len(b)-from-n):
		return 0, false
	}
	from += n
	l.octets = b[from : from+int(length)]
	return from + int(length), true
}

// decode returns the string, nil where its Huffman code is broken.
func (l *literal) decode() []byte {
	if !l.huffman {
		return bytes.Clone(l.octets)
	}
	s, err := hpack.HuffmanDecodeToString(l.octets)
	if err != nil {
		return nil
	}
	return []byte(s)
}

// maxIntOctets is the longest integer that is read, whatever its value.
const maxIntOctets = 10

// readInt reads an integer with a prefix of so many bits at the start of b, and
// returns its octets; n is 0 where it is not complete. It is not ok beyond 2^32
// (RFC 7541, section 5.1).
func readInt(b []byte, prefix int) (v uint64, n int, ok bool) {
	most := uint64(1)<<prefix - 1
	v = uint64(b[0]) & most
	if v < most {
		return v, 1, true
	}
	for i := 1; i < len(b); i++ {
		if i >= maxIntOctets {
			return 0, 0, false
		}
		v += uint64(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			return v, i + 1, v < 1<<32
		}
	}
	return 0, 0, len(b) < maxIntOctets
}
