package proto

import (
	"cmp"
	"time"

	"wiretape/wire"
)

// Runs collects the bytes of both directions that are no protocol's, and gives
// them as Messages of [KindRaw]. A run is cut at multiples of [RawRun] of its
// stream and at stops; the parser ends it before anything that it can read. The
// zero value is ready; Limits.Body bounds what a Message holds.
type Runs struct {
	Limits Limits
	run    [2]*Message
	stops  [2][]stop
	last   wire.Dir // who spoke last
}

// A stop is where a run has to end, within octets that are not known to be raw
// yet.
type stop struct {
	at   int64
	why  string
	next time.Duration // when the octet at at came; -1 for not told
}

// Stop ends the run of a direction, because of why, at the end of the octets that
// came. Those from offset start on wait in the parser's buffer: they may turn out
// to be raw too, go on with the run, and be cut at end. A parser stops both
// directions when the turn goes to the other and at events that are not data.
func (r *Runs) Stop(out []Message, dir wire.Dir, start, end int64, why string) []Message {
	if start == end {
		return r.End(out, dir, why)
	}
	stops := r.passed(dir, start)
	if n := len(stops); n == 0 || stops[n-1].at != end {
		r.stops[Side(dir)] = append(stops, stop{end, why, -1})
	}
	return out
}

// Turn takes an event before its octets are read. It stops both directions, unless
// e goes on with what the same direction said last. Client and server are the
// octets that wait in the parser's buffers.
func (r *Runs) Turn(out []Message, e wire.Event, client, server Span) []Message {
	dir := wire.Dir(0)
	switch {
	case e.Kind == wire.KindData && len(e.Data) == 0, e.Kind == wire.KindGap && e.Size <= 0:
		return out // nobody spoke
	case e.Kind == wire.KindData:
		dir = e.Dir
	}
	if dir != 0 && dir == r.last {
		return out
	}
	r.last = dir
	why := Ending(e.Kind)
	out = r.Stop(out, wire.ClientToServer, client.From, client.To, why)
	return r.Stop(out, wire.ServerToClient, server.From, server.To, why)
}

// Ending says why an event ends what went on before it, as Message.EndedBy does.
func Ending(k wire.Kind) string {
	switch k {
	case wire.KindData:
		return "the other side spoke"
	case wire.KindGap:
		return "octets are missing from the recording"
	case wire.KindEOF:
		return "end of stream"
	case wire.KindReset:
		return "connection reset"
	case wire.KindClose:
		return "connection closed"
	case wire.KindSecure:
		return "TLS began"
	}
	return k.String()
}

// Resume says when the octet at an offset came. Only that behind a stop counts:
// if it turns out to be raw, it is the first of a Message. A parser that does not
// tell has First say when that was found out.
func (r *Runs) Resume(dir wire.Dir, offset int64, at time.Duration) {
	stops := r.stops[Side(dir)]
	if n := len(stops); n > 0 && stops[n-1].at == offset {
		stops[n-1].next = at
	}
}

// passed drops the stops up to an offset and returns the others.
func (r *Runs) passed(dir wire.Dir, offset int64) []stop {
	stops := r.stops[Side(dir)]
	n := 0
	for n < len(stops) && stops[n].at <= offset {
		n++
	}
	if n == len(stops) {
		stops = stops[:0]
	} else {
		stops = stops[n:]
	}
	r.stops[Side(dir)] = stops
	return stops
}

// Add appends data, which came at a time and stands at an offset of its stream,
// to the run of like.Dir, and the Messages that it completed to out. A run that
// data begins takes Conn, Exchange, Proto, Dir, Secure and Notes from like, and
// First too, if it is not zero: the time of data that waited before it was known
// to be raw.
func (r *Runs) Add(out []Message, like Message, at time.Duration, offset int64, data []byte) []Message {
	side := Side(like.Dir)
	first := cmp.Or(like.First, at)
	for len(data) > 0 {
		stops := r.passed(like.Dir, offset)
		m := r.run[side]
		if m == nil {
			m = &Message{
				Conn: like.Conn, Exchange: like.Exchange, Proto: like.Proto, Kind: KindRaw, Dir: like.Dir,
				Secure: like.Secure, Notes: like.Notes, Span: Span{From: offset, To: offset}, First: first,
			}
			like.Notes = nil
			r.run[side] = m
		}
		n := min(int64(len(data)), RawRun-offset%RawRun)
		stopped := len(stops) > 0 && stops[0].at <= offset+n
		if stopped {
			n = stops[0].at - offset
		}
		m.Body.Keep(data[:n], r.Limits.WithDefaults().Body)
		m.Last = at
		offset += n
		m.Span.To = offset
		data = data[n:]
		first = at
		if stopped && stops[0].next >= 0 {
			first = stops[0].next
		}
		switch {
		case offset%RawRun == 0:
			out = r.End(out, like.Dir, "64 KiB")
		case stopped:
			out = r.End(out, like.Dir, stops[0].why)
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
	m.Tile(LeafRaw, m.Span.To)
	return append(out, *m)
}

// Partial returns the run in progress of a direction, nil for none.
func (r *Runs) Partial(dir wire.Dir) *Message { return r.run[Side(dir)] }

// Gap returns the Message of an event of [wire.KindGap] whose Size is positive,
// at an offset of its stream.
func Gap(e wire.Event, name string, offset int64, secure bool) Message {
	span := Span{From: offset, To: offset + e.Size}
	return Message{
		Conn: e.Conn, Proto: name, Kind: KindGap, Dir: e.Dir, Secure: secure, Complete: true,
		Body:   Body{Size: e.Size, Cut: true},
		Leaves: []Leaf{{Span: span, Name: LeafGap}}, Span: span, First: e.At, Last: e.At,
	}
}

// maxOffset is where a stream with octets missing ends at most: far from where
// offsets overflow.
const maxOffset = 1 << 60

// GapSize returns how many octets are missing by an event of [wire.KindGap] whose
// first stands at an offset of its stream; 0 for an event that makes no sense.
func GapSize(e wire.Event, offset int64) int64 { return max(0, min(e.Size, maxOffset-offset)) }
