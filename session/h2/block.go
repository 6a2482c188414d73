package h2

import (
	"golang.org/x/net/http2/hpack"

	"wiretape/wire/http2"
)

// A field is a field of a header block, and how it is to be coded.
type field struct {
	name, value string
	form        coding
	plain       bool   // formLiteral, formNever: never in Huffman code
	raw         []byte // formRaw
}

// A coding is a representation of HPACK (RFC 7541, section 6).
type coding uint8

const (
	formAuto    coding = iota // what the encoder finds: an index, or a literal that is indexed
	formLiteral               // a literal, name and value, that is not indexed
	formNever                 // the same, and nobody on the way may index it
	formRaw                   // octets as they are
)

// encode returns the header block of fields. h.blocks is held until its frames
// are written: the other side reads blocks in the order of the stream.
func (h *Link) encode(fields []field) ([]byte, error) {
	h.mu.Lock()
	table := h.table
	h.table = -1
	h.mu.Unlock()
	if table >= 0 {
		h.enc.SetMaxDynamicTableSizeLimit(uint32(table))
	}
	h.buf.Reset()
	for _, f := range fields {
		switch f.form {
		case formRaw:
			h.buf.Write(f.raw)
		case formLiteral:
			h.literal(http2.CodingWithout, f)
		case formNever:
			h.literal(http2.CodingNever, f)
		default:
			if err := h.enc.WriteField(hpack.HeaderField{Name: f.name, Value: f.value}); err != nil {
				return nil, err
			}
		}
	}
	return h.buf.Bytes(), nil
}

// literal writes a field whose name and value are both literals (RFC 7541,
// sections 6.2.2 and 6.2.3). It touches no table.
func (h *Link) literal(coding http2.Coding, f field) {
	huffman := func(s string) bool { return !f.plain && hpack.HuffmanEncodeLength(s) < uint64(len(s)) }
	h.buf.Write(http2.NewRecoder().AppendBlock(nil, nil, []http2.Field{{
		Coding: coding, Name: []byte(f.name), NameHuffman: huffman(f.name), Value: []byte(f.value), ValueHuffman: huffman(f.value),
	}}))
}
