package redact

import (
	"bytes"
	"slices"

	"golang.org/x/net/http2/hpack"
)

// blockState says what the next octet of a header block is.
type blockState uint8

const (
	atRepresentation blockState = iota
	inNumber                    // an index or a size
	atLength                    // of a string
	inLength
	inString
	broken // what follows in the block cannot be read: it is overwritten
)

// A representation is how a field stands in a header block (RFC 7541, section
// 6).
type representation uint8

const (
	indexed representation = iota
	indexing
	sizeUpdate
	literal
)

// A block reads the header blocks of one direction, octet by octet. It keeps
// what the names of fields are to us and overwrites secret values in place:
// strings and table entries keep their sizes, so that every reader of what comes
// out has the same fields at the same indexes.
type block struct {
	table table
	lost  bool // the table's entries are not known
	state blockState
	rep   representation

	num    uint64 // as far as it is read
	shift  uint
	inName bool
	coded  bool // by Huffman
	left   uint64
	walk   walk
	length int // of the string so far, decoded

	kind    fieldKind
	name    []byte // its beginning, as far as it matters
	nameLen int

	// The value in progress, if it is to be masked.
	collecting bool
	from       int    // where what is held of it begins
	at         []int  // the octets of it that are held
	cut        bool   // a part of it was masked
	value      stream // as which it is masked
	plain      []byte // of a coded value that is not secret by its name: what it says, up to maxHeld
}

// maxNumber bounds the integers of HPACK that are read.
const maxNumber = 1 << 31

// lose forgets what the table has.
func (v *block) lose() {
	v.lost, v.inName, v.collecting = true, false, false
	v.table.resize(0)
	v.table.resize(defaultTable)
}

// fail gives up the rest of the block, from b[i] on.
func (v *block) fail(r *results, b []byte, i int) {
	if v.collecting {
		v.bluntly(r, b, i)
	}
	v.lose()
	v.state = broken
}

// octet reads the octet of the block at index i of b.
func (v *block) octet(r *results, b []byte, i int) {
	c := b[i]
	ok := true
	switch v.state {
	case atRepresentation:
		mask := byte(0x0f)
		switch {
		case c&0x80 != 0:
			v.rep, mask = indexed, 0x7f
		case c&0x40 != 0:
			v.rep, mask = indexing, 0x3f
		case c&0x20 != 0:
			v.rep, mask = sizeUpdate, 0x1f
		default:
			v.rep = literal
		}
		v.num, v.shift = uint64(c&mask), 0
		if v.state = inNumber; c&mask != mask {
			ok = v.number()
		}
	case atLength:
		v.coded = c&0x80 != 0
		v.num, v.shift = uint64(c&0x7f), 0
		if v.state = inLength; c&0x7f != 0x7f {
			ok = v.begin(r, b, i+1)
		}
	case inNumber, inLength:
		// RFC 7541, section 5.1.
		v.num += uint64(c&0x7f) << v.shift
		v.shift += 7
		switch {
		case v.num > maxNumber || v.shift > 35:
			ok = false
		case c&0x80 != 0:
		case v.state == inNumber:
			ok = v.number()
		default:
			ok = v.begin(r, b, i+1)
		}
	case inString:
		v.left--
		if v.collecting {
			v.at = append(v.at, i)
		}
		if v.coded {
			ok = v.walk.step(c, v.symbol)
		} else {
			v.symbol(c)
		}
		if ok && v.left == 0 {
			ok = v.end(r, b)
		}
	case broken:
		r.blot(i, i+1)
	}
	if !ok {
		v.fail(r, b, i+1)
	}
}

// number takes an index or a size.
func (v *block) number() bool {
	v.state = atLength
	switch {
	case v.rep == sizeUpdate:
		// An encoder says so itself when it follows SETTINGS_HEADER_TABLE_SIZE
		// (RFC 7541, section 4.2): the settings need not be read.
		v.state = atRepresentation
		return v.table.resize(int(v.num))
	case v.rep == indexed:
		v.state = atRepresentation
		_, ok := v.table.at(int(v.num))
		return ok || v.lost
	case v.num == 0:
		v.inName, v.name = true, v.name[:0]
		return true
	}
	e, ok := v.table.at(int(v.num))
	if v.kind, v.nameLen = e.kind, e.name; !ok {
		v.kind = lostField
	}
	return ok || v.lost
}

// begin takes the length of a string, which begins at b[i].
func (v *block) begin(r *results, b []byte, i int) bool {
	v.state, v.left, v.length, v.walk = inString, v.num, 0, walk{}
	if !v.inName && v.left >= minValue && v.kind == plainField || !v.inName && v.left > 0 && v.kind != plainField {
		v.collecting, v.from, v.at, v.cut = true, i, v.at[:0], false
		v.value, v.plain = stream{field: v.kind}, v.plain[:0]
	}
	return v.left > 0 || v.end(r, b)
}

// symbol takes an octet of a string, decoded.
func (v *block) symbol(c byte) {
	v.length++
	if v.inName && len(v.name) <= maxSecretName {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20 // no peer may send it, but it is no less secret
		}
		v.name = append(v.name, c)
	}
	if v.coded && v.collecting && v.kind == plainField && len(v.plain) < maxHeld {
		v.plain = append(v.plain, c)
	}
}

// end takes the end of a string.
func (v *block) end(r *results, b []byte) bool {
	if v.coded && !v.walk.padded() {
		return false
	}
	if v.inName {
		v.state, v.inName = atLength, false
		v.kind, v.nameLen = kindOf(v.name), v.length
		return true
	}
	if v.collecting {
		v.mask(r, b, true)
		v.collecting = false
	}
	v.state = atRepresentation
	if v.rep == indexing {
		v.table.add(entry{v.kind, v.nameLen, v.nameLen + v.length + 32})
	}
	return true
}

// mask overwrites what was collected of a value. Ends says that its end is.
func (v *block) mask(r *results, b []byte, ends bool) {
	if len(v.at) == 0 {
		return
	}
	text := make([]byte, len(v.at))
	for k, i := range v.at {
		text[k] = b[i]
	}
	if !v.coded {
		for _, m := range v.marks(r, text, ends) {
			r.marks = append(r.marks, v.spread(m))
		}
		return
	}
	all := mark{from: v.at[0], to: v.at[len(v.at)-1] + 1}
	if ends && !v.cut {
		decoded, err := hpack.HuffmanDecodeToString(text)
		masked := []byte(decoded)
		for _, m := range v.marks(r, masked, true) {
			fill(masked[m.from:m.to])
			m.value = []byte(decoded[m.from:m.to])
			m.from, m.to = all.from, all.to
			r.marks = append(r.marks, m)
		}
		if text = hpack.AppendHuffmanString(text[:0], string(masked)); err == nil && len(text) == len(v.at) {
			for k, c := range text {
				r.overwrite(v.at[k], c, "")
			}
			return
		}
	}
	if v.kind == plainField && len(r.within(&seeker{}, v.plain)) == 0 {
		return
	}
	for _, i := range v.at {
		r.blot(i, i+1)
	}
}

// spread returns a mark of the octets collected as one of what is looked at.
func (v *block) spread(m mark) mark {
	at := v.at[m.from:m.to]
	m.bare, m.from, m.to = true, at[0], at[len(at)-1]+1
	if m.to-m.from > len(at) {
		m.at = slices.Clone(at)
	}
	return m
}

// marks returns the secrets in a value, or a piece of it.
func (v *block) marks(r *results, text []byte, ends bool) []mark {
	var marks []mark
	if v.kind == plainField {
		marks = slices.Clone(r.within(&v.value.seek, text))
	} else {
		v.value.mask(text, 0, ends, &marks)
	}
	if !v.coded {
		return marks // given values are found without us
	}
	for _, n := range r.needles {
		for i := 0; ; i += len(n.b) {
			j := bytes.Index(text[i:], n.b)
			if j < 0 {
				break
			}
			i += j
			marks = append(marks, mark{from: i, to: i + len(n.b), base: n.id, enc: n.enc, given: n.own})
		}
	}
	return marks
}

// bluntly overwrites what was collected of a value that is not whole: it goes on at
// b[i].
func (v *block) bluntly(r *results, b []byte, i int) {
	if len(v.at) > 0 {
		v.mask(r, b, false)
		v.cut = true
	}
	v.at, v.from = v.at[:0], i
}

// drop takes n octets for gone that were decided.
func (v *block) drop(n int) {
	if !v.collecting {
		return
	}
	v.from -= n
	for k := range v.at {
		v.at[k] -= n
	}
}
