package http2

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// streams are the streams of a connection, and what the server owes: the answers
// to requests, and acknowledgements.
type streams struct {
	open   map[uint32]*stream
	last   [2]uint32 // highest stream that a side opened
	closed ring      // those that were closed last
	missed bool      // some are not followed
	held   int64     // octets of messages in progress
	lists  int64     // of them, in field lists

	initial [2]int64 // window of a stream for what a side sends
	conn    [2]int64 // window of the connection
	credit  [2]int64 // highest credit that a stream had

	latest  *stream   // whose response data came for last
	goAway  [2]*Frame // the last GOAWAY of a side
	pushes  int       // open streams of the server
	pings   [2][]string
	unacked int // pings of the client that wait, beyond those in pings too

	exchanges int
	waiting   int // requests that are complete and not answered
	settings  int // of the client, not acknowledged
	settled   int
	endedBy   string
	taps      int // bodies that are tapped
}

// A stream is one that is not closed.
type stream struct {
	id       uint32
	exchange int
	promised bool
	ended    [2]bool // a side has sent END_STREAM
	asked    bool    // the request is complete and counted as due
	answered bool
	credit   [2]int64 // window of a side, above the initial one
	half     [2]half
	request  *http1.Request // nil before its fields are there
	list     int64          // octets of field lists, counted in streams.lists
}

// Bounds of what is followed.
const (
	maxStreams = 4096     // at a time
	maxHeld    = 16 << 20 // octets of messages in progress, 16 MiB
	maxPings   = 64       // that may be told apart
)

func (t *streams) reset() {
	n, settled, why := t.exchanges, t.settled, t.endedBy
	*t = streams{
		initial: [2]int64{defaultWindow, defaultWindow}, conn: [2]int64{defaultWindow, defaultWindow},
		exchanges: n, settled: settled, endedBy: why,
	}
}

// due returns how many answers the server owes.
func (t *streams) due() int { return t.waiting + t.settings + len(t.pings[0]) + t.unacked }

// coming returns how much has come of the body of the response that data came for
// last, and its Content-Length; 0 and -1 where it is complete, or nothing tells.
func (t *streams) coming() (got, want int64) {
	if t.latest == nil || !t.latest.half[1].begun {
		return 0, -1
	}
	h := &t.latest.half[1]
	return h.m.Body.Size, h.length
}

// opener returns the side whose streams have ids like id.
func opener(id uint32) int {
	if id%2 == 1 {
		return 0
	}
	return 1
}

// add follows a new stream.
func (t *streams) add(id uint32) *stream {
	if len(t.open) >= maxStreams {
		t.missed = true
		return nil
	}
	if t.open == nil {
		t.open = map[uint32]*stream{}
	}
	s := &stream{id: id}
	t.open[id] = s
	return s
}

// state returns where a stream stands.
func (t *streams) state(id uint32) StreamState {
	s := t.open[id]
	switch {
	case s == nil && id > t.last[opener(id)]:
		return StateIdle
	case s == nil, s.ended[0] && s.ended[1]:
		return StateClosed
	case s.promised && !s.half[1].begun && !s.half[1].done:
		return StateReserved
	case s.ended[0]:
		return StateHalfClosedClient
	case s.ended[1]:
		return StateHalfClosedServer
	}
	return StateOpen
}

// enter takes the header of a frame: the stream that it opens, and what it may not
// be on that stream. It returns the exchange that the frame belongs to, 0 for
// none. Known says that both directions are on record from their beginnings.
func (p *Parser) enter(s *side, f *Frame, known bool, note func(at int, text, section string)) int {
	t, side := &p.streams, proto.Side(s.dir)
	if f.Stream == 0 || f.Type > FrameContinuation || f.Type == FrameSettings || f.Type == FramePing || f.Type == FrameGoAway {
		return 0
	}
	st := t.open[f.Stream]
	by := opener(f.Stream)
	switch {
	case st != nil:
		t.checkOpen(st, side, f, note)
	case f.Stream > t.last[by]:
		if f.Type == FrameHeaders {
			st = p.opening(s, f, known, note)
		} else if f.Type != FramePriority && (known || side == 0 && by == 0 && !s.missing) {
			note(5, fmt.Sprintf("%s on stream %d, which is idle", f.Type, f.Stream), "5.1")
		}
	default:
		t.checkClosed(side, f, known, note)
	}
	if st == nil {
		return 0
	}
	return st.exchange
}

// opening takes HEADERS on a stream that is idle.
func (p *Parser) opening(s *side, f *Frame, known bool, note func(at int, text, section string)) *stream {
	t, side := &p.streams, proto.Side(s.dir)
	if s.dir == wire.ServerToClient {
		if known {
			note(5, fmt.Sprintf("HEADERS on stream %d, which is idle: the server opens none this way", f.Stream), "5.1.1")
		}
		return t.add(f.Stream) // its request may be what is missing
	}
	if f.Stream%2 == 0 {
		note(5, fmt.Sprintf("a client opens stream %d, which is even", f.Stream), "5.1.1")
		return nil
	}
	t.last[side] = f.Stream
	t.exchanges++
	if away := t.goAway[1]; away != nil && f.Stream > away.Last {
		note(5, fmt.Sprintf("stream %d is opened after a GOAWAY with last stream %d: the server will not act on it", f.Stream, away.Last), "6.8")
	}
	if limit := p.sides[1].agreed.most(SettingMaxConcurrentStreams); int64(len(t.open)-t.pushes) >= int64(limit) {
		note(5, fmt.Sprintf("stream %d is opened where %d are open, as many as MAX_CONCURRENT_STREAMS", f.Stream, len(t.open)-t.pushes), "5.1.2")
	}
	st := t.add(f.Stream)
	if st == nil {
		return &stream{exchange: t.exchanges} // for its number alone
	}
	st.exchange = t.exchanges
	return st
}

// checkOpen notes what a side that has ended its part of a stream may not send.
func (t *streams) checkOpen(st *stream, side int, f *Frame, note func(at int, text, section string)) {
	switch f.Type {
	case FrameData, FrameHeaders, FramePushPromise:
	default:
		return
	}
	switch {
	case st.promised && side == 0:
		note(3, fmt.Sprintf("%s of the client on stream %d, which the server promised", f.Type, f.Stream), "5.1")
	case st.ended[side] && f.Type != FramePushPromise:
		note(3, fmt.Sprintf("%s on stream %d, which the %s has ended", f.Type, f.Stream, dirOf(side)), "5.1")
	}
}

// checkClosed notes what may not be sent on a stream that is closed. What the other
// side's RST_STREAM crossed on its way is no fault.
func (t *streams) checkClosed(side int, f *Frame, known bool, note func(at int, text, section string)) {
	was, ok := t.closed.find(f.Stream)
	switch f.Type {
	case FrameData, FrameHeaders, FramePushPromise, FrameContinuation:
	case FrameWindowUpdate:
		if !ok || !was.reset[side] {
			return // may cross the end of the stream
		}
	default:
		return
	}
	switch {
	case ok && was.reset[side]:
		note(3, fmt.Sprintf("%s on stream %d, which the %s has reset", f.Type, f.Stream, dirOf(side)), "5.1")
	case ok && was.ended[side]:
		note(3, fmt.Sprintf("%s on stream %d, which is closed", f.Type, f.Stream), "5.1")
	case !ok && known && !t.missed && f.Type == FrameHeaders && side == 0:
		note(5, fmt.Sprintf("HEADERS on stream %d, where stream %d was opened before", f.Stream, t.last[side]), "5.1.1")
	case !ok && known && !t.missed:
		note(3, fmt.Sprintf("%s on stream %d, which is closed", f.Type, f.Stream), "5.1")
	}
}

// promise takes a PUSH_PROMISE of the server, whole.
func (p *Parser) promise(f *Frame, note func(at int, text, section string)) *stream {
	t := &p.streams
	if p.sides[0].agreed.value[SettingEnablePush] == 0 {
		note(0, "PUSH_PROMISE, which the client has switched off", "8.4")
	}
	if f.Promised == 0 || f.Promised%2 == 1 {
		return nil
	}
	if was := max(t.last[1], t.opened(f.Promised)); f.Promised <= was {
		note(f.at-4, fmt.Sprintf("stream %d is promised, where stream %d was before", f.Promised, was), "5.1.1")
		return nil
	}
	t.last[1] = f.Promised
	t.exchanges++
	st := t.add(f.Promised)
	if st != nil {
		st.exchange, st.promised, st.ended[0] = t.exchanges, true, true
		t.pushes++
	}
	return st
}

// opened returns id if that stream is open, 0 if not: a server may have sent HEADERS
// on one that it has not promised.
func (t *streams) opened(id uint32) uint32 {
	if t.open[id] != nil {
		return id
	}
	return 0
}

// drop forgets a stream that is closed.
func (t *streams) drop(st *stream, reset int) {
	if t.open[st.id] != st {
		return
	}
	delete(t.open, st.id)
	if st.promised {
		t.pushes--
	}
	t.lists -= st.list
	for side := range st.half {
		t.held -= int64(len(st.half[side].m.Body.Data))
		if st.half[side].tap != nil {
			t.taps--
		}
		st.half[side] = half{done: true}
	}
	was := ended{id: st.id, ended: st.ended}
	if reset >= 0 {
		was.reset[reset] = true
	}
	t.closed.add(was)
}

// count adds one or takes one away, never below zero.
func count(n *int, more, less bool) {
	switch {
	case more:
		*n++
	case less && *n > 0:
		*n--
	}
}

// answer counts a request as answered, or, not settled, as one that will not be.
func (t *streams) answer(st *stream, settled bool, why string) {
	if st.answered {
		return
	}
	st.answered = true
	if st.asked {
		t.waiting--
	}
	if settled {
		t.settled++
		t.endedBy = why
	}
}

// ping takes a PING: an acknowledgement must bear what was sent.
func (t *streams) ping(side int, f *Frame, known bool, note func(at int, text, section string)) {
	if f.Length != 8 || f.Stream != 0 {
		return
	}
	if !f.Flags.Has(FlagAck) {
		switch {
		case len(t.pings[side]) < maxPings:
			t.pings[side] = append(t.pings[side], string(f.Opaque))
		case side == 0:
			t.unacked++
		}
		return
	}
	sent := t.pings[1-side]
	for i, opaque := range sent {
		if opaque == string(f.Opaque) {
			t.pings[1-side] = append(sent[:i:i], sent[i+1:]...)
			return
		}
	}
	switch {
	case side == 1 && t.unacked > 0:
		t.unacked--
	case len(sent) > 0:
		note(frameHeaderLen, fmt.Sprintf("acknowledges %q, which no PING had", f.Opaque), "6.7")
		t.pings[1-side] = sent[1:]
	case known:
		note(0, "acknowledges a PING that was not sent", "6.7")
	}
}

func dirOf(side int) wire.Dir {
	if side == 0 {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}

// A ring holds how the last streams came to their end.
type ring struct {
	order []uint32 // ids, oldest at next once it is full
	next  int
	by    map[uint32]ended
}

// ended is a stream that was closed.
type ended struct {
	id    uint32
	ended [2]bool
	reset [2]bool
}

// maxClosed is how many streams a ring holds.
const maxClosed = 1024

func (r *ring) add(e ended) {
	if r.by == nil {
		r.by = map[uint32]ended{}
	}
	if _, ok := r.by[e.id]; !ok {
		if len(r.order) < maxClosed {
			r.order = append(r.order, e.id)
		} else {
			delete(r.by, r.order[r.next])
			r.order[r.next] = e.id
			r.next = (r.next + 1) % maxClosed
		}
	}
	r.by[e.id] = e
}

func (r *ring) find(id uint32) (ended, bool) {
	e, ok := r.by[id]
	return e, ok
}
