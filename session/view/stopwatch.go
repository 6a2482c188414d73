package view

import (
	"wiretape/wire"
	"wiretape/wire/proto"
)

// A Stopwatch times the exchanges of a recording. The zero value is ready.
type Stopwatch struct{ conns map[int]*timed }

// timed is what is held of a connection.
type timed struct {
	facts *wire.Facts
	tls   *wire.TLS
	open  map[int][]proto.Message // by N, without their octets
}

// maxTimed bounds the exchanges that a connection may have open and timed, and the
// Messages of each.
const maxTimed = 1024

func (s *Stopwatch) of(conn int) *timed {
	c := s.conns[conn]
	if c == nil {
		c = &timed{open: make(map[int][]proto.Message)}
		if s.conns == nil {
			s.conns = make(map[int]*timed)
		}
		s.conns[conn] = c
	}
	return c
}

// Event takes an event, behind the Messages that it completed.
func (s *Stopwatch) Event(e wire.Event) {
	switch e.Kind {
	case wire.KindOpen:
		s.of(e.Conn).facts = e.Facts
	case wire.KindSecure:
		s.of(e.Conn).tls = e.TLS
	case wire.KindClose:
		delete(s.conns, e.Conn)
	}
}

// Message takes a Message. It returns the times of the exchange that it ends, and
// false where it ends none.
func (s *Stopwatch) Message(m *proto.Message) (Timing, bool) {
	if m.N == 0 {
		return Timing{}, false
	}
	c := s.of(m.Conn)
	held := c.open[m.N]
	if held == nil && len(c.open) == maxTimed {
		return Timing{}, false
	}
	part := *m
	part.Leaves, part.Notes, part.Body = nil, nil, proto.Body{}
	if len(held) < maxTimed {
		held = append(held, part)
	} else {
		held[maxTimed-1] = part
	}
	c.open[m.N] = held
	if m.Dir != wire.ServerToClient || !Ends(m) {
		return Timing{}, false
	}
	delete(c.open, m.N)
	return TimingOf(held, c.facts, c.tls), true
}
