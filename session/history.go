package session

import (
	"bytes"
	"slices"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// What a session holds of the past, for .show, .body and .again. What is older
// is on the tape.
const (
	heldMessages = 4096
	heldBodies   = 32 << 20 // octets of Messages, with what is said of them, 32 MiB
	heldStream   = 8 << 20  // octets of each direction of a connection, 8 MiB
	heldConns    = 8        // connections of which octets are held
	heldTyped    = 256      // requests over HTTP/2 as text
)

// A history holds the latest Messages and octets of a session.
type history struct {
	msgs    []proto.Message
	size    int
	taken   int            // Messages so far, those that are held no more too
	streams []*streams     // the one that was used last is last
	typed   []typedRequest // the latest, at most heldTyped
}

// streams are the latest octets of a connection, by [proto.Side]. While it is open
// its offsets are counted, though none of its octets may be held.
type streams struct {
	conn   int
	sides  [2]streamLog
	closed bool
}

// held reports whether there are octets.
func (s *streams) held() bool { return len(s.sides[0].buf)+len(s.sides[1].buf) > 0 }

// drop holds nothing more of what came so far. Offsets go on.
func (s *streams) drop() {
	for i := range s.sides {
		l := &s.sides[i]
		l.base += int64(len(l.buf))
		l.buf = nil
	}
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
	switch e.Kind {
	case wire.KindData:
		h.use(e.Conn).sides[proto.Side(e.Dir)].add(e.Data)
	case wire.KindGap:
		h.use(e.Conn).sides[proto.Side(e.Dir)].skip(e.Size)
	case wire.KindClose:
		if s := h.of(e.Conn); s != nil {
			s.closed = true
		}
	default:
		return
	}
	h.makeRoom()
}

// of returns what is held of a connection, nil for nothing.
func (h *history) of(conn int) *streams {
	if i := h.index(conn); i >= 0 {
		return h.streams[i]
	}
	return nil
}

func (h *history) index(conn int) int {
	return slices.IndexFunc(h.streams, func(s *streams) bool { return s.conn == conn })
}

// use is of for what says something now, which is made where it is not there.
func (h *history) use(conn int) *streams {
	s := &streams{conn: conn}
	if i := h.index(conn); i >= 0 {
		s = h.streams[i]
		h.streams = slices.Delete(h.streams, i, i+1)
	}
	h.streams = append(h.streams, s)
	return s
}

// makeRoom drops the octets of the connections that were used longest ago, beyond
// heldConns, and all of those that are closed and have none.
func (h *history) makeRoom() {
	held := 0
	for _, s := range slices.Backward(h.streams) {
		if !s.held() {
			continue
		}
		if held++; held > heldConns {
			s.drop()
		}
	}
	h.streams = slices.DeleteFunc(h.streams, func(s *streams) bool { return s.closed && !s.held() })
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

// weight is what a Message counts in a history: its octets, and what is said of
// them, which is more where lines are short.
func weight(m *proto.Message) int {
	n := heldMessage + len(m.Head) + len(m.Body.Data) + heldLeaf*len(m.Leaves) + heldNote*len(m.Notes)
	switch v := m.Value.(type) {
	case *line.Reply:
		n += heldLine * len(v.Lines)
	case *http2.Frame:
		if v.Block != nil {
			n += heldField * len(v.Block.Fields)
		}
	case *http1.Request:
		n += heldField * v.Fields.Len()
	case *http1.Response:
		n += heldField * v.Fields.Len()
	}
	return n
}

// What is taken beside octets, about.
const (
	heldMessage = 400
	heldField   = 100
	heldNote    = 64
	heldLeaf    = 32
	heldLine    = 24
)

// A typedRequest is the text of which the frames of a stream of HTTP/2 were made.
type typedRequest struct {
	conn   int
	stream uint32
	text   []byte
}

// request keeps r.
func (h *history) request(r typedRequest) {
	if len(h.typed) == heldTyped {
		h.typed = slices.Delete(h.typed, 0, 1)
	}
	h.typed = append(h.typed, r)
}

// last returns the number of the latest exchange, 0 when there is none.
func (h *history) last() int { return h.lastOf(func(int) bool { return true }) }

// lastOf is last of the connections that are wanted.
func (h *history) lastOf(wanted func(conn int) bool) int {
	for i := len(h.msgs) - 1; i >= 0; i-- {
		if m := &h.msgs[i]; m.N > 0 && wanted(m.Conn) {
			return m.N
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
	return h.slice(m.Conn, m.Dir, m.Span)
}

// slice returns the octets of a span of one direction, nil when they are not all
// held.
func (h *history) slice(conn int, dir wire.Dir, span proto.Span) []byte {
	if s := h.of(conn); s != nil {
		return s.sides[proto.Side(dir)].slice(span)
	}
	return nil
}

// maxTurns bounds what is remembered of the order of a connection's events.
const maxTurns = 16 << 10

// turns are the events of a connection without their octets, which the
// history has: Size is how many. Octets of one run are one event, datagrams stay
// apart.
type turns struct {
	events []wire.Event
	lost   bool // there were too many
}

// event takes an event of the connection.
func (t *turns) event(e wire.Event) {
	if e.Kind == wire.KindOpen {
		*t = turns{}
	}
	n := len(t.events)
	datagrams := n > 0 && t.events[0].Facts != nil && t.events[0].Facts.Network == "udp"
	if e.Kind == wire.KindData {
		e.Size, e.Data = int64(len(e.Data)), nil
		if last := n - 1; n > 0 && !datagrams && t.events[last].Kind == wire.KindData && t.events[last].Dir == e.Dir {
			t.events[last].Size += e.Size
			return
		}
	}
	if t.lost || n == maxTurns {
		*t = turns{lost: true}
		return
	}
	t.events = append(t.events, e)
}

// whole returns the events with their octets, nil where they are not all held.
func (t *turns) whole(h *history) []wire.Event {
	if t.lost || len(t.events) == 0 {
		return nil
	}
	out := slices.Clone(t.events)
	var at [2]int64
	for i := range out {
		e := &out[i]
		side := proto.Side(e.Dir)
		switch e.Kind {
		case wire.KindData:
			span := proto.Span{From: at[side], To: at[side] + e.Size}
			e.Data = bytes.Clone(h.slice(e.Conn, e.Dir, span))
			if e.Data == nil && e.Size > 0 {
				return nil
			}
			at[side], e.Size = span.To, 0
		case wire.KindGap:
			at[side] += e.Size
		}
	}
	return out
}

// replace puts msgs in place of all Messages of a connection.
func (h *history) replace(conn int, msgs []proto.Message) {
	h.msgs = slices.DeleteFunc(h.msgs, func(m proto.Message) bool {
		if m.Conn == conn {
			h.size -= weight(&m)
		}
		return m.Conn == conn
	})
	for _, m := range msgs {
		h.message(m)
	}
}
