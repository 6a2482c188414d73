package http2

import (
	"fmt"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

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
		if s.dec.unfinished() {
			g.note(3, "a header block before ends within a field: of the dynamic table nothing is known behind it", "4.3")
			s.dec.miss()
		}
		s.dec.endBlock()
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
	t, side := &p.streams, proto.Side(s.Dir)
	st := t.open[b.stream]
	if b.broken {
		b.note(b.from.Span.From, "not all of its fields are known: see its frames", "")
	}
	if b.promise {
		if s.Dir != wire.ServerToClient {
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
