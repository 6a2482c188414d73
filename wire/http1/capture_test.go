package http1

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// A captureRow is one TCP connection of a capture, as it was cut and timed.
type captureRow struct {
	Repo, Path, Proto, N string
	C2S                  []byte `json:"c2s_b64"`
	S2C                  []byte `json:"s2c_b64"`
	Segs                 [][3]any
}

func (r *captureRow) UnmarshalJSON(p []byte) error {
	type plain captureRow
	aux := struct {
		*plain
		N any
	}{plain: (*plain)(r)}
	err := json.Unmarshal(p, &aux)
	r.N = fmt.Sprint(aux.N)
	return err
}

func (r *captureRow) events() (events []wire.Event) {
	streams := map[any][]byte{"c": r.C2S, "s": r.S2C}
	for _, seg := range r.Segs {
		n := min(int(seg[1].(float64)), len(streams[seg[0]]))
		e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: streams[seg[0]][:n],
			At: time.Duration(seg[2].(float64) * float64(time.Millisecond))}
		if seg[0] == "s" {
			e.Dir = wire.ServerToClient
		}
		streams[seg[0]] = streams[seg[0]][n:]
		events = append(events, e)
	}
	return events
}

// TestLawsHoldOverCaptures takes every connection, of whatever protocol.
func TestLawsHoldOverCaptures(t *testing.T) {
	for _, row := range rows[captureRow](t, "pcap_tcp_streams.jsonl.gz") {
		if testing.Short() && len(row.C2S)+len(row.S2C) > 20000 {
			continue
		}
		for _, problem := range prototest.Problems(newParser, row.events()) {
			t.Errorf("%s/%s %s: %s", row.Repo, row.Path, row.N, problem)
		}
	}
}

// texts returns a field of tshark's, which is a list when a packet has several.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		all = append(all, v)
	case []any:
		for _, e := range v {
			all = append(all, fmt.Sprint(e))
		}
	}
	return all
}

// TestCapturesReadAsTsharkReadsThem compares start lines with those that tshark
// finds in the same captures, and counts: tshark gives up where we go on.
func TestCapturesReadAsTsharkReadsThem(t *testing.T) {
	type sharkRow struct {
		Repo, Path string
		Rows       []map[string]any
	}
	shark := map[string][]string{}
	for _, row := range rows[sharkRow](t, "tshark_http.jsonl") {
		for _, r := range row.Rows {
			key := row.Repo + "/" + row.Path + " " + fmt.Sprint(r["tcp.stream"])
			methods, uris := texts(r["http.request.method"]), texts(r["http.request.uri"])
			for i, m := range methods {
				if len(uris) == len(methods) {
					shark[key] = append(shark[key], m+" "+uris[i])
				}
			}
			shark[key] = append(shark[key], texts(r["http.response.code"])...)
		}
	}
	var m marks
	for _, row := range rows[captureRow](t, "pcap_tcp_streams.jsonl.gz") {
		key := row.Repo + "/" + row.Path + " " + row.N
		want, ok := shark[key]
		if row.Proto != "http1" || !ok {
			continue
		}
		have := map[string]int{}
		p := New(proto.Limits{})
		count := func(ms []proto.Message) {
			for _, m := range ms {
				switch v := m.Value.(type) {
				case *Request:
					have[v.Method+" "+v.Target]++
				case *Response:
					have[strconv.Itoa(v.Status)]++
				}
			}
		}
		for _, e := range row.events() {
			count(p.Feed(e))
		}
		count(p.Close())
		var missing []string
		for _, w := range want {
			if have[w]--; have[w] < 0 {
				missing = append(missing, w)
			}
		}
		m.add("connections", len(missing) == 0)
		if len(missing) > 0 {
			t.Logf("%s: tshark has %.200q", key, missing)
		}
	}
	m.log(t)
}
