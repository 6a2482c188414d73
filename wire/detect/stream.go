// Package detect finds out what protocol a connection speaks and gives its
// Messages. It serves whatever reads conversations without being told what they
// are: the view, the matcher, the analysis, the redactor.
//
// A [Stream] takes the events of all connections of a recording. Of each
// connection it holds the events until the first bytes tell, by the one table
// in table.go, and then feeds them to the parser that fits; where none does, the
// bytes come as they are, as raw Messages. It follows a connection that changes
// its protocol on the way: STARTTLS, Upgrade, CONNECT.
//
// What it finds does not depend on how the bytes were cut: only on which bytes
// each side sent and on whose turn it was.
package detect

import (
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// Options say what is known beforehand. The zero value knows nothing and has
// the default limits.
type Options struct {
	// Proto is the protocol that every connection speaks, one of [Protos] or
	// another spelling that [Canonical] knows. "" and unknown names leave it to
	// detection. Where it hands over to another (Upgrade, CONNECT) that is followed.
	// A connection that was opened for octets of no protocol, as wire.Facts.Proto
	// says of FTP's data connection, is left alone.
	Proto string
	// Conns names the protocol of single connections, before Proto.
	Conns  map[int]string
	Limits proto.Limits
	// Body is asked for a reader of the body of each message of HTTP, before it, and
	// returns nil for none. A body that has one is not read as a stream of events.
	Body func(*proto.Message) http1.Tap
}

// A Stream turns the events of a recording into the Messages of its
// connections. It is used by one goroutine at a time.
type Stream struct {
	opts   Options
	conns  map[int]*conn
	order  []int // the keys of conns, in order of their first event
	closed []summary
	n      int // exchanges numbered so far
	out    []proto.Message
}

// summary is what stays of a connection that is closed.
type summary struct {
	conn          int
	proto, reason string
	state         proto.State
}

// keepClosed is how many closed connections State, Proto and Reason still
// answer for.
const keepClosed = 64

// New returns a Stream for one recording.
func New(opts Options) *Stream {
	opts.Limits = opts.Limits.WithDefaults()
	return &Stream{opts: opts, conns: map[int]*conn{}}
}

// Limit sets the limits of connections whose first event is still to come.
func (s *Stream) Limit(l proto.Limits) { s.opts.Limits = l.WithDefaults() }

// Feed takes the next event and returns the Messages that it completed. The
// slice is reused by the next call; the Messages in it are the caller's, and
// share no memory with e.Data. After the event of [wire.KindClose] what was
// known of the connection is forgotten, but for a short answer.
func (s *Stream) Feed(e wire.Event) []proto.Message {
	s.out = s.out[:0]
	c := s.conns[e.Conn]
	if c == nil {
		forced := s.opts.Proto
		name, named := s.opts.Conns[e.Conn]
		if named {
			forced = name
		}
		c = newConn(e.Conn, forced, &s.opts)
		c.named = named
		s.conns[e.Conn] = c
		s.order = append(s.order, e.Conn)
	}
	s.take(e.Conn, c, c.feed(e))
	if e.Kind == wire.KindClose {
		s.take(e.Conn, c, c.close())
		s.forget(e.Conn, c)
	}
	return s.out
}

// Close says that no event will follow and returns what was pending.
func (s *Stream) Close() []proto.Message {
	s.out = s.out[:0]
	for _, id := range s.order {
		if c := s.conns[id]; c != nil {
			s.take(id, c, c.close())
			s.keep(id, c)
		}
	}
	clear(s.conns)
	s.order = nil
	return s.out
}

// State says where the conversation on a connection stands. It is the zero
// State for a connection that is not known.
func (s *Stream) State(conn int) proto.State {
	if c := s.conns[conn]; c != nil {
		return c.state()
	}
	return s.summary(conn).state
}

// Proto returns the name of the protocol that a connection speaks now, "" while
// that is not known.
func (s *Stream) Proto(conn int) string {
	if c := s.conns[conn]; c != nil {
		return c.proto
	}
	return s.summary(conn).proto
}

// Reason says why a connection is read as it is: "ALPN http/1.1", "first line
// looks like an HTTP request". It is "" while nothing is decided.
func (s *Stream) Reason(conn int) string {
	if c := s.conns[conn]; c != nil {
		return c.reason
	}
	return s.summary(conn).reason
}

// take numbers the messages of a connection and adds them to the output.
func (s *Stream) take(id int, c *conn, msgs []proto.Message) {
	for i := range msgs {
		m := &msgs[i]
		m.Conn = id
		if m.Exchange > 0 {
			m.N = c.numbers.number(m.Exchange, &s.n)
		}
	}
	s.out = append(s.out, msgs...)
}

func (s *Stream) forget(id int, c *conn) {
	s.keep(id, c)
	delete(s.conns, id)
	for i, o := range s.order {
		if o == id {
			s.order = append(s.order[:i], s.order[i+1:]...)
			break
		}
	}
}

func (s *Stream) keep(id int, c *conn) {
	state := c.state()
	state.Partial = [2]*proto.Message{}
	if len(s.closed) == keepClosed {
		s.closed = append(s.closed[:0], s.closed[1:]...)
	}
	s.closed = append(s.closed, summary{id, c.proto, c.reason, state})
}

func (s *Stream) summary(conn int) summary {
	for i := len(s.closed) - 1; i >= 0; i-- {
		if s.closed[i].conn == conn {
			return s.closed[i]
		}
	}
	return summary{}
}
