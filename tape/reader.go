package tape

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"wiretape/wire"
)

// A Reader reads a tape once, from its start, by Records or by Events. It needs
// constant memory, however long the tape or a raw block in it is, but for some
// bytes for each connection.
type Reader struct {
	name string
	in   lines
	p    parser
	rec  Record
	cut  *Cut
	read bool // the header was

	follow bool   // see Follow
	data   []byte // of the record that Next has given
	place  Place  // of that record
	pieced bool   // it is not the first of its raw block
	masked bool   // see Masked

	rawLeft int64 // bytes of the current raw block that are still to come
	runConn int   // the run that the next data line may continue; 0 for none
	runDir  wire.Dir

	given place // of the event that Events gave last
}

// A Cut says how a tape ends before its end.
type Cut struct {
	Line int    // where
	Text string // what is missing, and what was dropped
}

// String returns "line 12: …".
func (c Cut) String() string { return fmt.Sprintf("line %d: %s", c.Line, c.Text) }

// NewReader returns a Reader of a tape. The name stands in errors; a file's
// path.
func NewReader(src io.Reader, name string) *Reader {
	return &Reader{name: name, in: lines{src: src}}
}

// Follow makes Events give what has been read before it reads on, for a source that
// waits for more, as a tape does that is being written: a run of data may then
// come as several events. It ends where the tape says that the recording ended.
func (r *Reader) Follow() { r.follow = true }

// Cut reports, once all records were read, whether the tape is cut off: its last
// line has no end, a raw block is shorter than announced, or it is in the commit
// profile and does not say that the recording ended. What could not be used is
// named.
func (r *Reader) Cut() (Cut, bool) {
	if r.cut == nil {
		return Cut{}, false
	}
	return *r.cut, true
}

// Masked reports whether what was read so far has secrets that redaction took out:
// what Events gives in their place is invented.
func (r *Reader) Masked() bool { return r.masked }

// Created returns the wall clock at which the recording started, as far as it
// was read; zero when the tape does not tell.
func (r *Reader) Created() time.Time { return r.p.created }

// Records returns the records of the tape, one for each line after the first. A
// raw block that is longer than 128 KiB comes as several records of one line. An
// error is the last thing that it gives. The tape's end may be a [Cut].
func (r *Reader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for {
			rec, err := r.Next()
			if err == io.EOF || !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

// Next returns the next of what Records gives, and io.EOF at the end. Its data is
// valid until the next call.
func (r *Reader) Next() (Record, error) {
	for {
		if r.rawLeft > 0 {
			r.place = Place{Line: r.rec.Line, Begin: r.place.Begin, Offset: r.in.offset(), raw: r.rawLeft, lines: r.in.n, conn: r.rec.Event.Conn, dir: r.rec.Event.Dir}
			piece, _, err := r.piece()
			if err != nil {
				return Record{}, err
			}
			if len(piece) > 0 {
				r.rec.Event.Data = piece
				r.rec.Continues, r.pieced = r.rec.Continues || r.pieced, true
				return r.rec, nil
			}
		}
		if err := r.begin(); err != nil {
			return Record{}, err
		}
		offset, lines := r.in.offset(), r.in.n
		out, err := r.next(r.data[:0])
		if err != nil {
			return Record{}, err
		}
		r.data, r.pieced = out, false
		r.place = Place{Line: r.rec.Line, Begin: offset, Offset: offset, lines: lines}
		switch {
		case r.rec.Kind != Data:
			return r.rec, nil
		case r.rec.Form != Raw:
			r.rec.Event.Data = out
			return r.rec, nil
		}
	}
}

// next reads the next line into r.rec, and appends the bytes of a data line to
// dst. It gives io.EOF at the end. After the line of a raw block, pieces follow.
func (r *Reader) next(dst []byte) ([]byte, error) {
	if err := r.begin(); err != nil {
		return dst, err
	}
	s, err := r.in.line()
	switch {
	case err == errUnterminated && !r.p.ended && string(bytes.TrimSuffix(s, []byte("\r"))) == "; "+endKey:
	case err == errUnterminated:
		r.cut = &Cut{r.in.n, "no line end, dropped: " + shown(s)}
		return dst, io.EOF
	case err == io.EOF:
		if r.p.profile == commit && !r.p.ended && r.cut == nil {
			r.cut = &Cut{r.in.n, `no "; end" after it`}
		}
		return dst, io.EOF
	case err == errTooLong:
		return dst, r.syntax(err)
	case err != nil:
		return dst, fmt.Errorf("%s:%d: %w", r.name, r.in.n, err)
	}
	s = bytes.TrimSuffix(s, []byte("\r"))
	rec := &r.rec
	rec.Line, rec.Continues = r.in.n, false
	conn, rest := 1, s
	if len(s) > 0 && s[0] >= '0' && s[0] <= '9' {
		if conn, rest, err = cutConn(s); err != nil {
			return dst, r.syntax(err)
		}
	}
	if len(rest) > 0 && (rest[0] == '>' || rest[0] == '<') {
		dir := wire.ClientToServer
		if rest[0] == '<' {
			dir = wire.ServerToClient
		}
		if rec.Kind != Data {
			*rec = Record{Kind: Data, Line: rec.Line}
		}
		rec.Event.Conn, rec.Event.At, rec.Event.Dir = conn, r.p.clock, dir
		rec.Event.Kind = wire.KindData
		rec.Continues = r.runConn == conn && r.runDir == dir
		r.runConn, r.runDir = conn, dir
		if dst, rec.Form, rec.Spans, err = r.p.data(dst, rest); err != nil {
			return dst, r.syntax(err)
		}
		if err := r.p.order.event(conn, wire.KindData); err != nil && !r.p.within {
			return dst, r.syntax(err)
		}
		r.rawLeft = r.p.raw
		r.masked = r.masked || slices.ContainsFunc(rec.Spans, func(s Span) bool { return s.Kind == SpanSecret })
		return dst, nil
	}
	if rec.Kind == Data || rec.Kind == Socket {
		*rec = Record{Line: rec.Line}
	}
	if err := r.p.line(rec, s); err != nil {
		return dst, r.syntax(err)
	}
	r.masked = r.masked || rec.Kind == Rule && rec.Key == "secret"
	if k := rec.Kind; k != Comment && k != Meta && k != Blank {
		r.runConn = 0
	}
	return dst, nil
}

// begin reads the first line, once.
func (r *Reader) begin() error {
	if r.read {
		return nil
	}
	r.read = true
	return r.header()
}

// header reads the first line.
func (r *Reader) header() error {
	s, err := r.in.line()
	want := fmt.Sprintf("%s%d", magic, formatVersion)
	switch {
	case err == io.EOF:
		r.cut = &Cut{1, "it is empty"}
		return io.EOF
	case err == errUnterminated && strings.HasPrefix(want+"\r", string(s)):
		r.cut = &Cut{1, "no line end, dropped: " + shown(s)}
		return io.EOF
	case err == errTooLong:
		return r.syntax(bad("%w: want %q", err, want))
	case err != nil && err != errUnterminated:
		return fmt.Errorf("%s:1: %w", r.name, err)
	}
	s = bytes.TrimSuffix(s, []byte("\r"))
	if bytes.HasPrefix(s, []byte("\xef\xbb\xbf")) {
		return r.syntax(bad("byte order mark before the first line: want none"))
	}
	version, ok := bytes.CutPrefix(s, []byte(magic))
	if string(s) == want {
		return nil
	}
	if ok && len(version) > 0 && len(version) < 20 && !slices.ContainsFunc(version, func(c byte) bool { return c < '0' || c > '9' }) {
		return r.syntax(bad("tape of format %s, this program reads format %d", version, formatVersion))
	}
	return r.syntax(bad("first line %s: want %q", shown(s), want))
}

func (r *Reader) syntax(err error) error {
	return &SyntaxError{File: r.name, Line: r.in.n, Text: err.Error()}
}

// maxPiece bounds what a Reader gives of a run at once, in bytes.
const maxPiece = 128 << 10

// piece returns the next bytes of the current raw block, at most maxPiece, and
// what stands right after the block's line: 0 when that is not known yet. No
// bytes are the end of the tape.
func (r *Reader) piece() (b []byte, after byte, err error) {
	n := int(min(r.rawLeft, maxPiece))
	b, rest, err := r.in.peek(n, 3)
	if err != nil {
		return nil, 0, fmt.Errorf("%s:%d: %w", r.name, r.in.n, err)
	}
	r.in.skip(b)
	r.rawLeft -= int64(len(b))
	if len(b) < n {
		r.cut = &Cut{r.rec.Line, fmt.Sprintf("raw block of %d bytes, %d are missing", r.p.raw, r.rawLeft)}
		r.rawLeft = 0
		return b, 0, nil
	}
	if r.rawLeft > 0 {
		return b, 0, nil
	}
	end := bytes.TrimPrefix(rest, []byte("\r"))
	switch {
	case len(end) > 0 && end[0] == '\n':
	case len(end) == 0 && len(rest) < 3:
		r.cut = &Cut{r.rec.Line, "no line end after a raw block"}
		r.in.skip(rest)
		return b, 0, nil
	default:
		return nil, 0, r.syntax(bad("raw block of %d bytes goes on after them with %s: want a line end", r.p.raw, shown(rest[:1])))
	}
	r.in.skip(rest[:len(rest)-len(end)+1])
	if len(end) > 1 {
		after = end[1]
	}
	return b, after, nil
}
