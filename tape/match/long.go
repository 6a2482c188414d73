package match

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"wiretape/tape"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// longTape is the size from which on a tape is read again for its long messages.
const longTape = 8 << 20

// again returns what a long tape can be read from again, nil for what is shorter than
// long or cannot.
func again(src io.Reader, long int64) io.ReaderAt {
	f, ok := src.(interface {
		io.ReaderAt
		io.Seeker
	})
	if !ok {
		return nil
	}
	if st, ok := src.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := st.Stat(); err != nil || !info.Mode().IsRegular() {
			return nil
		}
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil || at != 0 {
		return nil
	}
	size, err := f.Seek(0, io.SeekEnd)
	if _, serr := f.Seek(0, io.SeekStart); err != nil || serr != nil || size < long {
		return nil
	}
	return f
}

// A body is where the body of a message stands.
type body struct {
	stream uint32 // of HTTP/2
	spans  []proto.Span
	size   int64
	first  []byte // its first octets, up to maxHeld
}

// body follows the body of a message.
func (l *loader) body(like *proto.Message) http1.Tap {
	c := l.convs[like.Conn]
	if c == nil {
		return nil
	}
	b := &body{stream: like.Stream}
	side := proto.Side(like.Dir)
	c.bodies[side] = append(c.bodies[side], b)
	return b
}

// bodyOf returns where the body of a message stands that is complete; nil where
// nobody followed it.
func (c *loading) bodyOf(m *proto.Message) *body {
	list := &c.bodies[proto.Side(m.Dir)]
	i := slices.IndexFunc(*list, func(b *body) bool {
		return b.stream == m.Stream && len(b.spans) > 0 && b.spans[0].From >= m.Span.From && b.spans[0].From < m.Span.To
	})
	if i < 0 {
		return nil
	}
	b := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return b
}

// Body notes where octets stand.
func (b *body) Body(out []proto.Message, _ proto.Message, _ time.Duration, offset int64, data []byte) []proto.Message {
	to := offset + int64(len(data))
	if n := len(b.spans); n > 0 && b.spans[n-1].To == offset {
		b.spans[n-1].To = to
	} else {
		b.spans = append(b.spans, proto.Span{From: offset, To: to})
	}
	b.size += int64(len(data))
	b.first = append(b.first, data[:min(len(data), maxHeld-len(b.first))]...)
	return out
}

// End has nothing to do.
func (b *body) End(out []proto.Message, _ string) []proto.Message { return out }

// Answered reports that no reply stands in a body.
func (b *body) Answered() bool { return false }

// Drain has a message keep nothing of its body.
func (b *body) Drain() {}

// Long reports whether the octets of m are on the tape alone.
func (m *Message) Long() bool { return m.long }

// Size returns the number of its octets.
func (m *Message) Size() int64 {
	if m.long {
		return m.Span.Len()
	}
	return int64(len(m.Raw))
}

// Whole returns m with all its octets, as far as they are compared: a long one is
// read from its tape.
func (m *Message) Whole() (*Message, error) {
	if !m.long {
		return m, nil
	}
	if m.Span.Len() > maxTape {
		return nil, fmt.Errorf("%s:%d: a message of %d bytes, which cannot be compared but octet by octet", m.from.name, m.Line(m.Span.From), m.Span.Len())
	}
	whole := *m
	whole.long = false
	return &whole, whole.fill(m.Span.From, m.Span.To)
}

// Rest returns what follows Raw of the message's octets.
func (m *Message) Rest() io.Reader {
	if !m.long || m.Derived {
		return bytes.NewReader(nil)
	}
	return m.from.open(proto.Span{From: m.Span.From + int64(len(m.Raw)), To: m.Span.To})
}

// Payload returns the body.
func (m *Message) Payload() io.Reader {
	switch {
	case !m.long:
		return bytes.NewReader(m.Body.Data)
	case m.Kind == proto.KindRaw:
		return m.Rest()
	}
	return m.from.open(m.body...)
}

// at returns the offset in the stream of the i-th octet of the body.
func (m *Message) at(i int64) int64 {
	for _, s := range m.body {
		if i < s.Len() {
			return s.From + i
		}
		i -= s.Len()
	}
	return min(m.Span.From+int64(len(m.Head))+i, max(m.Span.From, m.Span.To-1))
}

// A section reads octets of a stream from the tape.
type section struct {
	s     *stream
	r     *tape.Reader
	spans []proto.Span // that are left
	from  int64        // what is before it was read
	at    int64        // of rest in the stream
	rest  []byte       // of the record
	line  int          // of the record
}

// open returns what reads spans of s, in order.
func (s *stream) open(spans ...proto.Span) *section {
	c := &section{s: s, spans: spans}
	if len(spans) > 0 {
		m := s.mark(spans[0].From)
		c.r, c.at = s.r.Again(s.src, m.place), m.off
	}
	return c
}

// Read reads from the tape what of it is wanted.
func (c *section) Read(p []byte) (int, error) {
	for len(c.spans) > 0 {
		next := c.spans[0]
		next.From = max(next.From, c.from)
		if next.Len() <= 0 {
			c.spans = c.spans[1:]
			continue
		}
		if end := c.at + int64(len(c.rest)); end <= next.From {
			c.at, c.rest = end, nil
			if err := c.record(); err != nil {
				return 0, err
			}
			continue
		}
		from := max(0, next.From-c.at)
		to := min(int64(len(c.rest)), next.To-c.at)
		n := copy(p, c.rest[from:to])
		c.at += from + int64(n)
		c.rest = c.rest[from+int64(n):]
		c.from = c.at
		return n, nil
	}
	return 0, io.EOF
}

// record takes the next record of the stream.
func (c *section) record() error {
	for {
		rec, err := c.r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("read %s again: it is shorter than it was: %w", c.s.name, io.ErrUnexpectedEOF)
		case err != nil:
			return fmt.Errorf("read %s again: %w", c.s.name, err)
		case rec.Kind == tape.Data && rec.Event.Conn == c.s.conn && rec.Event.Dir == c.s.dir && len(rec.Event.Data) > 0:
			c.rest, c.line = rec.Event.Data, rec.Line
			return nil
		}
	}
}
