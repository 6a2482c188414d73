package session

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
)

// RecordOptions say what is recorded of a session. The zero value keeps what
// .save needs, in memory, and writes no file.
type RecordOptions struct {
	Tape     string         // a file that the session is recorded to; "" for none
	Force    bool           // Tape may exist
	Keep     bool           // the session is kept in Dir, redacted, for sessions and show last
	Dir      string         // "" means StateDir
	NoRedact bool           // tapes hold secrets as they are; a kept session never does
	Redact   redact.Options // what else is secret
	Tool     string         // who records, such as "wiretape 1.2"
}

// spoolSize is how much data, and how much of a tape, is held in memory for .save where the session is
// not kept, octets.
const spoolSize = 16 << 20 // 16 MiB

// A recorder writes what happens to every tape of a session: the one asked for,
// the one that is kept, and those begun by .tape rec. It is guarded by the
// session's mutex.
type recorder struct {
	opts  RecordOptions
	start time.Time
	mask  *redact.Redactor
	dests []*recording
	spool *recording // what .save reads; one of dests

	numbers map[[2]int]int // of a source's connection on the tapes
	latest  map[int]int    // the last of those of a source
	blocks  int            // thousands of them that are taken, beside the first
	at      time.Duration  // of the last event
}

// A recording is one tape being written.
type recording struct {
	name   string // for people
	w      *tape.Writer
	file   *os.File // nil in memory
	memory *memory  // nil in a file
	masked bool     // secrets are replaced
	told   bool     // its failure was said
	limit  *gapper  // nil for no limit
}

func newRecorder(opts RecordOptions, start time.Time) (*recorder, error) {
	r := &recorder{opts: opts, start: start, numbers: map[[2]int]int{}, latest: map[int]int{}}
	r.mask = redact.New(func(e wire.Event, spans []tape.Span) { r.write(true, e, spans) }, opts.Redact)
	if opts.Tape != "" {
		if err := r.add(opts.Tape, opts.Force); err != nil {
			return nil, err
		}
	}
	if opts.Keep && !opts.NoRedact {
		return r, nil // made at the first event, so that no empty one is kept
	}
	r.spoolInMemory()
	return r, nil
}

// add records to a file from now on.
func (r *recorder) add(path string, force bool) error {
	f, err := tape.Create(path, force)
	if err != nil {
		return err
	}
	w := r.writer(f)
	if err := w.Begin(); err != nil {
		f.Close()
		return fmt.Errorf("record to %s: %w", path, err)
	}
	r.dests = append(r.dests, &recording{name: path, w: w, file: f, masked: !r.opts.NoRedact})
	return nil
}

func (r *recorder) writer(dst io.Writer) *tape.Writer {
	return tape.NewWriter(dst, tape.Options{Created: r.start, Tool: r.opts.Tool})
}

func (r *recorder) spoolInMemory() {
	m := new(memory)
	d := &recording{name: "memory", memory: m, masked: !r.opts.NoRedact, w: r.writer(m)}
	d.limit = newGapper(d.w, spoolSize)
	d.limit.full = func() bool { return m.Len() >= spoolSize }
	r.spool = d
	r.dests = append(r.dests, d)
}

// ready begins the kept session where that is still to be done.
func (r *recorder) ready() error {
	if !r.opts.Keep {
		return nil
	}
	r.opts.Keep = false
	return r.keep()
}

// keep begins the kept session. Where that cannot be, its error is told and the
// session goes on with what memory holds.
func (r *recorder) keep() error {
	dir, err := r.opts.Dir, error(nil)
	if dir == "" {
		dir, err = StateDir()
	}
	var f *os.File
	if err == nil {
		f, err = createKept(dir, r.start)
	}
	if err != nil {
		if r.spool == nil {
			r.spoolInMemory()
		}
		return fmt.Errorf("this session is not kept: %w", err)
	}
	d := &recording{name: f.Name(), w: r.writer(f), file: f, masked: true}
	d.limit = newGapper(d.w, keptSize)
	r.dests = append(r.dests, d)
	if r.spool == nil {
		r.spool = d
	}
	return nil
}

// LentConns is how far apart the connections of two recordings stand on one tape,
// which so can be told apart: those of the first that a session has lent are 1001,
// 1002, …, its own 1, 2, …
const LentConns = 1000

// number returns the number on the tapes of a connection of a source: 0 for the
// session's own recording, or one that was lent.
func (r *recorder) number(source, conn int) int {
	key := [2]int{source, conn}
	n := r.numbers[key]
	if n == 0 && conn > 0 {
		n = r.latest[source] + 1
		if n%LentConns == 0 || source > 0 && n == 1 {
			r.blocks++
			n = r.blocks*LentConns + 1
		}
		r.numbers[key], r.latest[source] = n, n
	}
	return n
}

// event records e of a source. Its error is to be told, once; the session goes
// on.
func (r *recorder) event(source int, e wire.Event) error {
	e.Conn = r.number(source, e.Conn)
	// The sources have clocks of their own, which are read before s.mu is held.
	r.at = max(r.at, e.At)
	e.At = r.at
	kept := r.ready()
	r.write(false, e, nil)
	for _, d := range r.dests {
		if d.masked {
			r.mask.Event(e)
			break
		}
	}
	if kept != nil {
		return kept
	}
	return r.failed()
}

// write gives e to the recordings that hold secrets replaced, or to the others.
func (r *recorder) write(masked bool, e wire.Event, spans []tape.Span) {
	for _, d := range r.dests {
		switch {
		case d.masked != masked:
		case d.limit != nil:
			d.limit.spanned(e, spans)
		default:
			d.w.Spanned(e, spans)
		}
	}
}

// failed returns the error of a recording that has stopped, once for each.
func (r *recorder) failed() error {
	for _, d := range r.dests {
		if err := d.w.Err(); err != nil && !d.told {
			d.told = true
			return fmt.Errorf("recording to %s stopped: %w", d.name, err)
		}
	}
	return nil
}

// record writes a mark or a note to all tapes, after what has happened so far.
func (r *recorder) record(rec tape.Record) error {
	r.mask.Flush()
	for _, d := range r.dests {
		if err := d.w.Record(rec); err != nil {
			return err
		}
	}
	return nil
}

// mark writes a mark that tells a URL, its secrets masked where the tape's are. A
// recording that fails says so at the next event.
func (r *recorder) mark(label, url string) error {
	err := r.ready()
	masked := r.mask.URL(url)
	for _, d := range r.dests {
		value := label + url
		if d.masked {
			value = label + masked
		}
		d.w.Record(tape.Record{Kind: tape.Mark, Value: value})
	}
	return err
}

// lost returns how many octets saved gives as gaps.
func (r *recorder) lost() int64 {
	if r.spool == nil || r.spool.limit == nil {
		return 0
	}
	return r.spool.limit.lost
}

// saved returns what was recorded so far, as a tape that ended in order. It stays
// that while recording goes on. The caller closes it.
func (r *recorder) saved() (io.ReadCloser, error) {
	r.mask.Flush()
	if r.spool != nil && r.spool.limit != nil {
		r.spool.limit.flush()
	}
	end := strings.NewReader("; end\n")
	switch {
	case r.spool == nil || r.spool.memory != nil && r.spool.memory.Len() == 0:
		return nil, errors.New("nothing has happened yet")
	case r.spool.memory != nil:
		return io.NopCloser(io.MultiReader(r.spool.memory.reader(), end)), nil
	}
	f, err := os.Open(r.spool.file.Name())
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(f, info.Size()), end), f}, nil
}

// describe names the files that are being written.
func (r *recorder) describe() []string {
	var names []string
	for _, d := range r.dests {
		if d.file != nil && d.w.Err() == nil {
			names = append(names, d.name)
		}
	}
	return names
}

// close ends all recordings and returns the first error, told before or not.
func (r *recorder) close() error {
	r.mask.Flush()
	var first error
	for _, d := range r.dests {
		if d.limit != nil {
			d.limit.flush()
		}
		err := d.w.Close()
		if d.file != nil {
			if cerr := d.file.Close(); err == nil {
				err = cerr
			}
		}
		if err != nil && first == nil {
			first = fmt.Errorf("recording to %s: %w", d.name, err)
		}
	}
	r.dests = nil
	return first
}
