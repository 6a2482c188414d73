package resp

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A building is the value in progress of a side. Its octets are gone from the
// buffer as they are read, so that a value of any size takes bounded memory.
type building struct {
	open   bool
	from   int64
	begun  time.Duration
	head   []byte // the first octets, up to Limits.Head, or up to the body
	body   bool   // the Message has a body, which head does not go over
	leaves []proto.Leaf
	notes  []proto.Note
	values int // that are kept
	kept   int // octets of them

	stack []level // the aggregates that are not complete
	attrs *Value  // the attribute before the outermost value

	// A bulk string in progress: its octets, then the end of its line.
	inBulk, inTail     bool
	bulk               *Value
	bulkSize, bulkLeft int64
}

// A level is an aggregate, or a streamed string, that is not complete.
type level struct {
	v      *Value
	left   int64 // values that are still due; -1 for up to the end mark
	attrs  *Value
	parts  bool // its values are parts of a string
	before int64
}

// read reads as far as the octets of a side go.
func (p *Parser) read(s *side) {
	for s.Buf.Len() > 0 {
		switch {
		case s.inBulk:
			p.bulkOctets(s)
		case s.inTail:
			if !p.bulkTail(s) {
				return
			}
		case s.raw:
			p.rawLine(s, nil)
		default:
			offset := s.Buf.Offset()
			line, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
			switch {
			case ok:
				p.line(s, line, eol)
			case long:
				why := fmt.Sprintf("line longer than %d octets", p.core.Limits.Line)
				p.cut(s, "a "+why)
				p.rawLine(s, &proto.Note{Offset: offset, Text: why})
			default:
				return
			}
		}
	}
}

// line takes a whole line, the held octets of a side.
func (p *Parser) line(s *side, line []byte, eol proto.EOL) {
	offset := s.Buf.Start()
	if !s.open && s.Dir == wire.ClientToServer && (len(line) == 0 || line[0] != '*') {
		if len(line) > 0 && (line[0] < ' ' || line[0] >= 0x7f) {
			p.core.Raw(s.Stream, 0, &proto.Note{Offset: offset, Text: "line does not begin with a command", Rule: "RESP, inline commands"})
			return
		}
		p.inline(s, line, eol)
		return
	}
	if len(line) == 0 || !begins(line[0], s) {
		text := "line does not begin with a type"
		if s.open {
			text = "line within a value does not begin with a type"
		}
		p.cut(s, "octets that are no value")
		p.core.Raw(s.Stream, 0, &proto.Note{Offset: offset, Text: text, Rule: "RESP, protocol description"})
		return
	}
	p.begin(s)
	if eol == proto.EOLLF {
		p.note(s, offset+int64(len(line)), "line ends in bare LF", "RESP, protocol description")
	}
	p.element(s, Type(line[0]), line[1:], offset+1)
}

// begins reports whether a value, or what ends a streamed one, begins with c.
func begins(c byte, s *side) bool {
	top := s.top()
	switch {
	case top != nil && top.parts:
		return c == ';'
	case c == '.':
		return top != nil && top.left < 0
	}
	_, ok := typeNames[Type(c)]
	return ok
}

func (b *building) top() *level {
	if len(b.stack) == 0 {
		return nil
	}
	return &b.stack[len(b.stack)-1]
}

// begin opens a value unless one is open.
func (p *Parser) begin(s *side) {
	if !s.open {
		s.building = building{open: true, from: s.Buf.Start(), begun: s.First, stack: s.stack[:0]}
	}
}

func (p *Parser) note(s *side, offset int64, text, rule string) {
	s.notes = proto.AddNote(s.notes, proto.Note{Offset: offset, Text: text, Rule: rule})
}

// took counts the held octets to the value in progress as a tile, and forgets
// them.
func (p *Parser) took(s *side, tile proto.LeafName) {
	held := s.Buf.Held()
	if room := p.core.Limits.Head - len(s.head); !s.body && room > 0 {
		s.head = append(s.head, held[:min(room, len(held))]...)
	}
	from := s.Buf.Start()
	s.Buf.Release()
	to := s.Buf.Start()
	s.First = p.core.Now
	switch n := len(s.leaves); {
	case from == to:
	case n > 0 && s.leaves[n-1].Name == tile && tile == proto.LeafBulk && s.inBulk && s.bulkLeft+(to-from) != s.bulkSize:
		s.leaves[n-1].To = to // another part of the same string
	case n == maxLeaves:
		s.leaves[n-1].To, s.leaves[n-1].Name = to, proto.LeafMore
	default:
		s.leaves = append(s.leaves, proto.Leaf{Span: proto.Span{From: from, To: to}, Name: tile})
	}
}

// element takes the line of a value whose type and end are taken off.
func (p *Parser) element(s *side, t Type, text []byte, offset int64) {
	switch {
	case t == '.':
		if len(text) > 0 {
			p.note(s, offset, "the end mark of a stream has octets behind it", "RESP3, streamed aggregates")
		}
		p.took(s, proto.LeafEnd)
		p.pop(s, "end mark")
	case t == ';':
		p.part(s, text, offset)
	case t.bulk():
		p.bulkLength(s, t, text, offset)
	case t.aggregate():
		p.aggregate(s, t, text, offset)
	default:
		v := p.value(s, t)
		p.keep(s, v, text)
		p.checkScalar(s, t, text, offset)
		p.took(s, proto.LeafValueLine)
		p.done(s, v, "line end")
	}
}

// value returns a new value, counted to what is kept.
func (p *Parser) value(s *side, t Type) *Value {
	s.values++
	return &Value{Type: t}
}

// keep appends octets to a value.
func (p *Parser) keep(s *side, v *Value, b []byte) {
	v.Size += int64(len(b))
	b = b[:min(len(b), max(0, p.core.Limits.Body-s.kept))]
	s.kept += len(b)
	v.Text = append(v.Text, b...)
}

// done takes a complete value: it is the Message, or one of the aggregate that
// is in progress, which it may complete.
func (p *Parser) done(s *side, v *Value, why string) {
	for {
		l := s.top()
		if l == nil {
			if v.Type == Attribute && s.Dir == wire.ServerToClient {
				s.attrs = v // of the value that follows
				return
			}
			v.Attrs, s.attrs = s.attrs, nil
			p.finish(s, v, why)
			return
		}
		if v.Type == Attribute {
			l.attrs = v
			return
		}
		v.Attrs, l.attrs = l.attrs, nil
		if s.values > maxValues {
			l.v.Omitted++
		} else {
			l.v.Elems = append(l.v.Elems, v)
		}
		if l.left < 0 {
			return
		}
		if l.left--; l.left > 0 {
			return
		}
		v, why = l.v, counted(l.v.Type, l.before)
		s.stack = s.stack[:len(s.stack)-1]
	}
}

// counted says why an aggregate is complete.
func counted(t Type, n int64) string {
	switch {
	case t == Map || t == Attribute:
		n /= 2
		if n == 1 {
			return t.String() + " of 1 pair"
		}
		return fmt.Sprintf("%s of %d pairs", t, n)
	case n == 1:
		return t.String() + " of 1 element"
	}
	return fmt.Sprintf("%s of %d elements", t, n)
}

// pop ends the innermost aggregate, a streamed one.
func (p *Parser) pop(s *side, why string) {
	l := s.stack[len(s.stack)-1]
	s.stack = s.stack[:len(s.stack)-1]
	if n := int64(len(l.v.Elems)) + l.v.Omitted; l.v.Type == Map && n%2 != 0 {
		p.note(s, s.Buf.Start(), "a streamed map ends behind a key", "RESP3, streamed aggregates")
	}
	p.done(s, l.v, why)
}

// push opens an aggregate, whose line is held. It reports whether there is room;
// where there is none, all that is in progress is given up.
func (p *Parser) push(s *side, v *Value, left int64, parts bool) bool {
	if len(s.stack) == maxDepth {
		p.hopeless(s, s.Buf.Start(), fmt.Sprintf("values more than %d deep", maxDepth), "RESP, nested arrays")
		return false
	}
	s.stack = append(s.stack, level{v: v, left: left, before: left, parts: parts})
	return true
}

// aggregate takes the line of an array, a map and the like.
func (p *Parser) aggregate(s *side, t Type, text []byte, offset int64) {
	rule := "RESP, " + t.String() + "s"
	if t == Push && len(s.stack) > 0 {
		p.note(s, offset-1, "a push within a value", "RESP3, push type")
	}
	if string(text) == "?" && t != Push && t != Attribute {
		v := p.value(s, t)
		v.Stream = true
		if p.push(s, v, -1, false) {
			p.took(s, proto.LeafValueLine)
		}
		return
	}
	n, ok := p.length(s, text, offset, rule)
	if !ok {
		p.hopeless(s, offset, fmt.Sprintf("%s whose length %.40q is no number", t, text), rule)
		return
	}
	v := p.value(s, t)
	if n < 0 {
		if t != Array {
			p.note(s, offset, "null "+t.String(), rule)
		}
		v.Nil = true
		n = 0
	}
	if t == Map || t == Attribute {
		n *= 2
	}
	if n == 0 {
		p.took(s, proto.LeafValueLine)
		why := counted(t, 0)
		if v.Nil {
			why = "null"
		}
		p.done(s, v, why)
		return
	}
	if p.push(s, v, n, false) {
		p.took(s, proto.LeafValueLine)
	}
}

// hopeless gives up the value in progress at the held line, which becomes raw.
func (p *Parser) hopeless(s *side, offset int64, text, rule string) {
	p.cut(s, text)
	p.core.Raw(s.Stream, 0, &proto.Note{Offset: offset, Text: text, Rule: rule})
}

// maxLength is the largest length that is followed: 2^60.
const maxLength = 1 << 60

// length reads the length of a bulk string or an aggregate. It is -1 for null.
func (p *Parser) length(s *side, text []byte, offset int64, rule string) (n int64, ok bool) {
	n, err := strconv.ParseInt(string(text), 10, 64)
	switch {
	case err != nil, n > maxLength:
		return 0, false
	case n < -1:
		p.note(s, offset, fmt.Sprintf("length %d: below 0 only -1 means something", n), rule)
		n = -1
	case string(text) != strconv.FormatInt(n, 10):
		p.note(s, offset, fmt.Sprintf("length %q is not in its shortest form", text), rule)
	}
	return n, true
}

// bulkLength takes the line before a bulk string.
func (p *Parser) bulkLength(s *side, t Type, text []byte, offset int64) {
	rule := "RESP, " + t.String() + "s"
	if string(text) == "?" && t == BulkString {
		v := p.value(s, t)
		v.Stream = true
		outermost := len(s.stack) == 0
		if p.push(s, v, -1, true) {
			p.took(s, proto.LeafValueLine)
			s.body = outermost
		}
		return
	}
	n, ok := p.length(s, text, offset, rule)
	if !ok {
		p.hopeless(s, offset, fmt.Sprintf("%s whose length %.40q is no number", t, text), rule)
		return
	}
	// The specification's limit, which servers have too (proto-max-bulk-len).
	if n > 512<<20 {
		p.note(s, offset, fmt.Sprintf("%s of %d octets: the limit is 512 MiB", t, n), rule)
	}
	v := p.value(s, t)
	if n < 0 {
		v.Nil = true
		if t != BulkString {
			p.note(s, offset, "null "+t.String(), rule)
		}
		p.took(s, proto.LeafValueLine)
		p.done(s, v, "null")
		return
	}
	p.took(s, proto.LeafValueLine)
	if len(s.stack) == 0 {
		s.body = true
	}
	p.beginBulk(s, v, n)
}

func (p *Parser) beginBulk(s *side, v *Value, n int64) {
	s.bulk, s.bulkSize, s.bulkLeft = v, n, n
	s.inBulk, s.inTail = n > 0, n == 0
	if s.inTail && p.unended(s) {
		p.endBulk(s)
	}
}

// part takes the line before a part of a streamed string.
func (p *Parser) part(s *side, text []byte, offset int64) {
	n, ok := p.length(s, text, offset, "RESP3, streamed strings")
	if !ok || n < 0 {
		p.hopeless(s, offset, fmt.Sprintf("part of a streamed string whose length %.40q is no number", text), "RESP3, streamed strings")
		return
	}
	p.took(s, proto.LeafPartLength)
	if n == 0 {
		p.pop(s, "part of 0 octets")
		return
	}
	p.beginBulk(s, s.top().v, n)
}

// bulkOctets takes octets of a bulk string.
func (p *Parser) bulkOctets(s *side) {
	b := s.Buf.Next(int(min(s.bulkLeft, int64(s.Buf.Len()))))
	p.keep(s, s.bulk, b)
	s.bulkLeft -= int64(len(b))
	p.took(s, proto.LeafBulk)
	if s.bulkLeft > 0 {
		return
	}
	s.inBulk, s.inTail = false, true
	if p.unended(s) {
		p.endBulk(s)
	}
}

// bulkTail takes the line end behind a bulk string, and reports whether enough of
// it has come.
func (p *Parser) bulkTail(s *side) bool {
	b := s.Buf.Peek()
	const rule = "RESP, bulk strings"
	switch {
	case b[0] == '\n':
		p.note(s, s.Buf.Offset(), "bulk string is followed by bare LF", rule)
		s.Buf.Next(1)
	case len(b) < 2:
		return false
	default:
		if b[0] != '\r' || b[1] != '\n' {
			p.note(s, s.Buf.Offset(), fmt.Sprintf("bulk string is followed by %q, not by CRLF", b[:2]), rule)
		}
		s.Buf.Next(2)
	}
	p.took(s, proto.LeafLineEnd)
	p.endBulk(s)
	return true
}

// endBulk takes a bulk string that is complete.
func (p *Parser) endBulk(s *side) {
	v, size := s.bulk, s.bulkSize
	s.bulk, s.inTail = nil, false
	if l := s.top(); l != nil && l.parts {
		return // more parts may follow
	}
	if v.Type == Verbatim && v.Size >= 4 && len(v.Text) >= 4 && v.Text[3] != ':' || v.Type == Verbatim && v.Size < 4 {
		p.note(s, s.Buf.Start(), "verbatim string does not begin with three letters and a colon", "RESP3, verbatim strings")
	}
	p.done(s, v, fmt.Sprintf("length %d reached", size))
}

// checkScalar notes what is wrong with a value of one line.
func (p *Parser) checkScalar(s *side, t Type, text []byte, offset int64) {
	rule := "RESP, " + t.String() + "s"
	ok := true
	switch t {
	case SimpleString, SimpleError:
		if i := bytes.IndexByte(text, '\r'); i >= 0 {
			p.note(s, offset+int64(i), "CR within a "+t.String(), rule)
		}
		return
	case Integer:
		n, err := strconv.ParseInt(string(text), 10, 64)
		ok = err == nil
		if ok && string(text) != strconv.FormatInt(n, 10) && string(text) != "+"+strconv.FormatInt(n, 10) {
			p.note(s, offset, fmt.Sprintf("integer %.40q is not in its shortest form", text), rule)
		}
	case Null:
		ok = len(text) == 0
	case Boolean:
		ok = string(text) == "t" || string(text) == "f"
	case Double:
		ok = isDouble(text)
	case BigNumber:
		digits := bytes.TrimLeft(text[:min(1, len(text))], "+-")
		digits = append(digits[:len(digits):len(digits)], text[min(1, len(text)):]...)
		ok = len(digits) > 0 && len(bytes.Trim(digits, "0123456789")) == 0
	}
	if !ok {
		p.note(s, offset, fmt.Sprintf("%.40q is no %s", text, t), rule)
	}
}

// isDouble reports whether text is a number as RESP3 writes them.
func isDouble(text []byte) bool {
	switch string(bytes.ToLower(text)) {
	case "inf", "-inf", "nan", "+inf", "-nan":
		return true
	}
	if len(text) == 0 || len(bytes.Trim(text, "0123456789+-.eE")) > 0 {
		return false
	}
	_, err := strconv.ParseFloat(string(text), 64)
	return err == nil || bytes.ContainsAny(text, "eE") && err.(*strconv.NumError).Err == strconv.ErrRange
}
