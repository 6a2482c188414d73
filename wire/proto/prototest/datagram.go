package prototest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"wiretape/wire"
)

// Datagrams returns the UDP conversations out of the packet captures of the public
// conformance data, all of them of DNS: one event for each datagram. It skips the
// test where the data is absent.
func Datagrams(tb testing.TB) []Capture {
	tb.Helper()
	rows := Rows[datagramRow](tb, "pcap_dns_udp.jsonl.gz")
	out := make([]Capture, len(rows))
	for i, r := range rows {
		c := Capture{Repo: r.Repo, Path: r.Path, Stream: fmt.Sprint(r.N), Proto: "dns"}
		c.Events = []wire.Event{{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{
			Network: "udp", Role: wire.Dialed, Target: fmt.Sprintf("server:%d", r.Dport),
		}}}
		var now time.Duration
		for _, d := range r.Dgrams {
			e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: d.data}
			if d.side == "s" {
				e.Dir = wire.ServerToClient
			}
			now = max(now, time.Duration(d.at*float64(time.Millisecond)))
			e.At = now
			c.Size += len(d.data)
			c.Events = append(c.Events, e)
		}
		out[i] = c
	}
	return out
}

type datagramRow struct {
	Repo, Path string
	N          any
	Dport      int
	Dgrams     []datagram
}

// datagram is [side, octets, milliseconds].
type datagram struct {
	side string
	data []byte
	at   float64
}

func (d *datagram) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&d.side, &d.data, &d.at})
}
