package http1

import (
	"fmt"
	"strconv"
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// TestLawsHoldOverCaptures takes every connection, of whatever protocol.
func TestLawsHoldOverCaptures(t *testing.T) {
	for _, c := range prototest.Captures(t) {
		if testing.Short() && c.Size > 20000 {
			continue
		}
		for _, problem := range prototest.Problems(newParser, c.Events) {
			t.Errorf("%s: %s", c, problem)
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
// finds in the same captures. One of them lacks octets, and with them a response.
func TestCapturesReadAsTsharkReadsThem(t *testing.T) {
	type sharkRow struct {
		Repo, Path string
		Rows       []map[string]any
	}
	shark := map[string][]string{}
	for _, row := range prototest.Rows[sharkRow](t, "tshark_http.jsonl") {
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
	for _, c := range prototest.Captures(t) {
		want, ok := shark[c.String()]
		if c.Proto != "http1" || !ok {
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
		for _, e := range c.Events {
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
			t.Logf("%s: tshark has %.200q", c, missing)
		}
	}
	m.want(t, map[string]string{"connections": "100 of 101"})
}
