package http1

import (
	"encoding/base64"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto/prototest"
)

// TestLawsHoldOverHostileRequests takes requests that broken servers fell for,
// and two-sided conversations with named anomalies.
func TestLawsHoldOverHostileRequests(t *testing.T) {
	type gardenRow struct {
		Title string
		Raw   []byte `json:"raw_b64"`
	}
	for _, row := range prototest.Rows[gardenRow](t, "garden_requests.jsonl") {
		for _, p := range prototest.Problems(newParser, prototest.Talk("> "+string(row.Raw), "< HTTP/1.1 400 Bad\r\n\r\n", "= eof server")) {
			t.Errorf("%s: %s", row.Title, p)
		}
		all, _, _ := messages(t, "> "+string(row.Raw))
		if ns, _ := notes(all, wire.ClientToServer); len(ns) == 0 {
			t.Logf("%s: %q: no note", row.Title, row.Raw)
		}
	}
	type htpRow struct {
		ID     string
		Blocks [][2]string
	}
	for _, row := range prototest.Rows[htpRow](t, "libhtp.jsonl.gz") {
		var talk []string
		for _, b := range row.Blocks {
			raw, err := base64.StdEncoding.DecodeString(b[1])
			if err != nil {
				t.Fatal(err)
			}
			talk = append(talk, map[string]string{"c": "> ", "s": "< "}[b[0]]+string(raw))
		}
		for _, p := range prototest.Problems(newParser, prototest.Talk(talk...)) {
			t.Errorf("%s: %s", row.ID, p)
		}
	}
}
