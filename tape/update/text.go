package update

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"sort"

	"wiretape/tape"
	"wiretape/tape/lint"
	"wiretape/wire"
)

// A Source is a tape that is read several times, as an [io.SectionReader] of a file.
// It stays as it is meanwhile.
type Source interface {
	io.ReaderAt
	Size() int64
}

// A text is a tape as the streams that it has, and what is to be changed in them. Of
// its octets it holds none but what is being read.
type text struct {
	name    string
	src     Source
	r       *tape.Reader // that has read all
	streams map[key]*stream
	order   []*stream
	commit  bool
	reading cursor
	err     error // of reading again
}

type key struct {
	conn int
	dir  wire.Dir
}

// A stream is one direction of a connection, with what is to be changed in it.
type stream struct {
	key
	t     *text
	size  int64
	marks []mark
	edits []edit
}

// A mark is where on the tape the octets of a stream stand from an offset on.
type mark struct {
	off   int64
	place tape.Place
}

// markEvery is how much of the tape may stand between two marks of a stream, in
// bytes.
const markEvery = 64 << 10

// An edit replaces a range of a stream.
type edit struct {
	from, to int64
	data     []byte
	spans    []tape.Span
	mask     *lint.Secret // is to be masked line by line, in the place of data
}

// A piece is what a line of a tape has of a message.
type piece struct {
	from, to int64
	line     int // of the tape
	data     []byte
	spans    []tape.Span
}

// read reads a tape that is whole. Each record is given to see as well, unless that
// is nil, with the stream that it is of.
func read(src Source, name string, see func(rec *tape.Record, s *stream)) (*text, error) {
	t := &text{name: name, src: src, streams: make(map[key]*stream)}
	t.r = t.reader()
	for rec, err := range t.r.Records() {
		if err != nil {
			return nil, err
		}
		var s *stream
		switch rec.Kind {
		case tape.Meta:
			if rec.Key == "profile" {
				t.commit = rec.Value == "commit"
			}
		case tape.Data:
			s = t.stream(rec.Event.Conn, rec.Event.Dir)
			at := t.r.Place()
			if n := len(s.marks); n == 0 || at.Offset-s.marks[n-1].place.Offset >= markEvery {
				s.marks = append(s.marks, mark{s.size, at})
			}
		}
		if see != nil {
			see(&rec, s)
		}
		if s != nil {
			s.size += int64(len(rec.Event.Data))
		}
	}
	if cut, ok := t.r.Cut(); ok {
		return nil, fmt.Errorf("%s is cut off: %v", name, cut)
	}
	return t, nil
}

// reader reads the tape from its beginning.
func (t *text) reader() *tape.Reader {
	return tape.NewReader(io.NewSectionReader(t.src, 0, t.src.Size()), t.name)
}

func (t *text) stream(conn int, dir wire.Dir) *stream {
	k := key{conn, dir}
	s := t.streams[k]
	if s == nil {
		s = &stream{key: k, t: t}
		t.streams[k] = s
		t.order = append(t.order, s)
	}
	return s
}

// A cursor reads a stream again, line by line: who goes on where the last one ended
// reads nothing twice.
type cursor struct {
	s    *stream
	r    *tape.Reader
	last piece // that was read
}

// seek has the next piece be the one with an octet, or one before it.
func (c *cursor) seek(s *stream, off int64) {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].off > off })
	m := s.marks[max(0, i-1)]
	if c.s == s && c.last.from <= off && (off <= c.last.to || m.off <= c.last.from) {
		return
	}
	*c = cursor{s: s, r: s.t.r.Again(s.t.src, m.place), last: piece{from: m.off, to: m.off}}
}

// next reads the next piece.
func (c *cursor) next() error {
	for {
		rec, err := c.r.Next()
		if err != nil {
			return err
		}
		if rec.Kind != tape.Data || rec.Event.Conn != c.s.conn || rec.Event.Dir != c.s.dir || len(rec.Event.Data) == 0 {
			continue
		}
		at := c.last.to
		c.last = piece{at, at + int64(len(rec.Event.Data)), rec.Line, bytes.Clone(rec.Event.Data), slices.Clone(rec.Spans)}
		return nil
	}
}

// pieces gives a range of the stream as the tape's lines part it.
func (s *stream) pieces(from, to int64) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		c := &s.t.reading
		for to = min(to, s.size); from < to; {
			c.seek(s, from)
			for c.last.to <= from {
				if err := c.next(); err != nil {
					s.t.err = fmt.Errorf("read %s again: %w", s.t.name, err)
					return
				}
			}
			p := c.last.part(from, to)
			if from = p.to; !yield(p) {
				return
			}
		}
	}
}

// part returns what of a piece stands in a range of the stream.
func (p piece) part(from, to int64) piece {
	from, to = max(from, p.from), min(to, p.to)
	out := piece{from: from, to: to, line: p.line}
	p.copyTo(&out, int(from-p.from), int(to-p.from))
	return out
}

// cut returns a range of the stream with the spans that are whole within it.
func (s *stream) cut(from, to int64) (data []byte, spans []tape.Span) {
	for p := range s.pieces(from, to) {
		data, spans = appendSpanned(data, spans, p.data, p.spans)
	}
	return data, spans
}

// appendSpanned appends octets and the spans that index them.
func appendSpanned(data []byte, spans []tape.Span, more []byte, moreSpans []tape.Span) ([]byte, []tape.Span) {
	for _, span := range moreSpans {
		span.From, span.To = span.From+len(data), span.To+len(data)
		spans = append(spans, span)
	}
	return append(data, more...), spans
}

// lineOf returns the line of the tape that has an octet.
func (s *stream) lineOf(off int64) int {
	for p := range s.pieces(off, off+1) {
		return p.line
	}
	return 0
}

// fits reports whether a line is what a piece describes.
func (p piece) fits(line []byte) bool {
	at, lit := 0, 0
	for k, span := range p.spans {
		before := p.data[lit:span.From]
		if !bytes.HasPrefix(line[at:], before) {
			return false
		}
		at += len(before)
		next := len(p.data)
		if k+1 < len(p.spans) {
			next = p.spans[k+1].From
		}
		n := bytes.Index(line[at:], p.data[span.To:next])
		if span.To == next {
			n = len(line) - at
		}
		if n < 0 || !valueFits(span, line[at:at+n]) {
			return false
		}
		at, lit = at+n, span.To
	}
	return bytes.Equal(line[at:], p.data[lit:])
}

func valueFits(s tape.Span, v []byte) bool {
	switch s.Kind {
	case tape.SpanSecret, tape.SpanRef, tape.SpanAny, tape.SpanWSAccept, tape.SpanEncB64:
		return bytes.IndexByte(v, '\n') < 0
	case tape.SpanPattern:
		re, err := regexp.Compile(`^(?s:` + s.Pattern + `)$`)
		return err == nil && re.Match(v)
	}
	return s.Kind.Fits(v)
}

// keepSpans returns the line that replaces p with the spans of p, and their
// samples, where what stands before and behind them is the same.
func (p piece) keepSpans(now piece) piece {
	out := piece{from: now.from, to: now.to}
	at, lit := 0, 0
	for k, span := range p.spans {
		before := p.data[lit:span.From]
		i := bytes.Index(now.data[at:], before)
		if i < 0 || len(before) == 0 {
			continue
		}
		from := at + i + len(before)
		next := len(p.data)
		if k+1 < len(p.spans) {
			next = p.spans[k+1].From
		}
		behind := p.data[span.To:min(next, span.To+1)]
		n := bytes.Index(now.data[from:], behind)
		if len(behind) == 0 {
			n = len(now.data) - from
		}
		if n < 0 || !valueFits(span, now.data[from:from+n]) {
			continue
		}
		now.copyTo(&out, at, from)
		sample := p.data[span.From:span.To]
		lit = span.To
		span.From, span.To = len(out.data), len(out.data)+len(sample)
		out.data, out.spans = append(out.data, sample...), append(out.spans, span)
		at = from + n
	}
	now.copyTo(&out, at, len(now.data))
	return out
}

// copyTo appends a range of p to out.
func (p piece) copyTo(out *piece, from, to int) {
	for _, span := range p.spans {
		if span.From >= from && span.To <= to {
			span.From, span.To = span.From-from+len(out.data), span.To-from+len(out.data)
			out.spans = append(out.spans, span)
		}
	}
	out.data = append(out.data, p.data[from:to]...)
}
