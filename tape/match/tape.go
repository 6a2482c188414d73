package match

import (
	"fmt"
	"io"
	"maps"
	"sort"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// A Tape is a recording read whole, for comparing and replaying. It is not
// modified once it is read.
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

// maxTape bounds the octets of conversations that a Tape holds: 1 GiB.
const maxTape = 1 << 30

// maxBody is how much of a body is compared as JSON or text; of one that is
// longer, what is beyond is compared octet by octet: 64 MiB.
const maxBody = 64 << 20

// Limits are those with which both sides of a comparison are parsed.
func Limits() proto.Limits { return proto.Limits{Body: maxBody} }

// Load reads a tape. The name stands in mismatches and errors.
func Load(src io.Reader, name string) (*Tape, error) {
	l := loader{t: &Tape{Name: name}, convs: map[int]*loading{}}
	r := tape.NewReader(src, name)
	for rec, err := range r.Records() {
		if err != nil {
			return nil, err
		}
		if err := l.record(rec); err != nil {
			return nil, err
		}
	}
	if cut, ok := r.Cut(); ok {
		l.t.Cut = &cut
	}
	l.parse()
	return l.t, nil
}

// A loader reads a tape.
type loader struct {
	t      *Tape
	convs  map[int]*loading
	order  int
	size   int
	wait   tape.Wait    // before the next event
	events []wire.Event // what the parsers are given, in order
}

// A loading is a connection in the course of being read.
type loading struct {
	conv    *Conv
	sides   [2]*stream
	ended   [2]bool            // there is an EOF
	ends    []Item             // events of the socket
	streams []Item             // messages that frames amount to
	waits   map[int]*tape.Wait // by place of the event
	role    wire.Role
}

// longer adds two waits; several before one record add up.
func longer(a, b tape.Wait) tape.Wait {
	return tape.Wait{Min: a.Min + b.Min, Max: a.Max + b.Max, Free: a.Free || b.Free}
}

func (l *loader) record(rec tape.Record) error {
	switch rec.Kind {
	case tape.Rule:
		l.t.Rules.Add(rec)
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
		c = &loading{conv: &Conv{Tape: l.t.Name, Conn: e.Conn, Line: rec.Line}, sides: [2]*stream{{name: l.t.Name}, {name: l.t.Name}}, waits: map[int]*tape.Wait{}, role: wire.Dialed}
		l.convs[e.Conn] = c
		l.t.Convs = append(l.t.Convs, c.conv)
	}
	if n := len(l.events) - 1; rec.Kind == tape.Data && rec.Continues && n >= 0 && l.events[n].Conn == e.Conn && l.events[n].Kind == wire.KindData && l.events[n].Dir == e.Dir {
		return l.more(c, rec, &l.events[n])
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
		e.Data = nil
		l.events = append(l.events, e)
		return l.more(c, rec, &l.events[len(l.events)-1])
	}
	c.socket(rec, l.order)
	l.events = append(l.events, e)
	return nil
}

// more adds the bytes of a record to the event that they are a part of: lines of
// one run are one write, and of UDP one datagram.
func (l *loader) more(c *loading, rec tape.Record, e *wire.Event) error {
	if l.size += len(rec.Event.Data); l.size > maxTape {
		return fmt.Errorf("read %s: more than %d bytes of conversations", l.t.Name, maxTape)
	}
	c.data(rec, l.order)
	s := c.sides[proto.Side(e.Dir)]
	e.Data = s.data[len(s.data)-len(e.Data)-len(rec.Event.Data):]
	return nil
}

// data takes a record of bytes.
func (c *loading) data(rec tape.Record, order int) {
	s := c.sides[proto.Side(rec.Event.Dir)]
	from := len(s.data)
	s.marks = append(s.marks, mark{off: int64(from), line: rec.Line, order: order})
	for _, span := range rec.Spans {
		span.From, span.To = span.From+from, span.To+from
		s.spans = append(s.spans, span)
	}
	s.data = append(s.data, rec.Event.Data...)
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
		if c.conv.Facts == nil && len(c.sides[0].data)+len(c.sides[1].data) == 0 {
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
	c.ends = append(c.ends, Item{Line: rec.Line, Dir: e.Dir, Event: e, Begin: order, End: order, Wait: c.waits[order]})
}

// parse reads the events of all connections into messages.
func (l *loader) parse() {
	names := map[int]string{}
	maps.Copy(names, l.t.Rules.Protos)
	d := detect.New(detect.Options{Proto: l.t.Rules.Proto, Conns: names, Limits: Limits()})
	take := func(ms []proto.Message) {
		for _, m := range ms {
			c := l.convs[m.Conn]
			switch {
			case c == nil || m.Kind == proto.KindGap:
			case !m.Derived:
				c.conv.Items = append(c.conv.Items, c.item(m))
			case m.Kind == proto.KindRequest || m.Kind == proto.KindResponse:
				c.streams = append(c.streams, c.item(m))
			}
		}
	}
	for _, e := range l.events {
		take(d.Feed(e))
	}
	take(d.Close())
	for conn, c := range l.convs {
		c.conv.Proto, c.conv.Reason = d.Proto(conn), d.Reason(conn)
		c.conv.Items = ordered(append(c.conv.Items, c.ends...))
		if c.conv.http2 = c.conv.beganHTTP2(); c.conv.http2 {
			c.conv.Items = ordered(append(c.streams, c.ends...))
		}
	}
	l.events = nil
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
func (c *loading) item(pm proto.Message) Item {
	s, other := c.sides[proto.Side(pm.Dir)], c.sides[1-proto.Side(pm.Dir)]
	m := s.message(pm)
	first, last := s.mark(m.Span.From), s.mark(max(m.Span.From, m.Span.To-1))
	it := Item{Line: first.line, Dir: m.Dir, Message: m, Begin: first.order, End: last.order, Wait: c.waits[first.order]}
	// What came of the other direction before its first octet.
	i := sort.Search(len(other.marks), func(i int) bool { return other.marks[i].order > first.order })
	it.Seen = int64(len(other.data))
	if i < len(other.marks) {
		it.Seen = other.marks[i].off
	}
	return it
}
