// Package redact takes secrets out of events before a tape sees them. It stands
// between what records and a [tape.Writer]; the live conversation keeps its true
// bytes.
//
// Masked are, in the heads of HTTP/1 messages of both directions, the
// credentials of Authorization and Proxy-Authorization and the values of Cookie
// and Set-Cookie, and anywhere the values that are given. Bodies are not
// searched for anything but given values, and other protocols neither.
//
// A secret becomes a [tape.Span] over an invented sample of the same length. What
// verdicts hang on stays: names, attributes, schemes, control bytes, quotes, an
// empty value. Equal secrets get the same name.
//
// # Splits
//
// The bytes that come out do not depend on how a run was split into events. An
// event's tail that lies in a secret, or may begin a given one, is held and goes
// in front of the next event of its direction, but for at most 4 KiB: a longer
// secret is masked piece by piece. If anything else happens first, the tail is
// masked and written by itself, so no event is ever overtaken by a later one.
package redact

import (
	"bytes"
	"time"

	"wiretape/tape"
	"wiretape/wire"
)

// Options say what is secret beside what is by its name. The zero value works.
type Options struct {
	// Values are secrets by the name that they shall have on the tape: letters,
	// digits and _. They are masked wherever they stand, also in hex, base64,
	// percent-encoding and as a JSON string. Values under 4 bytes are ignored.
	Values map[string]string
}

// maxHeld is how much of a field's value is held at most, in bytes.
const maxHeld = 4 << 10

// A Redactor passes events on with the secrets in them masked. It is for one
// recording and one goroutine at a time, as a [wire.Sink] is.
type Redactor struct {
	next    func(wire.Event, []tape.Span)
	ids     names
	needles []needle
	conns   map[int]*conn

	// The one tail that is held.
	tail     []byte
	tailOf   *stream
	tailConn int
	tailDir  wire.Dir
	at       time.Duration // of the event that the tail is from

	buf   []byte // a tail and what follows it
	out   []byte // a copy with samples in it
	marks []mark
	found []mark
	spans []tape.Span
}

// A mark is a secret in a buffer.
type mark struct {
	from, to int
	base     string // what to name it after
	enc      string
	given    bool // base is the name
}

// New returns a Redactor that gives its events to next, which does not keep
// their bytes or the spans. After the last event call Flush.
func New(next func(wire.Event, []tape.Span), opt Options) *Redactor {
	r := &Redactor{next: next, conns: make(map[int]*conn)}
	r.needles = needles(opt.Values, &r.ids)
	return r
}

// Replaced returns the names of the secrets that were masked, in order of their
// first appearance.
func (r *Redactor) Replaced() []string { return r.ids.seen }

// Event takes an event. It is a [wire.Sink].
func (r *Redactor) Event(e wire.Event) {
	if e.Kind == wire.KindData && len(e.Data) > 0 {
		r.data(e)
		return
	}
	r.Flush()
	switch e.Kind {
	case wire.KindOpen:
		c := newConn()
		if e.Facts != nil && e.Facts.Network == "udp" {
			c.datagrams = true
		}
		r.conns[e.Conn] = c
	case wire.KindSecure:
		delete(r.conns, e.Conn) // what follows is a conversation of its own
	case wire.KindGap:
		r.conn(e.Conn).lose(e.Dir)
	case wire.KindClose:
		delete(r.conns, e.Conn)
	}
	r.next(e, nil)
}

func (r *Redactor) conn(n int) *conn {
	c := r.conns[n]
	if c == nil {
		c = newConn()
		r.conns[n] = c
	}
	return c
}

func (r *Redactor) data(e wire.Event) {
	if len(r.tail) > 0 && (r.tailConn != e.Conn || r.tailDir != e.Dir) {
		r.Flush()
	}
	c := r.conn(e.Conn)
	if c.datagrams {
		s := stream{state: off}
		r.pass(e, &s, e.Data, true)
		return
	}
	s := c.stream(e.Dir)
	if s.state == off && len(r.needles) == 0 {
		r.next(e, nil)
		return
	}
	b := e.Data
	if len(r.tail) > 0 {
		r.buf = append(append(r.buf[:0], r.tail...), e.Data...)
		b = r.buf
		r.tail = r.tail[:0]
	}
	rest := r.pass(e, s, b, false)
	if len(rest) > 0 {
		r.tail = append(r.tail[:0], rest...)
		r.tailOf, r.tailConn, r.tailDir, r.at = s, e.Conn, e.Dir, e.At
	}
}

// Flush masks and writes the tail that is held, if one is. What comes later may
// still belong to the secret that the tail is a part of: it will be masked too.
func (r *Redactor) Flush() {
	if len(r.tail) == 0 {
		return
	}
	b := append(r.buf[:0], r.tail...)
	r.buf, r.tail = b, r.tail[:0]
	e := wire.Event{Conn: r.tailConn, At: r.at, Kind: wire.KindData, Dir: r.tailDir}
	r.pass(e, r.tailOf, b, true)
}

// pass gives as much of b as is decided on as the bytes of e, and returns the
// rest: none when final.
func (r *Redactor) pass(e wire.Event, s *stream, b []byte, final bool) []byte {
	r.marks, r.found = r.marks[:0], r.found[:0]
	n := len(b)
	if len(r.needles) > 0 {
		n = r.search(s, b, final)
	}
	if n = s.scan(b[:n], final, &r.marks); n == 0 {
		return b
	}
	s.carry = mark{}
	if len(r.found) > 0 {
		r.overlay(s, n)
	}
	e.Data = b[:n]
	if len(r.marks) == 0 {
		r.next(e, nil)
		return b[n:]
	}
	out := append(r.out[:0], e.Data...)
	r.out, r.spans = out, r.spans[:0]
	for _, m := range r.marks {
		id, enc := r.ids.name(m, out[m.from:m.to])
		copy(out[m.from:m.to], tape.SecretSample(id, m.to-m.from, enc))
		r.spans = append(r.spans, tape.Span{From: m.from, To: m.to, Kind: tape.SpanSecret, ID: id, Enc: enc})
	}
	e.Data = out
	r.next(e, r.spans)
	return b[n:]
}

// overlay adds what was found of given values in the first n bytes to the
// marks, but for where a mark is already.
func (r *Redactor) overlay(s *stream, n int) {
	var all []mark
	marks := r.marks
	for _, f := range r.found {
		if f.from >= n {
			break
		}
		if f.to > n {
			s.carry = mark{to: f.to - n, base: f.base, enc: f.enc}
			f.to, f.given = n, false
		}
		for len(marks) > 0 && marks[0].to <= f.from {
			all, marks = append(all, marks[0]), marks[1:]
		}
		for len(marks) > 0 && marks[0].from < f.to {
			f.given = false
			if m := marks[0]; f.from < m.from {
				all = append(all, mark{f.from, m.from, f.base, f.enc, false})
			}
			f.from = marks[0].to
			if f.from >= f.to {
				break
			}
			all, marks = append(all, marks[0]), marks[1:]
		}
		if f.from < f.to {
			all = append(all, f)
		}
	}
	r.marks = append(all, marks...)
}

// search notes in r.found where given values stand in b, and returns how much of
// b is decided: what follows may begin one.
func (r *Redactor) search(s *stream, b []byte, final bool) int {
	i := 0
	if s.carry.to > 0 {
		i = min(s.carry.to, len(b))
		r.found = append(r.found, s.carry)
	}
	for i < len(b) {
		best, at := -1, len(b)
		for k, n := range r.needles {
			if j := bytes.Index(b[i:min(len(b), at-1+len(n.b))], n.b); j >= 0 && i+j < at {
				best, at = k, i+j
			}
		}
		if best < 0 {
			break
		}
		n := r.needles[best]
		r.found = append(r.found, mark{at, at + len(n.b), n.id, n.enc, true})
		i = at + len(n.b)
	}
	held, of := 0, needle{}
	for _, n := range r.needles {
		if k := n.begins(b[i:]); k > held {
			held, of = k, n
		}
	}
	if !final {
		return len(b) - held
	}
	if held >= minValue {
		r.found = append(r.found, mark{len(b) - held, len(b), of.id, of.enc, false})
	}
	return len(b)
}
