package update

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"

	"wiretape/tape"
	"wiretape/wire"
)

// A text is a tape as it stands, line by line, and as the streams that it has.
type text struct {
	lines   [][]byte // with their line ends, but for what a raw block holds
	streams map[key]*stream
	at      map[int][]record // by line: the data on it
	commit  bool
}

type key struct {
	conn int
	dir  wire.Dir
}

// A record is what a data line has of a stream.
type record struct {
	s        *stream
	from, to int64
	block    int // lines that a raw block takes beside its own
	raw      bool
}

// A stream is one direction of a connection, with what is to be changed in it.
type stream struct {
	key
	data  []byte
	spans []tape.Span // From and To index data
	ends  []int64     // of records
	lines []int       // of the tape, on which they stand
	edits []edit      // in order, apart from each other
}

// An edit replaces a range of a stream.
type edit struct {
	from, to int64
	data     []byte
	spans    []tape.Span
}

// A piece is what a line of a tape has of a message.
type piece struct {
	from, to int64
	data     []byte
	spans    []tape.Span
}

// read reads a tape that is whole.
func read(b []byte, name string) (*text, error) {
	t := &text{lines: bytes.SplitAfter(b, []byte("\n")), streams: make(map[key]*stream), at: make(map[int][]record)}
	r := tape.NewReader(bytes.NewReader(b), name)
	for rec, err := range r.Records() {
		if err != nil {
			return nil, err
		}
		switch rec.Kind {
		case tape.Meta:
			if rec.Key == "profile" {
				t.commit = rec.Value == "commit"
			}
		case tape.Data:
			s := t.stream(rec.Event.Conn, rec.Event.Dir)
			from := len(s.data)
			s.data = append(s.data, rec.Event.Data...)
			for _, span := range rec.Spans {
				span.From, span.To = span.From+from, span.To+from
				s.spans = append(s.spans, span)
			}
			if n := len(s.ends); n > 0 && s.ends[n-1] == int64(len(s.data)) {
				continue
			}
			s.ends, s.lines = append(s.ends, int64(len(s.data))), append(s.lines, rec.Line)
			d := record{s: s, from: int64(from), to: int64(len(s.data))}
			if d.raw = rec.Form == tape.Raw; d.raw {
				d.block = bytes.Count(rec.Event.Data, []byte("\n"))
			}
			t.at[rec.Line] = append(t.at[rec.Line], d)
		}
	}
	if cut, ok := r.Cut(); ok {
		return nil, fmt.Errorf("%s is cut off: %v", name, cut)
	}
	return t, nil
}

func (t *text) stream(conn int, dir wire.Dir) *stream {
	k := key{conn, dir}
	s := t.streams[k]
	if s == nil {
		s = &stream{key: k}
		t.streams[k] = s
	}
	return s
}

// cut returns a range of the stream with the spans that are whole within it.
func (s *stream) cut(from, to int64) (data []byte, spans []tape.Span) {
	i := sort.Search(len(s.spans), func(i int) bool { return int64(s.spans[i].From) >= from })
	for ; i < len(s.spans) && int64(s.spans[i].To) <= to; i++ {
		span := s.spans[i]
		span.From, span.To = span.From-int(from), span.To-int(from)
		spans = append(spans, span)
	}
	return s.data[from:to:to], spans
}

// pieces returns a range of the stream as the tape's lines part it.
func (s *stream) pieces(from, to int64) (all []piece) {
	i := sort.Search(len(s.ends), func(i int) bool { return s.ends[i] > from })
	for ; from < to && i < len(s.ends); i++ {
		end := min(to, s.ends[i])
		p := piece{from: from, to: end}
		p.data, p.spans = s.cut(from, end)
		all, from = append(all, p), end
	}
	return all
}

// write returns the tape with its edits. Lines without one stay as they are.
func (t *text) write() ([]byte, error) {
	var out []byte
	for i := 0; i < len(t.lines); i++ {
		ds := t.at[i+1]
		if len(ds) == 0 {
			out = append(out, t.lines[i]...)
			continue
		}
		skip, changed := 0, false
		d := record{s: ds[0].s, from: ds[0].from, to: ds[len(ds)-1].to}
		for _, part := range ds {
			skip += part.block
		}
		if ds[0].raw {
			skip++ // the rest of the block's last line
		}
		data, spans := d.s.edited(d.from, d.to, &changed)
		switch {
		case !changed:
			for k := 0; k <= skip && i+k < len(t.lines); k++ {
				out = append(out, t.lines[i+k]...)
			}
		case len(data) > 0:
			var err error
			if out, err = tape.AppendData(out, t.commit, d.s.conn, d.s.dir, data, spans); err != nil {
				return nil, err
			}
		}
		i += skip
	}
	return out, nil
}

// edited returns what stands in the range [from, to), which is a line's, after the
// edits. What replaces several lines stands on the first, and what is added at the
// end of a line on that.
func (s *stream) edited(from, to int64, changed *bool) (data []byte, spans []tape.Span) {
	add := func(b []byte, ss []tape.Span) {
		for _, span := range ss {
			span.From, span.To = span.From+len(data), span.To+len(data)
			spans = append(spans, span)
		}
		data = append(data, b...)
	}
	at := from
	for _, e := range s.edits {
		begins := e.from >= from && e.from < to || e.from == e.to && e.from == to
		if e.from == e.to && e.from == from && from > 0 {
			begins = false // it stood at the end of the line before
		}
		if !begins && (e.to <= from || e.from >= to) {
			continue
		}
		*changed = true
		if e.from > at {
			add(s.cut(at, e.from))
		}
		if begins {
			add(e.data, e.spans)
		}
		at = max(at, min(e.to, to))
	}
	if at < to {
		add(s.cut(at, to))
	}
	return data, spans
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
