package http1

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"wiretape/wire"
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

// A summary is what a conversation's responses say, in their order.
type summary struct{ starts, phrases, lengths, codings []string }

// summaryNames are what the lists of a summary hold.
var summaryNames = [4]string{"versions and codes", "reason phrases", "lengths", "content codings"}

// lists returns the parts of s in the order of summaryNames.
func (s *summary) lists() [4][]string {
	return [4][]string{s.starts, s.phrases, s.lengths, s.codings}
}

// summarize returns what the responses of events say.
func summarize(events []wire.Event) *summary {
	var s summary
	p := New(proto.Limits{})
	take := func(ms []proto.Message) {
		for _, m := range ms {
			r, ok := m.Value.(*Response)
			if !ok {
				continue
			}
			s.starts = append(s.starts, r.Version+" "+strconv.Itoa(r.Status))
			if r.Reason != "" {
				s.phrases = append(s.phrases, r.Reason)
			}
			for _, v := range r.Fields.Values("Content-Length") {
				s.lengths = append(s.lengths, string(v))
			}
			for _, v := range r.Fields.Values("Content-Encoding") {
				s.codings = append(s.codings, string(v))
			}
		}
	}
	for _, e := range events {
		take(p.Feed(e))
	}
	take(p.Close())
	return &s
}

// TestAgreesWithAnotherReader compares responses with those that tshark finds in
// the same captures, in their order: what one of the two has and the other has not
// counts, whichever it is. Of requests it says nothing there.
func TestAgreesWithAnotherReader(t *testing.T) {
	type sharkRow struct {
		Repo, Path string
		Rows       []map[string]any
	}
	theirs := map[string]*summary{} // by the connection
	for _, row := range prototest.Rows[sharkRow](t, "tshark_http.jsonl") {
		for _, r := range row.Rows {
			key := row.Repo + "/" + row.Path + " " + fmt.Sprint(r["tcp.stream"])
			s := theirs[key]
			if s == nil {
				s = new(summary)
				theirs[key] = s
			}
			versions := texts(r["http.response.version"])
			for i, code := range texts(r["http.response.code"]) {
				s.starts = append(s.starts, versions[i]+" "+code)
			}
			s.phrases = append(s.phrases, texts(r["http.response.phrase"])...)
			s.lengths = append(s.lengths, texts(r["http.content_length_header"])...)
			s.codings = append(s.codings, texts(r["http.content_encoding"])...)
		}
	}
	connections, all, differ := 0, 0, 0
	for _, c := range prototest.Captures(t) {
		want := theirs[c.String()]
		if c.Proto != "http1" || want == nil {
			continue
		}
		connections++
		ours := summarize(c.Events).lists()
		for i, list := range want.lists() {
			n := distance(ours[i], list)
			all += len(list)
			differ += n
			if n == 0 {
				continue
			}
			why := "unexplained"
			for capture, text := range reasons {
				if strings.HasSuffix(c.String(), capture) {
					why = text
				}
			}
			t.Logf("%2d of %2d %s differ, %s: %s", n, len(list), summaryNames[i], c, why)
			if why == "unexplained" {
				t.Errorf("ours   %.600q\ntheirs %.600q", ours[i], list)
			}
		}
	}
	t.Logf("marks: tshark_http: %d connections, %d facts of responses, %d differ", connections, all, differ)
	if connections != 101 || 100*differ > maxDiffering*all {
		t.Errorf("%d connections compared, %d of %d facts differ; want 101, %d %% at most", connections, differ, all, maxDiffering)
	}
}

// maxDiffering is how many facts may differ, in percent.
const maxDiffering = 3

// reasons says why readings differ, by the end of the capture's name and the
// connection in it.
var reasons = map[string]string{
	"http-manipulated.pcap 1":                   "the recording ends within the last body; it names a response when its body is whole",
	"http-range-file/input.pcap 0":              "it has 14 responses to 15 requests, each of which ends where the next begins",
	"http-gap-double/input.pcap 0":              "the capture lacks octets within a body; it has the length of another response there",
	"http-gap-simple/input.pcap 0":              "the capture lacks octets within a body; it has the length of another response there",
	"http-gap-whole-body/input.pcap 0":          "the capture lacks octets and does not say where; the response behind them begins in none",
	"http-pipeline-files-with-gap/input.pcap 0": "the capture lacks octets further on; it gives up before, at a response that is whole",
}

// distance returns how many elements have to be put in, left out or changed to
// make b of a.
func distance(a, b []string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			up := row[j+1]
			row[j+1] = min(up+1, row[j]+1, diagonal+1)
			if x == y {
				row[j+1] = min(row[j+1], diagonal)
			}
			diagonal = up
		}
	}
	return row[len(b)]
}
