package view

import (
	"fmt"
	"strings"

	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// fields appends the rows of the fields that a frame completed, with how each was
// coded where details are asked for.
func (p *Printer) fields(m *proto.Message, b *http2.Block, mk mark) {
	for _, size := range b.Updates {
		if p.s.Frames {
			p.rows(m.Conn, mk, "  (the dynamic table may have "+octets(size)+")")
		}
	}
	for i := range b.Fields {
		f := &b.Fields[i]
		row := append([]byte("  "), fieldLine(f)...)
		if p.s.Frames {
			row = append(row, "  ("+fieldCoding(f)+")"...)
		}
		p.line(m.Conn, mk, row)
	}
	if p.s.Frames && b.Evicted > 0 {
		p.rows(m.Conn, mk, "  ("+entries(b.Evicted)+" left the dynamic table)")
	}
}

// fieldLine returns a field as "name: value", with "?" for what is not known.
func fieldLine(f *http2.Field) []byte {
	name, value := f.Name, f.Value
	if f.Unknown && name == nil {
		name = []byte("?")
	}
	if f.Unknown && value == nil {
		value = []byte("?")
	}
	line := make([]byte, 0, len(name)+len(value)+2)
	return append(append(append(line, name...), ": "...), value...)
}

// fieldCoding says how a field was coded: "indexed 2", "incremental, name 58, value
// in Huffman code, 9 B".
func fieldCoding(f *http2.Field) string {
	table := "static"
	if f.Dynamic() {
		table = "dynamic"
	}
	if f.Coding == http2.CodingIndexed {
		return fmt.Sprintf("indexed %d, %s, %s", f.Index, table, octets(int64(f.Octets)))
	}
	parts := []string{f.Coding.String()}
	if f.Index > 0 {
		parts = append(parts, fmt.Sprintf("name %d %s", f.Index, table))
	}
	switch {
	case f.NameHuffman && f.ValueHuffman:
		parts = append(parts, "both in Huffman code")
	case f.NameHuffman:
		parts = append(parts, "name in Huffman code")
	case f.ValueHuffman:
		parts = append(parts, "value in Huffman code")
	}
	return strings.Join(append(parts, octets(int64(f.Octets))), ", ")
}

// HeaderTable writes HPACK's dynamic table of a direction, the newest entry, whose
// index is 62, first.
func (p *Printer) HeaderTable(title string, t *http2.Table) {
	p.begin()
	defer p.mu.Unlock()
	text := fmt.Sprintf("%s: %s, %s of %s", title, entries(len(t.Entries)), octets(t.Size), octets(t.Max))
	if t.Unknown {
		text += "; older entries are not known"
	}
	p.rows(0, markInfo, text)
	for i, e := range t.Newest() {
		p.line(0, markNone, fmt.Appendf(nil, "  %3d  %s: %s", 62+i, e.Name, e.Value))
	}
	p.flush()
}

// entries writes a count of a table's entries.
func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return count(int64(n)) + " entries"
}

// block appends what HPACK made of a frame's fragment.
func (j *object) block(b *http2.Block) {
	j.array("fields")
	for i := range b.Fields {
		f := &b.Fields[i]
		j.open("")
		j.bytes("name", f.Name)
		j.bytes("value", f.Value)
		j.string("coding", f.Coding.String())
		if f.Index > 0 {
			j.int("index", int64(f.Index))
			j.bool("dynamic", f.Dynamic())
		}
		if f.Coding != http2.CodingIndexed {
			j.bool("name_huffman", f.NameHuffman)
			j.bool("value_huffman", f.ValueHuffman)
		}
		if f.Unknown {
			j.bool("unknown", true)
		}
		j.int("octets", int64(f.Octets))
		j.shut()
	}
	j.end()
	if len(b.Updates) > 0 {
		j.array("table_updates")
		for _, size := range b.Updates {
			j.int("", size)
		}
		j.end()
	}
	j.open("table")
	j.int("size", b.Table.Size)
	j.int("max", b.Table.Max)
	j.int("entries", int64(len(b.Table.Entries)))
	j.int("evicted", int64(b.Evicted))
	j.shut()
}
