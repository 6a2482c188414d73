package pcapng

import (
	"bytes"
	"cmp"
	"slices"

	"wiretape/wire"
)

// How much of a direction waits for what should come before it.
const (
	maxAhead     = 1 << 20  // octets
	maxAheadMany = 1024     // segments
	maxAheadAll  = 64 << 20 // octets of all directions
)

// A side is one direction of TCP.
type side struct {
	known bool
	next  uint32 // what comes next
	acked uint32 // up to where the other end has it
	ack   bool
	ahead []ahead
	held  int
	fin   bool
	finAt uint32
	ended bool
}

// ahead is a piece that came before its time.
type ahead struct {
	seq  uint32
	data []byte
	lost int
}

// bytes takes the piece of a stream that begins at seq.
func (r *Reader) bytes(f *flow, i int, seq uint32, data []byte, lost int) {
	me := &f.side[i]
	if me.ended {
		return
	}
	switch d := int32(seq - me.next); {
	case d > 0:
		at, _ := slices.BinarySearchFunc(me.ahead, seq, func(a ahead, seq uint32) int { return cmp.Compare(int32(a.seq-seq), 0) })
		me.ahead = slices.Insert(me.ahead, at, ahead{seq, bytes.Clone(data), lost})
		me.held += len(data)
		r.ahead += len(data)
		for len(me.ahead) > 0 && (me.held > maxAhead || len(me.ahead) > maxAheadMany || r.ahead > maxAheadAll) {
			r.gap(f, i, int64(int32(me.ahead[0].seq-me.next)))
			r.ready(f, i)
		}
		return
	case int64(-int64(d)) >= int64(len(data)+lost):
		return // it came before
	case -d > int32(len(data)):
		lost -= int(-d) - len(data)
		data = nil
	default:
		data = data[-d:]
	}
	r.give(f, i, data, lost)
	r.ready(f, i)
}

// give gives bytes that are next, and the gap behind them.
func (r *Reader) give(f *flow, i int, data []byte, lost int) {
	me := &f.side[i]
	if len(data) > 0 && !me.ended {
		me.next += uint32(len(data))
		r.event(f, wire.Event{Kind: wire.KindData, Dir: dirOf(i), Data: data})
	}
	if lost > 0 {
		r.say("a packet is cut off by the capture: a gap stands for the rest")
		r.gap(f, i, int64(lost))
	}
}

// ready gives what waited and is next now.
func (r *Reader) ready(f *flow, i int) {
	me := &f.side[i]
	for len(me.ahead) > 0 && int32(me.ahead[0].seq-me.next) <= 0 {
		a := me.ahead[0]
		me.ahead = slices.Delete(me.ahead, 0, 1)
		me.held -= len(a.data)
		r.ahead -= len(a.data)
		d := int(me.next - a.seq)
		switch {
		case d >= len(a.data)+a.lost:
		case d > len(a.data):
			r.give(f, i, nil, a.lost-(d-len(a.data)))
		default:
			r.give(f, i, a.data[d:], a.lost)
		}
	}
}

// gap gives a gap.
func (r *Reader) gap(f *flow, i int, size int64) {
	if me := &f.side[i]; size > 0 && !me.ended {
		me.next += uint32(size)
		r.say("bytes are missing from the capture: a gap")
		r.event(f, wire.Event{Kind: wire.KindGap, Dir: dirOf(i), Size: size})
	}
}

// skip gives a gap for what the other end has and the capture has not, with last
// for all that would come before what waits; and the end, once it is there.
func (r *Reader) skip(f *flow, i int, last bool) {
	me := &f.side[i]
	for len(me.ahead) > 0 && (last || me.ack && int32(me.acked-me.ahead[0].seq) > 0) {
		r.gap(f, i, int64(int32(me.ahead[0].seq-me.next)))
		r.ready(f, i)
	}
	if me.fin && !me.ended && (last || me.ack && int32(me.acked-me.finAt) > 0) {
		// A FIN that is acknowledged has all before it.
		r.gap(f, i, int64(int32(me.finAt-me.next)))
	}
	if me.fin && !me.ended && me.next == me.finAt {
		r.ahead -= me.held
		me.ended, me.ahead, me.held = true, nil, 0
		r.event(f, wire.Event{Kind: wire.KindEOF, Dir: dirOf(i)})
	}
}

func dirOf(i int) wire.Dir {
	if i == 0 {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}
