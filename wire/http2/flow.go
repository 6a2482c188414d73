package http2

import (
	"fmt"

	"wiretape/wire"
)

// A Flow is what flow control lets a direction send, in octets of DATA (RFC 9113,
// section 5.2). It is below zero where more was sent, or where the other side has
// made its windows smaller since.
type Flow struct {
	Dir    wire.Dir // of the DATA
	Conn   int64
	Stream int64 // where Followed
	// Followed says that the frame is of a stream that is followed, and Stream
	// its window.
	Followed bool
}

const (
	defaultWindow = 65535     // RFC 9113, section 6.9.2
	maxWindow     = 1<<31 - 1 // section 6.9.1
)

// window returns what a side may send on a stream.
func (t *streams) window(st *stream, side int) int64 { return t.initial[side] + st.credit[side] }

// flow returns what a side may send, on a stream unless it is nil.
func (t *streams) flow(dir wire.Dir, side int, st *stream) *Flow {
	f := &Flow{Dir: dir, Conn: t.conn[side]}
	if st != nil {
		f.Stream, f.Followed = t.window(st, side), true
	}
	return f
}

// spend takes the DATA of a side off its windows. RFC 9113, section 6.9.1: the
// whole payload counts, padding too. Most is the initial window that may be in
// force, told says that the other side's WINDOW_UPDATE frames are on record.
func (t *streams) spend(st *stream, side int, n, most int64, told bool, note func(at int, text, section string)) {
	if t.conn[side] < n && told {
		note(0, fmt.Sprintf("DATA of %d octets, where the window of the connection is %d", n, t.conn[side]), "6.9.1")
	}
	t.conn[side] -= n
	if st == nil {
		return
	}
	if w := max(t.initial[side], most) + st.credit[side]; w < n && told {
		note(0, fmt.Sprintf("DATA of %d octets, where the window of stream %d is %d", n, st.id, w), "6.9.1")
	}
	st.credit[side] -= n
}

// widen adds to a window of a side what the other allows.
func (t *streams) widen(st *stream, side int, f *Frame, note func(at int, text, section string)) {
	n := int64(f.Increment)
	if f.Stream == 0 {
		if t.conn[side] += n; t.conn[side] > maxWindow {
			note(frameHeaderLen, fmt.Sprintf("the window of the connection becomes %d, more than 2^31-1", t.conn[side]), "6.9.1")
			t.conn[side] = maxWindow
		}
		return
	}
	if st == nil {
		return
	}
	st.credit[side] += n
	if w := t.window(st, side); w > maxWindow {
		note(frameHeaderLen, fmt.Sprintf("the window of stream %d becomes %d, more than 2^31-1", f.Stream, w), "6.9.1")
		st.credit[side] = maxWindow - t.initial[side]
	}
	t.credit[side] = max(t.credit[side], st.credit[side])
}

// checkInitial says of an initial window for what a side sends that it makes the
// window of a stream too large.
func (t *streams) checkInitial(side int, initial int64, note func(text string)) {
	if initial+t.credit[side] <= maxWindow {
		return // none can be
	}
	for _, st := range t.open {
		if initial+st.credit[side] > maxWindow {
			note(fmt.Sprintf("INITIAL_WINDOW_SIZE=%d makes the window of a stream larger than 2^31-1", initial))
			return
		}
	}
}
