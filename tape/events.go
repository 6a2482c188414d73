package tape

import (
	"io"
	"iter"

	"wiretape/wire"
)

// Events returns what happened, as a [wire.Sink] saw it when it was recorded:
// each run of data lines is one event, each socket record another, at the
// tape's clock. Of a span, Data has the sample; of a secret, an invented one. A
// run of more than 128 KiB comes in pieces of the same time. Data is valid until
// the next event. An error is the last thing that it gives.
func (r *Reader) Events() iter.Seq2[wire.Event, error] {
	return func(yield func(wire.Event, error) bool) {
		j := joiner{r: r, yield: yield}
		err := r.join(&j)
		if err != nil && err != io.EOF && j.flush() {
			yield(wire.Event{}, err)
		}
	}
}

// Line returns the line at which the event begins that Events gave last.
func (r *Reader) Line() int { return r.given.line }

// Marked returns the label of the last mark that stands right before the event that
// Events gave last, with no other event between; "" for none.
func (r *Reader) Marked() string { return r.given.mark }

// A place tells where an event stands.
type place struct {
	line int
	mark string
}

// A joiner makes events of records. Once stopped is true yield is not called.
type joiner struct {
	r       *Reader
	at      place  // of what is held
	mark    string // behind it
	yield   func(wire.Event, error) bool
	stopped bool
	held    wire.Event // a run, or a handshake whose certificates may follow
	run     []byte
}

// give passes an event on, and reports whether to go on.
func (j *joiner) give(e wire.Event) bool {
	j.r.given = j.at
	j.at.mark = "" // of its first piece alone
	j.stopped = j.stopped || !j.yield(e, nil)
	return !j.stopped
}

// flush gives what is held.
func (j *joiner) flush() bool {
	if j.held.Kind == 0 || j.stopped {
		return !j.stopped
	}
	e := j.held
	if e.Kind == wire.KindData {
		e.Data = j.run
	}
	j.held.Kind = 0
	j.run = j.run[:0]
	return j.give(e)
}

// hold begins an event at a record.
func (j *joiner) hold(rec *Record) {
	j.held = rec.Event
	j.at, j.mark = place{rec.Line, j.mark}, ""
}

// join reads the whole tape. It returns io.EOF at the end.
func (r *Reader) join(j *joiner) error {
	for {
		if r.follow && !r.in.buffered() && (!j.flush() || r.p.ended) {
			return io.EOF
		}
		n := len(j.run)
		out, err := r.next(j.run)
		if err != nil {
			if err == io.EOF {
				j.flush()
			}
			return err
		}
		rec := &r.rec
		switch rec.Kind {
		case Data:
			goOn := rec.Continues && j.held.Kind == wire.KindData
			if !goOn {
				// What was held ends before the bytes that next has just added.
				if !j.flush() {
					return io.EOF
				}
				j.run = append(j.run, out[n:]...)
				j.hold(rec)
				j.held.Data = nil
			} else {
				j.run = out
			}
			if rec.Form == Raw {
				if err := r.joinRaw(j, !goOn); err != nil {
					return err
				}
			} else if len(j.run) > maxPiece && !r.joinLong(j) {
				return io.EOF
			}
		case Socket:
			if rec.Continues {
				if j.held.Kind == wire.KindSecure {
					j.held.TLS.Certificates = append(j.held.TLS.Certificates, rec.Event.TLS.Certificates...)
				}
				continue
			}
			if !j.flush() {
				return io.EOF
			}
			if j.hold(rec); rec.Event.Kind != wire.KindSecure && !j.flush() {
				return io.EOF
			}
		case Time, Rule, Mark:
			if !j.flush() {
				return io.EOF
			}
			if rec.Kind == Mark {
				j.mark = rec.Value
			}
		}
	}
}

// joinLong gives what a run has in excess of a piece.
func (r *Reader) joinLong(j *joiner) bool {
	for len(j.run) > maxPiece {
		e := j.held
		e.Data = j.run[:maxPiece]
		if !j.give(e) {
			return false
		}
		j.run = j.run[:copy(j.run, j.run[maxPiece:])]
	}
	return true
}

// joinRaw takes the raw block that was announced into the run. Where a piece of
// it is an event, or a piece of one, it is given without a copy. The run begins
// with the block if begins is true.
func (r *Reader) joinRaw(j *joiner, begins bool) error {
	for r.rawLeft > 0 {
		b, after, err := r.piece()
		if err != nil {
			return err
		}
		ends := after == '~' || after == '=' || after == '%' || after == '!'
		if len(j.run) == 0 && (r.rawLeft > 0 || ends) {
			e := j.held
			e.Data = b
			begins = true // what is left of it may be nothing
			if ends {
				j.held.Kind = 0
			}
			if !j.give(e) {
				return io.EOF
			}
			continue
		}
		j.run = append(j.run, b...)
		if !r.joinLong(j) {
			return io.EOF
		}
		if len(j.run) == 0 && begins {
			j.held.Kind = 0 // cut off before its first byte
		}
	}
	return nil
}
