package http2

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"wiretape/wire"
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

// A block is a header block in progress, over HEADERS or PUSH_PROMISE and the
// CONTINUATION frames behind it.
type block struct {
	stream  uint32
	promise bool
	end     bool // the stream ends behind it
	broken  bool // some of it is not known
	fields  []http1.Field
	offsets []int64 // of the fields, in the stream of octets
	notes   []proto.Note
	from    proto.Message // with the Span and the First of its first frame
	to      int64         // end of its last frame
}

// fragment reads the header block fragment of a frame, and what ends with it.
func (p *Parser) fragment(s *side, g *progress, whole bool) {
	f := g.f
	end := f.Flags.Has(FlagEndHeaders)
	if f.Type != FrameContinuation || s.pending == nil {
		if s.pending != nil || s.dec.pending() {
			s.dec.miss()
			s.dec.endBlock()
		}
		s.pending = nil
		if f.Type != FrameContinuation {
			s.pending = &block{
				stream: f.Stream, promise: f.Type == FramePushPromise, from: g.m,
				end: f.Type == FrameHeaders && f.Flags.Has(FlagEndStream),
			}
			if f.Type == FramePushPromise {
				s.pending.stream = f.Promised
			}
		}
	}
	b := s.pending
	if !whole {
		if !s.dec.broken {
			g.note(frameHeaderLen, "octets of a header block are missing: of the dynamic table nothing is known behind them", "4.3")
		}
		s.dec.miss()
		if b != nil {
			b.broken = true
		}
		if end {
			s.dec.endBlock()
		}
	} else {
		lost := s.dec.broken
		f.Block = s.dec.write(f.Fragment, end, func(at int, text, rule string) {
			g.m.Notes = proto.AddNote(g.m.Notes, proto.Note{Offset: min(g.m.Span.From+int64(f.at+at), g.m.Span.To), Text: text, Rule: rule})
		})
		if b != nil {
			b.broken = b.broken || lost || f.Block.Broken || f.Block.Cut
			for _, field := range f.Block.Fields {
				b.add(field, g.m.Span.From+int64(max(f.at+field.at, 0)))
			}
		}
	}
	if b != nil {
		b.to = g.m.Span.To
	}
	if end {
		s.pending = nil
		if b != nil {
			p.blockEnd(s, g, b)
		}
	}
}

// add takes a field. What cannot be told is left out of the message; the frame
// says so.
func (b *block) add(f Field, offset int64) {
	if f.Unknown {
		b.broken = true
		if f.Name == nil {
			return
		}
	}
	b.fields = append(b.fields, http1.Field{Name: f.Name, Value: f.Value})
	b.offsets = append(b.offsets, offset)
}

// blockEnd takes a header block that is complete.
func (p *Parser) blockEnd(s *side, g *progress, b *block) {
	t, side := &p.streams, proto.Side(s.dir)
	st := t.open[b.stream]
	if b.promise {
		if s.dir != wire.ServerToClient {
			return
		}
		if st = p.promise(g.f, g.note); st == nil {
			return
		}
		g.m.Exchange = st.exchange
		p.promised(s, st, b)
		return
	}
	if st == nil || st.ended[side] || st.promised && side == 0 {
		return
	}
	h := &st.half[side]
	switch {
	case h.done:
	case h.begun:
		p.trailers(h, b, st)
	case side == 0:
		p.requestHead(s, st, h, b)
	default:
		p.responseHead(s, st, h, b)
	}
	if b.end {
		p.endStream(s, st)
	}
}

// derive starts a message with its header block.
func (p *Parser) derive(s *side, st *stream, b *block, kind proto.Kind) proto.Message {
	return proto.Message{
		Conn: p.conn, Exchange: st.exchange, Proto: protoName, Kind: kind, Dir: s.dir, Derived: true, Stream: st.id,
		Secure: p.secure, First: b.from.First, Last: p.now, Span: proto.Span{From: b.from.Span.From, To: b.to},
	}
}

// keepList counts a field list as held, and reports whether it may be.
func (t *streams) keepList(st *stream, b *block) bool {
	n := int64(0)
	for i := range b.fields {
		n += Entry{b.fields[i].Name, b.fields[i].Value}.size()
	}
	if t.lists+t.held+n > maxHeld {
		b.note(b.from.Span.From, fmt.Sprintf("messages of more than %d octets are in progress: the fields of this one are not kept", maxHeld), "")
		b.broken, b.fields, b.offsets = true, nil, nil
		return false
	}
	t.lists += n
	st.list += n
	return true
}

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

func (p *Parser) trailers(h *half, b *block, st *stream) {
	if !b.end {
		b.note(b.from.Span.From, "a second header block without END_STREAM", "RFC 9113 8.1")
	}
	b.checkTrailers()
	if p.streams.keepList(st, b) {
		if h.request != nil {
			h.request.Trailers = append(h.request.Trailers, b.fields...)
		} else {
			h.response.Trailers = append(h.response.Trailers, b.fields...)
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
	t, side := &p.streams, proto.Side(s.dir)
	h := &st.half[side]
	if h.done || st.ended[side] {
		return
	}
	if !h.begun {
		if st.request != nil || side == 0 {
			p.headless(s, st, m, "DATA before the fields of the message")
		} else {
			p.headless(s, st, m, "")
		}
	}
	if side == 1 {
		t.latest = st
	}
	p.tapped(h, m)
	b := &h.m.Body
	had := len(b.Data)
	limit := int64(p.limits.Body)
	limit = min(limit, int64(had)+max(0, maxHeld-t.held-t.lists))
	b.Keep(m.Body.Data, int(limit))
	b.Size += m.Body.Size - int64(len(m.Body.Data))
	b.Cut = b.Size > int64(len(b.Data))
	t.held += int64(len(b.Data) - had)
	h.grow(m.Span.To)
}

// headless begins a message whose fields did not come before the frame m.
func (p *Parser) headless(s *side, st *stream, m *proto.Message, why string) {
	side := proto.Side(s.dir)
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
	t, side := &p.streams, proto.Side(s.dir)
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
	m.Complete, m.EndedBy, m.Last = complete, why, p.now
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
	so.Trailers = slices.Clone(q.Trailers)
	return &so
}

// deliver puts a derived Message behind the frame in hand.
func (p *Parser) deliver(m proto.Message) {
	slices.SortStableFunc(m.Notes, func(a, b proto.Note) int { return cmp.Compare(a.Offset, b.Offset) })
	m.Last = p.now
	p.derived = append(p.derived, m)
}

// cutHalves gives what is in progress on a side of all streams, because of why.
func (p *Parser) cutHalves(side int, why string) {
	for _, id := range slices.Sorted(maps.Keys(p.streams.open)) {
		st := p.streams.open[id]
		if h := &st.half[side]; h.begun && !h.done {
			p.give(st, side, false, why)
		}
	}
}

// rst takes an RST_STREAM.
func (p *Parser) rst(s *side, st *stream, f *Frame, m *proto.Message) {
	t, side := &p.streams, proto.Side(s.dir)
	why := "RST_STREAM " + f.Code.String()
	for i := range st.half {
		h := &st.half[i]
		if !h.begun || h.done {
			continue
		}
		if i == side {
			h.grow(m.Span.To)
			p.give(st, i, false, why)
		} else {
			p.give(st, i, false, why+" from the "+s.dir.String())
		}
	}
	if side == 1 {
		p.unanswered(s, st, m, why)
		t.answer(st, true, why)
	} else {
		t.answer(st, false, "")
	}
	t.drop(st, side)
}

// unanswered gives an empty response where a frame of the server ends an exchange
// in place of one.
func (p *Parser) unanswered(s *side, st *stream, m *proto.Message, why string) {
	if st.half[1].done || st.answered || st.exchange == 0 {
		return
	}
	r := p.derive(s, st, &block{from: *m, to: m.Span.To}, proto.KindResponse)
	r.EndedBy = why
	r.Value = &http1.Response{
		Version: version, Framing: http1.FramingNone, Length: -1, Request: st.asking(), KeepAlive: true, KeepAliveWhy: version,
	}
	st.half[1].done = true
	p.deliver(r)
}

// away takes a GOAWAY.
func (p *Parser) away(s *side, f *Frame, m *proto.Message, note func(at int, text, section string)) {
	t, side := &p.streams, proto.Side(s.dir)
	before := t.goAway[side]
	if before != nil && f.Last > before.Last {
		note(frameHeaderLen, fmt.Sprintf("GOAWAY with last stream %d, after one with %d", f.Last, before.Last), "6.8")
	}
	t.goAway[side] = f
	if side == 0 || before != nil && f.Last >= before.Last && t.last[0] <= before.Last {
		return
	}
	why := "GOAWAY " + f.Code.String()
	for _, id := range slices.Sorted(maps.Keys(t.open)) {
		st := t.open[id]
		if id <= f.Last || st.promised {
			continue
		}
		for i := range st.half {
			if h := &st.half[i]; h.begun && !h.done {
				if i == side {
					h.grow(m.Span.To)
				}
				p.give(st, i, false, why)
			}
		}
		p.unanswered(s, st, m, why)
		t.answer(st, false, "")
		t.drop(st, side)
	}
}

// lengthOf reads a Content-Length; -1 where it is none.
func lengthOf(v []byte) int64 {
	if len(v) == 0 || len(v) > 18 {
		return -1
	}
	for _, c := range v {
		if c < '0' || c > '9' {
			return -1
		}
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return -1
	}
	return n
}
