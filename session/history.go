package session

import (
	"slices"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// What a session holds of the past, for .show, .body and .again. What is older
// is on the tape.
const (
	heldMessages = 4096
	heldBodies   = 64 << 20 // octets of heads, fields and bodies of Messages, 64 MiB
	heldStream   = 8 << 20  // octets of each direction of a connection, 8 MiB
	heldConns    = 8
	heldTyped    = 256 // requests over HTTP/2 as text
)

// A history holds the latest Messages and octets of a session.
type history struct {
	msgs    []proto.Message
	size    int
	taken   int // Messages so far, those that are held no more too
	streams []*streams
}

// streams are the latest octets of a connection, by [proto.Side].
type streams struct {
	conn  int
	sides [2]streamLog
}

// A streamLog holds the end of a stream: the octets from offset base on.
type streamLog struct {
	base int64
	buf  []byte
}

func (l *streamLog) add(b []byte) {
	if skip := len(b) - heldStream; skip > 0 {
		l.base += int64(len(l.buf) + skip)
		l.buf, b = l.buf[:0], b[skip:]
	}
	if len(l.buf)+len(b) > heldStream {
		// Half is dropped at once, so that a long stream is not moved with each
		// read.
		drop := max(len(l.buf)/2, len(l.buf)+len(b)-heldStream)
		l.base += int64(drop)
		l.buf = append(l.buf[:0], l.buf[drop:]...)
	}
	l.buf = append(l.buf, b...)
}

func (l *streamLog) skip(n int64) {
	l.base += int64(len(l.buf)) + n
	l.buf = l.buf[:0]
}

// slice returns the octets of a span, nil when they are not all held.
func (l *streamLog) slice(s proto.Span) []byte {
	if s.From < l.base || s.To > l.base+int64(len(l.buf)) || s.From > s.To {
		return nil
	}
	return l.buf[s.From-l.base : s.To-l.base]
}

// event keeps the octets of e.
func (h *history) event(e wire.Event) {
	if e.Kind != wire.KindData && e.Kind != wire.KindGap {
		return
	}
	l := &h.of(e.Conn).sides[proto.Side(e.Dir)]
	if e.Kind == wire.KindGap {
		l.skip(e.Size)
		return
	}
	l.add(e.Data)
}

func (h *history) of(conn int) *streams {
	for _, s := range h.streams {
		if s.conn == conn {
			return s
		}
	}
	if len(h.streams) == heldConns {
		h.streams = append(h.streams[:0], h.streams[1:]...)
	}
	s := &streams{conn: conn}
	h.streams = append(h.streams, s)
	return s
}

// message keeps m.
func (h *history) message(m proto.Message) {
	h.msgs = append(h.msgs, m)
	h.size += weight(&m)
	h.taken++
	if len(h.msgs) <= heldMessages && h.size <= heldBodies {
		return
	}
	// A quarter is dropped at once, so that what is kept is not moved with each
	// message; the latest stays whatever its size.
	drop := 0
	for drop < len(h.msgs)-1 && (len(h.msgs)-drop > heldMessages*3/4 || h.size > heldBodies*3/4) {
		old := &h.msgs[drop]
		h.size -= weight(old)
		drop++
	}
	h.msgs = slices.Delete(h.msgs, 0, drop)
}

// weight is what a Message counts in a history: its octets, and the fields that an
// octet of HPACK may stand for.
func weight(m *proto.Message) int {
	n := len(m.Head) + len(m.Body.Data)
	switch v := m.Value.(type) {
	case *http2.Frame:
		if v.Block != nil {
			n += heldField * len(v.Block.Fields)
		}
	case *http1.Request:
		n += heldField * len(v.Fields)
	case *http1.Response:
		n += heldField * len(v.Fields)
	}
	return n
}

// heldField is what a field takes beside its octets.
const heldField = 100

// last returns the number of the latest exchange, 0 when there is none.
func (h *history) last() int {
	for i := len(h.msgs) - 1; i >= 0; i-- {
		if h.msgs[i].N > 0 {
			return h.msgs[i].N
		}
	}
	return 0
}

// exchange returns the Messages of exchange n. Where nothing is numbered, since
// the protocol knows no exchanges, 0 returns all Messages.
func (h *history) exchange(n int) []proto.Message {
	var found []proto.Message
	for _, m := range h.msgs {
		if m.N == n {
			found = append(found, m)
		}
	}
	return found
}

// octets returns the octets of m as they went by, nil when they are not held.
func (h *history) octets(m *proto.Message) []byte {
	for _, s := range h.streams {
		if s.conn == m.Conn {
			return s.sides[proto.Side(m.Dir)].slice(m.Span)
		}
	}
	return nil
}
