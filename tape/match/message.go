package match

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"sort"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// A Message is one of a conversation with the octets that it was. Of a long one Raw
// has no more than the head, and Body no data.
type Message struct {
	proto.Message
	Raw   []byte       // the octets of Span, exactly
	Spans []tape.Span  // where Raw is a sample; From and To index Raw
	from  *stream      // the tape's stream; nil of what came live
	body  []proto.Span // where the body stands, where Body need not have it
	long  bool
	live  *Check // of the body that came, where it was compared as it came
}

// Line returns the line of the tape on which the octet at an offset of the
// stream stands, 0 for a message that is from no tape.
func (m *Message) Line(offset int64) int {
	if m.from == nil {
		return 0
	}
	return m.from.line(offset)
}

// text returns the octets from one offset of the stream to another.
func (m *Message) text(s proto.Span) text {
	base := m.Span.From
	return text{b: m.Raw, spans: m.Spans, off: base}.sub(int(s.From-base), int(s.To-base))
}

// Live makes a Message of one that came, whose octets are raw.
func Live(m proto.Message, raw []byte) *Message { return &Message{Message: m, Raw: raw} }

// A stream is one direction of a recorded connection. Of a short tape it holds all
// octets; of another those that no message had yet, and where the others stand.
type stream struct {
	name  string // of the tape
	conn  int
	dir   wire.Dir
	src   io.ReaderAt  // of which r has read; nil where all is held
	r     *tape.Reader //
	data  []byte
	room  []byte // in which data stands
	base  int64  // offset of data
	marks []mark
	even  bool        // the last record has one line end, its last octet
	thin  int         // of marks, how many are not to be looked through again
	spans []tape.Span // From and To are offsets
	heads []mark      // exactly where frames of HTTP/2 begin that begin messages
}

// A mark says that the octets from off on stand on a line, until the next mark. With
// lines, those after each of so many line ends stand on the next line; with more, it
// is to be read on the tape.
type mark struct {
	off   int64 // of this direction
	seen  int64 // octets of the other direction that came before
	line  int
	lines int
	order int // of the event, over both directions
	more  bool
	place tape.Place
}

// size returns the number of octets so far.
func (s *stream) size() int64 { return s.base + int64(len(s.data)) }

// add adds the octets of a record, which belongs to the event of an order, before
// which seen octets came of the other direction.
func (s *stream) add(rec tape.Record, order int, seen int64) {
	off := s.size()
	if !s.goesOn(rec, order) {
		s.marks = append(s.marks, mark{off: off, seen: seen, line: rec.Line, order: order, place: s.r.Place()})
	}
	data := rec.Event.Data
	s.even = bytes.IndexByte(data, '\n') == len(data)-1 && len(data) > 0
	for _, span := range rec.Spans {
		span.From, span.To = span.From+int(off), span.To+int(off)
		s.spans = append(s.spans, span)
	}
	s.hold(data)
	if s.src != nil && len(s.marks)-s.thin > maxMarks {
		s.thinOut(len(s.marks) - maxMarks/2)
	}
}

// hold adds octets to those that are held. Messages of a short tape stand in them, so
// that what was grown out of is in memory for as long: it is no more than they are.
func (s *stream) hold(data []byte) {
	if len(s.data)+len(data) > cap(s.data) {
		if s.src != nil && len(s.data)+len(data) <= cap(s.room)/2 {
			s.data = append(s.room[:0], s.data...)
		} else {
			s.data = slices.Grow(s.data, max(len(s.data), len(data)))
			s.room = s.data
		}
	}
	s.data = append(s.data, data...)
}

// goesOn adds a record to the last mark, where its line can be told by the line ends
// before it: most stand so.
func (s *stream) goesOn(rec tape.Record, order int) bool {
	if !s.even || len(s.marks) == 0 {
		return false
	}
	last := &s.marks[len(s.marks)-1]
	if last.more || last.order != order || last.line+last.lines+1 != rec.Line || s.size()-last.off > maxEven {
		return false
	}
	last.lines++
	return true
}

const (
	maxEven    = 4 << 10 // octets of one mark in which line ends are counted
	maxHeld    = 4 << 10 // octets of a message, or of a body, that are held whatever the tape's size
	maxPending = 1 << 20 // octets that are held of a message in progress
	maxMarks   = 4 << 10 // marks of a message in progress
	markEvery  = 1 << 20 // octets between the marks that stay
)

// done says that messages have all octets before an offset.
func (s *stream) done(to int64) {
	if s.src == nil || to <= s.base {
		return
	}
	s.data = s.data[min(int64(len(s.data)), to-s.base):]
	s.base = to
	n := sort.Search(len(s.spans), func(i int) bool { return int64(s.spans[i].To) > to })
	s.spans = s.spans[n:]
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].off >= to })
	if to < s.size() && (i == len(s.marks) || s.marks[i].off > to) {
		i-- // the next message begins within what it tells of
	}
	s.thinOut(i)
}

// frame says that a frame of HTTP/2 came, which ends no message by itself.
func (s *stream) frame(m *proto.Message) {
	if s.src == nil || m.Derived {
		return
	}
	if f, ok := m.Value.(*http2.Frame); ok && (f.Type == http2.FrameHeaders || f.Type == http2.FramePushPromise) {
		head := s.first(m.Span.From)
		head.off = m.Span.From
		s.heads = append(s.heads, head)
	}
	s.done(m.Span.From) // the message that it ends, if it does, is still to come
}

// first returns the mark of the octet with which a message begins, its line its own.
func (s *stream) first(off int64) mark {
	i, ok := slices.BinarySearchFunc(s.heads, off, func(m mark, off int64) int { return cmp.Compare(m.off, off) })
	if ok {
		return s.heads[i]
	}
	m := *s.mark(off)
	m.line = s.line(off)
	return m
}

// thinOut forgets marks before the n-th that are of one message and close to another.
func (s *stream) thinOut(n int) {
	if n <= s.thin {
		return
	}
	kept := s.marks[:s.thin+1] // the first has the message's beginning
	for _, m := range s.marks[s.thin+1 : n] {
		if last := &kept[len(kept)-1]; m.off-last.off < markEvery {
			last.more = true
		} else {
			kept = append(kept, m)
		}
	}
	s.thin = len(kept)
	s.marks = append(kept, s.marks[n:]...)
}

// trim forgets the octets of a message in progress where it is long.
func (s *stream) trim() {
	if s.src != nil && len(s.data) > maxPending {
		s.base, s.data = s.size(), s.data[:0]
	}
}

func (s *stream) mark(off int64) *mark {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].off > off })
	if i == 0 {
		return &mark{}
	}
	return &s.marks[i-1]
}

// line returns the line on which an octet stands. Where that cannot be read any
// more it is the one from which on it was to be.
func (s *stream) line(off int64) int {
	m := s.mark(off)
	if !m.more && (m.lines == 0 || off == m.off) {
		return m.line
	}
	if from, to := m.off-s.base, min(off, s.size())-s.base; !m.more && from >= 0 && from <= to {
		return m.line + min(m.lines, bytes.Count(s.data[from:to], []byte("\n")))
	}
	r := s.open(proto.Span{From: off, To: off + 1})
	if _, err := r.Read(make([]byte, 1)); err != nil {
		return m.line
	}
	return r.line
}

// message gives a parsed message its octets, or says that it is long.
func (s *stream) message(m proto.Message, b *body) (*Message, error) {
	n := s.size()
	from, to := min(max(0, m.Span.From), n), min(max(0, m.Span.To), n)
	to = max(from, to)
	if s.src == nil {
		t := text{b: s.data, spans: s.spans}.sub(int(from), int(to))
		return &Message{Message: m, Raw: t.b, Spans: t.spans, from: s}, nil
	}
	out := &Message{Message: m, from: s}
	for _, span := range s.spans {
		if int64(span.From) >= from && int64(span.To) <= to && !m.Derived {
			span.From, span.To = span.From-int(from), span.To-int(from)
			out.Spans = append(out.Spans, span)
		}
	}
	if b != nil {
		if out.body = b.spans; b.size == int64(len(b.first)) {
			out.body, out.Body = nil, proto.Body{Data: b.first, Size: b.size}
		}
	}
	// Where spans stand in the body it is compared as a whole.
	plain := !slices.ContainsFunc(out.Spans, func(span tape.Span) bool { return span.To > len(m.Head) })
	http := m.Kind == proto.KindRequest || m.Kind == proto.KindResponse
	switch {
	case !plain:
	case m.Kind == proto.KindRaw && to-from > maxHeld:
		out.long, out.Leaves = true, nil
		out.Body = proto.Body{Size: to - from, Cut: true}
	case http && b != nil && b.size > maxHeld:
		out.long, out.Leaves, out.Raw = true, nil, m.Head
	}
	if !out.long {
		return out, out.fill(from, to)
	}
	return out, nil
}

// fill gives a message of a long tape its octets and its body.
func (m *Message) fill(from, to int64) error {
	s := m.from
	switch {
	case m.Derived:
	case from >= s.base:
		m.Raw = bytes.Clone(s.data[from-s.base : to-s.base])
	default:
		m.Raw = make([]byte, to-from)
		if _, err := io.ReadFull(s.open(proto.Span{From: from, To: to}), m.Raw); err != nil {
			return err
		}
	}
	if len(m.body) == 0 {
		return nil
	}
	n := min(m.Body.Size, maxBody)
	m.Body.Data, m.Body.Cut = make([]byte, n), n < m.Body.Size
	_, err := io.ReadFull(s.open(m.body...), m.Body.Data)
	return err
}
