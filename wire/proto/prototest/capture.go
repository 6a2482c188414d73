package prototest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A Capture is one TCP connection out of the packet captures of the public
// conformance data.
type Capture struct {
	Repo, Path string // of the capture
	Stream     string // number of the connection in it
	Proto      string // "http1", "smtp", …: what it is, as its collectors say
	Size       int    // octets of both directions
	Gap        bool   // some octets of it were not captured
	Events     []wire.Event
}

// String names the connection.
func (c Capture) String() string { return c.Repo + "/" + c.Path + " " + c.Stream }

// Captures returns all of them, cut and timed as they were captured. It skips the
// test where the data is absent.
func Captures(tb testing.TB) []Capture {
	tb.Helper()
	rows := Rows[captureRow](tb, "pcap_tcp_streams.jsonl.gz")
	out := make([]Capture, len(rows))
	for i, r := range rows {
		out[i] = Capture{
			Repo: r.Repo, Path: r.Path, Stream: fmt.Sprint(r.N), Proto: r.Proto,
			Size: len(r.C2S) + len(r.S2C), Events: r.events(), Gap: r.Gap,
		}
	}
	return out
}

type captureRow struct {
	Repo, Path, Proto string
	N                 any
	Dport             int
	C2S               []byte `json:"c2s_b64"`
	S2C               []byte `json:"s2c_b64"`
	Segs              []segment
	SrvFin            bool `json:"srv_fin"`
	Gap               bool
}

func (r *captureRow) events() []wire.Event {
	events := []wire.Event{{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{
		Network: "tcp", Role: wire.Dialed, Target: fmt.Sprintf("server:%d", r.Dport),
	}}}
	left := [2][]byte{r.C2S, r.S2C}
	var now time.Duration
	for _, s := range r.Segs {
		e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer}
		if s.side == "s" {
			e.Dir = wire.ServerToClient
		}
		now = max(now, time.Duration(s.at*float64(time.Millisecond))) // -1 where it is not known
		from := &left[proto.Side(e.Dir)]
		n := min(s.n, len(*from))
		e.At, e.Data, *from = now, (*from)[:n], (*from)[n:]
		events = append(events, e)
	}
	if r.SrvFin {
		events = append(events, wire.Event{Conn: 1, At: now, Kind: wire.KindEOF, Dir: wire.ServerToClient})
	}
	return events
}

// segment is [side, octets, milliseconds].
type segment struct {
	side string
	n    int
	at   float64
}

func (s *segment) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&s.side, &s.n, &s.at})
}
