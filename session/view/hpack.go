package view

import (
	"golang.org/x/net/http2/hpack"

	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// Bounds of what is decoded of header blocks, in octets.
const (
	maxField = 64 << 10 // one name or value
	maxTable = 1 << 20  // dynamic table, whatever a peer allows
	// defaultTable is the dynamic table that needs no leave (RFC 9113, section
	// 6.5.2).
	defaultTable = 4096
	maxBlock     = 256 << 10 // all names and values of a block; the rest is not shown
)

// A headerBlocks decodes the header blocks of one direction, for the screen
// alone. HPACK has a state (RFC 7541, section 2.2): from the first octet that is
// missed, nothing is decoded any more.
type headerBlocks struct {
	dec    *hpack.Decoder
	table  uint32 // the largest dynamic table that the other side has allowed
	next   int64  // where the next frame begins if none is missed
	lost   bool
	fields []hpack.HeaderField // of the fragment in hand
	size   int                 // octets in the fields of the block in hand
	cut    bool
}

// follow takes the next frame's place and reports whether its fields can be
// decoded.
func (h *headerBlocks) follow(m *proto.Message) bool {
	h.lost = h.lost || m.Span.From != h.next || !m.Complete
	h.next = m.Span.To
	return !h.lost
}

// allow takes the size that the other side lets the dynamic table have. A lower
// one than before is in force once it is acknowledged, which is not waited for.
func (h *headerBlocks) allow(f *http2.Frame) {
	for _, s := range f.Settings {
		if s.ID == http2.SettingHeaderTableSize && s.Value > max(h.table, defaultTable) {
			h.table = min(s.Value, maxTable)
			h.decoder().SetAllowedMaxDynamicTableSize(h.table)
		}
	}
}

func (h *headerBlocks) decoder() *hpack.Decoder {
	if h.dec == nil {
		h.dec = hpack.NewDecoder(defaultTable, func(f hpack.HeaderField) {
			h.size += len(f.Name) + len(f.Value)
			if h.size > maxBlock {
				h.cut = true
				return
			}
			h.fields = append(h.fields, f)
		})
		h.dec.SetMaxStringLength(maxField)
	}
	return h.dec
}

// decode returns the fields that a fragment completes. The slice is valid until
// the next call.
func (h *headerBlocks) decode(f *http2.Frame) ([]hpack.HeaderField, error) {
	h.fields = h.fields[:0]
	_, err := h.decoder().Write(f.Fragment)
	if err == nil && f.Flags.Has(http2.FlagEndHeaders) {
		err = h.decoder().Close()
		h.size = 0
	}
	h.lost = h.lost || err != nil
	return h.fields, err
}

// headers appends the fields that a frame carries, a row each.
func (p *Printer) headers(m *proto.Message, h *headerBlocks, f *http2.Frame, mk mark) {
	fields, err := h.decode(f)
	for _, field := range fields {
		p.line(m.Conn, mk, []byte("  "+field.Name+": "+field.Value))
	}
	if h.cut {
		h.cut = false
		p.rows(m.Conn, markWarn, "header block longer than "+octets(maxBlock)+": its other fields are not shown")
	}
	if err != nil {
		p.rows(m.Conn, markWarn, "header block cannot be decoded, nor those after it: "+err.Error()+" (RFC 9113 4.3)")
	}
}
