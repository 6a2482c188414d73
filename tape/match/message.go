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
	base  int64 // offset of data
	marks []mark
	thin  int         // of marks, how many are not to be looked through again
	spans []tape.Span // From and To are offsets
	heads []mark      // exactly where frames of HTTP/2 begin that begin messages
}

// A mark says that the octets from off on stand on a line, until the next, or with
// more on that and those after it.
type mark struct {
	off   int64 // of this direction
	seen  int64 // octets of the other direction that came before
	line  int
	order int // of the event, over both directions
	more  bool
	place tape.Place
}

// size returns the number of octets so far.
func (s *stream) size() int64 { return s.base + int64(len(s.data)) }

// add adds the octets of a record, of which m tells.
func (s *stream) add(rec tape.Record, m mark) {
	m.off = s.size()
	s.marks = append(s.marks, m)
	for _, span := range rec.Spans {
		span.From, span.To = span.From+int(m.off), span.To+int(m.off)
		s.spans = append(s.spans, span)
	}
	s.data = append(s.data, rec.Event.Data...)
	if s.src != nil && len(s.marks)-s.thin > maxMarks {
		s.thinOut(len(s.marks) - maxMarks/2)
	}
}

const (
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
	if !m.more {
		return m.line
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
