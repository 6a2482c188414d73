// Package redact takes secrets out of events before a tape sees them. It stands
// between what records and a [tape.Writer]; the live conversation keeps its true
// bytes.
//
// Masked are the credentials of Authorization and Proxy-Authorization and the
// values of Cookie and Set-Cookie, in HTTP/2 and in text, those of Api-Key,
// X-Api-Key, X-Auth-Key, X-Auth-Token, X-Access-Token, X-Amz-Security-Token,
// X-Goog-Api-Key, X-Vault-Token and Private-Token, what stands in
// Sec-WebSocket-Protocol behind a name such as bearer, the arguments of PASS, ACCT,
// AUTH, APOP, LOGIN, AUTHENTICATE and AUTHINFO as FTP, mail and news have them, the
// lines with which they go on, what answers a prompt for a password, and the
// passwords that commands of Redis have (AUTH, HELLO, MIGRATE, ACL SETUSER, CONFIG
// SET, SENTINEL SET).
//
// Masked are also, wherever they stand in text and in bodies of HTTP/2: what
// parameters of queries and forms and members of JSON objects have whose names are
// password, passwd, access_token, refresh_token, client_secret, api_key and token,
// in any case and with "-", "_" or nothing between the words; the userinfo of URLs;
// JSON web tokens, but for their first three letters; private keys in PEM; and the
// values that are given. Nothing that is compressed or encrypted is searched.
//
// # Text
//
// Any line that reads as one of those fields is masked, in a head, a trailer, a
// body or a conversation that is no HTTP, with the lines that are folded onto it.
// Framing decides nothing: a parser may only ask for a whole message, long after
// its fields had to be written, and where two readers disagree on what is a body
// the secret of the one would stand in clear in the body of the other. Commands
// are looked for where the server spoke first, or is known to by its port.
//
// A secret becomes a [tape.Span] over an invented sample of the same length, but
// for numbers and private keys, which are overwritten by a figure and a letter. What
// verdicts hang on stays: names, attributes, schemes, control bytes, quotes, an
// empty value. Equal secrets get the same name.
//
// # HTTP/2
//
// It is followed from its preface, its first SETTINGS or its ALPN name on. A span
// cannot stand in a header block, so a value is overwritten in place, by equal
// octets where it is equal. Its length stays, as octets and decoded, so frames
// and HPACK tables stay right (but for values over 4 KiB of which Huffman's code
// makes more octets than they have). What cannot be decoded is overwritten whole.
//
// # Splits
//
// The bytes that come out do not depend on how a run was split into events. An
// event's tail that lies in a secret, or may begin a given one, is held and goes
// in front of the next event of its direction, but for at most about 4 KiB: a
// longer secret is masked piece by piece. If anything else happens first, the
// tail is masked and written by itself, so no event is ever overtaken by a later
// one.
package redact

import (
	"time"

	"wiretape/tape"
	"wiretape/wire"
)

// Options say what is secret beside what is by its name. The zero value works.
type Options struct {
	// Values are secrets by the name that they shall have on the tape: letters,
	// digits and _. They are masked wherever they stand, also in hex, in base64 of
	// either alphabet and within what more was encoded, in percent-encoding and as
	// a JSON string. Values under 4 bytes are ignored.
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

	buf     []byte // a tail and what follows it
	out     []byte // a copy with samples in it
	marks   []mark
	found   []mark // given values
	inline  []mark // what is secret within a line
	alone   []mark // and within a value of HTTP/2
	spans   []tape.Span
	patches []patch // in HTTP/2
	ahead   []int   // by needle: where it stands next
}

// A mark is a secret in a buffer.
type mark struct {
	from, to int
	base     string // what to name it after
	enc      string
	given    bool // base is the name
}

// A patch is a range of a buffer that is overwritten with one octet, where no
// span can stand.
type patch struct {
	from, to int
	with     byte
}

// New returns a Redactor that gives its events to next, which does not keep
// their bytes or the spans. After the last event call Flush.
func New(next func(wire.Event, []tape.Span), opt Options) *Redactor {
	r := &Redactor{next: next, conns: make(map[int]*conn)}
	r.needles = needles(opt.Values, &r.ids)
	return r
}

// Expect tells what a connection is read as, a name as [wire.Facts] has it: whose
// lines are commands before the server has said anything.
func (r *Redactor) Expect(conn int, proto string) {
	r.conn(conn).expect(&wire.Facts{Proto: proto})
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
		} else {
			c.expect(e.Facts)
		}
		r.conns[e.Conn] = c
	case wire.KindSecure:
		// What follows is a conversation of its own.
		c := newConn()
		before := r.conn(e.Conn) // STARTTLS
		c.greeted, c.tagged, c.client.redis.seen = before.greeted, before.tagged, before.client.redis.seen
		if e.TLS != nil && e.TLS.ALPN == "h2" {
			c.client.frames, c.server.frames = &frames{s: &c.client}, &frames{s: &c.server}
		}
		r.conns[e.Conn] = c
	case wire.KindGap:
		r.conn(e.Conn).stream(e.Dir).lose(e.Size)
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
		r.pass(e, newConn().stream(e.Dir), e.Data, true)
		return
	}
	s := c.stream(e.Dir)
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
	r.marks, r.found, r.inline, r.patches = r.marks[:0], r.found[:0], r.inline[:0], r.patches[:0]
	n := len(b)
	if len(r.needles) > 0 {
		n = r.search(s, b, final)
	}
	if n = s.scan(r, b[:n], final); n == 0 {
		return b
	}
	if s.server {
		s.conn.asks(b[:n])
	}
	s.carry = mark{}
	if len(r.found) > 0 {
		r.overlay(s, r.found, n)
	}
	if len(r.inline) > 0 {
		r.overlay(s, r.inline, n)
	}
	e.Data = b[:n]
	if len(r.marks)+len(r.patches) == 0 {
		r.next(e, nil)
		return b[n:]
	}
	out := append(r.out[:0], e.Data...)
	r.out, r.spans = out, r.spans[:0]
	for _, p := range r.patches {
		for i := p.from; i < p.to; i++ {
			out[i] = p.with
		}
	}
	for _, m := range r.marks {
		id, enc := r.ids.name(m, out[m.from:m.to])
		copy(out[m.from:m.to], tape.SecretSample(id, m.to-m.from, enc))
		r.spans = append(r.spans, tape.Span{From: m.from, To: m.to, Kind: tape.SpanSecret, ID: id, Enc: enc})
	}
	e.Data = out
	r.next(e, r.spans)
	return b[n:]
}

// overwrite puts c at index i of the buffer.
func (r *Redactor) overwrite(i int, c byte) {
	if n := len(r.patches) - 1; n >= 0 && r.patches[n].to == i && r.patches[n].with == c {
		r.patches[n].to++
		return
	}
	r.patches = append(r.patches, patch{i, i + 1, c})
}

// blot overwrites a range of the buffer that may have secrets anywhere.
func (r *Redactor) blot(from, to int) {
	r.ids.count("FIELD")
	for i := from; i < to; i++ {
		r.overwrite(i, blot)
	}
}
