package h2

import (
	"fmt"
	"time"

	"wiretape/wire/http2"
)

// An inflow counts what the peer may send, of the connection or of a stream.
type inflow struct {
	given    int64 // by WINDOW_UPDATE, less what came; a stream's initial window comes on top
	consumed int64 // since our last WINDOW_UPDATE
	total    int64
}

// calm closes a connection whose peer makes more answers due than it reads.
func (h *Link) calm() {
	select {
	case <-h.closed:
		return
	case <-h.flood:
	}
	h.conn.SetWriteDeadline(time.Now().Add(calming))                           // the answers may be stuck
	h.conn.Write(http2.AppendGoAway(nil, 0, http2.ErrCodeEnhanceYourCalm, "")) // its failure is an event of the connection
	h.conn.Close()
}

// Take looks at a frame of the server. It is called from the sink. It says
// what the frame ends.
func (h *Link) Take(f *http2.Frame) Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	fault := h.fault(f)
	if h.flooded {
		return fault
	}
	ack := f.Flags.Has(http2.FlagAck)
	switch f.Type {
	case http2.FrameSettings:
		if ack {
			h.settled |= theirAck
			break
		}
		h.settings(f.Settings)
		h.settled |= theirSettings
		if !h.opts.noAck {
			h.answers.Add(f.Answer())
		}
	case http2.FramePing:
		switch {
		case ack:
			h.pings = max(0, h.pings-1)
		case !h.opts.noPing:
			h.answers.Add(f.Answer())
		}
	case http2.FrameWindowUpdate:
		if f.Stream == 0 {
			h.window += int64(f.Increment)
		} else if st := h.streams[f.Stream]; st != nil {
			st.sent -= int64(f.Increment)
		}
		h.wake()
	case http2.FrameData:
		h.came(f)
	case http2.FrameHeaders, http2.FrameContinuation:
		h.block(f, false)
	case http2.FrameRSTStream:
		delete(h.streams, f.Stream)
		h.wake()
	}
	if h.answers.Waiting() > maxAnswers {
		h.answers.Drop()
		h.flooded = true
		close(h.flood)
		return Fault{fmt.Sprintf("the peer demands answers and does not read them, %d KiB wait: closing with ENHANCE_YOUR_CALM", maxAnswers>>10), true, true}
	}
	return fault
}

// Gave looks at a frame that we send, whoever made it. It is called from the
// sink.
func (h *Link) Gave(f *http2.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Type {
	case http2.FrameSettings:
		if f.Flags.Has(http2.FlagAck) {
			h.settled |= ourAck
		}
		for _, v := range f.Settings {
			if v.ID == http2.SettingInitialWindowSize {
				h.granted = int64(v.Value)
			}
		}
	case http2.FramePing:
		if !f.Flags.Has(http2.FlagAck) {
			h.pings++
		}
	case http2.FrameWindowUpdate:
		if f.Stream == 0 {
			h.recv.given += int64(f.Increment)
		} else if st := h.streams[f.Stream]; st != nil {
			st.recv.given += int64(f.Increment)
		}
	case http2.FrameData:
		// RFC 9113, section 6.9.1: the whole payload counts, padding too.
		h.window -= int64(f.Length)
		if st := h.streams[f.Stream]; st != nil {
			st.sent += int64(f.Length)
		}
		if f.Flags.Has(http2.FlagEndStream) {
			h.over(f.Stream, true)
		}
	case http2.FrameHeaders, http2.FrameContinuation:
		if f.Type == http2.FrameHeaders && f.Stream%2 == 1 && f.Stream >= h.next {
			h.next, h.last = f.Stream+2, f.Stream
			h.streams[f.Stream] = &streamState{asked: true}
		}
		h.block(f, true)
	case http2.FrameRSTStream:
		delete(h.streams, f.Stream)
		h.wake()
	}
}

// stream returns a stream, and begins to follow it; nil where too many are
// followed. h.mu is held.
func (h *Link) stream(id uint32) *streamState {
	st := h.streams[id]
	if st == nil && len(h.streams) < maxStreams {
		st = &streamState{}
		h.streams[id] = st
	}
	return st
}

// block follows the header blocks of a side to the END_STREAM of theirs. RFC
// 9113, section 8.1: it stands on the HEADERS frame, but CONTINUATION frames
// still belong to it. h.mu is held.
func (h *Link) block(f *http2.Frame, ours bool) {
	st := h.streams[f.Stream]
	if st == nil {
		return
	}
	if f.Type == http2.FrameHeaders {
		st.begun = st.begun || !ours
		st.ending = f.Flags.Has(http2.FlagEndStream)
	}
	if st.ending && f.Flags.Has(http2.FlagEndHeaders) {
		h.over(f.Stream, ours)
	}
}

// over takes the END_STREAM of a side. h.mu is held.
func (h *Link) over(id uint32, ours bool) {
	st := h.streams[id]
	if st == nil {
		return
	}
	st.ending = false
	if ours {
		st.ended = true
	} else {
		st.theirs = true
	}
	if st.ended && st.theirs {
		delete(h.streams, id)
	}
	h.wake()
}

// wake tells those who wait for room that something has changed. h.mu is held.
func (h *Link) wake() {
	close(h.room)
	h.room = make(chan struct{})
}

// settings takes what the peer sets. h.mu is held.
func (h *Link) settings(all []http2.Setting) {
	for _, st := range all {
		v := int64(st.Value)
		switch st.ID {
		case http2.SettingHeaderTableSize:
			h.table = v
		case http2.SettingInitialWindowSize:
			// RFC 9113, section 6.9.2: streams that are open change with it.
			h.initial = v
			h.wake()
		case http2.SettingMaxFrameSize:
			h.maxFrame = int(min(max(v, defaultFrame), longestFrame))
		}
	}
}

// came counts a DATA frame of the peer, and allows as much again. h.mu is held.
func (h *Link) came(f *http2.Frame) {
	n := int64(f.Length)
	h.recv.take(n)
	if !h.opts.noWindow {
		h.allow(0, &h.recv, 0)
	}
	st := h.stream(f.Stream)
	if st == nil {
		return
	}
	st.recv.take(n)
	if f.Flags.Has(http2.FlagEndStream) {
		if !st.asked {
			delete(h.streams, f.Stream) // the server's own
		}
		h.over(f.Stream, false)
		return
	}
	if !h.opts.noWindow {
		h.allow(f.Stream, &st.recv, h.granted)
	}
}

func (r *inflow) take(n int64) {
	r.given -= n
	r.consumed += n
	r.total += n
}

// allow gives back what came when that is a MiB, or half of the window and more:
// a window that somebody chose may be shorter. h.mu is held.
func (h *Link) allow(stream uint32, r *inflow, initial int64) {
	if c := r.consumed; c > 0 && (c >= windowStep || c >= initial+r.given) {
		h.answers.Add(http2.AppendWindowUpdate(nil, stream, uint32(min(c, 1<<31-1))))
		r.consumed = 0
	}
}

// Received returns how many octets of DATA have come on the streams that are
// open, and how many of those there are.
func (h *Link) Received() (streams int, octets int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, st := range h.streams {
		if st.asked && !st.theirs {
			streams++
			octets += st.recv.total
		}
	}
	return streams, octets
}
