package match

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// A Tape is a recording read for comparing and replaying. It is not modified once it
// is read.
type Tape struct {
	Name  string
	Rules Rules
	Convs []*Conv   // in order of their first event
	Cut   *tape.Cut // how the tape ends before its end, nil for a whole one
}

// A Conv is what the tape has of one connection.
type Conv struct {
	Tape   string // name of its tape
	Conn   int
	Line   int // of its first record
	Facts  *wire.Facts
	Proto  string // as it was read, "" for a connection without bytes
	Reason string // why it is read so
	Items  []Item // in the order in which they began; of HTTP/2 requests and responses, not frames
	Begin  int    // places of its first and last event among those of the tape
	End    int
	http2  bool
}

// An Item is a message, or an event of a socket that both sides see: its end, a
// reset, an alert, a TLS handshake.
type Item struct {
	Line    int
	Dir     wire.Dir   // who did it; 0 for a handshake
	Message *Message   // nil for an event of the socket
	Event   wire.Event // of the socket: KindEOF, KindReset, KindAlert or KindSecure
	Begin   int        // place of its first octet among the events of the tape
	End     int        // place of the event that completed it
	Seen    int64      // octets of the other direction that came before its first one
	Wait    *tape.Wait // the range of time that the tape allows before it; nil for any
}

// maxBody is how much of a body is compared as JSON or text; a longer one is
// compared octet by octet: 64 MiB.
const maxBody = 64 << 20

// Limits are those with which both sides of a comparison are parsed.
func Limits() proto.Limits { return proto.Limits{Body: maxBody} }

// Load reads a tape. The name stands in mismatches and errors. Of a tape longer than
// 8 MiB the octets of long messages are not held if src is an open file, or anything else
// that is an [io.ReaderAt] and an [io.Seeker]: they are read from it again when they
// are needed, and src has to stay readable as long as the Tape is in use.
func Load(src io.Reader, name string) (*Tape, error) { return loadAbove(src, name, longTape) }

// loadAbove is Load. Long is the size of a tape, in octets, from which on its long
// messages are not held.
func loadAbove(src io.Reader, name string, long int64) (*Tape, error) {
	l := loader{t: &Tape{Name: name}, convs: map[int]*loading{}, protos: map[int]string{}}
	l.r = tape.NewReader(src, name)
	l.src = again(src, long)
	for rec, err := range l.r.Records() {
		if err == nil {
			err = l.record(rec)
		}
		if err != nil {
			return nil, err
		}
	}
	if cut, ok := l.r.Cut(); ok {
		l.t.Cut = &cut
	}
	if err := l.close(); err != nil {
		return nil, err
	}
	return l.t, nil
}

// A loader reads a tape.
type loader struct {
	t      *Tape
	r      *tape.Reader
	src    io.ReaderAt // to be read again; nil where all is held
	d      *detect.Stream
	protos map[int]string // by connection, for d
	convs  map[int]*loading
	order  int
	held   int        // octets and messages
	wait   tape.Wait  // before the next event
	run    wire.Event // what one side wrote at once, without its octets
	fed    int64      // the offset up to which the parsers were given them
	on     bool
}

// A loading is a connection in the course of being read.
type loading struct {
	conv    *Conv
	sides   [2]*stream
	ended   [2]bool            // there is an EOF
	ends    []Item             // events of the socket
	last    int                // place of the last of them
	streams []Item             // messages that frames amount to
	waits   map[int]*tape.Wait // by place of the event
	role    wire.Role
	bodies  [2][]*body // of messages in progress
}

// longer adds two waits; several before one record add up.
func longer(a, b tape.Wait) tape.Wait {
	return tape.Wait{Min: a.Min + b.Min, Max: a.Max + b.Max, Free: a.Free || b.Free}
}

func (l *loader) record(rec tape.Record) error {
	switch rec.Kind {
	case tape.Rule:
		if err := l.end(); err != nil {
			return err
		}
		if rec.Key == "proto" && rec.Conn > 0 {
			if c := l.convs[rec.Conn]; c != nil && len(c.sides[0].marks)+len(c.sides[1].marks) > 0 {
				return fmt.Errorf("%s:%d: rule proto of connection %d after its bytes: rules stand before them", l.t.Name, rec.Line, rec.Conn)
			}
		}
		l.t.Rules.Add(rec)
		maps.Copy(l.protos, l.t.Rules.Protos)
		return nil
	case tape.Time:
		l.wait = longer(l.wait, rec.Wait)
		return nil
	case tape.Socket, tape.Data:
	default:
		return nil
	}
	e := rec.Event
	if rec.Kind == tape.Socket && rec.Continues {
		return nil // a certificate
	}
	c := l.convs[e.Conn]
	if c == nil {
		c = l.begin(rec)
	}
	if rec.Kind == tape.Data && rec.Continues && l.on {
		return l.more(c, rec)
	}
	if err := l.end(); err != nil {
		return err
	}
	l.order++
	if l.wait.Min != l.wait.Max && !l.wait.Free {
		w := l.wait
		c.waits[l.order] = &w
	}
	l.wait = tape.Wait{}
	if c.conv.End = l.order; c.conv.Begin == 0 {
		c.conv.Begin = l.order
	}
	if rec.Kind == tape.Data {
		l.on, l.run, l.fed = true, e, c.sides[proto.Side(e.Dir)].size()
		return l.more(c, rec)
	}
	c.socket(rec, l.order)
	return l.feed(c, e)
}

// begin notes a connection.
func (l *loader) begin(rec tape.Record) *loading {
	conn := rec.Event.Conn
	c := &loading{conv: &Conv{Tape: l.t.Name, Conn: conn, Line: rec.Line}, waits: map[int]*tape.Wait{}, role: wire.Dialed}
	for i, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		c.sides[i] = &stream{name: l.t.Name, conn: conn, dir: dir, src: l.src, r: l.r}
	}
	l.convs[conn] = c
	l.t.Convs = append(l.t.Convs, c.conv)
	return c
}

// packets reports whether each write is a datagram.
func (c *loading) packets() bool { return c.conv.Facts != nil && c.conv.Facts.Network == "udp" }

// more adds the bytes of a record to the event that they are a part of: lines of
// one run are one write, and of UDP one datagram.
func (l *loader) more(c *loading, rec tape.Record) error {
	side := proto.Side(rec.Event.Dir)
	s := c.sides[side]
	s.add(rec, l.order, c.sides[1-side].size())
	if l.src == nil || s.size()-l.fed < maxRun || c.packets() {
		return nil
	}
	return l.pass(c)
}

// maxRun is how much of one write is given to the parsers at once, in octets.
const maxRun = 128 << 10

// end gives the parsers what is left of a run.
func (l *loader) end() error {
	if !l.on {
		return nil
	}
	l.on = false
	return l.pass(l.convs[l.run.Conn])
}

// pass gives the parsers of a run what they were not given.
func (l *loader) pass(c *loading) error {
	s := c.sides[proto.Side(l.run.Dir)]
	e := l.run
	e.Data = s.data[l.fed-s.base:]
	l.fed = s.size()
	err := l.feed(c, e)
	s.trim()
	return err
}

// feed gives the parsers an event, and takes what it amounts to.
func (l *loader) feed(c *loading, e wire.Event) error {
	if l.d == nil {
		o := detect.Options{Proto: l.t.Rules.Proto, Conns: l.protos, Limits: Limits()}
		if l.src != nil {
			o.Body = l.body
		}
		l.d = detect.New(o)
	}
	if err := l.take(l.d.Feed(e)); err != nil {
		return err
	}
	if e.Kind == wire.KindClose {
		c.read(l.d)
	}
	return nil
}

// read notes as what the connection is read, which is forgotten with its close.
func (c *loading) read(d *detect.Stream) {
	c.conv.Proto, c.conv.Reason = d.Proto(c.conv.Conn), d.Reason(c.conv.Conn)
}

// maxTape bounds what a Tape holds, in octets: 1 GiB.
const maxTape = 1 << 30

// messageSize is about what a message takes beside its octets.
const messageSize = 1 << 10

// take takes messages into the connections.
func (l *loader) take(ms []proto.Message) error {
	for _, m := range ms {
		c := l.convs[m.Conn]
		if c == nil || m.Kind == proto.KindGap {
			continue
		}
		stream := m.Derived && (m.Kind == proto.KindRequest || m.Kind == proto.KindResponse)
		if !stream && (m.Derived || c.framed(&m)) {
			c.sides[proto.Side(m.Dir)].frame(&m)
			continue
		}
		it, err := c.item(m)
		if err != nil {
			return err
		}
		l.held += messageSize + len(it.Message.Raw) + len(it.Message.Body.Data)
		if l.held > maxTape && l.src == nil {
			return fmt.Errorf("read %s: more than %d bytes of conversations, from what cannot be read twice", l.t.Name, maxTape)
		} else if l.held > maxTape {
			return fmt.Errorf("%s:%d: its messages take more than %d bytes of memory: split the tape", l.t.Name, it.Line, maxTape)
		}
		switch {
		case stream:
			c.streams = append(c.streams, it)
		case !c.join(&it):
			if n := len(c.conv.Items); n == cap(c.conv.Items) {
				c.conv.Items = slices.Grow(c.conv.Items, max(n, 8))
			}
			c.conv.Items = append(c.conv.Items, it)
		}
		if !m.Derived {
			c.sides[proto.Side(m.Dir)].done(m.Span.To)
		}
	}
	return nil
}

// framed reports whether a message is a frame of a connection of HTTP/2, which is
// read by what frames amount to. The first is an item: it tells.
func (c *loading) framed(m *proto.Message) bool {
	return len(c.conv.Items) > 0 && detect.Canonical(m.Proto) == detect.HTTP2 && m.Kind != proto.KindRaw && c.conv.beganHTTP2()
}

// maxPieces is how many raw messages in a row are apart; what a side says beyond is
// one.
const maxPieces = 16

// join adds octets that no protocol frames to the item before them, if that is the
// last of many.
func (c *loading) join(it *Item) bool {
	m, s := it.Message, c.sides[proto.Side(it.Dir)]
	n := len(c.conv.Items)
	if m.Kind != proto.KindRaw || n < maxPieces {
		return false
	}
	last := &c.conv.Items[n-1]
	if last.Dir != it.Dir || last.Message.Kind != proto.KindRaw || len(last.Message.Spans)+len(m.Spans) > 0 || c.packets() ||
		last.Message.Span.To != m.Span.From || last.Seen != it.Seen || c.last > last.Begin {
		return false
	}
	for i := 1; i < maxPieces && last.Message.Span.Len() <= proto.RawRun; i++ {
		p := c.conv.Items[n-1-i].Message
		if p == nil || p.Dir != it.Dir || p.Kind != proto.KindRaw || p.Span.To != c.conv.Items[n-i].Message.Span.From || c.conv.Items[n-1-i].Seen != it.Seen {
			return false
		}
	}
	to := last.Message
	to.Span.To, to.Last, to.Complete, to.EndedBy = m.Span.To, m.Last, m.Complete, m.EndedBy
	to.Body, to.Leaves = proto.Body{Size: to.Span.Len(), Cut: true}, nil
	last.End = it.End
	if to.long = s.src != nil; to.long {
		to.Raw = nil
	} else {
		to.Raw = s.data[to.Span.From:to.Span.To]
	}
	return true
}

// socket takes a record of the socket. A close is the end of the direction of
// whoever closed, unless that had ended.
func (c *loading) socket(rec tape.Record, order int) {
	e := rec.Event
	switch e.Kind {
	case wire.KindOpen:
		c.conv.Facts = e.Facts
		if e.Facts != nil && e.Facts.Role != 0 {
			c.role = e.Facts.Role
		}
		return
	case wire.KindClose:
		if c.conv.Facts == nil && c.sides[0].size()+c.sides[1].size() == 0 {
			return // of a connection that never stood
		}
		dir := wire.ClientToServer
		if c.role == wire.Accepted {
			dir = wire.ServerToClient
		}
		e = wire.Event{Conn: e.Conn, At: e.At, Kind: wire.KindEOF, Dir: dir}
		if c.ended[proto.Side(dir)] {
			return
		}
		c.ended[proto.Side(dir)] = true
	case wire.KindEOF:
		c.ended[proto.Side(e.Dir)] = true
	case wire.KindReset:
		c.ended = [2]bool{true, true}
	case wire.KindSecure:
		e.Dir = 0
	case wire.KindAlert:
	default:
		return // tries, timeouts and errors are nothing that can be played
	}
	c.last = order
	c.ends = append(c.ends, Item{Line: rec.Line, Dir: e.Dir, Event: e, Begin: order, End: order, Wait: c.waits[order]})
}

// close takes what is pending, and puts the items in order.
func (l *loader) close() error {
	if err := l.end(); err != nil {
		return err
	}
	if l.d != nil {
		if err := l.take(l.d.Close()); err != nil {
			return err
		}
	}
	for _, c := range l.convs {
		if c.conv.Proto == "" && l.d != nil {
			c.read(l.d)
		}
		for _, s := range c.sides {
			s.done(s.size())
		}
		c.conv.Items = ordered(append(c.conv.Items, c.ends...))
		if c.conv.http2 = c.conv.beganHTTP2(); c.conv.http2 {
			c.conv.Items = ordered(append(c.streams, c.ends...))
		}
	}
	return nil
}

// ordered sorts items by where they began.
func ordered(items []Item) []Item {
	sort.SliceStable(items, func(i, j int) bool {
		a, b := &items[i], &items[j]
		if a.Begin != b.Begin {
			return a.Begin < b.Begin
		}
		return a.Message != nil && b.Message != nil && a.Dir == b.Dir && a.Message.Span.From < b.Message.Span.From
	})
	return items
}

// item makes an Item of a message: when it began and when it was complete.
func (c *loading) item(pm proto.Message) (Item, error) {
	s := c.sides[proto.Side(pm.Dir)]
	m, err := s.message(pm, c.bodyOf(&pm))
	if err != nil {
		return Item{}, err
	}
	first, last := s.first(m.Span.From), s.mark(max(m.Span.From, m.Span.To-1))
	// Seen is what came of the other direction before its first octet.
	return Item{Line: first.line, Dir: m.Dir, Message: m, Begin: first.order, End: last.order, Seen: first.seen, Wait: c.waits[first.order]}, nil
}
