package view

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// AppendOctets appends the octets b of a Message as they went by: as a dump whose
// offsets are those of the stream, or as text with escapes, line by line. It is
// ASCII. What b lacks of the Message's span is told.
func AppendOctets(dst []byte, m *proto.Message, b []byte, dump bool) []byte {
	dst = fmt.Appendf(dst, "%s, %d octets from offset %d\n", m.Dir, m.Span.Len(), m.Span.From)
	if dump {
		var out bytes.Buffer
		Hex(&out, b, m.Span.From) // a Buffer takes everything
		dst = append(dst, out.Bytes()...)
	} else {
		for line := range bytes.Lines(b) {
			q := strconv.QuoteToASCII(string(line))
			dst = append(append(dst, strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)...), '\n')
		}
	}
	if left := m.Span.Len() - int64(len(b)); left > 0 {
		dst = fmt.Appendf(dst, "... %s more, not kept\n", about(left))
	}
	return dst
}

// A Recall holds the octets of a recording's streams until the Messages that they
// make up have come. The zero value is ready.
type Recall struct {
	Limit int // octets kept of each Message, from its first; 0 is 1 MiB
	conns map[int]*[2]recalled
}

// recalled are octets of one direction: the first behind the last Message, and
// where those are as many as are kept, the last that came, with which another
// Message may begin.
type recalled struct {
	from int64 // offset of the first octet of buf
	buf  []byte
	end  int64 // offset behind the last octet that came
	last []byte
}

// Event takes an event, ahead of the parser that makes Messages of it.
func (r *Recall) Event(e wire.Event) {
	if e.Kind != wire.KindData && e.Kind != wire.KindGap {
		return
	}
	if r.conns == nil {
		r.conns = make(map[int]*[2]recalled)
	}
	c := r.conns[e.Conn]
	if c == nil {
		c = new([2]recalled)
		r.conns[e.Conn] = c
	}
	s := &c[proto.Side(e.Dir)]
	switch {
	case e.Kind == wire.KindGap:
		// Offsets count what is missing, and nothing stands in its place.
		s.end += e.Size
		s.last = s.last[:0]
		return
	case s.from+int64(len(s.buf)) == s.end && len(s.buf) <= r.limit():
		s.buf, s.last = append(s.buf, e.Data...), s.last[:0]
	default:
		s.last = append(s.last[:0], e.Data...)
	}
	s.end += int64(len(e.Data))
}

// Take returns the octets of a Message, which is one of those that the last event
// completed, up to the limit, and forgets what stands before its end. It returns
// nil for a Message that is Derived: others have its octets.
func (r *Recall) Take(m *proto.Message) []byte {
	c := r.conns[m.Conn]
	if c == nil || m.Derived {
		return nil
	}
	s := &c[proto.Side(m.Dir)]
	from := s.behind(m.Span.From)
	out := bytes.Clone(from[:min(int64(len(from)), m.Span.Len(), int64(r.limit()))])
	if n := m.Span.To - s.from; n >= 0 {
		if n <= int64(len(s.buf)) {
			s.buf = s.buf[n:]
		} else {
			s.buf = bytes.Clone(s.behind(m.Span.To))
		}
		s.from = m.Span.To
	}
	return out
}

// behind returns what is held from an offset on.
func (s *recalled) behind(offset int64) []byte {
	if n := offset - s.from; n >= 0 && n < int64(len(s.buf)) {
		return s.buf[n:]
	}
	if n := offset - (s.end - int64(len(s.last))); n >= 0 && n < int64(len(s.last)) {
		return s.last[n:]
	}
	return nil
}

func (r *Recall) limit() int {
	if r.Limit > 0 {
		return r.Limit
	}
	return 1 << 20
}
