package http2

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// checkFrame compares the reading of one frame, which a server sends behind its
// SETTINGS, with that of x/net's Framer: what that refuses has a Note here, and
// what it takes has the same fields.
func checkFrame(t *testing.T, octets []byte) {
	t.Helper()
	framer := xhttp2.NewFramer(io.Discard, bytes.NewReader(octets))
	framer.AllowIllegalReads = true // the order of frames is not what is compared
	framer.SetMaxReadFrameSize(defaultMaxFrame)
	want, err := framer.ReadFrame()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return
	}
	if err != nil && FrameType(octets[3]) > FrameContinuation {
		return // it knows extensions, of which we know nothing
	}
	p := New(proto.Limits{})
	p.Feed(prototest.Talk("< " + string(AppendSettings(nil)))[0])
	var m *proto.Message
	for _, got := range p.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: octets}) {
		if m == nil && !got.Derived {
			m = &got
		}
	}
	if m == nil {
		if err == nil {
			t.Fatalf("frame %x: no Message, the oracle has %v", octets, want)
		}
		return // too long for the oracle, and not all there
	}
	if err != nil {
		if len(m.Notes) == 0 {
			t.Fatalf("frame %x: no note, the oracle says %v", octets, err)
		}
		return
	}
	f := m.Value.(*Frame)
	h := want.Header()
	if uint8(f.Type) != uint8(h.Type) || uint8(f.Flags) != uint8(h.Flags) || f.Stream != h.StreamID || f.Length != int(h.Length) {
		t.Fatalf("frame %x: header %s, the oracle has %v", octets, f, h)
	}
	same := func(what string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("frame %x: %s is %v, the oracle has %v", octets, what, got, want)
		}
	}
	priority := func(w xhttp2.PriorityParam) {
		t.Helper()
		same("priority", *f.Priority, Priority{w.Exclusive, w.StreamDep, int(w.Weight) + 1})
	}
	switch w := want.(type) {
	case *xhttp2.DataFrame:
		same("data", m.Body.Data, w.Data())
	case *xhttp2.HeadersFrame:
		same("fragment", f.Fragment, w.HeaderBlockFragment())
		if w.HasPriority() {
			priority(w.Priority)
		}
	case *xhttp2.PriorityFrame:
		priority(w.PriorityParam)
	case *xhttp2.RSTStreamFrame:
		same("code", uint32(f.Code), uint32(w.ErrCode))
	case *xhttp2.SettingsFrame:
		same("settings", len(f.Settings), w.NumSettings())
		for i := range w.NumSettings() {
			s := w.Setting(i)
			same("setting", f.Settings[i], Setting{SettingID(s.ID), s.Val})
		}
	case *xhttp2.PushPromiseFrame:
		same("promised stream", f.Promised, w.PromiseID)
		same("fragment", f.Fragment, w.HeaderBlockFragment())
	case *xhttp2.PingFrame:
		same("opaque data", f.Opaque, w.Data[:])
	case *xhttp2.GoAwayFrame:
		same("last stream", f.Last, w.LastStreamID)
		same("code", uint32(f.Code), uint32(w.ErrCode))
		same("debug data", f.Debug, w.DebugData())
	case *xhttp2.WindowUpdateFrame:
		same("increment", f.Increment, w.Increment)
	case *xhttp2.ContinuationFrame:
		same("fragment", f.Fragment, w.HeaderBlockFragment())
	}
}

func TestRandomFramesAgreeWithTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		payload := make([]byte, []int{0, 4, 5, 6, 8, 12, r.IntN(40)}[r.IntN(7)])
		for i := range payload {
			payload[i] = byte(r.Uint32() >> r.IntN(25))
		}
		stream := uint32(r.IntN(4))
		if r.IntN(4) == 0 {
			stream = r.Uint32()
		}
		checkFrame(t, AppendFrame(nil, FrameType(r.IntN(12)), Flags(r.Uint32()), stream, payload))
	}
}

func FuzzFrame(f *testing.F) {
	for _, c := range violations {
		for part := range strings.SplitSeq(c.talk[1:], "|") {
			f.Add([]byte(part[1:]))
		}
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		if len(octets) > 1<<15 {
			return
		}
		checkFrame(t, octets)
	})
}

// TestRequestsAgreeWithTheOracle compares what is read of header blocks that are
// split over HEADERS and CONTINUATION with what x/net makes of them: what it takes
// for malformed has a Note here, and the fields are the same.
func TestRequestsAgreeWithTheOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	names := []string{":method", ":path", ":scheme", ":authority", ":status", ":x", "accept", "x-a", "X-B", "x c", "te", "host"}
	values := []string{"GET", "/", "https", "h", "200", "", "a\x00b", "caf\xe9", "trailers"}
	malformed := 0
	for range 2000 {
		var buf bytes.Buffer
		enc := hpack.NewEncoder(&buf)
		for _, f := range []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "https"}, {Name: ":path", Value: "/"}} {
			enc.WriteField(f)
		}
		for range r.IntN(4) {
			enc.WriteField(hpack.HeaderField{Name: names[r.IntN(len(names))], Value: values[r.IntN(len(values))]})
		}
		octets := AppendHeaders(nil, 1, true, buf.Bytes(), 1+r.IntN(40))
		framer := xhttp2.NewFramer(io.Discard, bytes.NewReader(octets))
		framer.ReadMetaHeaders = hpack.NewDecoder(DefaultTable, nil)
		want, err := framer.ReadFrame()
		p := New(proto.Limits{})
		var fields []string
		var notes []proto.Note
		for _, m := range p.Feed(prototest.Talk("> " + Preface + string(AppendSettings(nil)) + string(octets))[0]) {
			notes = append(notes, m.Notes...)
			if f, ok := m.Value.(*Frame); ok && f.Block != nil {
				for _, field := range f.Block.Fields {
					fields = append(fields, string(field.Name)+": "+string(field.Value))
				}
			}
		}
		if err != nil {
			malformed++
			if len(notes) == 0 {
				t.Fatalf("fields %q: no note, the oracle says %v", fields, err)
			}
			continue
		}
		var theirs []string
		for _, f := range want.(*xhttp2.MetaHeadersFrame).Fields {
			theirs = append(theirs, f.Name+": "+f.Value)
		}
		if !slices.Equal(fields, theirs) {
			t.Fatalf("fields %q, the oracle has %q", fields, theirs)
		}
	}
	if malformed < 100 {
		t.Errorf("only %d of the blocks were malformed", malformed)
	}
}
