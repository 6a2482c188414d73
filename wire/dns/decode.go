package dns

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"wiretape/wire/proto"
)

// headerLen is the length of a message's header (RFC 1035, section 4.1.1).
const headerLen = 12

// A decoder reads one message.
type decoder struct {
	b      []byte
	notes  []proto.Note
	base   int64 // offset of b in the stream
	bad    int   // notes that say that something is malformed
	leaves []proto.Leaf
	at     int // behind the last leaf
	mdns   bool
}

// note adds a Note about the octet at an index.
func (d *decoder) note(at int, text, rule string) {
	d.bad++
	d.notes = proto.AddNote(d.notes, proto.Note{Offset: d.base + int64(min(at, len(d.b))), Text: text, Rule: rule})
}

// leaf ends a tile at an index.
func (d *decoder) leaf(to int, tile proto.LeafName) {
	if to > d.at {
		d.leaves = append(d.leaves, proto.Leaf{Span: proto.Span{From: d.base + int64(d.at), To: d.base + int64(to)}, Name: tile})
		d.at = to
	}
}

// sections are the names of the tiles of records, in order.
var sections = [...]proto.LeafName{proto.LeafAnswer, proto.LeafAuthority, proto.LeafAdditional}

// message reads a message, nil where there is no header.
func (d *decoder) message() *Message {
	if len(d.b) < headerLen {
		return nil
	}
	word := func(i int) uint16 { return binary.BigEndian.Uint16(d.b[i:]) }
	flags := word(2)
	m := &Message{
		ID: word(0), Response: flags&0x8000 != 0, Opcode: Opcode(flags >> 11 & 15), RCode: RCode(flags & 15),
		Flags: Flags(flags) & (AA | TC | RD | RA | Z | AD | CD),
	}
	for i := range m.Counts {
		m.Counts[i] = int(word(4 + 2*i))
	}
	if m.Flags&Z != 0 {
		d.note(3, "the reserved bit of the header is set", "RFC 1035 4.1.1")
	}
	d.leaf(headerLen, proto.LeafHeader)
	at := headerLen
	for range m.Counts[0] {
		q, next := d.question(at)
		if next < 0 {
			d.cut(m, proto.LeafQuestion)
			return m
		}
		m.Question = append(m.Question, q)
		d.leaf(next, proto.LeafQuestion)
		at = next
	}
	for i, records := range []*[]Record{&m.Answers, &m.Authority, &m.Additional} {
		for range m.Counts[1+i] {
			r, next := d.record(at)
			if next < 0 {
				d.cut(m, sections[i])
				return m
			}
			d.leaf(next, sections[i])
			if r.Type == TypeOPT {
				d.opt(m, &r, at, i)
			} else {
				*records = append(*records, r)
			}
			at = next
		}
	}
	if at < len(d.b) {
		d.note(at, fmt.Sprintf("%d octets behind the last record", len(d.b)-at), "RFC 1035 4.1")
	}
	d.leaf(len(d.b), proto.LeafRest)
	return m
}

// cut notes that a section ends before what the header counts.
func (d *decoder) cut(m *Message, section proto.LeafName) {
	text := "the message ends within its " + section.String() + " section"
	if m.Flags&TC != 0 {
		text += ", as it is truncated"
	}
	d.note(d.at, fmt.Sprintf("%s: the header counts %d, %d, %d, %d", text, m.Counts[0], m.Counts[1], m.Counts[2], m.Counts[3]), "RFC 1035 4.1.1")
	d.leaf(len(d.b), proto.LeafRest)
}

func (d *decoder) question(at int) (q Question, next int) {
	q.Name, next = d.name(at)
	if next < 0 || next+4 > len(d.b) {
		return q, -1
	}
	q.Type = Type(binary.BigEndian.Uint16(d.b[next:]))
	q.Class = Class(binary.BigEndian.Uint16(d.b[next+2:]))
	if d.mdns && q.Class&0x8000 != 0 {
		q.Class, q.Unicast = q.Class&0x7fff, true
	}
	return q, next + 4
}

func (d *decoder) record(at int) (r Record, next int) {
	r.Name, next = d.name(at)
	if next < 0 || next+10 > len(d.b) {
		return r, -1
	}
	r.Type = Type(binary.BigEndian.Uint16(d.b[next:]))
	r.Class = Class(binary.BigEndian.Uint16(d.b[next+2:]))
	r.TTL = binary.BigEndian.Uint32(d.b[next+4:])
	size := int(binary.BigEndian.Uint16(d.b[next+8:]))
	next += 10
	if next+size > len(d.b) {
		d.note(next-2, fmt.Sprintf("data of %d octets goes over the end of the message", size), "RFC 1035 4.1.3")
		return r, -1
	}
	if d.mdns && r.Type != TypeOPT && r.Class&0x8000 != 0 {
		r.Class, r.Flush = r.Class&0x7fff, true
	}
	r.Raw = bytes.Clone(d.b[next : next+size])
	if r.Type != TypeOPT {
		r.Data = d.data(r.Type, next, next+size)
	}
	return r, next + size
}

// opt takes an OPT record, which stands at an index and in a section.
func (d *decoder) opt(m *Message, r *Record, at, section int) {
	switch {
	case m.EDNS != nil:
		d.note(at, "more than one OPT record", "RFC 6891 6.1.1")
		return
	case r.Name != ".":
		d.note(at, "the OPT record has a name", "RFC 6891 6.1.2")
	case section != 2:
		d.note(at, "the OPT record is not among the additional ones", "RFC 6891 6.1.1")
	}
	e := &EDNS{Size: int(r.Class), Version: int(r.TTL >> 16 & 0xff), DO: r.TTL&0x8000 != 0}
	m.EDNS = e
	m.RCode |= RCode(r.TTL>>24) << 4
	for b := r.Raw; len(b) > 0; {
		if len(b) < 4 || len(b) < 4+int(binary.BigEndian.Uint16(b[2:])) {
			d.note(d.at-len(b), "an option of EDNS goes over the end of its record", "RFC 6891 6.1.2")
			return
		}
		n := 4 + int(binary.BigEndian.Uint16(b[2:]))
		e.Options = append(e.Options, Option{binary.BigEndian.Uint16(b), b[4:n:n]})
		b = b[n:]
	}
}

// Decode reads one message, without the length that stands before it in a
// stream. Whole says that nothing is wrong with it; the Message is nil where not
// even its header is there.
func Decode(b []byte) (m *Message, whole bool) {
	d := decoder{b: b}
	m = d.message()
	return m, m != nil && d.bad == 0
}
