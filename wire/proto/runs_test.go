package proto

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wiretape/wire"
)

func TestRunsAreCutAtStopsAndMultiples(t *testing.T) {
	var r Runs
	like := Message{Conn: 1, Dir: wire.ClientToServer, Notes: []Note{{Text: "noted once"}}}
	var out []Message
	out = r.Add(out, like, 0, 0, []byte("abc"))
	// Five more octets came, of which two were there when the other side spoke.
	out = r.Stop(out, wire.ClientToServer, 3, 5, "turn")
	out = r.Stop(out, wire.ClientToServer, 3, 5, "said again")
	out = r.Add(out, Message{Dir: wire.ClientToServer}, 0, 3, []byte("defgh"))
	out = r.Stop(out, wire.ClientToServer, 8, 8, "turn")
	out = r.Add(out, Message{Dir: wire.ClientToServer}, 0, 8, []byte(strings.Repeat("x", RawRun)))
	out = r.End(out, wire.ClientToServer, "end")
	out = r.End(out, wire.ClientToServer, "again")
	var got []string
	for _, m := range out {
		got = append(got, fmt.Sprintf("%d-%d %d notes, %s", m.Span.From, m.Span.To, len(m.Notes), m.EndedBy))
	}
	want := []string{"0-5 1 notes, turn", "5-8 0 notes, turn", "8-65536 0 notes, 64 KiB", "65536-65544 0 notes, end"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestRunsKeepNoMoreThanTheLimit(t *testing.T) {
	r := Runs{Limits: Limits{Body: 4}}
	out := r.Add(nil, Message{Dir: wire.ServerToClient}, 0, 0, []byte("abcdef"))
	out = r.End(out, wire.ServerToClient, "end")
	if b := out[0].Body; string(b.Data) != "abcd" || b.Size != 6 || !b.Cut {
		t.Errorf("body = %q, size %d, cut %t, want abcd of 6", b.Data, b.Size, b.Cut)
	}
}

// What waited before it was known to be raw bears the times at which it came, as
// far as they are told.
func TestRunsTellWhenTheirOctetsCame(t *testing.T) {
	const dir = wire.ClientToServer
	var r Runs
	out := r.Stop(nil, dir, 0, 2, "turn")
	r.Resume(dir, 2, 7)
	out = r.Stop(out, dir, 0, 4, "turn")
	r.Resume(dir, 3, 8) // within a read: it says nothing
	out = r.Add(out, Message{Dir: dir, First: 5}, 9, 0, []byte("abcdef"))
	out = r.End(out, dir, "end")
	var got []string
	for _, m := range out {
		got = append(got, fmt.Sprintf("%d-%d came at %d to %d", m.Span.From, m.Span.To, m.First, m.Last))
	}
	want := []string{"0-2 came at 5 to 9", "2-4 came at 7 to 9", "4-6 came at 9 to 9"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestTurnsStopRuns(t *testing.T) {
	cs, sc := wire.ClientToServer, wire.ServerToClient
	var r Runs
	var out []Message
	var at [2]int64 // octets of each side, all of them raw
	for _, e := range []wire.Event{
		{Kind: wire.KindData, Dir: cs, Data: []byte("a")},
		{Kind: wire.KindData, Dir: cs, Data: []byte("b")}, // goes on
		{Kind: wire.KindData, Dir: sc},                    // nobody spoke
		{Kind: wire.KindGap, Dir: sc},                     // nothing is missing
		{Kind: wire.KindData, Dir: cs, Data: []byte("c")},
		{Kind: wire.KindData, Dir: sc, Data: []byte("d")},
		{Kind: wire.KindTimeout},
		{Kind: wire.KindData, Dir: sc, Data: []byte("e")},
		{Kind: wire.KindEOF, Dir: cs},
	} {
		out = r.Turn(out, e, Span{at[0], at[0]}, Span{at[1], at[1]})
		if e.Kind == wire.KindData {
			off := &at[Side(e.Dir)]
			out = r.Add(out, Message{Dir: e.Dir}, 0, *off, e.Data)
			*off += int64(len(e.Data))
		}
	}
	var got []string
	for _, m := range out {
		got = append(got, fmt.Sprintf("%s %s, %s", m.Dir, m.Body.Data, m.EndedBy))
	}
	want := []string{"client abc, the other side spoke", "server d, timeout", "server e, end of stream"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGapSizeKeepsOffsetsInRange(t *testing.T) {
	for _, c := range []struct{ size, offset, want int64 }{
		{5, 0, 5}, {0, 3, 0}, {-1, 3, 0}, {1 << 62, 0, 1 << 60}, {1 << 62, 1<<60 - 4, 4}, {1, 1 << 60, 0},
	} {
		if got := GapSize(wire.Event{Kind: wire.KindGap, Size: c.size}, c.offset); got != c.want {
			t.Errorf("GapSize of %d at %d = %d, want %d", c.size, c.offset, got, c.want)
		}
	}
}
