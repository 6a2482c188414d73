package h2

import (
	"golang.org/x/net/http2/hpack"
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
			h.literal(0x00, f)
		case formNever:
			h.literal(0x10, f)
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
func (h *Link) literal(first byte, f field) {
	h.buf.WriteByte(first)
	for _, s := range [2]string{f.name, f.value} {
		if n := hpack.HuffmanEncodeLength(s); !f.plain && n < uint64(len(s)) {
			h.buf.Write(hpack.AppendHuffmanString(appendInteger(nil, 0x80, 7, n), s))
			continue
		}
		h.buf.Write(appendInteger(nil, 0, 7, uint64(len(s))))
		h.buf.WriteString(s)
	}
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
