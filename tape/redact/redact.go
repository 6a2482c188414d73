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
// in any case, with "-", "_" or nothing between the words, and with all but the last
// of their letters escaped or not; the strings of arrays that are such members; the
// userinfo of URLs;
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
// are looked for where the server spoke first, or is known to by its port; those of
// Redis also in a client's first line.
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
// The bytes that come out are a function of the bytes that went in, and of where a
// stream was interrupted, not of how a run was split into events: all that reads them
// takes one octet after the other and reads none twice. What is not decided yet, since
// it may be a part of a secret, is held with what follows it and goes in front of
// the next event of its direction. A field's value, or one within a line, is held for
// 4 KiB at most, and masked piece by piece beyond. If anything else happens first,
// what is held is masked as far as it goes and written by itself, so no event is ever
// overtaken by a later one.
package redact

import (
	"strings"

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

	// What is held of one stream, and the event that it is from.
	held   []byte
	heldOf *stream
	from   wire.Event

	// What was decided on of it. Indexes are of its octets, or of those that are
	// looked at.
	marks   []mark  // in order, as all of these
	found   []mark  // given values
	inline  []mark  // what is secret within a line
	patches []patch // where no span can stand
	sought  int     // where the search for given values goes on

	out    []byte // a copy with samples in it
	merged []mark
	spare  []mark
	alone  []mark // what is secret within a value of HTTP/2
	spans  []tape.Span
	ahead  []int // by needle: where it stands next
}

// A mark is a secret.
type mark struct {
	from, to int
	base     string // what to name it after
	enc      string
	given    bool // base is the name

	// In a header block of HTTP/2, where no span can stand.
	bare  bool   // its octets are overwritten with the sample
	at    []int  // which those are, if a frame's header is between them
	value []byte // what it says, where they are coded and overwritten already
}

// A patch is a range that is overwritten with one octet, where no span can stand.
type patch struct {
	from, to int
	with     byte
	base     string // to be counted as, "" for not
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

// URL returns a URL that stands beside the events with the secrets in it masked, by
// the samples that stand for the same ones in requests. What is held is written
// first.
func (r *Redactor) URL(s string) string {
	r.Flush()
	const before, after = "GET ", " HTTP/1.1\r\n\r\n"
	next := r.next
	defer func() { r.next = next }()
	var masked []byte
	r.next = func(e wire.Event, _ []tape.Span) { masked = append(masked, e.Data...) }
	r.pass(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer}, newConn().stream(wire.ClientToServer), []byte(before+s+after), 0, true)
	return strings.TrimSuffix(strings.TrimPrefix(string(masked), before), after)
}

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

// Text returns text as it would stand on a tape that begins with it, as many octets.
func Text(text []byte) []byte {
	out := make([]byte, 0, len(text))
	r := New(func(e wire.Event, _ []tape.Span) { out = append(out, e.Data...) }, Options{})
	r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: text})
	r.Flush()
	return out
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
	c := r.conn(e.Conn)
	if c.datagrams {
		r.Flush()
		r.pass(e, newConn().stream(e.Dir), e.Data, 0, true)
		return
	}
	s := c.stream(e.Dir)
	if len(r.held) > 0 && r.heldOf != s {
		r.Flush()
	}
	b, seen := e.Data, len(r.held)
	if seen > 0 {
		r.held = append(r.held, e.Data...)
		b = r.held
	}
	n := r.pass(e, s, b, seen, false)
	r.held = append(r.held[:0], b[n:]...)
	r.heldOf, r.from = s, wire.Event{Conn: e.Conn, At: e.At, Kind: wire.KindData, Dir: e.Dir}
}

// Flush masks and writes what is held, if anything is. What comes later may still
// belong to a secret of which that is a part: it will be masked too.
func (r *Redactor) Flush() {
	if len(r.held) > 0 {
		r.pass(r.from, r.heldOf, r.held, len(r.held), true)
		r.held = r.held[:0]
	}
}

// pass has the readers of s go over b, of which they have seen the beginning, and
// gives what is decided as the bytes of e. It returns how much that is: all of it
// when final.
func (r *Redactor) pass(e wire.Event, s *stream, b []byte, seen int, final bool) int {
	n := len(b)
	if len(r.needles) > 0 {
		n = r.search(b, final)
	}
	n = r.uncut(min(n, s.scan(r, b, seen, final)))
	if n == 0 {
		return 0
	}
	if s.server {
		s.conn.asks(b[:n])
	}
	e.Data = b[:n]
	var spans []tape.Span
	if len(r.marks)+len(r.found)+len(r.inline)+len(r.patches) > 0 {
		e.Data, spans = r.mask(e.Data)
		r.decided(n)
	}
	s.drop(n)
	r.sought = max(0, r.sought-n)
	r.next(e, spans)
	return n
}

// mask returns a copy of b with the secrets in it replaced, and where they are. It
// is valid until the next call.
func (r *Redactor) mask(b []byte) ([]byte, []tape.Span) {
	out := append(r.out[:0], b...)
	r.out, r.spans = out, r.spans[:0]
	patches := r.patches
	for _, p := range patches {
		for i := p.from; i < min(p.to, len(b)); i++ {
			out[i] = p.with
		}
	}
	// They get their names here, in the order in which they stand.
	r.spare = overlay(r.spare[:0], r.marks, r.found, len(b))
	r.merged = overlay(r.merged[:0], r.spare, r.inline, len(b))
	count := func(to int) {
		for ; len(patches) > 0 && patches[0].from < to; patches = patches[1:] {
			if patches[0].base != "" {
				r.ids.count(patches[0].base)
			}
		}
	}
	for _, m := range r.merged {
		count(m.from)
		switch {
		case m.value != nil:
			r.ids.name(m, m.value)
		case m.at != nil:
			text := make([]byte, len(m.at))
			for k, i := range m.at {
				text[k] = out[i]
			}
			id, enc := r.ids.name(m, text)
			for k, c := range tape.SecretSample(id, len(text), enc) {
				out[m.at[k]] = byte(c)
			}
		default:
			id, enc := r.ids.name(m, out[m.from:m.to])
			copy(out[m.from:m.to], tape.SecretSample(id, m.to-m.from, enc))
			if !m.bare {
				r.spans = append(r.spans, tape.Span{From: m.from, To: m.to, Kind: tape.SpanSecret, ID: id, Enc: enc})
			}
		}
	}
	count(len(b))
	return out, r.spans
}

// uncut returns n, or less if a mark would be cut in two there.
func (r *Redactor) uncut(n int) int {
	for before := -1; before != n; {
		before = n
		for _, list := range [][]mark{r.marks, r.found, r.inline} {
			for i := len(list) - 1; i >= 0 && list[i].to > n; i-- {
				n = min(n, list[i].from)
			}
		}
	}
	return n
}

// decided forgets the marks in the first n octets.
func (r *Redactor) decided(n int) {
	for _, list := range []*[]mark{&r.marks, &r.found, &r.inline} {
		left := (*list)[:0]
		for _, m := range *list {
			if m.from < n {
				continue
			}
			m.from, m.to = m.from-n, m.to-n
			for k := range m.at {
				m.at[k] -= n
			}
			left = append(left, m)
		}
		clear((*list)[len(left):])
		*list = left
	}
	left := r.patches[:0]
	for _, p := range r.patches {
		if p.to > n {
			left = append(left, patch{max(0, p.from-n), p.to - n, p.with, p.base})
		}
	}
	r.patches = left
}

// overwrite has c stand at index i, in place of what is counted as base.
func (r *Redactor) overwrite(i int, c byte, base string) {
	if n := len(r.patches) - 1; n >= 0 && r.patches[n].to == i && r.patches[n].with == c && r.patches[n].base == base {
		r.patches[n].to++
		return
	}
	r.patches = append(r.patches, patch{i, i + 1, c, base})
}

// blot overwrites a range that may have secrets anywhere.
func (r *Redactor) blot(from, to int) {
	for i := from; i < to; i++ {
		r.overwrite(i, blot, "FIELD")
	}
}
