package keylog

import (
	"bytes"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/tlsrec"
)

// Bounds of what is held of a connection.
const (
	maxHandshake = 512 << 10 // octets until its first record was opened, both sides
	maxEvents    = 1024      // reads whose borders are kept of them
)

// An Opener stands between the events of connections and who takes them, and takes
// TLS off those whose secrets are known. It holds the beginning of a handshake until
// it is known to be one that can be read; what cannot is given as it came, at the
// time at which that was found.
//
// An event has the time of the one that completed its record. An Alert, an EOF with
// its Notify and a Gap stand as in a recording that was made within TLS; a Gap of
// records that could not be opened has the number of their octets.
type Opener struct {
	keys  *Keys
	sink  wire.Sink
	conns map[int]*conn
	say   func(string)
}

// NewOpener returns an Opener to sink. Keys may be added to until a ClientHello
// wants them. Say is told what cannot be opened and why, each time, in words of a
// few dozen kinds.
func NewOpener(keys *Keys, sink wire.Sink, say func(note string)) *Opener {
	return &Opener{keys: keys, sink: sink, conns: map[int]*conn{}, say: say}
}

// A conn is a connection.
type conn struct {
	o     *Opener
	now   wire.Event // the event that is taken, for its Conn and At
	begun bool       // a handshake is under way, or was
	off   bool       // nothing is opened any more
	raw   []wire.Event
	held  int // octets in raw

	since   wire.Event // the first of the handshake
	sides   [2]side    // the client's, the server's
	secrets *secrets
	client  *tlsrec.Hello
	server  *tlsrec.Hello
	suite   suite
	version tlsrec.Version // that was chosen; 0 before
	macs    [2]seal        // what a ChangeCipherSpec sets up
	facts   wire.TLS
	early   bool // what the client sends waits for EncryptedExtensions
	full    bool // not resumed: there was a ServerHelloDone
	secured bool
}

// A side is one direction.
type side struct {
	buf    []byte // a record that is not whole
	hs     []byte // handshake messages that are not whole
	seal   seal   // nil in the clear
	early  seal   // of data before the handshake's end (RFC 8446, section 4.2.10)
	done   bool   // Finished was read
	notify bool   // close_notify was read
	lost   bool   // nothing can be opened any more
	gap    int64  // octets since
}

// Event takes the next event. It is a [wire.Sink]. A KindClose ends a connection,
// and nothing is held of it any more.
func (o *Opener) Event(e wire.Event) {
	c := o.conns[e.Conn]
	if c == nil {
		c = &conn{o: o}
		o.conns[e.Conn] = c
	}
	if e.Kind == wire.KindOpen && e.Facts != nil && e.Facts.Network == "udp" {
		c.off = true
	}
	c.now = e
	switch {
	case c.off:
		o.sink(e)
	case e.Kind == wire.KindData && c.begun:
		c.hold(e)
		c.feed(proto.Side(e.Dir), e.Data)
	case e.Kind == wire.KindData:
		c.plain(e)
	default:
		c.event(e)
	}
	if e.Kind == wire.KindClose {
		delete(o.conns, e.Conn)
	}
}

// NoKeys is a part of the note that says that there was TLS, and no keys at all.
const NoKeys = "there are no keys"

func dirOf(i int) wire.Dir {
	if i == 1 {
		return wire.ServerToClient
	}
	return wire.ClientToServer
}

// plain takes bytes in the clear, before a handshake. One may begin with any event,
// for there is STARTTLS.
func (c *conn) plain(e wire.Event) {
	b := e.Data
	switch {
	case len(b) == 0 || len(b) > 1 && b[1] != 3 || len(b) > 2 && b[2] > 4:
	case b[0] == byte(tlsrec.ApplicationData) && len(b) > 2:
		c.off = true
		c.o.say("TLS whose handshake is not in the capture stands as it was")
	case b[0] == byte(tlsrec.TypeHandshake) && e.Dir == wire.ClientToServer && (len(b) < 6 || b[5] == byte(tlsrec.ClientHello)):
		c.begun, c.since = true, e
		c.hold(e)
		c.feed(0, b)
		return
	}
	c.o.sink(e)
}

// hold keeps an event until the handshake is known to be readable.
func (c *conn) hold(e wire.Event) {
	if c.secured {
		return
	}
	c.held += len(e.Data)
	if n := len(c.raw); n >= maxEvents && c.raw[n-1].Dir == e.Dir {
		c.raw[n-1].Data = append(c.raw[n-1].Data, e.Data...)
		return
	}
	e.Data = bytes.Clone(e.Data)
	c.raw = append(c.raw, e)
}

// event takes an event that is no bytes.
func (c *conn) event(e wire.Event) {
	if c.begun && !c.secured {
		switch e.Kind {
		case wire.KindGap:
			c.fail("bytes of its handshake are missing from the capture")
		case wire.KindEOF, wire.KindReset, wire.KindClose:
			c.fail("its handshake does not end")
		}
		c.o.sink(e)
		return
	}
	s := &c.sides[proto.Side(e.Dir)]
	switch {
	case !c.secured:
	case e.Kind == wire.KindGap:
		if !s.lost {
			c.lose(s, "bytes of it are missing from the capture")
		}
		s.gap += e.Size
		return
	case e.Kind == wire.KindEOF:
		c.cut(s)
		e.Notify = wire.NotifyNo
		if s.notify {
			e.Notify = wire.NotifyYes
		}
	case e.Kind == wire.KindReset, e.Kind == wire.KindClose:
		c.cut(&c.sides[0])
		c.cut(&c.sides[1])
	}
	c.gaps()
	c.o.sink(e)
}

// cut ends a side, in the middle of a record perhaps.
func (c *conn) cut(s *side) {
	if len(s.buf) > 0 {
		c.lose(s, "a direction ends in the middle of a record")
	}
}

// lose gives a side up: what is held of it and what comes is a gap.
func (c *conn) lose(s *side, why string) {
	c.o.say("TLS is not decrypted to its end: " + why + "; a gap stands for the rest of the direction")
	s.lost = true
	s.gap += int64(len(s.buf))
	s.buf, s.hs = nil, nil
}

// gaps gives what was lost since the last event.
func (c *conn) gaps() {
	for i := range c.sides {
		if s := &c.sides[i]; s.gap > 0 {
			c.give(wire.Event{Kind: wire.KindGap, Dir: dirOf(i), Size: s.gap})
			s.gap = 0
		}
	}
}

// give gives an event at the present time.
func (c *conn) give(e wire.Event) {
	e.Conn, e.At = c.now.Conn, c.now.At
	c.o.sink(e)
}

// fail gives up before anything was opened: what was held is given as it came. Where
// there was no ClientHello it was no handshake, and one may still come.
func (c *conn) fail(why string) {
	if c.off = c.client != nil; c.off {
		c.o.say("TLS of a connection is not decrypted: " + why + "; its records stand as they were")
	}
	for _, e := range c.raw {
		c.give(wire.Event{Kind: wire.KindData, Dir: e.Dir, Data: e.Data})
	}
	c.begun, c.raw, c.held, c.sides = false, nil, 0, [2]side{}
}

// secure tells that bytes go through TLS from here on.
func (c *conn) secure() {
	if c.secured {
		return
	}
	c.secured = true
	c.raw, c.held = nil, 0
	f := c.facts
	f.Took = c.now.At - c.since.At
	if c.version < 0x0304 {
		f.Resumed = !c.full
	}
	c.give(wire.Event{Kind: wire.KindSecure, TLS: &f})
}
