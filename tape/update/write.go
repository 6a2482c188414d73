package update

import (
	"cmp"
	"io"
	"slices"

	"wiretape/tape"
)

// maxGroup is how much of a line of the tape is held while it is not known whether it
// changes, in octets: more than any line has that is no raw block.
const maxGroup = 2 << 20

// A writer writes a tape with its edits.
type writer struct {
	t      *text
	dst    io.Writer
	copied int64 // of the tape, which is written or left out
	line   group
}

// A group is the records of one line: several of a long raw block.
type group struct {
	s        *stream
	line     int
	begin    int64 // in the file
	from, to int64 // in the stream
	held     piece // all of it, up to maxGroup
}

// write writes the tape with its edits. Lines without one stay as they are.
func (t *text) write(dst io.Writer) error {
	for _, s := range t.order {
		slices.SortStableFunc(s.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	}
	w := writer{t: t, dst: dst}
	offsets := make(map[*stream]int64, len(t.order))
	r := t.reader()
	for rec, err := range r.Records() {
		if err != nil {
			return err
		}
		at := r.Place().Begin
		if rec.Kind != tape.Data || rec.Line != w.line.line {
			if err := w.end(at); err != nil {
				return err
			}
		}
		n := int64(len(rec.Event.Data))
		if rec.Kind != tape.Data || n == 0 {
			continue
		}
		s := t.stream(rec.Event.Conn, rec.Event.Dir)
		if w.line.s == nil {
			w.line = group{s: s, line: rec.Line, begin: at, from: offsets[s], to: offsets[s]}
		}
		g := &w.line
		g.to, offsets[s] = g.to+n, offsets[s]+n
		if g.to-g.from <= maxGroup {
			g.held.data, g.held.spans = appendSpanned(g.held.data, g.held.spans, rec.Event.Data, rec.Spans)
		}
	}
	if err := w.end(t.src.Size()); err != nil {
		return err
	}
	if t.err == nil {
		t.err = w.copyTo(t.src.Size())
	}
	return t.err
}

// copyTo writes what stands on the tape up to an offset and is not written.
func (w *writer) copyTo(off int64) error {
	_, err := io.Copy(w.dst, io.NewSectionReader(w.t.src, w.copied, off-w.copied))
	w.copied = off
	return err
}

// end ends a line, behind which what follows stands at an offset.
func (w *writer) end(off int64) error {
	g := w.line
	w.line = group{}
	if g.s == nil || !g.s.touched(g.from, g.to) {
		return nil
	}
	if err := w.copyTo(g.begin); err != nil {
		return err
	}
	w.copied = off
	if g.to-g.from > maxGroup {
		return w.block(g)
	}
	g.held.from, g.held.to = g.from, g.to
	p := g.s.edited(g.held)
	if len(p.data) == 0 {
		return nil
	}
	out, err := tape.AppendData(nil, w.t.commit, g.s.conn, g.s.dir, p.data, p.spans)
	if err == nil {
		_, err = w.dst.Write(out)
	}
	return err
}

// block writes a raw block that is too long to be held.
func (w *writer) block(g group) error {
	size := 0
	for p := range g.s.pieces(g.from, g.to) {
		size += len(g.s.edited(p).data)
	}
	if size == 0 {
		return nil
	}
	if _, err := w.dst.Write(tape.AppendRawLine(nil, g.s.conn, g.s.dir, size)); err != nil {
		return err
	}
	for p := range g.s.pieces(g.from, g.to) {
		if _, err := w.dst.Write(g.s.edited(p).data); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w.dst, "\n")
	return err
}

// within returns the edits that concern a range of the stream.
func (s *stream) within(from, to int64) []edit {
	// They are apart from each other.
	i, _ := slices.BinarySearchFunc(s.edits, from, func(e edit, off int64) int { return cmp.Compare(e.to, off) })
	n := i
	for n < len(s.edits) && s.edits[n].from <= to {
		n++
	}
	return s.edits[i:n]
}

// touched reports whether a range that is a line's changes.
func (s *stream) touched(from, to int64) bool {
	return slices.ContainsFunc(s.within(from, to), func(e edit) bool { return e.begins(from, to) || e.from < to && e.to > from })
}

// begins reports whether what an edit puts in stands in a range that is a line's:
// what replaces several lines on the first, what is added at the end of a line on
// that.
func (e *edit) begins(from, to int64) bool {
	if e.from == e.to {
		return e.from > from && e.from <= to || e.from == 0 && from == 0
	}
	return e.from >= from && e.from < to
}

// edited returns a piece after the edits.
func (s *stream) edited(p piece) (out piece) {
	at := p.from
	for _, e := range s.within(p.from, p.to) {
		begins := e.begins(p.from, p.to)
		if !begins && (e.to <= p.from || e.from >= p.to) {
			continue
		}
		if e.from > at {
			p.copyTo(&out, int(at-p.from), int(e.from-p.from))
		}
		at = max(at, e.from)
		to := max(at, min(e.to, p.to))
		switch {
		case e.mask != nil:
			m := e.masked(p.part(at, to))
			out.data, out.spans = appendSpanned(out.data, out.spans, m.data, m.spans)
		case begins:
			out.data, out.spans = appendSpanned(out.data, out.spans, e.data, e.spans)
		}
		at = to
	}
	if at < p.to {
		p.copyTo(&out, int(at-p.from), int(p.to-p.from))
	}
	return out
}
