package tape

import (
	"bytes"
	"slices"

	"wiretape/wire"
)

// A run is the bytes that one side of a connection wrote at once, on their way
// through a formatter: what was read of them and is not written yet.
type run struct {
	on       bool
	conn     int
	dir      wire.Dir
	data     []byte
	spans    []Span
	inside   []insert // lines between its data lines
	inserted int      // bytes of them
	begun    bool     // by the last data line
	wrote    bool     // a part of it is written
	apart    bool     // the next run must not be taken for a part of this one
}

// An insert is a line that stands within a run.
type insert struct {
	at   int // bytes of the run before it
	line []byte
}

// maxInserts bounds the lines within a part of a run, in bytes.
const maxInserts = 1 << 20

// aside writes a line that does not end a run.
func (f *formatter) aside(line []byte) error {
	if !f.on {
		f.buf = append(f.buf, line...)
		return f.flush(writeSize)
	}
	f.inside = append(f.inside, insert{len(f.data), line})
	if f.inserted += len(line); f.inserted > maxInserts {
		f.part(len(f.data))
	}
	return f.flush(writeSize)
}

// dataLine takes a data line into the run, or lets it begin one.
func (f *formatter) dataLine(r *Record, data []byte) error {
	n := len(f.data)
	e := &r.Event
	if f.on && (f.conn != e.Conn || f.dir != e.Dir || f.apart || !f.commit && !r.Continues) {
		apart := f.apart && f.conn == e.Conn && f.dir == e.Dir
		line := bytes.Clone(data[n:])
		f.endRun()
		if apart {
			f.buf = append(f.buf, "~ 0s\n"...)
		}
		data, n = append(f.data, line...), 0
	}
	f.begun = !f.on
	if !f.on {
		f.profile()
		f.on, f.conn, f.dir = true, e.Conn, e.Dir
	}
	f.apart = false
	f.data = data
	for _, s := range r.Spans {
		s.From, s.To = s.From+n, s.To+n
		f.spans = append(f.spans, s)
	}
	if r.Form != Raw {
		f.parts()
		return f.flush(writeSize)
	}
	if f.in.rawLeft > maxPiece && f.target() == capture {
		return f.longBlock()
	}
	for f.in.rawLeft > 0 {
		b, _, err := f.in.piece()
		if err != nil {
			return err
		}
		f.data = append(f.data, b...)
		f.parts()
		if err := f.flush(writeSize); err != nil {
			return err
		}
	}
	f.torn()
	return f.flush(writeSize)
}

// torn lets a run alone that is but the announcement of a raw block.
func (f *formatter) torn() {
	if f.in.cut != nil && len(f.data) == 0 && f.begun {
		f.wrote = true
	}
}

// longBlock copies a raw block that is longer than what is held of a run.
func (f *formatter) longBlock() error {
	first, _, err := f.in.piece()
	if err != nil {
		return err
	}
	if len(first) < maxPiece {
		f.data = append(f.data, first...)
		f.torn()
		return nil
	}
	f.wrote = true
	f.part(len(f.data))
	whole := f.in.rawLeft + int64(len(first))
	f.buf = AppendRawLine(f.buf, f.conn, f.dir, int(whole))
	for b := first; ; {
		f.buf = append(f.buf, b...)
		if whole -= int64(len(b)); f.in.rawLeft == 0 {
			break
		}
		if err := f.flush(writeSize); err != nil {
			return err
		}
		if b, _, err = f.in.piece(); err != nil {
			return err
		}
	}
	if whole > 0 {
		return nil // torn, and what is written is torn alike
	}
	f.buf = append(f.buf, '\n')
	return f.flush(writeSize)
}

// parts writes what the run has in excess of a piece.
func (f *formatter) parts() {
	for len(f.data) > maxPiece {
		cut := maxPiece
		for _, s := range f.spans {
			if s.From < cut && s.To > cut {
				if cut = s.From; cut == 0 {
					cut = s.To
				}
				break
			}
		}
		f.part(cut)
	}
}

// endRun writes what is left of the run.
func (f *formatter) endRun() {
	if f.on && (len(f.data) > 0 || len(f.spans) > 0 || len(f.inside) > 0 || !f.wrote) {
		f.part(len(f.data))
	}
	f.on, f.wrote, f.apart = false, false, false
}

// part writes the first n bytes of the run, with the lines that stand in them.
func (f *formatter) part(n int) {
	data := f.data[:n]
	k := slices.IndexFunc(f.spans, func(s Span) bool { return s.From >= n && (s.To > n || n < len(f.data)) })
	if k < 0 {
		k = len(f.spans)
	}
	spans := f.spans[:k:k]
	if f.commit {
		spans = f.volatile.find(f, data, spans)
	}
	for _, s := range spans {
		if s.Kind == SpanSecret && !slices.Contains(f.res.Secrets, s.ID) {
			f.res.Secrets = append(f.res.Secrets, s.ID)
		}
	}
	form := formOf(f.target(), data, spans)
	if n == 0 && len(spans) == 0 && !f.wrote {
		f.buf = appendForm(f.buf, form, f.target(), f.conn, f.dir, nil, nil)
	}
	from, rest, i := 0, spans, 0
	for ; i < len(f.inside) && f.inside[i].at <= n; i++ {
		rest = f.segment(form, data, from, f.inside[i].at, rest)
		from = f.inside[i].at
		f.buf = append(f.buf, f.inside[i].line...)
		f.inserted -= len(f.inside[i].line)
	}
	f.segment(form, data, from, n, rest)
	f.wrote = true
	f.data = f.data[:copy(f.data, f.data[n:])]
	f.spans = slices.Delete(f.spans, 0, k)
	for i := range f.spans {
		f.spans[i].From -= n
		f.spans[i].To -= n
	}
	f.inside = slices.Delete(f.inside, 0, i)
	for i := range f.inside {
		f.inside[i].at -= n
	}
}

// segment writes data[from:to], between two lines that are none of the run, and
// returns the spans that come later.
func (f *formatter) segment(form Form, data []byte, from, to int, spans []Span) (rest []Span) {
	k := 0
	for k < len(spans) && (spans[k].From < to || to == len(data)) {
		k++
	}
	if to == from && k == 0 {
		return spans
	}
	here := slices.Clone(spans[:k])
	for i := range here {
		here[i].From -= from
		here[i].To -= from
	}
	f.buf = appendForm(f.buf, form, f.target(), f.conn, f.dir, data[from:to], here)
	return spans[k:]
}
