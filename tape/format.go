package tape

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"wiretape/wire"
)

// FormatOptions say how [Format] writes. The zero value keeps the profile.
type FormatOptions struct {
	Name string // of the source, for errors
	// Commit writes the commit profile whatever the source is: without
	// boundaries, times, addresses and what else differs between two recordings
	// of the same thing, and with spans over volatile values of HTTP heads.
	Commit bool
}

// A FormatResult says what [Format] read and wrote.
type FormatResult struct {
	Lines    int        // written
	Volatile []Volatile // values that became spans
	Secrets  []string   // names of the secrets on the written tape, in order
	Cut      *Cut       // how the source was cut off; nil if it was not
}

// Volatile is a value that became a span.
type Volatile struct {
	Line int    // of the written tape
	Name string // of the field or the cookie
}

// Format writes the tape that it reads from src in canonical form. Comments,
// rules, marks and spans stay. It needs constant memory, and formatting twice
// changes nothing. It writes what it could read of a tape that is cut off.
func Format(dst io.Writer, src io.Reader, opt FormatOptions) (FormatResult, error) {
	f := formatter{dst: dst, in: NewReader(src, opt.Name), commit: opt.Commit}
	f.buf = fmt.Appendf(f.buf, "%s%d\n", magic, Version)
	err := f.run()
	if cut, ok := f.in.Cut(); ok {
		f.res.Cut = &cut
	}
	return f.res, err
}

// A formatter writes records one run at a time.
type formatter struct {
	dst    io.Writer
	in     *Reader
	commit bool
	res    FormatResult
	buf    []byte
	named  bool // the profile is written

	// The run that is being collected.
	on     bool
	conn   int
	dir    wire.Dir
	data   []byte
	spans  []Span
	inside []insert // lines between its data lines
	begun  bool     // by the last data line
	wrote  bool     // a part of it is written

	datagram map[int]bool
	apart    bool // the next run must not be taken for a part of this one
	volatile volatile
}

// An insert is a line that stands within a run.
type insert struct {
	at   int // bytes of the run before it
	line []byte
}

// maxInserts bounds the lines within a part of a run, in bytes.
const maxInserts = 1 << 20

func (f *formatter) run() error {
	for {
		data, err := f.in.next(f.data)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if err := f.record(&f.in.rec, data); err != nil {
			return err
		}
	}
	f.endRun()
	f.profile()
	return f.flush(0)
}

// record takes a record; data is f.data with the bytes of a data line after it.
func (f *formatter) record(r *Record, data []byte) error {
	switch r.Kind {
	case Data:
		return f.dataLine(r, data)
	case Blank, Comment, Meta:
		line, err := appendPlain(nil, *r)
		if err != nil {
			return err
		}
		if r.Kind == Meta && f.commit {
			switch r.Key {
			case "profile":
				f.profile()
				return nil
			case "tool":
				return nil
			}
		}
		if r.Kind == Meta && r.Key == endKey {
			f.endRun()
			f.profile()
		}
		return f.aside(line)
	case Time:
		if f.commit && !r.Wait.Free && r.Wait.Min == r.Wait.Max {
			f.apart = f.on && f.datagram[f.conn]
			return nil
		}
	}
	f.endRun()
	f.profile()
	if r.Kind == Socket {
		return f.socket(r)
	}
	line, err := appendPlain(f.buf, *r)
	if err != nil {
		return err
	}
	f.buf = line
	return f.flush(writeSize)
}

// profile names the commit profile where the source does not, once.
func (f *formatter) profile() {
	if f.commit && !f.named {
		f.named = true
		f.buf = fmt.Appendf(f.buf, "; profile %s\n", Commit)
	}
}

// target is the profile to write.
func (f *formatter) target() Profile {
	if f.commit {
		return Commit
	}
	return f.in.Profile()
}

// aside writes a line that does not end a run.
func (f *formatter) aside(line []byte) error {
	if !f.on {
		f.buf = append(f.buf, line...)
		return f.flush(writeSize)
	}
	f.inside = append(f.inside, insert{len(f.data), line})
	size := 0
	for _, in := range f.inside {
		size += len(in.line)
	}
	if size > maxInserts {
		f.part(len(f.data))
	}
	return f.flush(writeSize)
}

func (f *formatter) socket(r *Record) error {
	if r.Key == certVerb {
		if !f.commit {
			f.buf = appendCert(f.buf, r.Event.Conn, r.Event.TLS.Certificates[0])
		}
		return f.flush(writeSize)
	}
	e := r.Event
	if e.Kind == wire.KindOpen && e.Facts.Network == "udp" {
		if f.datagram == nil {
			f.datagram = make(map[int]bool)
		}
		f.datagram[e.Conn] = true
	}
	v := verbOf(e.Kind)
	var l facts
	v.put(&l, e)
	if e.Kind == wire.KindSecure {
		l.set("leaf", f.in.p.leaf) // of a certificate that need not follow
		l.sort(v.keys)
	}
	if f.commit {
		l.drop(v.local)
	}
	f.buf = l.append(append(append(appendConn(f.buf, e.Conn), "= "...), v.name...))
	f.buf = append(f.buf, '\n')
	f.volatile.event(e)
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
	if f.in.rawLeft > maxPiece && f.target() == Capture {
		return f.longBlock()
	}
	for f.in.rawLeft > 0 {
		b, _, err := f.in.piece()
		if err != nil {
			return err
		}
		f.data = append(f.data, b...)
		f.parts()
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
	f.buf = append(appendConn(f.buf, f.conn), dirMark(f.dir))
	f.buf = fmt.Appendf(f.buf, "@ %d\n", whole)
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
	begin := len(f.buf)
	form := formOf(f.target(), data, spans)
	from, rest := 0, spans
	segment := func(to int) {
		j := 0
		for j < len(rest) && (rest[j].From < to || to == n) {
			j++
		}
		if to > from || j > 0 {
			here := slices.Clone(rest[:j])
			for i := range here {
				here[i].From -= from
				here[i].To -= from
			}
			f.buf = appendForm(f.buf, form, f.target(), f.conn, f.dir, data[from:to], here)
		}
		from, rest = to, rest[j:]
	}
	if n == 0 && len(spans) == 0 && !f.wrote {
		f.buf = appendForm(f.buf, form, f.target(), f.conn, f.dir, nil, nil)
	}
	i := 0
	for ; i < len(f.inside) && f.inside[i].at <= n; i++ {
		segment(f.inside[i].at)
		f.buf = append(f.buf, f.inside[i].line...)
	}
	segment(n)
	f.note(f.buf[begin:], spans)
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

// note tells of the spans in what was just written.
func (f *formatter) note(out []byte, spans []Span) {
	if len(spans) == 0 {
		return
	}
	line := f.res.Lines + bytes.Count(f.buf[:len(f.buf)-len(out)], []byte{'\n'}) + 1
	k := 0
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '\n':
			line++
		case out[i] == '#' && (i == 0 || out[i-1] == '\n'), out[i] == ';' && (i == 0 || out[i-1] == '\n'):
			i += bytes.IndexByte(out[i:], '\n') - 1 // not in here
		case out[i] == '\\':
			if i++; out[i] != '{' || k >= len(spans) {
				continue
			}
			if s := spans[k]; s.Kind == SpanSecret && !slices.Contains(f.res.Secrets, s.ID) {
				f.res.Secrets = append(f.res.Secrets, s.ID)
			}
			if f.commit && f.volatile.names[k] != "" {
				f.res.Volatile = append(f.res.Volatile, Volatile{line, f.volatile.names[k]})
			}
			k++
		}
	}
}

// writeSize is how much is collected before it is written, in bytes.
const writeSize = 64 << 10

// flush writes the buffer if it has at least so many bytes.
func (f *formatter) flush(least int) error {
	if len(f.buf) < least || len(f.buf) == 0 {
		return nil
	}
	f.res.Lines += bytes.Count(f.buf, []byte{'\n'})
	if _, err := f.dst.Write(f.buf); err != nil {
		return fmt.Errorf("write tape: %w", err)
	}
	f.buf = f.buf[:0]
	return nil
}
