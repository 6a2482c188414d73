package http2

import (
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// maxTaps bounds the bodies of a connection that are tapped at one time: each tap
// holds what it has in progress.
const maxTaps = 16

// Tap has open asked, before the body of each message, for what is to be given
// that body, as [http1.Parser.Tap] does. The Messages that a tap returns stand
// behind the DATA frame that completed them. It is to be called before the first
// Feed.
func (p *Parser) Tap(open func(*proto.Message) http1.Tap) { p.open = open }

// tapped gives the data of a DATA frame to the tap of its message.
func (p *Parser) tapped(h *half, m *proto.Message) {
	if !h.asked && p.open != nil && p.streams.taps < maxTaps {
		like := h.like()
		if h.tap = p.open(&like); h.tap != nil {
			p.streams.taps++
		}
	}
	h.asked = true
	if h.tap == nil || len(m.Body.Data) == 0 {
		return
	}
	p.derived = h.tap.Body(p.derived, h.like(), p.core.Now, m.Span.From+int64(len(m.Head)), m.Body.Data)
	if m.Body.Cut {
		p.derived = h.tap.End(p.derived, "octets beyond what is kept of a frame")
	}
}

// like is what is known of a message while its body comes.
func (h *half) like() proto.Message {
	m := h.m
	like := proto.Message{Conn: m.Conn, Exchange: m.Exchange, Proto: m.Proto, Kind: m.Kind, Dir: m.Dir, Stream: m.Stream, Secure: m.Secure}
	switch {
	case h.request != nil:
		like.Value = h.request
	case h.response != nil:
		like.Value = h.response
	}
	return like
}

// untap ends what a tap has in progress.
func (p *Parser) untap(h *half, why string) {
	if h.tap != nil {
		p.derived = h.tap.End(p.derived, why)
		p.streams.taps--
		h.tap = nil
	}
}

// streamed reports whether the one response in progress holds a reply in itself as
// far as it came.
func (t *streams) streamed() bool {
	if t.latest == nil || t.due() > 1 {
		return false
	}
	tap := t.latest.half[1].tap
	return tap != nil && tap.Answered()
}
