package detect

import (
	"bytes"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/tlsrec"
)

// conn is what is known of one connection.
type conn struct {
	id        int
	named     bool // the protocol was chosen for this connection
	limits    proto.Limits
	v         evidence
	opened    *wire.Event  // KindOpen
	secured   *wire.Event  // the last KindSecure
	held      []wire.Event // while nothing is decided; their Data is ours
	idle      int          // how many of held are not data
	parser    proto.Parser // nil while nothing is decided
	proto     string
	reason    string
	off       [2]int64 // octets of each stream so far, held ones included
	from      [2]int64 // off at which the evidence, and so the parser, begins
	switches  int      // changes of protocol so far
	exchanges int      // highest number of an exchange
	before    int      // exchanges of the parsers before this one
	settled   int      // those of them that were answered
	ended     string   // why the last reply of those was complete
	numbers   numbering
	out       []proto.Message
}

// maxIdle is how many events without data are held before the search is given
// up.
const maxIdle = 1 << 10

// maxSwitches bounds the protocols that one connection may go through.
const maxSwitches = 16

func newConn(id int, forced string, opts *Options) *conn {
	return &conn{id: id, limits: opts.Limits, v: evidence{forced: Canonical(forced), body: opts.Body}}
}

// feed takes an event. The Messages are valid until the next call.
func (c *conn) feed(e wire.Event) []proto.Message {
	c.out = c.out[:0]
	off := &c.off[proto.Side(e.Dir)]
	switch e.Kind {
	case wire.KindSecure:
		c.secure(e)
		return c.out
	case wire.KindOpen:
		if len(c.held) == 0 {
			c.opened = &e
		}
		c.v.facts(e.Facts)
		if c.v.hint == Raw && !c.named {
			c.v.forced = ""
		}
	case wire.KindData:
		*off += int64(len(e.Data))
	case wire.KindGap:
		e.Size = proto.GapSize(e, *off)
		*off += e.Size
	}
	c.pass(e)
	return c.out
}

// pass gives an event to the parser, or keeps it for the one that is to come.
func (c *conn) pass(e wire.Event) {
	if c.parser != nil {
		c.give(e)
		return
	}
	c.hold(e)
	if e.Kind != wire.KindTry || c.v.finished { // what is known at the opening comes behind the tries
		c.decide()
	}
}

// close decides what is still open and returns what is pending.
func (c *conn) close() []proto.Message {
	c.out = c.out[:0]
	c.end()
	return c.out
}

func (c *conn) state() proto.State {
	s := proto.State{Want: -1}
	if c.parser != nil {
		s = c.parser.State()
	}
	s.Settled += c.settled
	if s.EndedBy == "" {
		s.EndedBy = c.ended
	}
	return s
}

// hold keeps an event.
func (c *conn) hold(e wire.Event) {
	side := proto.Side(e.Dir)
	switch e.Kind {
	case wire.KindOpen:
		if len(c.held) == 0 {
			return // opened has it
		}
	case wire.KindData:
		if len(e.Data) == 0 && c.v.network != "udp" {
			return
		}
		if len(e.Data) == 0 {
			c.v.finished = true // a datagram of nothing tells nothing
		}
		c.v.data(e.Dir, e.Data)
		e.Data = bytes.Clone(e.Data)
	case wire.KindGap:
		// What follows a gap goes on with nothing that was seen.
		c.v.done[side] = c.v.done[side] || len(c.v.run[side]) > 0
	case wire.KindEOF:
		c.v.done[side] = true
	case wire.KindReset, wire.KindClose:
		c.v.finished = true
	}
	if e.Kind != wire.KindData {
		c.idle++
		c.v.finished = c.v.finished || c.idle == maxIdle
	}
	c.held = append(c.held, e)
}

// decide asks the table, and gives what was held to the parser it names.
func (c *conn) decide() {
	r := c.v.decide()
	if r == nil {
		return
	}
	c.proto, c.reason = r.proto, r.reason
	c.parser = protocolOf(r.proto).parser(&c.v, c.limits)
	if c.opened != nil {
		c.parser.Feed(*c.opened)
	}
	if c.secured != nil {
		c.parser.Feed(*c.secured)
	}
	// A parser that takes over begins behind what it did not see. The Messages
	// say that it is missing, which it is not.
	for side, dir := range [2]wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		if c.from[side] > 0 {
			c.parser.Feed(wire.Event{Conn: c.id, Kind: wire.KindGap, Dir: dir, Size: c.from[side]})
		}
	}
	held := c.held
	c.held, c.idle = nil, 0
	for _, e := range held {
		c.pass(e)
	}
}

// give feeds the parser.
func (c *conn) give(e wire.Event) {
	c.add(c.parser.Feed(e))
	if u, ok := c.parser.(upgrader); ok {
		if token, ok := u.Upgraded(); ok {
			c.upgrade(u, token, e.At)
		}
	}
}

// add takes a parser's Messages. The exchanges of a parser that follows another
// are counted on from those of the first.
func (c *conn) add(msgs []proto.Message) {
	for _, m := range msgs {
		if m.Exchange > 0 {
			m.Exchange += c.before
			c.exchanges = max(c.exchanges, m.Exchange)
		}
		c.out = append(c.out, explained(m, c.from[1]))
	}
}

// explained returns m with a note where a server's first octets, which its parser
// cannot read, show that it speaks TLS.
func explained(m proto.Message, begin int64) proto.Message {
	if m.Kind != proto.KindRaw || m.Dir != wire.ServerToClient || m.Secure || m.Span.From != begin {
		return m
	}
	if what := tlsrec.Begins(m.Body.Data); what != "" {
		note := proto.Note{Offset: m.Span.From, Text: what + ": the peer speaks TLS here", Rule: "RFC 8446 5.1"}
		m.Notes = append([]proto.Note{note}, m.Notes...)
	}
	return m
}

// secure takes the end of a TLS handshake. A line protocol goes on in TLS; any
// other begins afresh.
func (c *conn) secure(e wire.Event) {
	name := ""
	if e.TLS != nil {
		name = e.TLS.ALPN
	}
	if c.parser != nil && (c.v.forced != "" || name == "" && protocolOf(c.proto).lines) {
		c.secured = &e
		c.give(e)
		return
	}
	c.end()
	c.from = c.off
	c.restart(evidence{forced: c.v.forced, network: c.v.network, port: c.v.port, hint: c.v.hint, alpn: name})
	c.secured = &e
	c.decide()
}

// restart begins to look for a protocol again, with what is known of it.
func (c *conn) restart(v evidence) {
	if c.parser != nil {
		s := c.parser.State()
		c.settled += s.Settled
		if s.EndedBy != "" {
			c.ended = s.EndedBy
		}
		c.switches++
	}
	c.before = c.exchanges
	c.parser, c.proto, c.reason = nil, "", ""
	v.body = c.v.body
	c.v = v
	c.v.lost = c.switches > maxSwitches
}

// end decides what is still open, and has the parser give what is pending.
func (c *conn) end() {
	if c.parser == nil && c.off != c.from {
		c.v.finished = true
		c.decide()
	}
	if c.parser != nil {
		c.add(c.parser.Close())
	}
}
