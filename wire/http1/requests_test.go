package http1

import (
	"encoding/base64"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto/prototest"
)

// soundRequests are those that no Note is due to, by their titles, and why.
var soundRequests = map[string]string{
	"Incoming chunked request bodies are echoed back before the response is sent.": "the request is as RFC 9112 has it; what broke is what the server sent",
}

// TestLawsHoldOverHostileRequests takes requests that broken servers fell for,
// and two-sided conversations with named anomalies.
func TestLawsHoldOverHostileRequests(t *testing.T) {
	type gardenRow struct {
		Title string
		Raw   []byte `json:"raw_b64"`
	}
	seen := map[string]bool{}
	for _, row := range prototest.Rows[gardenRow](t, "garden_requests.jsonl") {
		for _, p := range prototest.Problems(newParser, prototest.Talk("> "+string(row.Raw), "< HTTP/1.1 400 Bad\r\n\r\n", "= eof server")) {
			t.Errorf("%s: %s", row.Title, p)
		}
		all, _, _ := messages(t, "> "+string(row.Raw))
		why, sound := soundRequests[row.Title]
		ns, _ := notes(all, wire.ClientToServer)
		if len(ns) == 0 && !sound {
			t.Errorf("%s: %q: no note", row.Title, row.Raw)
		}
		if len(ns) > 0 && sound {
			t.Errorf("%s: %q: notes %q, but %s", row.Title, row.Raw, ns, why)
		}
		seen[row.Title] = true
	}
	for title := range soundRequests {
		if !seen[title] {
			t.Errorf("there is no request %q", title)
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
