package http2

import (
	"cmp"
	"fmt"
	"slices"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// FramingEndStream is the framing of a message over HTTP/2 that has a body, or
// may have one: END_STREAM ends it (RFC 9113, section 8.1).
const FramingEndStream http1.Framing = "end-stream"

// A half is the message of one side of a stream, while it is in progress.
type half struct {
	m        proto.Message
	begun    bool           // its fields are there
	done     bool           // it was given
	request  *http1.Request // of the client's side
	response *http1.Response
	length   int64 // Content-Length; -1 for none
	tap      http1.Tap
	asked    bool // whether there is to be a tap
}

// derive starts a message with its header block.
func (p *Parser) derive(s *side, st *stream, b *block, kind proto.Kind) proto.Message {
	return proto.Message{
		Conn: p.core.Conn, Exchange: st.exchange, Proto: protoName, Kind: kind, Dir: s.Dir, Derived: true, Stream: st.id,
		Secure: p.core.Secure, First: b.from.First, Last: p.core.Now, Span: proto.Span{From: b.from.Span.From, To: b.to},
	}
}

// requestHead begins a request with its header block.
func (p *Parser) requestHead(s *side, st *stream, h *half, b *block) {
	h.begun = true
	h.m = p.derive(s, st, b, proto.KindRequest)
	kept := p.streams.keepList(st, b)
	h.request = b.request()
	h.length = h.request.Length
	h.m.Notes = b.notes
	if !kept {
		h.length = -1
	}
	st.request = h.request
}

// promised gives the request of a PUSH_PROMISE, which is complete with its fields
// (RFC 9113, section 8.4).
func (p *Parser) promised(s *side, st *stream, b *block) {
	m := p.derive(s, st, b, proto.KindRequest)
	p.streams.keepList(st, b)
	st.request = b.request()
	st.request.Framing = http1.FramingNone
	m.Value, m.Notes = st.request, b.notes
	m.Complete, m.EndedBy = true, "PUSH_PROMISE"
	p.deliver(m)
}

// responseHead begins a response with its header block, and gives it if it is an
// interim one.
func (p *Parser) responseHead(s *side, st *stream, h *half, b *block) {
	h.begun = true
	h.m = p.derive(s, st, b, proto.KindResponse)
	p.streams.keepList(st, b)
	h.response = b.response()
	h.response.KeepAlive = p.streams.goAway[1] == nil
	h.response.KeepAliveWhy = version
	if !h.response.KeepAlive {
		h.response.KeepAliveWhy = "GOAWAY " + p.streams.goAway[1].Code.String()
	}
	h.length = h.response.Length
	h.m.Notes = b.notes
	if h.response.Interim() && !b.end {
		// RFC 9113, section 8.1: any number of interim responses come before the
		// final one.
		h.response.Framing = http1.FramingNone
		p.give(st, 1, true, "interim response")
		st.half[1] = half{}
	}
}

// trailers takes a header block behind the first one of a message.
func (p *Parser) trailers(h *half, b *block, st *stream) {
	if !b.end {
		b.note(b.from.Span.From, "a second header block without END_STREAM", "RFC 9113 8.1")
	}
	b.checkTrailers()
	if p.streams.keepList(st, b) {
		if h.request != nil {
			h.request.Trailers = http1.FieldsOf(append(h.request.Trailers.List(), b.fields...)...)
		} else {
			h.response.Trailers = http1.FieldsOf(append(h.response.Trailers.List(), b.fields...)...)
		}
	}
	h.grow(b.to)
	if b.from.Span.From < h.m.Span.From {
		// DATA came in the middle of the block, and began the message.
		h.m.Span.From, h.m.First = b.from.Span.From, b.from.First
	}
	for _, n := range b.notes {
		h.m.Notes = proto.AddNote(h.m.Notes, n)
	}
}

// grow moves the end of a message on to that of a frame.
func (h *half) grow(to int64) { h.m.Span.To = max(h.m.Span.To, to) }

// data takes the body of a DATA frame.
func (p *Parser) data(s *side, st *stream, m *proto.Message) {
	t, side := &p.streams, proto.Side(s.Dir)
	h := &st.half[side]
	if h.done || st.ended[side] {
		return
	}
	if !h.begun {
		why := "" // where the request is not known either, the beginning may be what is missing
		if st.request != nil || side == 0 {
			why = "DATA before the fields of the message"
		}
		p.headless(s, st, m, why)
	}
	if side == 1 {
		t.latest = st
	}
	p.tapped(h, m)
	b := &h.m.Body
	had := len(b.Data)
	limit := int64(p.core.Limits.Body)
	limit = min(limit, int64(had)+max(0, maxHeld-t.held-t.lists))
	if _, drained := h.tap.(http1.Drain); drained {
		limit = int64(had)
	}
	b.Keep(m.Body.Data, int(limit))
	b.Size += m.Body.Size - int64(len(m.Body.Data))
	b.Cut = b.Size > int64(len(b.Data))
	t.held += int64(len(b.Data) - had)
	h.grow(m.Span.To)
}

// headless begins a message whose fields did not come before the frame m.
func (p *Parser) headless(s *side, st *stream, m *proto.Message, why string) {
	side := proto.Side(s.Dir)
	h := &st.half[side]
	b := &block{from: *m, to: m.Span.To, broken: true}
	if why != "" {
		b.note(m.Span.From, why, "RFC 9113 8.1")
	}
	if side == 0 {
		p.requestHead(s, st, h, b)
	} else {
		p.responseHead(s, st, h, b)
	}
}

// endStream takes the END_STREAM of a side.
func (p *Parser) endStream(s *side, st *stream) {
	t, side := &p.streams, proto.Side(s.Dir)
	if st.ended[side] {
		return
	}
	st.ended[side] = true
	h := &st.half[side]
	if h.begun && !h.done {
		if h.response != nil && h.response.Interim() {
			h.m.Notes = proto.AddNote(h.m.Notes, proto.Note{Offset: h.m.Span.To, Text: "END_STREAM on an interim response", Rule: "RFC 9113 8.1"})
		}
		h.checkLength()
		p.give(st, side, true, "END_STREAM")
	}
	if side == 0 && !st.answered {
		st.asked = true
		t.waiting++
	}
	if side == 1 {
		t.answer(st, st.exchange > 0, "END_STREAM")
	}
	if st.ended[0] && st.ended[1] || side == 1 && st.exchange == 0 {
		t.drop(st, -1)
	}
}

// checkLength compares the body with its Content-Length. RFC 9113, section 8.1.1:
// not where the response is defined to have no body.
func (h *half) checkLength() {
	if h.length < 0 || h.length == h.m.Body.Size {
		return
	}
	if r := h.response; r != nil && h.m.Body.Size == 0 && (r.Status == 304 || r.Status == 204 || r.Request == nil || r.Request.Method == "HEAD") {
		return
	}
	h.m.Notes = proto.AddNote(h.m.Notes, proto.Note{
		Offset: h.m.Span.To, Rule: "RFC 9113 8.1.1",
		Text: fmt.Sprintf("Content-Length is %d, the body has %d octets", h.length, h.m.Body.Size),
	})
}

// give gives the message of a side of a stream, whole or as far as it came.
func (p *Parser) give(st *stream, side int, complete bool, why string) {
	h := &st.half[side]
	p.untap(h, why)
	m := h.m
	m.Complete, m.EndedBy, m.Last = complete, why, p.core.Now
	framing := FramingEndStream
	if m.Body.Size == 0 {
		framing = http1.FramingNone
	}
	if h.request != nil {
		h.request.Framing = framing
		m.Value = h.request
	} else {
		h.response.Framing = framing
		h.response.Request = st.asking()
		m.Value = h.response
	}
	p.streams.held -= int64(len(m.Body.Data))
	if side == 1 && p.streams.latest == st {
		p.streams.latest = nil
	}
	*h = half{done: true}
	p.deliver(m)
}

// asking returns the request of a stream for its response: as it is so far, where
// it goes on.
func (st *stream) asking() *http1.Request {
	q := st.request
	if q == nil || st.half[0].done || st.promised {
		return q
	}
	so := *q
	so.Trailers = http1.FieldsOf(slices.Clone(q.Trailers.List())...)
	return &so
}

// deliver puts a derived Message behind the frame in hand.
func (p *Parser) deliver(m proto.Message) {
	slices.SortStableFunc(m.Notes, func(a, b proto.Note) int { return cmp.Compare(a.Offset, b.Offset) })
	m.Last = p.core.Now
	p.derived = append(p.derived, m)
}
