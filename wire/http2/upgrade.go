package http2

import (
	"encoding/base64"
	"encoding/binary"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// NewUpgraded returns a Parser for a connection that came to HTTP/2 by the Upgrade
// to h2c of a request over HTTP/1.1, or one as [New] gives if that is nil. RFC 7540,
// section 3.2: the request is that of stream 1, which the client has ended, and its
// field HTTP2-Settings is what the client's SETTINGS would say. Its exchange is the
// first one, of which only the response follows.
func NewUpgraded(limits proto.Limits, request *http1.Request) *Parser {
	p := New(limits)
	if request == nil {
		return p
	}
	t := &p.streams
	st := t.add(1)
	t.last[0], t.exchanges, t.waiting = 1, 1, 1
	st.exchange, st.asked, st.ended[0], st.request = 1, true, true, request
	st.half[0].done = true
	payload, err := base64.RawURLEncoding.DecodeString(string(request.Fields.Get("HTTP2-Settings")))
	if err != nil {
		return p
	}
	f := &Frame{Type: FrameSettings}
	for ; len(payload) >= 6; payload = payload[6:] {
		f.Settings = append(f.Settings, Setting{SettingID(binary.BigEndian.Uint16(payload)), binary.BigEndian.Uint32(payload[2:])})
	}
	// They are in force with the 101 (section 3.2.1).
	p.announce(&p.sides[0], f, func(int, string, string) {})
	p.acknowledge(&p.sides[0])
	return p
}
