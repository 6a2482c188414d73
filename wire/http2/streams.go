package http2

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/http1"
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

func dirOf(side int) wire.Dir {
	if side == 0 {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}
