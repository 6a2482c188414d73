package h2

import (
	"fmt"
	"slices"
	"strings"

	"wiretape/wire/http2"
)

// codeText names a code, what it means, and where that stands.
func codeText(c http2.ErrCode) string {
	return fmt.Sprintf("%s (%s; RFC 9113 7)", c, c.Meaning())
}

// A Fault is what a frame of the peer ends before its time.
type Fault struct {
	Say    string // in words, with what the peer says as it came; "" for nothing
	Failed bool   // a reply that was due will not come, or nothing more can
	Closes bool   // we close the connection for it
}

// fault says what a frame of the peer ends. h.mu is held, and f not yet taken.
func (h *Link) fault(f *http2.Frame) Fault {
	switch f.Type {
	case http2.FrameRSTStream:
		st := h.streams[f.Stream]
		switch {
		case st == nil || f.Stream%2 == 0:
			return Fault{}
		case st.theirs: // RFC 9113, section 8.1: the reply is whole, and the rest of the request is not wanted
			return Fault{Say: fmt.Sprintf("stream %d was reset behind its whole reply: %s: the rest of the body is not sent", f.Stream, codeText(f.Code))}
		}
		return Fault{Say: fmt.Sprintf("stream %d was reset: %s", f.Stream, codeText(f.Code)), Failed: true}
	case http2.FrameGoAway:
		return h.goAway(f)
	}
	return Fault{}
}

// goAway is fault for GOAWAY. h.mu is held.
func (h *Link) goAway(f *http2.Frame) Fault {
	var left []uint32 // requests that were not acted on
	for id, st := range h.streams {
		if st.asked && id > f.Last {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	text := "GOAWAY " + codeText(f.Code)
	if len(f.Debug) > 0 {
		text += ": " + string(f.Debug)
	}
	if f.Code != http2.ErrCodeNo {
		text = "the peer gives the connection up: " + text
	} else {
		text = "the peer takes no new streams on this connection: " + text
	}
	switch {
	case len(left) > 0:
		text += "; not acted on (RFC 9113 6.8): stream " + streamList(left)
	case f.Last > 0 && f.Last < 1<<31-1:
		text += fmt.Sprintf("; streams up to %d were or may be acted on", f.Last)
	}
	return Fault{Say: text, Failed: f.Code != http2.ErrCodeNo || len(left) > 0}
}

// streamList names the first of many streams.
func streamList(ids []uint32) string {
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
