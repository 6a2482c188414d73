package websocket

import (
	"encoding/binary"
	"errors"
)

// windowSize is the history that DEFLATE can refer to (RFC 1951, section 2).
const windowSize = 1 << 15

// A message that inflates to more than bombFloor octets and to more than bombRatio
// times what it took is not read further.
const (
	bombFloor = 64 << 20 // 64 MiB
	bombRatio = 100
)

var (
	errDeflate = errors.New("the compressed data is damaged")
	errBomb    = errors.New("the message inflates to more than 100 times its size and 64 MiB: it is not read further")
)

// errShort says that the next thing is not all there yet.
var errShort = errors.New("more octets are needed")

// An inflater undoes DEFLATE (RFC 1951) for octets as they come: compress/flate
// pulls them, and cannot go on after it ran out of them. What it gives does not
// hang on how the octets were cut.
//
// A block that says it is the last does not end anything: in WebSocket another may
// follow it at the next octet (RFC 7692, section 7.2.3.4).
type inflater struct {
	in []byte
	cursor
	mark cursor // before the thing in progress

	state  func(*inflater) error
	last   bool // the block in progress is the last
	left   int  // octets left of a stored block
	lit    *huffman
	dist   *huffman
	faulty bool // a distance was longer than maxDist

	window  [windowSize]byte
	at      int // where the next octet goes
	flushed int // window[flushed:at] was not given yet
	history int // octets that may be referred to
	maxDist int // what was agreed on

	gave int64 // octets since begin
	emit func([]byte)
}

// A cursor is how far an inflater has read.
type cursor struct {
	pos  int    // in the octets that came
	bits uint64 // read and not used, the next one lowest
	n    uint   // how many of bits count
	took int64  // bits used since begin
}

// begin starts a message. With fresh it refers to nothing before it.
func (z *inflater) begin(fresh bool, maxDist int, emit func([]byte)) {
	if fresh {
		z.history = 0
	}
	z.in, z.cursor = z.in[:0], cursor{}
	z.state, z.last, z.faulty = (*inflater).header, false, false
	z.left, z.lit, z.dist = 0, nil, nil
	z.gave, z.maxDist, z.emit = 0, maxDist, emit
	z.flushed = z.at
}

// feed takes the next octets of the message. After an error it wants no more.
func (z *inflater) feed(p []byte) error {
	z.in = append(append(z.in[:0], z.in[z.pos:]...), p...)
	z.pos = 0
	err := z.run()
	z.flush()
	if err == errShort {
		return nil
	}
	return err
}

// end feeds what the sender has cut off, and says whether that completes the
// message (RFC 7692, section 7.2.2).
func (z *inflater) end() error {
	if err := z.feed([]byte{0, 0, 0xff, 0xff}); err != nil {
		return err
	}
	if z.n > 0 || z.pos < len(z.in) || z.left > 0 || z.lit != nil {
		return errDeflate
	}
	return nil
}

// run does one thing after the other. What lacks octets is undone, to be done
// again when there are more.
func (z *inflater) run() error {
	for {
		z.mark = z.cursor
		if err := z.state(z); err != nil {
			if err == errShort {
				z.cursor = z.mark
			}
			return err
		}
	}
}

func (z *inflater) flush() {
	if z.at > z.flushed {
		z.emit(z.window[z.flushed:z.at])
		z.flushed = z.at
	}
}

// put gives an octet.
func (z *inflater) put(c byte) error {
	z.window[z.at] = c
	z.at++
	z.gave++
	z.history = min(z.history+1, windowSize)
	if z.at < windowSize {
		return nil
	}
	z.flush()
	z.at, z.flushed = 0, 0
	if z.gave > bombFloor && z.gave > z.took/8*bombRatio {
		return errBomb
	}
	return nil
}

// fill reads octets until n bits are there, and reports whether they are.
func (z *inflater) fill(n uint) bool {
	if z.n < n && len(z.in)-z.pos >= 8 {
		// Bits beyond those that count are the right ones too.
		z.bits |= binary.LittleEndian.Uint64(z.in[z.pos:]) << z.n
		z.pos += int(63-z.n) >> 3
		z.n |= 56
		return true
	}
	for z.n < n {
		if z.pos == len(z.in) {
			return false
		}
		z.bits |= uint64(z.in[z.pos]) << z.n
		z.pos++
		z.n += 8
	}
	return true
}

func (z *inflater) drop(n uint) {
	z.bits >>= n
	z.n -= n
	z.took += int64(n)
}

// take reads a number of n bits.
func (z *inflater) take(n uint) (int, error) {
	if !z.fill(n) {
		return 0, errShort
	}
	v := int(z.bits & (1<<n - 1))
	z.drop(n)
	return v, nil
}

// header reads the header of a block (RFC 1951, section 3.2.3).
func (z *inflater) header() error {
	h, err := z.take(3)
	if err != nil {
		return err
	}
	last := h&1 == 1
	switch h >> 1 {
	case 0:
		z.drop(z.n & 7)
		var size, inverse int
		if size, err = z.take(16); err != nil {
			return err
		}
		if inverse, err = z.take(16); err != nil {
			return err
		}
		if size^0xffff != inverse {
			return errDeflate
		}
		z.last, z.left, z.state = last, size, (*inflater).stored
	case 1:
		z.last, z.lit, z.dist, z.state = last, fixedLit(), fixedDist(), (*inflater).symbol
	case 2:
		if err := z.codes(); err != nil {
			return err
		}
		z.last, z.state = last, (*inflater).symbol
	default:
		return errDeflate
	}
	return nil
}

// endBlock goes on behind a block.
func (z *inflater) endBlock() {
	if z.last {
		z.drop(z.n & 7)
	}
	z.lit, z.dist, z.state = nil, nil, (*inflater).header
}

// stored copies a block that is not compressed.
func (z *inflater) stored() error {
	for z.left > 0 {
		c, err := z.take(8)
		if err != nil {
			return err
		}
		z.left--
		if err := z.put(byte(c)); err != nil {
			return err
		}
		z.mark = z.cursor
	}
	z.endBlock()
	return nil
}

// Lengths and distances of RFC 1951, section 3.2.5.
var (
	lengthBase  = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint8{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distBase    = [30]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distExtra   = [30]uint8{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// symbol reads literals, and a length with its distance.
func (z *inflater) symbol() error {
	sym, err := z.decode(z.lit)
	for err == nil && sym < 256 {
		if err = z.put(byte(sym)); err != nil {
			return err
		}
		z.mark = z.cursor
		sym, err = z.decode(z.lit)
	}
	switch {
	case err != nil:
		return err
	case sym == 256:
		z.endBlock()
		return nil
	case sym-257 >= len(lengthBase):
		return errDeflate
	}
	extra, err := z.take(uint(lengthExtra[sym-257]))
	if err != nil {
		return err
	}
	length := int(lengthBase[sym-257]) + extra
	if sym, err = z.decode(z.dist); err != nil {
		return err
	}
	if sym >= len(distBase) {
		return errDeflate
	}
	if extra, err = z.take(uint(distExtra[sym])); err != nil {
		return err
	}
	back := int(distBase[sym]) + extra
	if back > z.history {
		return errDeflate
	}
	z.faulty = z.faulty || back > z.maxDist
	for range length {
		// The octets before the first of the window stand at its end.
		if err := z.put(z.window[(z.at-back)&(windowSize-1)]); err != nil {
			return err
		}
	}
	return nil
}

// codeOrder is the order of the lengths of code lengths (RFC 1951, section 3.2.7).
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// codes reads the Huffman codes of a block.
func (z *inflater) codes() error {
	h, err := z.take(14)
	if err != nil {
		return err
	}
	lits, dists, n := h&31+257, h>>5&31+1, h>>10+4
	if lits > 286 || dists > 30 {
		return errDeflate
	}
	var lengths [286 + 30]uint8
	for _, at := range codeOrder[:n] {
		v, err := z.take(3)
		if err != nil {
			return err
		}
		lengths[at] = uint8(v)
	}
	var meta huffman
	if !meta.build(lengths[:19]) {
		return errDeflate
	}
	clear(lengths[:])
	for i := 0; i < lits+dists; {
		sym, err := z.decode(&meta)
		if err != nil {
			return err
		}
		if sym < 16 {
			lengths[i] = uint8(sym)
			i++
			continue
		}
		repeat, bits, least := uint8(0), uint(2), 3
		switch sym {
		case 16:
			if i == 0 {
				return errDeflate
			}
			repeat = lengths[i-1]
		case 17:
			bits = 3
		case 18:
			bits, least = 7, 11
		}
		more, err := z.take(bits)
		if err != nil {
			return err
		}
		if i+least+more > lits+dists {
			return errDeflate
		}
		for range least + more {
			lengths[i] = repeat
			i++
		}
	}
	lit, dist := new(huffman), new(huffman)
	if !lit.build(lengths[:lits]) || !dist.build(lengths[lits:lits+dists]) {
		return errDeflate
	}
	z.lit, z.dist = lit, dist
	return nil
}

// decode reads a symbol.
func (z *inflater) decode(h *huffman) (int, error) {
	z.fill(maxCode) // as many as there are
	if e := h.quick[z.bits&(1<<quickBits-1)]; e != 0 && uint(e&15) <= z.n {
		z.drop(uint(e & 15))
		return int(e >> 4), nil
	}
	code, first, index := 0, 0, 0
	for n := 1; n <= maxCode; n++ {
		if uint(n) > z.n {
			return 0, errShort
		}
		code |= int(z.bits >> (n - 1) & 1)
		count := int(h.count[n])
		if code-first < count {
			z.drop(uint(n))
			return int(h.symbols[index+code-first]), nil
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0, errDeflate
}
