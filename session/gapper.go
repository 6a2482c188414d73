package session

import (
	"time"

	"wiretape/tape"
	"wiretape/wire"
)

// A gapper writes a tape of bounded size: once its octets of data are used up,
// data becomes gaps, one for each run.
type gapper struct {
	w    *tape.Writer
	left int64
	gap  wire.Event // being gathered; Size 0 for none
	at   time.Duration
	lost int64       // octets that are gaps
	full func() bool // reports whether the tape may grow no more; nil for never
}

func newGapper(w *tape.Writer, size int64) *gapper { return &gapper{w: w, left: size} }

func (g *gapper) spanned(e wire.Event, spans []tape.Span) {
	g.at = e.At
	if e.Kind == wire.KindData && (int64(len(e.Data)) > g.left || g.full != nil && g.full()) {
		g.left = 0
		g.lost += int64(len(e.Data))
		if g.gap.Size > 0 && g.gap.Conn == e.Conn && g.gap.Dir == e.Dir {
			g.gap.Size += int64(len(e.Data))
			return
		}
		g.flush()
		g.gap = wire.Event{Conn: e.Conn, Kind: wire.KindGap, Dir: e.Dir, Size: int64(len(e.Data))}
		return
	}
	g.flush()
	if e.Kind == wire.KindData {
		g.left -= int64(len(e.Data))
	}
	g.w.Spanned(e, spans)
}

// flush writes the gap that was gathered.
func (g *gapper) flush() {
	if g.gap.Size == 0 {
		return
	}
	g.gap.At = g.at
	g.w.Event(g.gap)
	g.gap = wire.Event{}
}
