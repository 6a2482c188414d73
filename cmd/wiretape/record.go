package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"

	"wiretape/tape"
	"wiretape/tape/redact"
	"wiretape/wire"
)

// recordFlags are the flags of every command that can record.
type recordFlags struct {
	tape     string
	force    bool
	noRedact bool
	secrets  []string
}

func (r *recordFlags) register(fs *pflag.FlagSet) {
	fs.Var((*fileName)(&r.tape), "tape", "record to `FILE`")
	r.registerManners(fs)
}

// registerManners registers how to record, without the flag that asks for it.
func (r *recordFlags) registerManners(fs *pflag.FlagSet) {
	fs.BoolVar(&r.force, "force", false, "write over an existing tape")
	fs.BoolVar(&r.noRedact, "no-redact", false, "keep secrets on the tape")
	fs.StringArrayVar(&r.secrets, "secret", nil, "the value of $WIRETAPE_SECRET_`ID` is a secret too")
}

// fileName is a flag's file; an empty name is an error, not none.
type fileName string

func (f *fileName) Set(s string) error {
	if s == "" {
		return errors.New("want the name of a file")
	}
	*f = fileName(s)
	return nil
}

func (f *fileName) String() string { return string(*f) }
func (f *fileName) Type() string   { return "file" }

// redaction returns what to redact beside what is secret by name.
func (r *recordFlags) redaction() (redact.Options, error) {
	o := redact.Options{Values: map[string]string{}}
	for _, id := range r.secrets {
		value := os.Getenv("WIRETAPE_SECRET_" + id)
		if value == "" {
			return o, &hinted{usagef("--secret %s: no value", id), "export WIRETAPE_SECRET_" + id}
		}
		o.Values[id] = value
	}
	return o, nil
}

// recording is a tape being written; the zero value is none.
type recording struct {
	file  *os.File // nil where who began it closes what it is written to
	name  string   // of the file, "" for stdout
	w     *tape.Writer
	mask  *redact.Redactor
	lines *lineFile // of file, where lines are counted
	last  wire.Event
}

// open begins the tape that --tape asks for, if it does.
func (r *recordFlags) open(start time.Time) (*recording, error) {
	return r.begin(start, false)
}

// begin is open. Counted asks that the recording can tell lines.
func (r *recordFlags) begin(start time.Time, counted bool) (*recording, error) {
	if r.tape == "" {
		return &recording{}, nil
	}
	o, err := r.redaction()
	if err != nil {
		return nil, err
	}
	f, err := tape.Create(r.tape, r.force)
	if err != nil {
		return nil, usagef("record: %w", err)
	}
	var dst io.Writer = f
	var lines *lineFile
	if counted {
		lines = &lineFile{File: f}
		dst = lines
	}
	rec, err := r.to(dst, r.tape, start, o)
	if err != nil {
		f.Close()
		return nil, usagef("record to %s: %w", r.tape, err)
	}
	rec.file, rec.lines = f, lines
	return rec, nil
}

// to begins a tape on dst, which stays the caller's. Name is the file's, "" for
// stdout.
func (r *recordFlags) to(dst io.Writer, name string, start time.Time, o redact.Options) (*recording, error) {
	rec := &recording{name: name, w: tape.NewWriter(dst, tape.Options{Created: start, Tool: toolName()})}
	if !r.noRedact {
		rec.mask = redact.New(rec.spanned, o)
	}
	return rec, rec.w.Begin()
}

// spanned is where the redaction gives events to.
func (r *recording) spanned(e wire.Event, spans []tape.Span) {
	r.last = wire.Event{Conn: e.Conn, Kind: e.Kind, Dir: e.Dir}
	r.w.Spanned(e, spans)
}

// A lineFile counts the lines that are written to a file.
type lineFile struct {
	*os.File
	lines  int
	before int // the last write
	writes int
}

// Write writes and counts.
func (f *lineFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	f.before, f.writes = f.lines, f.writes+1
	f.lines += bytes.Count(b[:n], []byte("\n"))
	return n, err
}

// event records an event and returns the line at which it stands, or will: of an
// event that may be a part of a secret, the redaction holds the end, which is
// written before anything else. It is for recordings that were begun counted.
func (r *recording) event(e wire.Event) (line int) {
	before := r.lines.writes
	r.sink()(e)
	// The time stands before the event, on a line of its own.
	if held := r.mask != nil && (r.last.Conn != e.Conn || r.last.Kind != e.Kind || r.last.Dir != e.Dir); held || r.lines.writes == before {
		return r.lines.lines + 2
	}
	return r.lines.before + 2
}

// mark records a mark that tells a URL.
func (r *recording) mark(label, url string) {
	if r.mask != nil {
		url = r.mask.URL(url)
	}
	// A recording that failed says so when it is closed.
	r.w.Record(tape.Record{Kind: tape.Mark, Value: label + url})
}

// sink returns where events go, nil for nowhere.
func (r *recording) sink() wire.Sink {
	switch {
	case r.w == nil:
		return nil
	case r.mask == nil:
		return r.w.Event
	}
	return r.mask.Event
}

// close ends the tape in order. It says on stderr which secrets were replaced.
func (r *recording) close(a *app) error {
	if r.w == nil {
		return nil
	}
	secrets, err := r.end()
	if len(secrets) > 0 {
		name := cmp.Or(r.name, "stdout")
		fmt.Fprintf(a.stderr, "* %s: %s replaced (%s); --no-redact keeps them\n",
			escape(name), count(len(secrets), "secret"), joinComma(secrets))
	}
	return err
}

// end ends the tape in order and returns the names of the secrets that were
// replaced.
func (r *recording) end() (secrets []string, err error) {
	if r.mask != nil {
		r.mask.Flush()
		secrets = r.mask.Replaced()
	}
	err = r.w.Close()
	if r.file == nil {
		return secrets, err
	}
	if cerr := r.file.Close(); err == nil {
		err = cerr
	}
	return secrets, err
}
