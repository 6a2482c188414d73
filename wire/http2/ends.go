package http2

import (
	"fmt"
	"maps"
	"slices"

	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

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
	t, side := &p.streams, proto.Side(s.Dir)
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
			p.give(st, i, false, why+" from the "+s.Dir.String())
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
	t, side := &p.streams, proto.Side(s.Dir)
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
