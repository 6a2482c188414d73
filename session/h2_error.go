package session

import (
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/wire/http2"
)

// h2Code names a code, what it means, and where that stands.
func h2Code(c http2.ErrCode) string {
	return fmt.Sprintf("%s (%s; RFC 9113 7)", c, c.Meaning())
}

// An h2Fault is what a frame of the peer ends before its time.
type h2Fault struct {
	say    string // in words; "" for nothing
	failed bool   // a reply that was due will not come, or nothing more can
}

// fault says what a frame of the peer ends. It is called from the sink, before
// take.
func (h *h2Link) fault(f *http2.Frame) h2Fault {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch f.Type {
	case http2.FrameRSTStream:
		st := h.streams[f.Stream]
		switch {
		case st == nil || f.Stream%2 == 0:
			return h2Fault{}
		case st.theirs: // RFC 9113, section 8.1: the reply is whole, and the rest of the request is not wanted
			return h2Fault{say: fmt.Sprintf("stream %d was reset behind its whole reply: %s: the rest of the body is not sent", f.Stream, h2Code(f.Code))}
		}
		return h2Fault{fmt.Sprintf("stream %d was reset: %s", f.Stream, h2Code(f.Code)), true}
	case http2.FrameGoAway:
		return h.goAway(f)
	}
	return h2Fault{}
}

// goAway is fault for GOAWAY. h.mu is held.
func (h *h2Link) goAway(f *http2.Frame) h2Fault {
	var left []uint32 // requests that were not acted on
	for id, st := range h.streams {
		if st.asked && id > f.Last {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	text := "GOAWAY " + h2Code(f.Code)
	if len(f.Debug) > 0 {
		text += ": " + view.EscapeString(string(f.Debug))
	}
	if f.Code != http2.ErrCodeNo {
		text = "the peer gives the connection up: " + text
	} else {
		text = "the peer takes no new streams on this connection: " + text
	}
	switch {
	case len(left) > 0:
		text += "; not acted on (RFC 9113 6.8): stream " + h2List(left)
	case f.Last > 0 && f.Last < 1<<31-1:
		text += fmt.Sprintf("; streams up to %d were or may be acted on", f.Last)
	}
	return h2Fault{text, f.Code != http2.ErrCodeNo || len(left) > 0}
}

// h2List names the first of many streams.
func h2List(ids []uint32) string {
	const shown = 8
	var b strings.Builder
	for i, id := range ids {
		switch {
		case i == shown:
			fmt.Fprintf(&b, " and %d more", len(ids)-shown)
			return b.String()
		case i > 0:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, id)
	}
	return b.String()
}
