package prototest

import (
	"reflect"
	"strings"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A toy speaks a protocol of lines; what stands behind the last LF is raw at the
// end. Its break is the law that it breaks, "" for none.
type toy struct {
	breaks string
	bufs   [2]proto.Buffer
	out    []proto.Message
	feeds  int // calls of Feed
	shut   bool
	last   *string // the Value of the Message before
}

func (p *toy) Feed(e wire.Event) []proto.Message {
	p.out = nil
	p.feeds++
	if e.Dir == 0 {
		return nil
	}
	b := &p.bufs[proto.Side(e.Dir)]
	switch e.Kind {
	case wire.KindData:
		if p.breaks == "chunk edge" {
			b.Push(e.Data)
			p.raw(e.Dir)
			b.Keep()
			return p.out
		}
		b.Push(e.Data)
		for {
			from := b.Offset()
			text, _, ok, _ := b.Line(1 << 20)
			if !ok {
				break
			}
			p.line(e.Dir, from, text)
		}
		b.Keep()
	case wire.KindGap:
		p.raw(e.Dir)
		from := b.End()
		b.Gap(e.Size)
		span := proto.Span{From: from, To: b.End()}
		p.out = append(p.out, proto.Message{Kind: proto.KindGap, Dir: e.Dir, Span: span, Body: proto.Body{Size: e.Size, Cut: true},
			Leaves: []proto.Leaf{{Span: span, Name: proto.LeafGap}}})
	}
	return p.out
}

func (p *toy) line(dir wire.Dir, from int64, text []byte) {
	b := &p.bufs[proto.Side(dir)]
	span := proto.Span{From: from, To: b.Offset()}
	m := proto.Message{Kind: proto.KindCommand, Dir: dir, Span: span, Complete: true,
		Head: []byte(string(b.Held())), Leaves: []proto.Leaf{{Span: span, Name: proto.LeafText}}}
	value := new(string(text))
	m.Value = value
	switch p.breaks {
	case "split":
		m.EndedBy = strings.Repeat("x", min(9, b.Len()))
	case "lost":
		m.Leaves[0].From++
		m.Span.From++
		m.Head = m.Head[1:]
	case "twice":
		m.Leaves = append(m.Leaves, m.Leaves[0])
	case "retained":
		m.Head = b.Held()
	case "changed":
		if p.last != nil {
			*p.last += "!"
		}
		p.last = value
	case "notes":
		m.Notes = []proto.Note{{Offset: span.To}, {Offset: span.From}}
	case "times":
		m.First = 1
	case "head":
		m.Head[0]++
	case "panic":
		panic("a line: " + string(text))
	}
	p.out = append(p.out, m)
	b.Release()
}

// raw gives all that is pending.
func (p *toy) raw(dir wire.Dir) {
	b := &p.bufs[proto.Side(dir)]
	b.Rewind()
	for b.Len() > 0 {
		from := b.Start()
		data := b.Next(int(proto.RawRun - from%proto.RawRun))
		if p.breaks == "long raw" {
			b.Rewind()
			data = b.Next(b.Len())
		}
		span := proto.Span{From: from, To: b.Offset()}
		p.out = append(p.out, proto.Message{Kind: proto.KindRaw, Dir: dir, Span: span, Complete: true,
			Body:   proto.Body{Data: []byte(string(data)), Size: span.Len()},
			Leaves: []proto.Leaf{{Span: span, Name: proto.LeafRaw}}})
		b.Release()
	}
}

func (p *toy) Close() []proto.Message {
	p.out = nil
	if p.shut && p.breaks != "close" {
		return nil
	}
	p.shut = true
	p.raw(wire.ClientToServer)
	p.raw(wire.ServerToClient)
	if p.breaks == "close" {
		p.out = append(p.out, proto.Message{Kind: proto.KindCommand, Dir: wire.ClientToServer})
	}
	return p.out
}

func (p *toy) State() proto.State {
	if p.breaks == "state" {
		return proto.State{Settled: p.feeds}
	}
	return proto.State{}
}

var talk = Talk("> one\r\ntwo\n", "> three\r\n", "< four\nfi", "= gap server 7", "< ve\n", "= eof server", "> rest")

func TestLawsHoldForAParserThatKeepsThem(t *testing.T) {
	Check(t, func() proto.Parser { return new(toy) }, talk)
	Check(t, func() proto.Parser { return new(toy) }, Talk("< "+strings.Repeat("x", 3*proto.RawRun/2)))
}

func TestEachBrokenLawIsCaught(t *testing.T) {
	long := Talk("< " + strings.Repeat("x", 3*proto.RawRun/2))
	for _, c := range []struct {
		breaks string
		events []wire.Event
		want   string
	}{
		{"split", talk, "split: Messages differ"},
		{"lost", talk, "are in no leaf"},
		{"twice", talk, "are counted twice"},
		{"retained", talk, "ownership: Messages differ when Event.Data is overwritten"},
		{"changed", talk, "ownership: a Message changed after it was returned"},
		{"notes", talk, "is out of order or outside the Span"},
		{"head", talk, "bytes: Head is"},
		{"times", talk, "order: First is 1ns, after Last"},
		{"state", talk, "split: State differs between whole runs (want)"},
		{"panic", talk, "panic at event 0 (data from the client, "},
		{"close", talk, "close: the second call returned 1 Messages"},
		{"long raw", long, "goes over a multiple of 65536"},
		{"chunk edge", long, "split: Messages differ"},
	} {
		t.Run(c.breaks, func(t *testing.T) {
			found := Problems(func() proto.Parser { return &toy{breaks: c.breaks} }, c.events)
			if !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("found %q, want something with %q", found, c.want)
			}
		})
	}
}

func TestRawAcrossATurnIsCaught(t *testing.T) {
	// The toy keeps "fi" pending while the other direction speaks.
	found := Problems(func() proto.Parser { return new(toy) }, Talk("< fi", "> x\n", "< ve"))
	if !strings.Contains(strings.Join(found, "\n"), "raw: it goes over the turn") {
		t.Errorf("found %q, want the turn at 2", found)
	}
}

func TestRawAcrossAnotherEventIsCaught(t *testing.T) {
	found := Problems(func() proto.Parser { return new(toy) }, Talk("< fi", "= eof client", "< ve"))
	if !strings.Contains(strings.Join(found, "\n"), "raw: it goes over the turn, gap or other event at 2") {
		t.Errorf("found %q, want the event at 2", found)
	}
}

func TestFuzzEncodingRoundTrips(t *testing.T) {
	events := Talk("= try", "= open", "= open dial", "= open accept", "> one\r\n", "< two", "= gap server 7", "= tls",
		"= eof client", "= eof server notify", "= eof client no-notify", "= rst server", "= alert server 40", "= alert client 0",
		"= timeout", "= error", "= error client 3", "= close")
	got := Decode(Encode(events))
	for i := range got {
		got[i].At = events[i].At
	}
	seen := map[wire.Kind]bool{}
	for _, e := range got {
		seen[e.Kind] = true
	}
	for _, k := range fuzzKinds {
		if !seen[k] {
			t.Errorf("no event of kind %s", k)
		}
	}
	if !reflect.DeepEqual(got, events) {
		t.Errorf("Decode(Encode(events)) = %+v, want %+v", got, events)
	}
}
