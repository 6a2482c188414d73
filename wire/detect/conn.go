package detect

import (
	"bytes"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// conn is what is known of one connection.
type conn struct {
	limits    proto.Limits
	v         evidence
	held      []wire.Event // while nothing is decided; their Data is ours
	idle      int          // how many of held are not data
	secured   *wire.Event  // the last KindSecure
	parser    proto.Parser // nil while nothing is decided
	proto     string
	reason    string
	off       [2]int64 // octets of each stream so far, held ones included
	from      [2]int64 // off at which the evidence, and so the parser, begins
	exchanges int      // highest number of an exchange
	before    int      // exchanges of the parsers before this one
	settled   int      // those of them that were answered
	ended     string   // why the last reply of those was complete
	numbers   numbering
	out       []proto.Message
}

// starter is a parser that can begin in the middle of its streams: Start sets
// the offsets of the octets that come next. It is called before Feed.
type starter interface{ Start(client, server int64) }

func newConn(forced string, limits proto.Limits) *conn {
	return &conn{limits: limits, v: evidence{forced: Canonical(forced)}}
}

// feed takes an event. The Messages are valid until the next call.
func (c *conn) feed(e wire.Event) []proto.Message {
	c.out = c.out[:0]
	if e.Kind == wire.KindSecure {
		c.secure(e)
		return c.out
	}
	c.count(e)
	if c.parser != nil {
		c.give(e)
		return c.out
	}
	c.hold(e)
	c.decide()
	return c.out
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

// count keeps the offsets of both streams.
func (c *conn) count(e wire.Event) {
	switch e.Kind {
	case wire.KindData:
		c.off[proto.Side(e.Dir)] += int64(len(e.Data))
	case wire.KindGap:
		c.off[proto.Side(e.Dir)] += max(0, e.Size)
	}
}

// hold keeps an event for the parser that is to come.
func (c *conn) hold(e wire.Event) {
	switch e.Kind {
	case wire.KindOpen:
		c.v.facts(e.Facts)
	case wire.KindData:
		c.v.data(e.Dir, e.Data)
	case wire.KindGap:
		// What follows a gap is not what a protocol begins with.
		if len(c.v.run[proto.Side(e.Dir)]) > 0 {
			c.v.done[proto.Side(e.Dir)] = true
		}
	case wire.KindEOF:
		c.v.done[proto.Side(e.Dir)] = true
	case wire.KindReset, wire.KindClose:
		c.v.finished = true
	}
	if e.Kind == wire.KindData && len(e.Data) == 0 && c.v.network != "udp" {
		return
	}
	if e.Kind != wire.KindData {
		if c.idle++; c.idle == maxIdle {
			c.v.finished = true
		}
	}
	e.Data = bytes.Clone(e.Data)
	c.held = append(c.held, e)
}

// maxIdle is how many events without data are held before the search is given
// up.
const maxIdle = 1 << 10

// decide asks the table, and gives what was held to the parser it names.
func (c *conn) decide() {
	r := c.v.decide()
	if r == nil {
		return
	}
	c.proto, c.reason = r.proto, r.reason
	c.parser = newParser(r.proto, &c.v, c.limits)
	if p, ok := c.parser.(starter); ok {
		p.Start(c.from[0], c.from[1])
	}
	held := c.held
	c.held, c.idle = nil, 0
	for _, e := range held {
		c.give(e)
	}
}

// give feeds the parser.
func (c *conn) give(e wire.Event) {
	c.add(c.parser.Feed(e))
}

// add takes a parser's Messages. The exchanges of a parser that follows another
// are counted on from those of the first.
func (c *conn) add(msgs []proto.Message) {
	for _, m := range msgs {
		if m.Exchange > 0 {
			m.Exchange += c.before
			c.exchanges = max(c.exchanges, m.Exchange)
		}
		c.out = append(c.out, m)
	}
}

// secure takes the end of a TLS handshake. A line protocol goes on in TLS; any
// other begins afresh.
func (c *conn) secure(e wire.Event) {
	name := ""
	if e.TLS != nil {
		name = e.TLS.ALPN
	}
	if c.parser != nil && (c.v.forced != "" || name == "" && isLine(c.proto)) {
		c.give(e)
		return
	}
	c.restart()
	c.secured = &e
	c.v.alpn = name
	c.hold(e)
	c.decide()
}

// isLine reports whether a protocol is one of lines, to which STARTTLS or a
// command like it may belong.
func isLine(name string) bool { return name == SMTP || name == FTP || name == Line }

// restart ends what was, and begins to look for a protocol again.
func (c *conn) restart() {
	c.end()
	c.from = c.off
	c.before = c.exchanges
	if c.parser != nil {
		s := c.parser.State()
		c.settled += s.Settled
		if s.EndedBy != "" {
			c.ended = s.EndedBy
		}
	}
	c.parser, c.proto, c.reason = nil, "", ""
	c.v = evidence{forced: c.v.forced, network: c.v.network, port: c.v.port}
}

// end decides what is still open, and has the parser give what is pending.
func (c *conn) end() {
	if c.parser == nil && c.v.first != 0 {
		c.v.finished = true
		c.decide()
	}
	if c.parser != nil {
		c.add(c.parser.Close())
	}
}
