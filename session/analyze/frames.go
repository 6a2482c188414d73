package analyze

import (
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// frames is what a server's HTTP/2 frames tell of whether it speaks it.
type frames struct {
	settings bool // SETTINGS that is no acknowledgement came first
	acked    bool // ours was acknowledged
	goAway   bool
	code     http2.ErrCode // of the GOAWAY
	other    bool          // something else came first
	refused  bool          // a request was, with HTTP_1_1_REQUIRED
}

// take looks at a message of a connection that is read as HTTP/2.
func (f *frames) take(m proto.Message) {
	if m.Proto != detect.HTTP2 || m.Dir != wire.ServerToClient || f.other {
		return
	}
	v, ok := m.Value.(*http2.Frame)
	switch {
	case !ok:
		f.other = m.Kind == proto.KindRaw && !f.settings
	case v.Type == http2.FrameGoAway && v.Stream == 0 && m.Complete:
		// Not what may come first, and still an answer in frames.
		f.goAway, f.code = true, v.Code
	case !f.settings:
		f.settings = greets(v) && m.Complete
		f.other = !greets(v)
	case v.Type == http2.FrameRSTStream:
		f.refused = f.refused || v.Code == http2.ErrCodeHTTP11Required
	case v.Type == http2.FrameSettings && v.Flags.Has(http2.FlagAck):
		f.acked = true
	}
}

// greets reports whether a frame is what a server begins with: SETTINGS that is
// no acknowledgement (RFC 9113, section 3.4).
func greets(f *http2.Frame) bool {
	return f.Type == http2.FrameSettings && f.Stream == 0 && !f.Flags.Has(http2.FlagAck) && f.Length%6 == 0
}

// answeredInFrames reports whether the server began with SETTINGS, whatever it was
// asked in: an answer to HTTP/1.1 is read as that.
func (l *link) answeredInFrames() bool {
	if len(l.first) < 9 || l.first[3] != byte(http2.FrameSettings) {
		return false // most answers, at once
	}
	p := http2.New(proto.Limits{})
	msgs := p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: l.first})
	if len(msgs) == 0 {
		msgs = p.Close() // it is longer than what is kept
	}
	if len(msgs) == 0 {
		return false
	}
	f, ok := msgs[0].Value.(*http2.Frame)
	return ok && greets(f)
}
