package http2

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// read decodes the fragments of a block with d and returns its fields as
// "name: value", and the notes.
func read(d *hpackDecoder, fragments ...string) (fields []Field, notes []string) {
	for i, f := range fragments {
		b := d.write([]byte(f), i == len(fragments)-1, func(_ int, text, rule string) {
			notes = append(notes, text+" ("+rule+")")
		})
		fields = append(fields, b.Fields...)
	}
	return fields, notes
}

func TestStories(t *testing.T) {
	type story struct {
		Story string
		Cases []struct {
			Seqno     int
			TableSize *int64 `json:"header_table_size"`
			Wire      string
			Headers   []map[string]string
		}
	}
	good, rows := 0, 0
	for _, file := range []string{"hpack/go-hpack.jsonl.gz", "hpack/nghttp2-16384-4096.jsonl.gz"} {
		for _, s := range prototest.Rows[story](t, file) {
			rows++
			d := newDecoder(proto.DefaultHead)
			failed := false
			for _, c := range s.Cases {
				if c.TableSize != nil {
					d.allowed = *c.TableSize
				}
				octets, err := hex.DecodeString(c.Wire)
				if err != nil {
					t.Fatal(err)
				}
				fields, notes := read(d, string(octets))
				var got, want []string
				sum := 0
				for _, f := range fields {
					got = append(got, string(f.Name)+": "+string(f.Value))
					sum += f.Octets
				}
				for _, h := range c.Headers {
					for name, value := range h {
						want = append(want, name+": "+value)
					}
				}
				if !slices.Equal(got, want) || notes != nil {
					failed = true
					t.Errorf("%s %d: got %q, notes %q, want %q", s.Story, c.Seqno, got, notes, want)
				}
				if sum > len(octets) || sum < len(octets)-8 {
					t.Errorf("%s %d: the fields have %d of %d octets", s.Story, c.Seqno, sum, len(octets))
				}
			}
			if !failed {
				good++
			}
		}
	}
	t.Logf("marks: hpack stories: %d of %d", good, rows)
}

func TestStaticTableIsThatOfTheOracle(t *testing.T) {
	for i := 1; i <= staticLen; i++ {
		var want hpack.HeaderField
		d := hpack.NewDecoder(0, func(f hpack.HeaderField) { want = f })
		if _, err := d.Write([]byte{0x80 | byte(i)}); err != nil {
			t.Fatal(err)
		}
		if e := staticEntry(i); string(e.Name) != want.Name || string(e.Value) != want.Value {
			t.Errorf("entry %d is %s: %s, want %s: %s", i, e.Name, e.Value, want.Name, want.Value)
		}
	}
}

// TestFieldsSayHowTheyWereCoded has the examples of RFC 7541, appendix C, and one
// of each representation.
func TestFieldsSayHowTheyWereCoded(t *testing.T) {
	d := newDecoder(1000)
	for _, c := range []struct{ block, want string }{
		{"\x82", ":method: GET indexed 2 1"},
		{"\x40\x0acustom-key\x0dcustom-header", "custom-key: custom-header incremental 0 26"},
		{"\xbe", "custom-key: custom-header indexed 62 1"},
		{"\x04\x0c/sample/path", ":path: /sample/path without 4 14"},
		{"\x10\x08password\x06secret", "password: secret never 0 17"},
		{"\x7e\x01x", "custom-key: x incremental 62 3"},
		{"\xbf", "custom-key: custom-header indexed 63 1"},
		{"\x0f\x2f\x01y", "custom-key: y without 62 4"},
		{"\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff", ":authority: www.example.com incremental 1 value-Huffman 14"},
		{"\x00\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x01z", "custom-key: z without 0 name-Huffman 12"},
	} {
		fields, notes := read(d, c.block)
		if len(fields) != 1 || notes != nil {
			t.Errorf("%q: fields %v, notes %q", c.block, fields, notes)
			continue
		}
		f := fields[0]
		got := fmt.Sprintf("%s: %s %s %d ", f.Name, f.Value, f.Coding, f.Index)
		if f.NameHuffman {
			got += "name-Huffman "
		}
		if f.ValueHuffman {
			got += "value-Huffman "
		}
		if got += fmt.Sprint(f.Octets); got != c.want {
			t.Errorf("%q: %s, want %s", c.block, got, c.want)
		}
	}
}

// TestDynamicTable follows evictions, size updates and an entry that is larger than
// the table, and holds what was given of the table before.
func TestDynamicTable(t *testing.T) {
	d := newDecoder(1000)
	entries := func(b *Block) string {
		var all []string
		for _, e := range b.Table.Newest() {
			all = append(all, string(e.Name)+"="+string(e.Value))
		}
		return fmt.Sprintf("%s (%d of %d)", strings.Join(all, " "), b.Table.Size, b.Table.Max)
	}
	var given []*Block
	var said []string
	for _, c := range []struct {
		block   string
		evicted int
		want    string
	}{
		{"\x3f\x49\x40\x01a\x011\x40\x01b\x012", 0, "b=2 a=1 (68 of 104)"}, // 31+73
		{"\x40\x01c\x013", 0, "c=3 b=2 a=1 (102 of 104)"},
		{"\x40\x01d\x014", 1, "d=4 c=3 b=2 (102 of 104)"},
		{"\x3f\x07", 2, "d=4 (34 of 38)"},
		{"\x3f\x49\x40\x01e\x015", 0, "e=5 d=4 (68 of 104)"},
		{"\x40\x01f\x4b" + strings.Repeat("x", 0x4b), 2, " (0 of 104)"},
		{"\x20\x3f\xe1\x1f", 0, " (0 of 4096)"},
	} {
		b := d.write([]byte(c.block), true, func(_ int, text, _ string) { t.Errorf("%q: %s", c.block, text) })
		if got := entries(b); got != c.want || b.Evicted != c.evicted {
			t.Errorf("%q: table %s, %d evicted, want %s, %d", c.block, got, b.Evicted, c.want, c.evicted)
		}
		given, said = append(given, b), append(said, c.want)
	}
	for i, b := range given {
		if got := entries(b); got != said[i] {
			t.Errorf("the table behind block %d has become %s, it was %s", i, got, said[i])
		}
	}
}

func TestBrokenBlocks(t *testing.T) {
	long := "\x7f\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
	for _, c := range []struct{ name, block, fields, note string }{
		{"index 0", "\x80\x82", "?: ? :method: GET", "index 0, which no field has (RFC 7541 6.1)"},
		{"index beyond the tables", "\xbe\x82", "?: ? :method: GET", "index 62, where the tables end at 61 (RFC 7541 2.3.3)"},
		{"name index beyond the tables", "\x7e\x01x\x82", "?: x :method: GET", "index 62, where the tables end at 61 (RFC 7541 2.3.3)"},
		{"size update behind a field", "\x82\x20", ":method: GET", "the size of the dynamic table, 0, is set behind a field (RFC 7541 4.2)"},
		{"size update above the limit", "\x3f\xe2\x1f\x82", ":method: GET", "the size of the dynamic table is set to 4097, above the limit of 4096 (RFC 7541 6.3)"},
		{"padding of Huffman code longer than 7 bits", "\x00\x01a\x82\x1f\xff\x82", "a: ? :method: GET", "the Huffman code of a value is broken (RFC 7541 5.2)"},
		{"zeros as padding of Huffman code", "\x00\x01a\x81\x18\x82", "a: ? :method: GET", "the Huffman code of a value is broken (RFC 7541 5.2)"},
		{"EOS in Huffman code", "\x00\x01a\x84\xff\xff\xff\xff\x82", "a: ? :method: GET", "the Huffman code of a value is broken (RFC 7541 5.2)"},
		{"Huffman code of a name", "\x00\x81\x18\x01b", "?: b", "the Huffman code of a name is broken (RFC 7541 5.2)"},
		{"the end within a field", "\x82\x00\x05ab", ":method: GET", "the header block ends within a field; of the dynamic table nothing is known behind it (RFC 9113 4.3)"},
		{"the end within an integer", "\x82\x7f\x80", ":method: GET", "the header block ends within a field; of the dynamic table nothing is known behind it (RFC 9113 4.3)"},
		{"an endless integer", "\x82" + long, ":method: GET", "an integer of HPACK is beyond all bounds; of the dynamic table nothing is known behind it (RFC 7541 5.1)"},
		{"a string that is too long", "\x82\x00\x7f\xff\xff\x03", ":method: GET", "a string of more than 1000 octets; of the dynamic table nothing is known behind it (RFC 7541 5.2)"},
	} {
		fields, notes := read(newDecoder(1000), c.block)
		var got []string
		for _, f := range fields {
			name, value := string(f.Name), string(f.Value)
			if f.Name == nil {
				name = "?"
			}
			if f.Value == nil {
				value = "?"
			}
			got = append(got, name+": "+value)
			if f.Unknown != (name == "?" || value == "?") {
				t.Errorf("%s: %s: Unknown is %t", c.name, name, f.Unknown)
			}
		}
		if s := strings.Join(got, " "); s != c.fields || len(notes) != 1 || notes[0] != c.note {
			t.Errorf("%s: fields %q, notes %q, want %q, %q", c.name, s, notes, c.fields, c.note)
		}
	}
}

// TestBehindALossWhatIsAddedIsKnown holds that the decoder goes on: indices of
// entries that were added since are right, those of older ones are unknown and no
// fault.
func TestBehindALossWhatIsAddedIsKnown(t *testing.T) {
	d := newDecoder(1000)
	read(d, "\x40\x01a\x011")
	d.miss()
	d.endBlock()
	fields, notes := read(d, "\xbe\x40\x01b\x012\xbe\xbf\x88")
	var got []string
	for _, f := range fields {
		got = append(got, fmt.Sprintf("%s=%s %t", f.Name, f.Value, f.Unknown))
	}
	if want := []string{"= true", "b=2 false", "b=2 false", "= true", ":status=200 false"}; !slices.Equal(got, want) || notes != nil {
		t.Errorf("fields %q, notes %q, want %q", got, notes, want)
	}
	// An emptied table is known again.
	if _, notes = read(d, "\x20\x3f\xe1\x1f\xbe"); len(notes) != 1 {
		t.Errorf("an index into a table that was emptied: notes %q, want one", notes)
	}
}

func TestAListBeyondTheLimitIsCutAndTheTableGoesOn(t *testing.T) {
	d := newDecoder(100)
	b := d.write([]byte("\x40\x01a\x40"+strings.Repeat("x", 64)+strings.Repeat("\xbe", 1000)+"\x40\x01b\x01y"), true, func(int, string, string) {})
	if len(b.Fields) != 1 || !b.Cut || len(b.Table.Entries) != 2 {
		t.Errorf("%d fields, Cut %t, %d entries, want 1, true, 2", len(b.Fields), b.Cut, len(b.Table.Entries))
	}
}

func TestASmallerTableWantsASizeUpdate(t *testing.T) {
	talk := func(block string) []proto.Message {
		p := New(proto.Limits{})
		var all []proto.Message
		for _, e := range prototest.Talk("> "+Preface+string(AppendSettings(nil, Setting{SettingHeaderTableSize, 100}))+frame(FrameHeaders, 5, 1, get),
			serverHello+frame(FrameHeaders, 5, 1, block)) {
			all = append(all, p.Feed(e)...)
		}
		return all
	}
	notes := func(ms []proto.Message) (texts []string) {
		for _, m := range ms {
			for _, n := range m.Notes {
				texts = append(texts, n.Text)
			}
		}
		return texts
	}
	if got := notes(talk("\x88")); len(got) != 1 || !strings.Contains(got[0], "no size update") {
		t.Errorf("without a size update: notes %q", got)
	}
	if got := notes(talk("\x3f\x45\x88")); got != nil {
		t.Errorf("with a size update: notes %q", got)
	}
}

// differential compares the decoder with x/net's on blocks, cut at random; x/net ends at
// the first fault, and so does the comparison.
func differential(t *testing.T, blocks [][]byte, r *rand.Rand) {
	t.Helper()
	d := newDecoder(1 << 20)
	var want []hpack.HeaderField
	oracle := hpack.NewDecoder(DefaultTable, func(f hpack.HeaderField) { want = append(want, f) })
	for _, block := range blocks {
		want = want[:0]
		_, err := oracle.Write(block)
		if err == nil {
			err = oracle.Close()
		}
		var parts []string
		for rest := block; ; {
			n := len(rest)
			if r != nil && n > 0 {
				n = r.IntN(n) + 1
			}
			parts = append(parts, string(rest[:n]))
			if rest = rest[n:]; len(rest) == 0 {
				break
			}
		}
		fields, notes := read(d, parts...)
		// x/net takes a size update behind a field while the table is empty, and
		// not with it.
		if err == nil {
			notes = slices.DeleteFunc(notes, func(n string) bool { return strings.Contains(n, "is set behind a field") })
		}
		// Nor does it take the second of two in front of the fields, which RFC
		// 7541, section 4.2, allows for.
		if err != nil && strings.Contains(err.Error(), "size update MUST occur at the beginning") {
			return
		}
		if (err != nil) != (len(notes) > 0) {
			t.Fatalf("block %x: notes %q, the oracle says %v", block, notes, err)
		}
		for i, f := range want {
			if i >= len(fields) {
				t.Fatalf("block %x: %d fields, the oracle has %d", block, len(fields), len(want))
			}
			g := fields[i]
			if string(g.Name) != f.Name || string(g.Value) != f.Value || (g.Coding == CodingNever) != f.Sensitive {
				t.Fatalf("block %x: field %d is %s: %s (%s), the oracle has %v", block, i, g.Name, g.Value, g.Coding, f)
			}
		}
		if err != nil {
			return
		}
		if len(fields) != len(want) {
			t.Fatalf("block %x: %d fields, the oracle has %d", block, len(fields), len(want))
		}
	}
}

func TestRandomBlocksAgreeWithTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	names := []string{":status", ":path", "cookie", "x-a", "x-b", "content-type", ""}
	for range 300 {
		var buf bytes.Buffer
		enc := hpack.NewEncoder(&buf)
		var blocks [][]byte
		for range 1 + r.IntN(20) {
			buf.Reset()
			if r.IntN(5) == 0 {
				enc.SetMaxDynamicTableSize(uint32(r.IntN(DefaultTable)))
			}
			for range r.IntN(10) {
				enc.WriteField(hpack.HeaderField{Name: names[r.IntN(len(names))], Value: strings.Repeat("v", r.IntN(300)), Sensitive: r.IntN(5) == 0})
			}
			block := bytes.Clone(buf.Bytes())
			// Some are damaged.
			if r.IntN(4) == 0 && len(block) > 0 {
				block[r.IntN(len(block))] ^= byte(1 << r.IntN(8))
			}
			blocks = append(blocks, block)
		}
		differential(t, blocks, r)
	}
}

func FuzzHPACK(f *testing.F) {
	f.Add([]byte("\x82\x84\x87\x41\x09localhost"), uint16(5))
	f.Add([]byte("\x40\x01a\x011\xbe\x20\x3f\xe1\x1f"), uint16(7))
	f.Add([]byte("\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff\x10\x00\x00"), uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, at uint16) {
		if len(data) > 1<<14 {
			return
		}
		// Two blocks, so that the table of the first is used.
		cut := int(at) % (len(data) + 1)
		differential(t, [][]byte{data[:cut], data[cut:]}, nil)
		differential(t, [][]byte{data[:cut], data[cut:]}, rand.New(rand.NewPCG(uint64(at), 1)))
	})
}
