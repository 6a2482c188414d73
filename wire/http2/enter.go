package http2

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// enter takes the header of a frame: the stream that it opens, and what it may not
// be on that stream. It returns the exchange that the frame belongs to, 0 for
// none. Known says that both directions are on record from their beginnings.
func (p *Parser) enter(s *side, f *Frame, known bool, note func(at int, text, section string)) int {
	t, side := &p.streams, proto.Side(s.Dir)
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
		} else if f.Type != FramePriority && (known || side == 0 && by == 0 && !s.missing && !s.late) {
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
	t, side := &p.streams, proto.Side(s.Dir)
	if s.Dir == wire.ServerToClient {
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
