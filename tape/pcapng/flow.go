package pcapng

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"wiretape/wire"
	"wiretape/wire/keylog"
)

// How much of a direction waits for what should come before it.
const (
	maxAhead     = 1 << 20 // octets
	maxAheadMany = 1024    // segments
)

// maxClosed is how many ended connections are remembered, so that what comes late
// is none of its own.
const maxClosed = 1 << 16

// A Reader reads a capture.
type Reader struct {
	src   *source
	first packet
	end   error // that the first packet was met with
	base  time.Duration
	timed bool
	at    time.Duration

	sink   wire.Sink
	flows  map[key]*flow
	order  []*flow // that are open, and some that were
	conns  int
	closed int
	said   []string
	count  map[string]int
}

// key is a pair of ends, the lesser one first.
type key struct {
	a, b netip.AddrPort
	udp  bool
}

// A flow is a connection, or what goes between two ends over UDP.
type flow struct {
	key
	conn   int // 0: nothing was given of it
	client netip.AddrPort
	server netip.AddrPort
	syn    time.Duration // when the client asked
	open   bool
	closed bool
	side   [2]side // the client's, the server's
}

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

// NewReader reads the beginning of a capture. Keys are the secrets of its TLS, nil
// for none but those in the capture, which are added to them. An error says that it
// is no capture.
func NewReader(r io.Reader, keys *keylog.Keys) (*Reader, error) {
	src, err := open(r)
	if err != nil {
		return nil, err
	}
	rd := &Reader{src: src, flows: map[key]*flow{}, count: map[string]int{}}
	if src.keys = keys; keys == nil {
		src.keys = &keylog.Keys{}
	}
	src.said = rd.say
	rd.first, rd.end = src.next()
	rd.first.data = bytes.Clone(rd.first.data)
	return rd, nil
}

// Created returns the time of the first packet; zero when it has none.
func (r *Reader) Created() time.Time {
	if r.end != nil || !r.first.timed {
		return time.Time{}
	}
	return time.Unix(0, int64(r.first.at)).UTC()
}

// Events gives what the capture has, once. An error says where the file is broken;
// what stood before it was given.
func (r *Reader) Events(sink wire.Sink) error {
	opener := keylog.NewOpener(r.src.keys, sink)
	r.sink = opener.Event
	p, err := r.first, r.end
	for ; err == nil; p, err = r.src.next() {
		r.packet(p)
	}
	for _, f := range r.order {
		if !f.closed {
			r.close(f)
		}
	}
	for _, text := range opener.Notes() {
		r.say(text)
	}
	if errors.Is(err, errCut) {
		r.say(err.Error())
		err = nil
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

// Notes returns what was left out, after Events.
func (r *Reader) Notes() []string {
	var out []string
	for _, text := range r.said {
		if n := r.count[text]; n > 1 {
			text += fmt.Sprintf(" (%d times)", n)
		}
		out = append(out, text)
	}
	return out
}

func (r *Reader) say(text string) {
	if r.count[text]++; r.count[text] == 1 {
		r.said = append(r.said, text)
	}
}

func (r *Reader) packet(p packet) {
	if p.timed {
		if !r.timed {
			r.base, r.timed = p.at-r.at, true
		}
		if p.at-r.base < r.at {
			r.say("the capture's clock goes back: the event stands at the time before it")
		}
		r.at = max(r.at, p.at-r.base)
	} else {
		r.say("a packet has no time: it stands at that before it")
	}
	s, why := decode(p)
	if why != "" {
		r.say("a packet is left out: " + why)
		return
	}
	k := key{s.from, s.to, s.udp}
	if c := s.from.Addr().Compare(s.to.Addr()); c > 0 || c == 0 && s.from.Port() > s.to.Port() {
		k.a, k.b = k.b, k.a
	}
	if s.udp {
		r.datagram(k, &s)
	} else {
		r.segment(k, &s)
	}
}

// flow begins a flow.
func (r *Reader) flow(k key, client, server netip.AddrPort) *flow {
	if old := r.flows[k]; old != nil && old.closed {
		r.closed--
	}
	f := &flow{key: k, client: client, server: server, syn: r.at}
	r.flows[k] = f
	r.order = append(r.order, f)
	return f
}

// ends says which end is the client, where nothing but their ports tells.
func ends(from, to netip.AddrPort) (client, server netip.AddrPort) {
	if from.Port() < 1024 && to.Port() > from.Port() {
		return to, from
	}
	return from, to
}

// event gives an event of a flow.
func (r *Reader) event(f *flow, e wire.Event) {
	if f.conn == 0 {
		r.conns++
		f.conn = r.conns
	}
	e.Conn, e.At = f.conn, r.at
	r.sink(e)
}

func (r *Reader) open(f *flow) {
	if f.open {
		return
	}
	f.open = true
	facts := &wire.Facts{
		Network: "tcp", Role: wire.Dialed, Target: f.server.String(), Local: f.client.String(), Remote: f.server.String(),
	}
	// A capture's clock may leap; what took longer is no handshake.
	if d := r.at - f.syn; d < time.Hour {
		facts.Phases.Connect = d
	}
	if f.udp {
		facts.Network = "udp"
	}
	if r.timed {
		facts.Start = time.Unix(0, int64(r.base+f.syn)).UTC()
	}
	r.event(f, wire.Event{Kind: wire.KindOpen, Facts: facts})
}

// close ends a flow, with what still waits.
func (r *Reader) close(f *flow) {
	if f.open {
		for i := range f.side {
			r.skip(f, i, true)
		}
	}
	if f.conn > 0 {
		r.event(f, wire.Event{Kind: wire.KindClose})
	}
	f.closed = true
	f.side = [2]side{}
	if r.closed++; r.closed > maxClosed {
		for k, old := range r.flows {
			if old.closed {
				delete(r.flows, k)
			}
		}
		r.closed = 0
	}
	if n := len(r.order); n > 64 && r.conns%64 == 0 {
		r.order = slices.DeleteFunc(r.order, func(f *flow) bool { return f.closed })
	}
}

func (r *Reader) datagram(k key, s *segment) {
	f := r.flows[k]
	if f == nil {
		client, server := ends(s.from, s.to)
		f = r.flow(k, client, server)
	}
	if s.lost > 0 {
		r.say("a datagram is cut off by the capture")
	}
	if b := s.payload; len(b) > 2 && b[0] == 22 && b[1] == 0xfe {
		r.say("DTLS is not decrypted: its records stand as they were")
	} else if len(b) > 6 && b[0]&0xf0 == 0xc0 && (binary.BigEndian.Uint32(b[1:]) == 1 || binary.BigEndian.Uint32(b[1:]) == 0x6b3343cf) {
		r.say("QUIC is not decrypted: its packets stand as they were") // RFC 9000, RFC 9369
	}
	r.open(f)
	dir := wire.ClientToServer
	if s.from != f.client {
		dir = wire.ServerToClient
	}
	r.event(f, wire.Event{Kind: wire.KindData, Dir: dir, Data: s.payload})
}

// segment takes a segment of TCP.
func (r *Reader) segment(k key, s *segment) {
	f := r.flows[k]
	syn := s.flags&flagSYN != 0
	if f != nil && syn && s.flags&flagACK == 0 {
		// The same SYN again is no other connection.
		if c := &f.side[0]; f.closed || s.from != f.client || c.known && c.next != s.seq+1 && len(c.ahead) == 0 && f.open {
			if !f.closed {
				r.close(f)
			}
			f = nil
		}
	}
	switch {
	case f != nil && f.closed:
		return
	case f != nil:
	case syn && s.flags&flagACK != 0:
		f = r.flow(k, s.to, s.from)
	case syn:
		f = r.flow(k, s.from, s.to)
	case len(s.payload) == 0:
		r.say("a packet is left out: " + notStarted)
		return
	default:
		client, server := ends(s.from, s.to)
		f = r.flow(k, client, server)
		r.say("a connection begins before the capture; its client is told by the ports")
	}
	i := 0
	if s.from != f.client {
		i = 1
	}
	me, other := &f.side[i], &f.side[1-i]
	seq := s.seq
	if syn {
		seq++
	}
	if !me.known {
		me.known, me.next = true, seq
	}
	if s.flags&flagACK != 0 && s.flags&flagRST == 0 {
		if !other.known {
			other.known, other.next = true, s.ack
		}
		if !other.ack || int32(s.ack-other.acked) > 0 {
			other.ack, other.acked = true, s.ack
		}
	}
	if s.flags&flagRST != 0 {
		if !f.open && f.conn == 0 {
			r.event(f, wire.Event{Kind: wire.KindTry, Addr: f.server.String(), Text: "connection refused"})
			r.close(f)
			return
		}
		r.skip(f, 1-i, true)
		r.skip(f, i, true)
		r.event(f, wire.Event{Kind: wire.KindReset, Dir: dirOf(i)})
		r.close(f)
		return
	}
	if syn && i == 1 || len(s.payload)+s.lost > 0 || s.flags&flagFIN != 0 {
		r.open(f)
	}
	if len(s.payload)+s.lost > 0 {
		r.bytes(f, i, seq, s.payload, s.lost)
	}
	if s.flags&flagFIN != 0 && !me.fin {
		me.fin, me.finAt = true, seq+uint32(len(s.payload)+s.lost)
	}
	if f.open {
		r.skip(f, 1-i, false)
		r.skip(f, i, false)
	}
	if f.side[0].ended && f.side[1].ended {
		r.close(f)
	}
}

func dirOf(i int) wire.Dir {
	if i == 0 {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}

// bytes takes the piece of a stream that begins at seq.
func (r *Reader) bytes(f *flow, i int, seq uint32, data []byte, lost int) {
	me := &f.side[i]
	if me.ended {
		return
	}
	switch d := int32(seq - me.next); {
	case d > 0:
		n := len(me.ahead)
		at, _ := slices.BinarySearchFunc(me.ahead, seq, func(a ahead, seq uint32) int { return cmp.Compare(int32(a.seq-seq), 0) })
		me.ahead = slices.Insert(me.ahead, at, ahead{seq, bytes.Clone(data), lost})
		if me.held += len(data); me.held > maxAhead || n >= maxAheadMany {
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
		me.ended, me.ahead, me.held = true, nil, 0
		r.event(f, wire.Event{Kind: wire.KindEOF, Dir: dirOf(i)})
	}
}
