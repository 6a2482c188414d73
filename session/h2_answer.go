package session

import (
	"fmt"
	"time"

	"wiretape/wire/http2"
)

// An h2Recv counts what the peer may send, of the connection or of a stream.
type h2Recv struct {
	given    int64 // by WINDOW_UPDATE, less what came; a stream's initial window comes on top
	consumed int64 // since our last WINDOW_UPDATE
	total    int64
}

// answer writes what take has made due. The sink itself must not write.
func (h *h2Link) answer() {
	for range h.changed {
		h.mu.Lock()
		b, stopped := h.answers, h.stopped
		h.answers = nil
		h.mu.Unlock()
		if stopped {
			return
		}
		if len(b) > 0 {
			h.conn.Write(b) // its failure is an event of the connection
		}
	}
}

// calm closes a connection whose peer makes more answers due than it reads.
func (h *h2Link) calm() {
	select {
	case <-h.closed:
		return
	case <-h.flood:
	}
	h.conn.SetWriteDeadline(time.Now().Add(h2Calming))                         // the answers may be stuck
	h.conn.Write(http2.AppendGoAway(nil, 0, http2.ErrCodeEnhanceYourCalm, "")) // its failure is an event of the connection
	h.conn.Close()
}

// take looks at a frame of the server. It is called from the sink. It says what
// is wrong when the connection is to be closed for it.
func (h *h2Link) take(f *http2.Frame) (wrong string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.flooded {
		return ""
	}
	ack := f.Flags.Has(http2.FlagAck)
	switch f.Type {
	case http2.FrameSettings:
		if ack {
			h.settled |= h2TheirAck
			break
		}
		h.settings(f.Settings)
		h.settled |= h2TheirSettings
		if !h.opts.noAck {
			h.answers = append(h.answers, f.Answer()...)
		}
	case http2.FramePing:
		switch {
		case ack:
			h.pings = max(0, h.pings-1)
		case !h.opts.noPing:
			h.answers = append(h.answers, f.Answer()...)
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
	if len(h.answers) > h2Answers {
		h.answers, h.flooded = nil, true
		close(h.flood)
		return fmt.Sprintf("the peer demands answers and does not read them, %d KiB wait: closing with ENHANCE_YOUR_CALM", h2Answers>>10)
	}
	if len(h.answers) > 0 {
		token(h.changed)
	}
	return ""
}

// gave looks at a frame that we send, whoever made it. It is called from the
// sink.
func (h *h2Link) gave(f *http2.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Type {
	case http2.FrameSettings:
		if f.Flags.Has(http2.FlagAck) {
			h.settled |= h2OurAck
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
			h.streams[f.Stream] = &h2State{asked: true}
		}
		h.block(f, true)
	case http2.FrameRSTStream:
		delete(h.streams, f.Stream)
		h.wake()
	}
}

// stream returns a stream, and begins to follow it; nil where too many are
// followed. h.mu is held.
func (h *h2Link) stream(id uint32) *h2State {
	st := h.streams[id]
	if st == nil && len(h.streams) < h2Counted {
		st = &h2State{}
		h.streams[id] = st
	}
	return st
}

// block follows the header blocks of a side to the END_STREAM of theirs. RFC
// 9113, section 8.1: it stands on the HEADERS frame, but CONTINUATION frames
// still belong to it. h.mu is held.
func (h *h2Link) block(f *http2.Frame, ours bool) {
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
func (h *h2Link) over(id uint32, ours bool) {
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
func (h *h2Link) wake() {
	close(h.room)
	h.room = make(chan struct{})
}

// settings takes what the peer sets. h.mu is held.
func (h *h2Link) settings(all []http2.Setting) {
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
			h.maxFrame = int(min(max(v, h2DefaultFrame), h2MaxFrame))
		}
	}
}

// came counts a DATA frame of the peer, and allows as much again. h.mu is held.
func (h *h2Link) came(f *http2.Frame) {
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

func (r *h2Recv) take(n int64) {
	r.given -= n
	r.consumed += n
	r.total += n
}

// allow gives back what came when that is a MiB, or half of the window and more:
// a window that somebody chose may be shorter. h.mu is held.
func (h *h2Link) allow(stream uint32, r *h2Recv, initial int64) {
	if c := r.consumed; c > 0 && (c >= h2WindowStep || c >= initial+r.given) {
		h.answers = http2.AppendWindowUpdate(h.answers, stream, uint32(min(c, 1<<31-1)))
		r.consumed = 0
	}
}

// received returns how many octets of DATA have come on the streams that are
// open, and how many of those there are.
func (h *h2Link) received() (streams int, octets int64) {
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
