package http2

import "wiretape/wire"

// streams counts what the server owes: the answers to requests, and
// acknowledgements.
type streams struct {
	open      map[uint32]*stream
	last      uint32 // highest stream that the client opened
	exchanges int
	waiting   int // requests that are complete and not answered
	settings  int // of the client, not acknowledged
	pings     int
	settled   int
	endedBy   string
	ending    [2]uint32 // stream that ends with the header block in progress; 0 for none
}

// stream is a request that is not answered completely.
type stream struct {
	exchange int
	asked    bool
}

// maxStreams bounds the requests that are followed at a time.
const maxStreams = 4096

// due returns how many answers the server owes.
func (t *streams) due() int { return t.waiting + t.settings + t.pings }

// exchange returns the exchange that a frame belongs to, 0 for none. A HEADERS
// frame of the client on a new stream of its own begins one.
func (t *streams) exchange(dir wire.Dir, f *Frame) int {
	if s := t.open[f.Stream]; s != nil {
		return s.exchange
	}
	if dir != wire.ClientToServer || f.Type != FrameHeaders || f.Stream <= t.last || f.Stream%2 == 0 {
		return 0
	}
	t.last = f.Stream
	t.exchanges++
	if len(t.open) < maxStreams {
		if t.open == nil {
			t.open = map[uint32]*stream{}
		}
		t.open[f.Stream] = &stream{exchange: t.exchanges}
	}
	return t.exchanges
}

// take notes what a whole frame changes.
func (t *streams) take(dir wire.Dir, f *Frame) {
	client := dir == wire.ClientToServer
	ack := f.Flags.Has(FlagAck)
	switch f.Type {
	case FrameSettings:
		count(&t.settings, client && !ack, !client && ack)
	case FramePing:
		count(&t.pings, client && !ack, !client && ack)
	case FrameData:
		if f.Flags.Has(FlagEndStream) {
			t.end(client, f.Stream)
		}
	case FrameHeaders, FrameContinuation:
		t.block(client, f)
	case FrameRSTStream:
		t.drop(f.Stream, !client, "RST_STREAM "+f.Code.String())
	case FrameGoAway:
		if client {
			return
		}
		for id := range t.open {
			if id > f.Last {
				t.drop(id, false, "")
			}
		}
	}
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

// block follows a header block. RFC 9113, section 8.1: END_STREAM stands on the
// HEADERS frame, but CONTINUATION frames still belong to it.
func (t *streams) block(client bool, f *Frame) {
	side := 1
	if client {
		side = 0
	}
	if f.Type == FrameHeaders {
		t.ending[side] = 0
		if f.Flags.Has(FlagEndStream) {
			t.ending[side] = f.Stream
		}
	}
	if id := t.ending[side]; id != 0 && f.Stream == id && f.Flags.Has(FlagEndHeaders) {
		t.ending[side] = 0
		t.end(client, id)
	}
}

// end takes the END_STREAM of a side.
func (t *streams) end(client bool, id uint32) {
	if !client {
		t.drop(id, true, "END_STREAM")
		return
	}
	if s := t.open[id]; s != nil && !s.asked {
		s.asked = true
		t.waiting++
	}
}

// drop forgets a stream, as answered or not.
func (t *streams) drop(id uint32, answered bool, why string) {
	s := t.open[id]
	if s == nil {
		return
	}
	delete(t.open, id)
	if s.asked {
		t.waiting--
	}
	if answered {
		t.settled++
		t.endedBy = why
	}
}
