package match

import (
	"sort"

	"wiretape/tape"
	"wiretape/wire/proto"
)

// A Message is one of a conversation with the octets that it was.
type Message struct {
	proto.Message
	Raw   []byte      // the octets of Span, exactly
	Spans []tape.Span // where Raw is a sample; From and To index Raw
	from  *stream     // the tape's stream; nil of what came live
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

// A stream is one direction of a recorded connection.
type stream struct {
	name  string // of the tape
	data  []byte
	marks []mark
	spans []tape.Span // From and To index data
}

// A mark says that the octets from off on stand on a line, until the next.
type mark struct {
	off   int64 // of this direction
	line  int
	order int // of the event, over both directions
}

func (s *stream) mark(off int64) mark {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].off > off })
	if i == 0 {
		return mark{}
	}
	return s.marks[i-1]
}

func (s *stream) line(off int64) int { return s.mark(off).line }

// message gives a parsed message its octets.
func (s *stream) message(m proto.Message) *Message {
	n := int64(len(s.data))
	from, to := min(max(0, m.Span.From), n), min(max(0, m.Span.To), n)
	t := text{b: s.data, spans: s.spans}.sub(int(from), int(max(from, to)))
	return &Message{Message: m, Raw: t.b, Spans: t.spans, from: s}
}
