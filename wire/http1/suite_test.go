package http1

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// suites returns the folder of the conformance data, or skips the test.
func suites(t testing.TB) string {
	dir := os.Getenv("WIRETAPE_SUITES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "suites")
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no conformance data in %s: set WIRETAPE_SUITES to its folder", dir)
	}
	return dir
}

// rows reads a file of JSON lines, compressed or not, calling each with a line.
func rows[T any](t testing.TB, name string) []T {
	f, err := os.Open(filepath.Join(suites(t), name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	var all []T
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var row T
		if err := json.Unmarshal(sc.Bytes(), &row); err != nil {
			t.Fatalf("%s: row %d: %v", name, len(all)+1, err)
		}
		all = append(all, row)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

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

func (m *marks) log(t *testing.T) {
	for _, n := range m.names {
		t.Logf("%-14s %3d of %3d", n, m.held[n], m.rows[n])
	}
}

// eicar is the test string that every row of the evader suite carries.
var eicar = []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)

// TestResponsesOfOtherSuites fails on a broken law; what other clients make of
// the rows is counted, not enforced.
func TestResponsesOfOtherSuites(t *testing.T) {
	oracles := map[string]oracleRow{}
	for _, o := range rows[oracleRow](t, "http1_oracles.jsonl.gz") {
		oracles[o.ID] = o
	}
	var m marks
	for _, row := range rows[responseRow](t, "http1_responses.jsonl.gz") {
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
	m.log(t)
}

// TestWeirdResponses counts the rows whose verdict, status and body are as the
// table has them. What is to be said of a content coding is said elsewhere.
func TestWeirdResponses(t *testing.T) {
	var m marks
	for _, row := range rows[responseRow](t, "weird_http1.jsonl.gz") {
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
	m.log(t)
}
