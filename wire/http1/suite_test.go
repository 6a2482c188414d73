package http1

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

type responseRow struct {
	ID, Suite, Method string
	Raw               []byte `json:"raw_b64"`
	Verdict           string
	Status            *int
	Body              []byte `json:"body_b64"`
	Warn              string
}

type oracleRow struct {
	ID, Framing string
	Oracles     map[string]struct {
		OK   bool
		Blen int
		SHA  string
	}
}

// A reading is what the parser made of a row.
type reading struct {
	final *proto.Message // the first response that is not interim
	resp  *Response
	notes []proto.Note // of all Messages from the server
}

// read feeds the row's method and its response, and the end of both streams, and
// checks the laws on the way.
func read(t *testing.T, row responseRow) reading {
	events := prototest.Talk("> "+row.Method+" / HTTP/1.1\r\nHost: x\r\n\r\n", "< "+string(row.Raw), "= eof server")
	prototest.Check(t, newParser, events)
	var r reading
	p := New(proto.Limits{})
	var all []proto.Message
	for _, e := range events {
		all = append(all, p.Feed(e)...)
	}
	all = append(all, p.Close()...)
	for i, m := range all {
		if m.Dir == 1 {
			continue
		}
		r.notes = append(r.notes, m.Notes...)
		if resp, ok := m.Value.(*Response); ok && r.final == nil && !resp.Interim() {
			r.final, r.resp = &all[i], resp
		}
	}
	return r
}

// verdict is "ok", "ok+warn", "truncated" or "error".
func (r reading) verdict() string {
	switch {
	case r.final == nil:
		return "error"
	case r.resp.Fault != "":
		return "error"
	case !r.final.Complete:
		return "truncated"
	case len(r.notes) > 0:
		return "ok+warn"
	}
	return "ok"
}

// marks counts rows by class.
type marks struct {
	names      []string
	held, rows map[string]int
}

func (m *marks) add(class string, held bool) {
	if m.rows == nil {
		m.rows, m.held = map[string]int{}, map[string]int{}
	}
	if m.rows[class] == 0 {
		m.names = append(m.names, class)
	}
	m.rows[class]++
	if held {
		m.held[class]++
	}
}

// want prints the counts, "held of rows", and compares them with those that are
// known.
func (m *marks) want(t *testing.T, counts map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, n := range m.names {
		got[n] = fmt.Sprintf("%d of %d", m.held[n], m.rows[n])
		t.Logf("marks: %s: %s", n, got[n])
	}
	if !maps.Equal(got, counts) {
		t.Errorf("held: %v, want %v", got, counts)
	}
}

// eicar is the test string that every row of the evader suite carries.
var eicar = []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)

// TestResponsesOfOtherSuites compares with what other clients make of the rows,
// where those agree; where they do not, there must be a note.
func TestResponsesOfOtherSuites(t *testing.T) {
	oracles := map[string]oracleRow{}
	for _, o := range prototest.Rows[oracleRow](t, "http1_oracles.jsonl.gz") {
		oracles[o.ID] = o
	}
	var m marks
	for _, row := range prototest.Rows[responseRow](t, "http1_responses.jsonl.gz") {
		r, o := read(t, row), oracles[row.ID]
		ok := r.verdict() == "ok" || r.verdict() == "ok+warn"
		var body []byte
		if r.final != nil {
			body = r.final.Body.Data
		}
		agree, most := 0, 0 // among the four that leave content codings alone
		for _, name := range []string{"curl", "go", "py", "node"} {
			v := o.Oracles[name]
			if v.OK == strings.HasSuffix(o.Framing, "-ok") {
				most++
				sum := sha1.Sum(body[:min(len(body), 4096)])
				if v.OK == ok && (!ok || v.SHA == hex.EncodeToString(sum[:])[:10]) {
					agree++
				}
			}
		}
		same := agree > 0 && 2*agree >= most
		held := false
		switch class, _, _ := strings.Cut(o.Framing, "-"); class {
		case "unanimous":
			held = same
		case "majority":
			held = same || len(r.notes) > 0
		case "split":
			held = len(r.notes) > 0
		}
		m.add(o.Framing, held)
		if !held {
			t.Logf("%s: %s: ours %s, %d octets, notes %v", row.ID, o.Framing, r.verdict(), len(body), r.notes)
		}
		if row.Suite == "evader" && r.resp != nil && !r.resp.Fields.Has("Content-Encoding") {
			m.add("evader body", bytes.Contains(body, eicar))
		}
	}
	m.want(t, map[string]string{
		"unanimous-ok": "248 of 248", "majority-ok": "194 of 194", "split-ok": "58 of 58",
		"unanimous-err": "55 of 55", "majority-err": "92 of 92", "split-err": "54 of 54",
		"evader body": "125 of 139",
	})
}

// TestWeirdResponses compares verdict, status and body with those of the table.
// What is to be said of a content coding is said elsewhere.
func TestWeirdResponses(t *testing.T) {
	var m marks
	for _, row := range prototest.Rows[responseRow](t, "weird_http1.jsonl.gz") {
		r := read(t, row)
		got, want := r.verdict(), row.Verdict
		content := r.resp != nil && r.resp.Fields.Has("Content-Encoding")
		held := got == want || want == "truncated" && got == "error" && r.final == nil ||
			content && strings.TrimSuffix(want, "+warn") == strings.TrimSuffix(got, "+warn")
		if r.final != nil && want != "error" && want != "truncated" {
			held = held && (row.Status == nil || *row.Status == r.resp.Status)
			held = held && (row.Body == nil || bytes.Equal(row.Body, r.final.Body.Data))
		}
		m.add("weird", held)
		if !held {
			body := ""
			if r.final != nil {
				body = string(r.final.Body.Data)
			}
			t.Logf("%s: want %s (%s) %q, got %s %.60q, notes %v", row.ID, want, row.Warn, row.Body, got, body, r.notes)
		}
	}
	m.want(t, map[string]string{"weird": "125 of 125"})
}
