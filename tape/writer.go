package tape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"wiretape/wire"
)

// Options say how a tape is written. The zero value works.
type Options struct {
	Created time.Time // wall clock at which the recording started; zero leaves it out
	Tool    string    // who records, such as "wiretape 1.2"; "" leaves it out
}

// A Writer writes a tape in the capture profile; [Format] makes the other of it.
// Each record goes out in one Write before the call
// returns, and nothing is held back, so that a recorder may die at any moment.
//
// An event that cannot follow those before it is an error, as is one that could
// not be read back. The first error ends the recording: what follows is dropped, and Err and
// Close give the error. If the destination is a file, it is cut back to its last
// whole record.
//
// Methods may be called from several goroutines.
type Writer struct {
	mu   sync.Mutex
	dst  io.Writer
	opt  Options
	err  error
	off  int64 // where the next record goes, in bytes of the destination
	buf  []byte
	at   time.Duration
	open bool // the header is written
	done bool // closed

	started bool // a socket record was written
	order   order
}

// maxKept is the size of the largest buffer that a Writer keeps between events.
const maxKept = 1 << 20

// ErrClosed is what a Writer gives for records after its Close.
var ErrClosed = errors.New("tape is closed")

// NewWriter returns a Writer to dst, which is at its end. Nothing is written
// before the first record.
func NewWriter(dst io.Writer, opt Options) *Writer {
	w := &Writer{dst: dst, opt: opt}
	if s, ok := dst.(io.Seeker); ok {
		// A pipe has no offset: then there is nothing to cut back either.
		w.off, _ = s.Seek(0, io.SeekCurrent)
	}
	return w
}

// Begin writes the header, which otherwise comes with the first record: a place that
// takes nothing shows before there is anything to record.
func (w *Writer) Begin() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil && !w.open {
		w.begin()
		w.flush()
	}
	return w.err
}

// Event writes an event. It is a [wire.Sink].
func (w *Writer) Event(e wire.Event) { w.Spanned(e, nil) }

// Spanned writes an event of whose bytes some parts are samples: spans, in
// order, index e.Data. Where a span is a secret its sample is not written.
func (w *Writer) Spanned(e wire.Event, spans []Span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return
	}
	w.begin()
	wait := max(e.At-w.at, 0)
	w.buf = append(append(append(w.buf, "~ "...), wait.String()...), '\n')
	w.at += wait
	var err error
	switch {
	case e.Conn < 1 || e.Conn > maxConn:
		err = fmt.Errorf("event of connection %d", e.Conn)
	case verbOf(e.Kind) != nil || e.Kind == wire.KindData:
		err = w.order.event(e.Conn, e.Kind)
	}
	switch {
	case err != nil:
	case e.Kind == wire.KindData:
		err = w.data(e, spans)
	default:
		w.started = true
		w.buf, err = appendSocket(w.buf, e)
	}
	if err != nil {
		w.err = fmt.Errorf("write tape: %w", err)
		return
	}
	w.flush()
}

func (w *Writer) data(e wire.Event, spans []Span) error {
	if e.Dir != wire.ClientToServer && e.Dir != wire.ServerToClient {
		return fmt.Errorf("event data: direction %s", e.Dir)
	}
	if err := checkSpans(spans, e.Data); err != nil {
		return err
	}
	w.buf = appendRun(w.buf, capture, e.Conn, e.Dir, e.Data, spans)
	return nil
}

// checkSpans reports what is wrong with the spans over data.
func checkSpans(spans []Span, data []byte) error {
	end := 0
	for _, s := range spans {
		if err := s.check(data); err != nil {
			return err
		}
		if s.From < end {
			return fmt.Errorf("span at %d overlaps the one before it", s.From)
		}
		end = s.To
	}
	return nil
}

// Record writes a record that is no event: a comment, metadata, a rule, a mark
// or a blank line. Events go to Event and Spanned.
func (w *Writer) Record(r Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	switch r.Kind {
	case Blank, Comment, Meta, Rule, Mark:
	default:
		return fmt.Errorf("write tape: %s is not written as a record", r.Kind)
	}
	if r.Kind == Meta && r.Key == endKey {
		return errors.New("write tape: the end is written by Close")
	}
	line, err := appendPlain(nil, r)
	if err == nil {
		// What is written must be read: the reader is the judge of a line.
		p := parser{started: w.started}
		err = p.line(&Record{}, line[:len(line)-1])
	}
	if err != nil {
		return fmt.Errorf("write tape: %w", err)
	}
	w.begin()
	w.buf = append(w.buf, line...)
	w.flush()
	return w.err
}

// appendPlain appends a record that is no event.
func appendPlain(dst []byte, r Record) ([]byte, error) {
	begin := len(dst)
	switch r.Kind {
	case Comment:
		dst = append(append(dst, '#'), r.Value...)
	case Meta:
		dst = append(append(dst, "; "...), r.Key...)
		if r.Value != "" {
			dst = append(append(dst, ' '), r.Value...)
		}
	case Rule:
		if r.Conn != 0 {
			dst = fmt.Appendf(dst, "%d", r.Conn)
		}
		dst = append(append(dst, "! "...), r.Key...)
		for _, arg := range r.Args {
			dst = append(append(dst, ' '), arg...)
		}
	case Mark:
		dst = append(append(dst, "% "...), r.Value...)
	case Time:
		dst = append(append(dst, "~ "...), r.Wait.String()...)
	}
	if bytes.ContainsAny(dst[begin:], "\r\n") {
		return dst, fmt.Errorf("%s with a line end in it", r.Kind)
	}
	return append(dst, '\n'), nil
}

// begin makes the buffer ready for a record.
func (w *Writer) begin() {
	if cap(w.buf) > maxKept {
		w.buf = nil
	}
	w.buf = w.buf[:0]
	if w.open {
		return
	}
	w.buf = fmt.Appendf(w.buf, "%s%d\n", magic, formatVersion)
	if !w.opt.Created.IsZero() {
		w.buf = fmt.Appendf(w.buf, "; created %s\n", w.opt.Created.UTC().Format(time.RFC3339Nano))
	}
	if w.opt.Tool != "" {
		w.buf = fmt.Appendf(w.buf, "; tool %s\n", strings.Join(strings.Fields(w.opt.Tool), " "))
	}
	w.buf = fmt.Appendf(w.buf, "; profile %s\n", capture)
}

// flush writes the buffer, the whole of one record.
func (w *Writer) flush() {
	n, err := w.dst.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	if err == nil {
		w.open = true
		w.off += int64(n)
		return
	}
	w.err = fmt.Errorf("write tape: %w", err)
	if n <= 0 {
		return
	}
	if f, ok := w.dst.(interface {
		io.Seeker
		Truncate(size int64) error
	}); ok && f.Truncate(w.off) == nil {
		// The place to write follows the end, for whoever writes next.
		f.Seek(w.off, io.SeekStart)
	}
}

// Err returns the error that ended the recording, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(w.err, ErrClosed) {
		return nil
	}
	return w.err
}

// Close says in the tape that the recording ended in order. It does not close
// the destination. It returns the error that ended the recording, if one did.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done {
		return nil
	}
	w.done = true
	if w.err == nil {
		w.begin()
		w.buf = append(w.buf, "; end\n"...)
		w.flush()
	}
	if w.err != nil {
		return w.err
	}
	w.err = ErrClosed
	return nil
}
