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
// in any case, with "-", "_" or nothing between the words, and with their letters
// escaped or not; the strings of arrays that are such members; elements and attributes
// of XML with such names, in text that has an XML declaration or a namespace; the
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
// The body of a message is read also as what is left of it without the lines of
// chunks (RFC 9112, section 7.1), so that a secret is found that stands in two of
// them. No octet of those lines is changed by that, and each part of such a secret
// becomes a span.
//
// # HTTP/2
//
// It is followed from its preface, its first SETTINGS or its ALPN name on. A span
// cannot stand in a header block, so a value is overwritten in place, by equal
// octets where it is equal. Its length stays, as octets and decoded, so frames
// and HPACK tables stay right (but for values over 4 KiB of which Huffman's code
// makes more octets than they have). What cannot be decoded is overwritten whole. The body of
// each stream is text that frames part as chunks do.
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
	next  func(wire.Event, []tape.Span)
	ids   names
	conns map[int]*conn

	// What is held of one stream, and the event that it is from.
	held   []byte
	heldOf *stream
	from   wire.Event

	found results // of it

	out   []byte // a copy with samples in it
	spans []tape.Span
}

// New returns a Redactor that gives its events to next, which does not keep
// their bytes or the spans. After the last event call Flush.
func New(next func(wire.Event, []tape.Span), opt Options) *Redactor {
	r := &Redactor{next: next, conns: make(map[int]*conn)}
	r.found.needles = needles(opt.Values, &r.ids)
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
	n := r.found.find(s, b, seen, final)
	if n == 0 {
		return 0
	}
	if s.server {
		s.conn.asks(b[:n])
	}
	e.Data = b[:n]
	var spans []tape.Span
	if r.found.any() {
		e.Data, spans = r.mask(e.Data)
	}
	s.drop(n)
	r.found.drop(n)
	r.next(e, spans)
	return n
}

// mask returns a copy of b with the secrets in it replaced, and where they are. It
// is valid until the next call.
func (r *Redactor) mask(b []byte) ([]byte, []tape.Span) {
	out := append(r.out[:0], b...)
	r.out, r.spans = out, r.spans[:0]
	patches := r.found.patches
	for _, p := range patches {
		for i := p.from; i < min(p.to, len(b)); i++ {
			out[i] = p.with
		}
	}
	// They get their names here, in the order in which they stand.
	count := func(to int) {
		for ; len(patches) > 0 && patches[0].from < to; patches = patches[1:] {
			if patches[0].base != "" {
				r.ids.count(patches[0].base)
			}
		}
	}
	for _, m := range r.found.merge(len(b)) {
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
