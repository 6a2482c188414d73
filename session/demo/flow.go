package demo

import (
	"maps"
	"slices"

	"wiretape/wire/http2"
)

// Windows of flow control, in octets.
const (
	startWindow = 65535     // RFC 9113, section 6.9.2
	mostWindow  = 1<<31 - 1 // section 6.9.1
)

// send sends of an answer what the windows allow, and forgets the stream behind
// the last of it.
func (h *h2conn) send(st *h2stream) {
	for len(st.left) > 0 {
		n := min(int64(len(st.left)), maxFrame, h.window, h.initial-st.sent)
		if n <= 0 {
			return
		}
		end := n == int64(len(st.left)) && st.trailers == nil
		h.out = http2.AppendData(h.out, st.id, end, -1, st.left[:n])
		st.left = st.left[n:]
		h.held -= int(n)
		h.window -= n
		st.sent += n
	}
	if st.trailers != nil {
		h.headers(st.id, st.trailers, true)
	}
	h.drop(st)
}

// drop forgets a stream.
func (h *h2conn) drop(st *h2stream) {
	h.held -= len(st.body) + len(st.left)
	delete(h.streams, st.id)
}

// sendAll goes on with the answers that have waited, the oldest first.
func (h *h2conn) sendAll() {
	for _, id := range slices.Sorted(maps.Keys(h.streams)) {
		if st := h.streams[id]; st.answered {
			h.send(st)
		}
	}
}

// settings takes the client's settings that bear on what we send.
func (h *h2conn) settings(f *http2.Frame) (http2.ErrCode, string) {
	for _, s := range f.Settings {
		switch {
		case s.ID == http2.SettingHeaderTableSize:
			h.encoder.SetMaxDynamicTableSizeLimit(min(s.Value, 4096))
		case s.ID == http2.SettingInitialWindowSize && s.Value > mostWindow:
			return http2.ErrCodeFlowControl, "INITIAL_WINDOW_SIZE over 2^31-1"
		case s.ID == http2.SettingInitialWindowSize:
			h.initial = int64(s.Value)
		}
	}
	h.sendAll()
	return 0, ""
}

// widen takes a WINDOW_UPDATE.
func (h *h2conn) widen(f *http2.Frame) (http2.ErrCode, string) {
	n := int64(f.Increment)
	if n == 0 {
		return http2.ErrCodeProtocol, "WINDOW_UPDATE of 0"
	}
	if f.Stream == 0 {
		h.window += n
	} else if st := h.streams[f.Stream]; st != nil {
		if st.sent -= n; h.initial-st.sent > mostWindow {
			return http2.ErrCodeFlowControl, "a window over 2^31-1"
		}
	}
	if h.window > mostWindow {
		return http2.ErrCodeFlowControl, "a window over 2^31-1"
	}
	h.sendAll()
	return 0, ""
}
