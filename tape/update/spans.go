package update

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
)

// AsSpans writes tape a to dst with a span wherever the recording b of the same
// conversation has another value, for a person to read. What is a span already stays
// one. The result is a line for each message in which they differ in more than
// values: there the tape stays as it is. Of the tapes it holds what [match.Load] does.
func AsSpans(dst io.Writer, a Source, name string, b Source, other string) (left []string, err error) {
	x, err := match.Load(io.NewSectionReader(a, 0, a.Size()), name)
	if err != nil {
		return nil, err
	}
	y, err := match.Load(io.NewSectionReader(b, 0, b.Size()), other)
	if err != nil {
		return nil, err
	}
	was, err := read(a, name, nil)
	if err != nil {
		return nil, err
	}
	is, err := read(b, other, nil)
	if err != nil {
		return nil, err
	}
	if len(x.Convs) != len(y.Convs) {
		return nil, fmt.Errorf("%s: %d connections, %s has %d: %w", name, len(x.Convs), other, len(y.Convs), ErrStructure)
	}
	for i := range x.Convs {
		if x.Convs[i].HTTP2() {
			left = append(left, fmt.Sprintf("%s:%d: HTTP/2: no span can stand in its header blocks", name, x.Convs[i].Line))
			continue
		}
		for _, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
			s, o := was.stream(x.Convs[i].Conn, dir), is.stream(y.Convs[i].Conn, dir)
			p, q := said(x.Convs[i], dir), said(y.Convs[i], dir)
			for k := range max(len(p), len(q)) {
				switch {
				case k >= len(p):
					left = append(left, fmt.Sprintf("%s:%d: not on %s: %s", other, q[k].Line(q[k].Span.From), name, match.Describe(q[k])))
				case k >= len(q):
					left = append(left, fmt.Sprintf("%s:%d: not on %s: %s", name, p[k].Line(p[k].Span.From), other, match.Describe(p[k])))
				case !s.spansFrom(p[k], o, q[k]):
					left = append(left, fmt.Sprintf("%s:%d: more than values differ: %s", name, p[k].Line(p[k].Span.From), match.Describe(p[k])))
				}
			}
		}
	}
	if is.err != nil {
		return nil, is.err
	}
	return left, was.write(dst)
}

// spansFrom adds spans where the lines of two messages have other values. It
// reports whether that is all in which they differ.
func (s *stream) spansFrom(old *match.Message, other *stream, now *match.Message) bool {
	next, stop := iter.Pull(other.pieces(now.Span.From, now.Span.To))
	defer stop()
	var edits []edit
	for p := range s.pieces(old.Span.From, old.Span.To) {
		q, ok := next()
		if !ok {
			return false
		}
		if p.fits(q.data) {
			continue
		}
		spans, ok := p.valuesOf(q.data)
		if !ok {
			return false
		}
		edits = append(edits, edit{from: p.from, to: p.to, data: p.data, spans: spans})
	}
	if _, more := next(); more {
		return false
	}
	s.edits = append(s.edits, edits...)
	return true
}

// between are the octets that part the values of a line.
const between = " \t\r\n,;:=&?\"'()<>{}[]|/@"

// valuesOf returns the spans of p and those that it needs to describe line as well.
func (p piece) valuesOf(line []byte) (spans []tape.Span, ok bool) {
	// A field's value as a whole: a date has blanks in it.
	if name, value, found := bytes.Cut(p.data, []byte(": ")); found && len(p.spans) == 0 {
		other, got, found := bytes.Cut(line, []byte(": "))
		v, g := bytes.TrimRight(value, "\r\n"), bytes.TrimRight(got, "\r\n")
		if found && bytes.Equal(name, other) && tape.SpanDate.Fits(v) && tape.SpanDate.Fits(g) {
			return []tape.Span{{From: len(name) + 2, To: len(name) + 2 + len(v), Kind: tape.SpanDate}}, true
		}
	}
	x, y := words(p.data), words(line)
	if len(x) != len(y) {
		return nil, false
	}
	for i, w := range x {
		v, g := p.data[w[0]:w[1]], line[y[i][0]:y[i][1]]
		if k := slices.IndexFunc(p.spans, func(s tape.Span) bool { return s.From < w[1] && s.To > w[0] }); k >= 0 {
			if s := p.spans[k]; len(spans) == 0 || spans[len(spans)-1].From != s.From {
				spans = append(spans, s)
			}
			continue
		}
		if bytes.Equal(v, g) {
			continue
		}
		if strings.IndexByte(between, p.data[w[0]]) >= 0 || len(v) == 0 || len(g) == 0 {
			return nil, false
		}
		spans = append(spans, tape.Span{From: w[0], To: w[1], Kind: kindOf(v, g)})
	}
	q := piece{data: p.data, spans: spans}
	return spans, q.fits(line)
}

// words parts a line into values and single octets between them.
func words(b []byte) (all [][2]int) {
	from := 0
	for i, c := range b {
		if strings.IndexByte(between, c) < 0 {
			continue
		}
		if i > from {
			all = append(all, [2]int{from, i})
		}
		all = append(all, [2]int{i, i + 1})
		from = i + 1
	}
	if from < len(b) {
		all = append(all, [2]int{from, len(b)})
	}
	return all
}

// kindOf returns the narrowest kind that both values are of.
func kindOf(a, b []byte) tape.SpanKind {
	for _, k := range []tape.SpanKind{tape.SpanInt, tape.SpanUUID, tape.SpanIP, tape.SpanJWT, tape.SpanHex, tape.SpanToken, tape.SpanB64} {
		if k.Fits(a) && k.Fits(b) {
			return k
		}
	}
	return tape.SpanAny
}

// said returns the messages of a direction.
func said(c *match.Conv, dir wire.Dir) []*match.Message {
	var all []*match.Message
	for i := range c.Items {
		if m := c.Items[i].Message; m != nil && m.Dir == dir && !m.Derived {
			all = append(all, m)
		}
	}
	return all
}
