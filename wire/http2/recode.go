package http2

import (
	"bytes"

	"golang.org/x/net/http2/hpack"
)

// A Recoder writes the header blocks of one direction anew after some of them were
// changed: the dynamic table is then another than that which the others were coded
// for. Blocks are given to it in the order of the stream, from the first on. The
// zero value is not ready: use [NewRecoder].
type Recoder struct{ table Table }

// NewRecoder returns a Recoder for a direction from its beginning.
func NewRecoder() *Recoder { return &Recoder{table: Table{Max: DefaultTable}} }

// AppendBlock appends a header block of fields to dst, behind the table's size
// updates (RFC 7541, section 4.2). Each field keeps its coding and the Huffman code
// of its strings; an index is that of its name and value in the tables as they are
// now, and where they are in none, a literal stands for it that is not indexed. A
// block that was not changed, behind blocks that were not, comes out as it was, as
// far as its integers were as short as they can be.
func (r *Recoder) AppendBlock(dst []byte, updates []int64, fields []Field) []byte {
	for _, size := range updates {
		r.table.resize(min(size, maxTable))
		dst = appendInteger(dst, 0x20, 5, uint64(size))
	}
	for i := range fields {
		dst = r.field(dst, &fields[i])
	}
	return dst
}

func (r *Recoder) field(dst []byte, f *Field) []byte {
	coding, nameHuffman, valueHuffman := f.Coding, f.NameHuffman, f.ValueHuffman
	if coding == CodingIndexed {
		if i := r.find(f, true); i > 0 {
			return appendInteger(dst, 0x80, 7, i)
		}
		coding, valueHuffman = CodingWithout, shorter(f.Value)
	}
	first, bits := byte(0x00), uint(4)
	switch coding {
	case CodingIncremental:
		first, bits = 0x40, 6
	case CodingNever:
		first = 0x10
	}
	index := uint64(0)
	if f.Index > 0 {
		if index = r.find(f, false); index == 0 {
			nameHuffman = shorter(f.Name)
		}
	}
	dst = appendInteger(dst, first, bits, index)
	if index == 0 {
		dst = appendString(dst, f.Name, nameHuffman)
	}
	if coding == CodingIncremental {
		r.table.add(Entry{f.Name, f.Value})
	}
	return appendString(dst, f.Value, valueHuffman)
}

// find returns an index of the field, or of its name alone: the one that it has, if
// that is right, else the first; 0 for none.
func (r *Recoder) find(f *Field, value bool) uint64 {
	is := func(i uint64) bool {
		e, ok := r.table.at(i)
		return ok && bytes.Equal(e.Name, f.Name) && (!value || bytes.Equal(e.Value, f.Value))
	}
	if is(uint64(f.Index)) {
		return uint64(f.Index)
	}
	for i := uint64(1); i <= staticLen+uint64(len(r.table.Entries)); i++ {
		if is(i) {
			return i
		}
	}
	return 0
}

// shorter reports whether Huffman code makes a string shorter.
func shorter(s []byte) bool { return hpack.HuffmanEncodeLength(string(s)) < uint64(len(s)) }

// appendString appends a string literal (RFC 7541, section 5.2).
func appendString(dst, s []byte, huffman bool) []byte {
	if huffman {
		dst = appendInteger(dst, 0x80, 7, hpack.HuffmanEncodeLength(string(s)))
		return hpack.AppendHuffmanString(dst, string(s))
	}
	return append(appendInteger(dst, 0, 7, uint64(len(s))), s...)
}

// appendInteger appends an integer with a prefix of so many bits (RFC 7541, section
// 5.1); the bits of first stand before it.
func appendInteger(dst []byte, first byte, bits uint, n uint64) []byte {
	most := uint64(1)<<bits - 1
	if n < most {
		return append(dst, first|byte(n))
	}
	dst = append(dst, first|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}
