package http2

import "fmt"

// A Coding says how HPACK represents a field (RFC 7541, section 6).
type Coding uint8

// The codings. They stand in JSON as they print.
const (
	CodingIndexed     Coding = 1 + iota // section 6.1: name and value by an index
	CodingIncremental                   // section 6.2.1: a literal that is added to the dynamic table
	CodingWithout                       // section 6.2.2: a literal that is not
	CodingNever                         // section 6.2.3: a literal that nobody on the way may add
)

var codingNames = [...]string{CodingIndexed: "indexed", CodingIncremental: "incremental", CodingWithout: "without", CodingNever: "never"}

// String returns "indexed", "incremental", "without" or "never".
func (c Coding) String() string {
	if c > 0 && int(c) < len(codingNames) {
		return codingNames[c]
	}
	return fmt.Sprintf("Coding(%d)", uint8(c))
}

// A Field is a field of a header block, and how it was coded.
type Field struct {
	Name, Value []byte
	Coding      Coding
	// Index is the entry that the field or, of a literal, its name was taken
	// from: 1 to 61 of the static table, 62 and up of the dynamic one as it stood
	// then; 0 for a name that is a literal.
	Index        int
	NameHuffman  bool // the name is a literal in Huffman code
	ValueHuffman bool // the value is a literal in Huffman code
	Octets       int  // of the representation
	// Unknown says that Name, or Name and Value, could not be found out: the
	// table is lost, or the representation is broken.
	Unknown bool

	at int // offset in the fragment that completed it; negative if it began in another
}

// Dynamic reports whether Index is of the dynamic table.
func (f *Field) Dynamic() bool { return f.Index > staticLen }

// size is what the field counts towards the size of a field list (RFC 9113,
// section 6.5.2).
func (f *Field) size() int64 { return Entry{f.Name, f.Value}.size() }

// A Block is what HPACK makes of the fragment of one frame.
type Block struct {
	Fields  []Field // that the fragment completed, up to Limits.Head octets of a list
	Updates []int64 // sizes that the dynamic table was told to have, in order
	Evicted int     // entries that left the dynamic table
	Table   Table   // the dynamic table behind it
	Pending int     // octets behind the last field, of one that is not complete
	Cut     bool    // fields of the header block are left out: its list is beyond the limit
	Broken  bool    // the octets behind the last field cannot be read
}

// An hpackDecoder reads the header blocks of one direction.
type hpackDecoder struct {
	table   Table
	allowed int64 // the largest table that the other side lets there be
	shrink  int64 // a table that has to become as small as this at the next block; -1 for none
	limit   int   // octets of a string, and of the list of a block
	rest    []byte
	list    int64 // octets in the fields of the block in hand
	fields  int   // how many, and size updates do not count
	cut     bool  // the list is beyond the limit, and that was said
	broken  bool  // the block in hand cannot be read on
	note    func(at int, text, rule string)
	block   *Block
}

// DefaultTable is the size of the dynamic table that needs no leave, in octets (RFC
// 9113, section 6.5.2).
const DefaultTable = 4096

// maxTable bounds the dynamic table that is followed, whatever a side allows.
const maxTable = 1 << 20 // 1 MiB

func newDecoder(limit int) *hpackDecoder {
	return &hpackDecoder{table: Table{Max: DefaultTable}, allowed: DefaultTable, shrink: -1, limit: limit}
}

// write reads the next fragment of a block; end says that the block ends with it.
// The note's offset is one of the fragment, its rule a section with its RFC.
func (d *hpackDecoder) write(fragment []byte, end bool, note func(at int, text, rule string)) *Block {
	d.note, d.block = note, new(Block)
	b := fragment
	before := len(d.rest) // octets of b that were in fragments before
	if before > 0 && !d.broken {
		d.rest = append(d.rest, fragment...)
		b = d.rest
	}
	at := -before
	for len(b) > 0 && !d.broken {
		n := d.representation(b, at)
		if n == 0 {
			break
		}
		b, at = b[n:], at+n
	}
	if d.broken {
		b = nil
	}
	if end && len(b) > 0 {
		d.fail(at, "the header block ends within a field", "RFC 9113 4.3")
		b = nil
	}
	d.block.Pending = len(b)
	// Where the fragments before were used up, and only then, b may move to the
	// front: else its octets are there already.
	if before == 0 || len(b) < len(d.rest) {
		d.rest = append(d.rest[:0], b...)
	}
	if end {
		d.endBlock()
	}
	block := d.block
	block.Table = d.table.snapshot()
	d.note, d.block = nil, nil
	return block
}

func (d *hpackDecoder) endBlock() {
	if cap(d.rest) > DefaultTable {
		d.rest = nil
	}
	d.rest, d.list, d.fields, d.cut, d.broken = d.rest[:0], 0, 0, false, false
}

// unfinished reports whether the last fragment ended within a field.
func (d *hpackDecoder) unfinished() bool { return len(d.rest) > 0 }

// miss says that octets of a block are missing, or will not come: what the
// table holds is not known any more.
func (d *hpackDecoder) miss() {
	d.table.lose()
	d.broken = true
}

// fail says that the block in hand cannot be read on.
func (d *hpackDecoder) fail(at int, text, rule string) {
	d.note(max(at, 0), text+"; of the dynamic table nothing is known behind it", rule)
	d.block.Broken = true
	d.miss()
}

// representation reads one at the start of b and returns its octets; 0 where it
// is not complete, or broken.
func (d *hpackDecoder) representation(b []byte, at int) int {
	f := Field{at: at}
	prefix := 0
	switch c := b[0]; {
	case c&0x80 != 0:
		f.Coding, prefix = CodingIndexed, 7
	case c&0xc0 == 0x40:
		f.Coding, prefix = CodingIncremental, 6
	case c&0xe0 == 0x20:
		prefix = 5 // a size update
	case c&0xf0 == 0x10:
		f.Coding, prefix = CodingNever, 4
	default:
		f.Coding, prefix = CodingWithout, 4
	}
	index, n, ok := readInt(b, prefix)
	switch {
	case !ok:
		d.fail(at, "an integer of HPACK is beyond all bounds", "RFC 7541 5.1")
		return 0
	case n == 0:
		return 0
	case f.Coding == 0:
		d.update(at, int64(index))
		return n
	}
	if d.fields == 0 {
		d.begin(at)
	}
	// Whether all of it came is known before anything is decoded, so that octets
	// that come one by one are looked at once.
	var name, value literal
	if f.Coding != CodingIndexed {
		if index == 0 {
			if n, ok = d.literal(&name, b, n, at); !ok {
				return 0
			}
		}
		if n, ok = d.literal(&value, b, n, at); !ok {
			return 0
		}
	}
	d.fields++
	f.Octets = n
	d.take(f, index, name, value)
	return n
}

// begin notes what is to stand before the first field of a block. RFC 7541,
// section 4.2: a table that the other side made smaller is told so there.
func (d *hpackDecoder) begin(at int) {
	if d.shrink >= 0 && d.table.Max > d.shrink {
		d.note(max(at, 0), fmt.Sprintf("no size update, although the dynamic table of %d octets may have %d", d.table.Max, d.shrink), "RFC 7541 4.2")
	}
	d.shrink = -1
}

// update takes a size update.
func (d *hpackDecoder) update(at int, size int64) {
	switch {
	case d.fields > 0:
		d.note(max(at, 0), fmt.Sprintf("the size of the dynamic table, %d, is set behind a field", size), "RFC 7541 4.2")
	case size > d.allowed:
		d.note(max(at, 0), fmt.Sprintf("the size of the dynamic table is set to %d, above the limit of %d", size, d.allowed), "RFC 7541 6.3")
	}
	if len(d.block.Updates) < maxUpdates {
		d.block.Updates = append(d.block.Updates, size)
	}
	if size > maxTable {
		d.note(max(at, 0), fmt.Sprintf("a dynamic table of %d octets is followed up to %d", size, maxTable), "")
		size = maxTable
	}
	if size <= d.shrink {
		d.shrink = -1
	}
	d.block.Evicted += d.table.resize(size)
}

// maxUpdates bounds the size updates that a Block lists. One block needs two.
const maxUpdates = 16

// take makes a field of a representation that is complete.
func (d *hpackDecoder) take(f Field, index uint64, name, value literal) {
	where := max(f.at, 0)
	f.Index = int(min(index, 1<<31-1))
	lost := false // what is added to the table is not known
	if index > 0 || f.Coding == CodingIndexed {
		e, ok := d.table.at(index)
		switch {
		case ok:
			f.Name, f.Value = e.Name, e.Value
		case index == 0:
			d.note(where, "index 0, which no field has", "RFC 7541 6.1")
			f.Unknown = true
		case d.table.Unknown:
			f.Unknown = true
		default:
			d.note(where, fmt.Sprintf("index %d, where the tables end at %d", index, staticLen+len(d.table.Entries)), "RFC 7541 2.3.3")
			f.Unknown = true
		}
		lost = f.Unknown
	} else {
		f.Name, f.NameHuffman = name.decode(), name.huffman
		if name.huffman && f.Name == nil && len(name.octets) > 0 {
			d.note(where, "the Huffman code of a name is broken", "RFC 7541 5.2")
			f.Unknown, lost = true, true
		}
	}
	if f.Coding != CodingIndexed {
		f.Value, f.ValueHuffman = value.decode(), value.huffman
		if value.huffman && f.Value == nil && len(value.octets) > 0 {
			d.note(where, "the Huffman code of a value is broken", "RFC 7541 5.2")
			f.Unknown, lost = true, true
		}
	}
	if f.Coding == CodingIncremental {
		if lost {
			d.table.lose()
		} else {
			d.block.Evicted += d.table.add(Entry{f.Name, f.Value})
		}
	}
	if d.list += f.size(); d.list > int64(d.limit) {
		if !d.cut {
			d.note(where, fmt.Sprintf("a field list of more than %d octets: its other fields are not kept", d.limit), "")
			d.cut = true
		}
		d.block.Cut = true
		return
	}
	d.block.Fields = append(d.block.Fields, f)
}
