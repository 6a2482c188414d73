package http2

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// checkBooks compares what a parser counts with what it holds.
func checkBooks(t *testing.T, p *Parser) {
	t.Helper()
	s := &p.streams
	var held, lists int64
	pushes, waiting := 0, 0
	for id, st := range s.open {
		if st.id != id {
			t.Fatalf("stream %d stands as %d", st.id, id)
		}
		for i := range st.half {
			held += int64(len(st.half[i].m.Body.Data))
		}
		lists += st.list
		if st.promised {
			pushes++
		}
		if st.asked && !st.answered {
			waiting++
		}
	}
	if held != s.held || lists != s.lists || pushes != s.pushes || waiting != s.waiting {
		t.Fatalf("held %d, lists %d, pushes %d, waiting %d are counted as %d, %d, %d, %d", held, lists, pushes, waiting, s.held, s.lists, s.pushes, s.waiting)
	}
	if held+lists > maxHeld+int64(p.core.Limits.Body) || len(s.open) > maxStreams || len(s.closed.by) > maxClosed || len(s.closed.order) != len(s.closed.by) {
		t.Fatalf("%d octets, %d streams, %d closed ones are held", held+lists, len(s.open), len(s.closed.by))
	}
}

// TestMemoryIsBounded has a client that opens streams without end, with long
// fields and bodies, and ends none of them.
func TestMemoryIsBounded(t *testing.T) {
	p := New(proto.Limits{})
	feed := func(b []byte) {
		p.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: b})
	}
	feed([]byte(Preface + string(AppendSettings(nil))))
	// One octet of each block gives a field of 3,000 octets: only the count of
	// what it stands for bounds that.
	long := "\x40\x01a\x7f\xb9\x16" + string(make([]byte, 3000))
	for id := uint32(1); id < 10000; id += 2 {
		var block strings.Builder
		block.WriteString(post)
		if id == 1 {
			block.WriteString(long)
		}
		for range 80 {
			block.WriteString("\xbe")
		}
		b := AppendHeaders(nil, id, false, []byte(block.String()), 0)
		feed(AppendFrame(b, FrameData, 0, id, make([]byte, 10000)))
	}
	checkBooks(t, p)
	if len(p.streams.open) != maxStreams || !p.streams.missed {
		t.Errorf("%d streams are followed, want %d", len(p.streams.open), maxStreams)
	}
	for id := uint32(1); id < 10000; id += 2 {
		feed(AppendFrame(nil, FrameRSTStream, 0, id, make([]byte, 4)))
	}
	checkBooks(t, p)
	if s := &p.streams; s.held != 0 || s.lists != 0 || len(s.open) != 0 {
		t.Errorf("%d and %d octets of %d streams are held when all are closed", s.held, s.lists, len(s.open))
	}
}

// TestBooksAreKept has both sides send frames at random on a few streams.
func TestBooksAreKept(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	blocks := []string{get, post, "\x88", "\x08\x03100", "", "\x40\x01a\x011", "\xbe", "\x80", "\x00\x01"}
	for range 100 {
		p := New(proto.Limits{Body: 100})
		var events []wire.Event
		events = append(events, prototest.Talk("> "+Preface+string(AppendSettings(nil)), serverHello)...)
		for range r.IntN(60) {
			dir := dirOf(r.IntN(2))
			f := FrameType(r.IntN(11))
			var payload []byte
			switch f {
			case FrameHeaders, FrameContinuation:
				payload = []byte(blocks[r.IntN(len(blocks))])
			case FramePushPromise:
				payload = append(binary.BigEndian.AppendUint32(nil, uint32(r.IntN(8))), blocks[r.IntN(len(blocks))]...)
			case FrameSettings:
				payload = []byte{0, byte(r.IntN(8)), 0, 0, byte(r.IntN(2)), byte(r.IntN(200))}
			default:
				payload = make([]byte, []int{0, 4, 8, 30}[r.IntN(4)])
			}
			flags := Flags(r.Uint32()) &^ FlagPriority
			if r.IntN(2) == 0 {
				flags |= FlagEndHeaders
			}
			events = append(events, wire.Event{Conn: 1, At: time.Duration(len(events)+1) * time.Millisecond, Kind: wire.KindData, Dir: dir, Data: AppendFrame(nil, f, flags, uint32(r.IntN(8)), payload)})
		}
		for _, e := range events {
			p.Feed(e)
			checkBooks(t, p)
		}
		p.Close()
		checkBooks(t, p)
		prototest.Check(t, func() proto.Parser { return New(proto.Limits{Body: 100}) }, events)
		if t.Failed() {
			return
		}
	}
}

// TestFragmentsOfOneOctetAreReadOnce sends a field in frames of one octet.
func TestFragmentsOfOneOctetAreReadOnce(t *testing.T) {
	looked := 0
	d := newDecoder(1 << 20)
	block := "\x00\x01a\x7f\x80\xfa\x01" + string(make([]byte, 32127)) // 127 + 32000
	for i := range len(block) {
		b := d.write([]byte(block[i:i+1]), i == len(block)-1, func(_ int, text, _ string) { t.Error(text) })
		looked += len(b.Fields)
		if cap(d.rest) > 4*len(block) {
			t.Fatalf("%d octets are held of a field of %d", cap(d.rest), len(block))
		}
	}
	if looked != 1 {
		t.Errorf("%d fields, want 1", looked)
	}
}

func BenchmarkParse(b *testing.B) {
	var c, s []byte
	c = append(c, Preface+string(AppendSettings(nil))...)
	s = AppendSettings(s)
	for id := uint32(1); id < 200; id += 2 {
		c = AppendHeaders(c, id, true, []byte(get+lit("user-agent", "x")+lit("accept", "*/*")), 0)
		s = AppendHeaders(s, id, false, []byte("\x88"+lit("content-type", "text/html")+lit("server", "x")), 0)
		s = AppendFrame(s, FrameData, FlagEndStream, id, make([]byte, 8000))
	}
	for _, size := range []struct {
		name string
		n    int
	}{{"whole", 1 << 20}, {"octets", 1}} {
		b.Run(size.name, func(b *testing.B) {
			b.SetBytes(int64(len(c) + len(s)))
			b.ReportAllocs()
			for b.Loop() {
				p := New(proto.Limits{})
				for _, d := range []struct {
					dir  wire.Dir
					data []byte
				}{{wire.ClientToServer, c}, {wire.ServerToClient, s}} {
					for rest := d.data; len(rest) > 0; {
						n := min(size.n, len(rest))
						p.Feed(wire.Event{Kind: wire.KindData, Dir: d.dir, Data: rest[:n]})
						rest = rest[n:]
					}
				}
				p.Close()
			}
		})
	}
}
