package detect

import (
	"wiretape/wire"
	"wiretape/wire/proto"
)

// Reread forgets what was made of a connection and reads it anew as a protocol,
// one of [Protos] or another spelling; "" leaves it to detection. Events are all
// of the connection's so far. It returns their Messages, as Feed does; their
// exchanges have numbers of their own.
func (s *Stream) Reread(conn int, name string, events []wire.Event) []proto.Message {
	s.out = s.out[:0]
	if s.conns[conn] == nil {
		s.order = append(s.order, conn)
	}
	c := newConn(conn, name, &s.opts)
	c.named = true
	s.conns[conn] = c
	for _, e := range events {
		s.take(conn, c, c.feed(e))
	}
	return s.out
}
