package proto

import (
	"time"

	"wiretape/wire"
)

// Runs collects the bytes of both directions that are no protocol's, and gives
// them as Messages of [KindRaw]. A run is cut at multiples of [RawRun] of its
// stream; the parser ends it at a turn and before anything that it can read. The
// zero value is ready; Limits.Body bounds what a Message holds.
type Runs struct {
	Limits Limits
	run    [2]*Message
}

// Add appends data, which came at a time and stands at an offset of its stream,
// to the run of like.Dir, and the Messages that it completed to out. A run that
// data begins takes Conn, Proto, Dir, Secure and Notes from like.
func (r *Runs) Add(out []Message, like Message, at time.Duration, offset int64, data []byte) []Message {
	side := Side(like.Dir)
	for len(data) > 0 {
		m := r.run[side]
		if m == nil {
			m = &Message{
				Conn: like.Conn, Proto: like.Proto, Kind: KindRaw, Dir: like.Dir, Secure: like.Secure, Notes: like.Notes,
				Span: Span{From: offset, To: offset}, First: at,
			}
			like.Notes = nil
			r.run[side] = m
		}
		n := min(int64(len(data)), RawRun-offset%RawRun)
		m.Body.keep(data[:n], r.Limits.WithDefaults().Body)
		m.Last = at
		offset += n
		m.Span.To = offset
		data = data[n:]
		if offset%RawRun == 0 {
			out = r.End(out, like.Dir, "64 KiB")
		}
	}
	return out
}

// End ends the run of a direction, if there is one, and appends its Message to
// out.
func (r *Runs) End(out []Message, dir wire.Dir, why string) []Message {
	m := r.run[Side(dir)]
	if m == nil {
		return out
	}
	r.run[Side(dir)] = nil
	m.Complete, m.EndedBy = true, why
	m.Leaves = []Leaf{{Span: m.Span, Name: "raw"}}
	return append(out, *m)
}

// Partial returns the run in progress of a direction, nil for none.
func (r *Runs) Partial(dir wire.Dir) *Message { return r.run[Side(dir)] }

// keep counts p and appends what limit leaves room for.
func (b *Body) keep(p []byte, limit int) {
	b.Data = append(b.Data, p[:min(len(p), max(0, limit-len(b.Data)))]...)
	b.Size += int64(len(p))
	b.Cut = b.Size > int64(len(b.Data))
}

// Gap returns the Message of an event of [wire.KindGap] whose Size is positive,
// at an offset of its stream.
func Gap(e wire.Event, name string, offset int64, secure bool) Message {
	span := Span{From: offset, To: offset + e.Size}
	return Message{
		Conn: e.Conn, Proto: name, Kind: KindGap, Dir: e.Dir, Secure: secure, Complete: true,
		Body:   Body{Size: e.Size, Cut: true},
		Leaves: []Leaf{{Span: span, Name: "gap"}}, Span: span, First: e.At, Last: e.At,
	}
}
