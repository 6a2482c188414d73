package pcapng

import (
	"bytes"
	"cmp"
	"container/list"
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

const (
	// maxOpen is how many flows are open at once: UDP has no end, and a SYN need not
	// be answered.
	maxOpen = 1 << 16
	// maxClosed is how many ended connections are remembered, so that what comes late
	// is none of its own.
	maxClosed = 1 << 16
	// maxNotes is how many texts the notes have, of which some tell numbers, and one
	// that says that there are more.
	maxNotes = 256
)

// A Reader reads a capture.
type Reader struct {
	src   *source
	first packet
	end   error // that the first packet was met with
	base  time.Duration
	timed bool
	at    time.Duration

	sink   wire.Sink
	flows  map[key]*flow // that are open, and closed ones
	live   list.List     // of *flow: the open ones, the one that was quiet longest first
	born   int           // flows that were begun
	conns  int
	closed int // of flows
	ahead  int // octets that wait in all flows
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
	born   int
	live   *list.Element // nil once it is closed
	conn   int           // 0: nothing was given of it
	client netip.AddrPort
	server netip.AddrPort
	syn    time.Duration // when the client asked
	open   bool
	side   [2]side // the client's, the server's
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
	opener := keylog.NewOpener(r.src.keys, sink, r.say)
	r.sink = opener.Event
	p, err := r.first, r.end
	for ; err == nil; p, err = r.src.next() {
		r.packet(p)
	}
	var left []*flow
	for e := r.live.Front(); e != nil; e = e.Next() {
		left = append(left, e.Value.(*flow))
	}
	slices.SortFunc(left, func(a, b *flow) int { return cmp.Compare(a.born, b.born) })
	for _, f := range left {
		r.close(f)
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

// say notes what was left out, each text once.
func (r *Reader) say(text string) {
	if len(r.said) == maxNotes && r.count[text] == 0 {
		text = "more is left out, for other reasons"
	}
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

// flow begins a flow. The one that was quiet longest ends for it where too many are
// open, and what it carries later begins another.
func (r *Reader) flow(k key, client, server netip.AddrPort) *flow {
	if r.flows[k] != nil { // and closed
		r.closed--
	}
	if r.live.Len() == maxOpen {
		old := r.live.Front().Value.(*flow)
		r.say(fmt.Sprintf("more than %d connections are open at once: that which was quiet longest is taken for ended", maxOpen))
		r.close(old)
		if r.flows[old.key] == old {
			delete(r.flows, old.key)
			r.closed--
		}
	}
	r.born++
	f := &flow{key: k, born: r.born, client: client, server: server, syn: r.at}
	r.flows[k], f.live = f, r.live.PushBack(f)
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
	r.live.Remove(f.live)
	f.live = nil
	r.ahead -= f.side[0].held + f.side[1].held
	f.side = [2]side{}
	if r.closed++; r.closed > maxClosed {
		for k, old := range r.flows {
			if old.live == nil {
				delete(r.flows, k)
			}
		}
		r.closed = 0
	}
}

func (r *Reader) datagram(k key, s *segment) {
	f := r.flows[k]
	if f == nil {
		client, server := ends(s.from, s.to)
		f = r.flow(k, client, server)
	}
	r.live.MoveToBack(f.live)
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
	f := r.flowOf(k, s)
	if f == nil {
		return
	}
	r.live.MoveToBack(f.live)
	i := 0
	if s.from != f.client {
		i = 1
	}
	me := &f.side[i]
	seq := f.sequence(i, s)
	if s.flags&flagRST != 0 {
		r.reset(f, i)
		return
	}
	n := len(s.payload) + s.lost
	if s.flags&flagSYN != 0 && i == 1 || n > 0 || s.flags&flagFIN != 0 {
		r.open(f)
	}
	if n > 0 {
		r.bytes(f, i, seq, s.payload, s.lost)
	}
	if s.flags&flagFIN != 0 && !me.fin {
		me.fin, me.finAt = true, seq+uint32(n)
	}
	if f.open {
		r.skip(f, 1-i, false)
		r.skip(f, i, false)
	}
	if f.side[0].ended && f.side[1].ended {
		r.close(f)
	}
}

// flowOf returns the connection that a segment belongs to, a new one where it begins
// one; nil for what belongs to none that is read.
func (r *Reader) flowOf(k key, s *segment) *flow {
	f := r.flows[k]
	syn, ack := s.flags&flagSYN != 0, s.flags&flagACK != 0
	if f != nil && syn && !ack && !f.opens(s) {
		if f.live != nil {
			r.close(f)
		}
		f = nil
	}
	switch {
	case f != nil && f.live == nil:
		return nil
	case f != nil:
		return f
	case syn && ack:
		return r.flow(k, s.to, s.from)
	case syn:
		return r.flow(k, s.from, s.to)
	case len(s.payload) == 0:
		r.say("a packet is left out: " + notStarted)
		return nil
	}
	client, server := ends(s.from, s.to)
	r.say("a connection begins before the capture; its client is told by the ports")
	return r.flow(k, client, server)
}

// opens reports whether a client's SYN is the one that f began with, come again,
// and not that of another connection between the same ends.
func (f *flow) opens(syn *segment) bool {
	c := &f.side[0]
	same := !c.known || c.next == syn.seq+1 || len(c.ahead) > 0 || !f.open
	return f.live != nil && syn.from == f.client && same
}

// sequence takes down what a segment of side i tells of both sides' sequence
// numbers, and returns that of its first octet.
func (f *flow) sequence(i int, s *segment) uint32 {
	me, other := &f.side[i], &f.side[1-i]
	seq := s.seq
	if s.flags&flagSYN != 0 {
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
	return seq
}

// reset ends a connection by the RST of side i.
func (r *Reader) reset(f *flow, i int) {
	if !f.open && f.conn == 0 {
		r.event(f, wire.Event{Kind: wire.KindTry, Addr: f.server.String(), Text: "connection refused"})
		r.close(f)
		return
	}
	r.skip(f, 1-i, true)
	r.skip(f, i, true)
	r.event(f, wire.Event{Kind: wire.KindReset, Dir: dirOf(i)})
	r.close(f)
}
