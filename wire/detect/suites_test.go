package detect

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
	"wiretape/wire/line"
	"wiretape/wire/proto"
	"wiretape/wire/proto/prototest"
)

// rows reads a file of JSON lines of the public conformance data, or skips the
// test.
func rows[T any](t testing.TB, name string) []T {
	dir := os.Getenv("WIRETAPE_SUITES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "suites")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no conformance data in %s: set WIRETAPE_SUITES to its folder", dir)
	}
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

// capture is a conversation out of a packet capture, as it was cut there.
type capture struct {
	Repo, Path, Proto string
	N, Dport          int
	C2S               []byte `json:"c2s_b64"`
	S2C               []byte `json:"s2c_b64"`
	Segs              []segment
	SrvFin            bool `json:"srv_fin"`
}

// segment is [direction, length, milliseconds].
type segment struct {
	dir string
	n   int
	at  float64
}

func (s *segment) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&s.dir, &s.n, &s.at})
}

func (c *capture) events() []wire.Event {
	events := []wire.Event{open(1, fmt.Sprintf("server:%d", c.Dport))}
	left := [2][]byte{c.C2S, c.S2C}
	for _, s := range c.Segs {
		dir := wire.ClientToServer
		if strings.HasPrefix(s.dir, "s") || s.dir == "<" {
			dir = wire.ServerToClient
		}
		from := &left[proto.Side(dir)]
		n := min(s.n, len(*from))
		events = append(events, wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, At: time.Duration(s.at * float64(time.Millisecond)), Data: (*from)[:n]})
		*from = (*from)[n:]
	}
	if c.SrvFin {
		events = append(events, wire.Event{Conn: 1, Kind: wire.KindEOF, Dir: sc})
	}
	return events
}

// expected names the protocol that a label of the captures is read as.
var expected = map[string][]string{
	"smtp": {SMTP}, "ftp": {FTP}, "http1": {HTTP1}, "http2": {HTTP2, HTTP1},
	"pop3": {Raw}, "imap": {Raw}, "telnet": {Raw}, "tls": {Raw},
}

func TestCaptures(t *testing.T) {
	right, known := map[string]int{}, map[string]int{}
	captures := rows[capture](t, "pcap_tcp_streams.jsonl.gz")
	for _, c := range captures {
		events := c.events()
		if testing.Short() && c.Proto != "smtp" && c.Proto != "ftp" {
			continue
		}
		for _, problem := range prototest.Problems(newSingle(Options{}), events) {
			t.Errorf("%s %d: %s", c.Path, c.N, problem)
		}
		want := expected[c.Proto]
		if want == nil || len(c.C2S)+len(c.S2C) == 0 {
			continue
		}
		known[c.Proto]++
		s := New(Options{})
		became := false // it may become something else later
		for _, e := range events {
			s.Feed(e)
			became = became || slices.Contains(want, s.Proto(1))
		}
		s.Close()
		if became || slices.Contains(want, s.Proto(1)) {
			right[c.Proto]++
		} else {
			t.Logf("%s %d, port %d: %s is read as %q: %s; client %.40q, server %.40q", c.Path, c.N, c.Dport, c.Proto, s.Proto(1), s.Reason(1), c.C2S, c.S2C)
		}
	}
	for label, n := range known {
		t.Logf("%s: %d of %d", label, right[label], n)
		if right[label]*10 < n*9 {
			t.Errorf("%s: %d of %d captures are read as what they are", label, right[label], n)
		}
	}
}

// dissected is what another reader, tshark, says of a capture: fields by packet,
// each a string or a list of them.
type dissected struct {
	Repo, Path string
	Rows       []map[string]any
}

// strs returns a field as a list.
func strs(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, s := range v {
			out = append(out, fmt.Sprint(s))
		}
		return out
	}
	return nil
}

// TestReplyCodesAgree compares the codes of all replies of a capture with those
// that tshark read. It gives the code of a reply once for each packet, so that
// equal codes in a row are taken as one.
func TestReplyCodesAgree(t *testing.T) {
	captures := rows[capture](t, "pcap_tcp_streams.jsonl.gz")
	for name, field := range map[string]string{SMTP: "smtp.response.code", FTP: "ftp.response.code"} {
		agreed, all := 0, 0
		for _, d := range rows[dissected](t, "tshark_"+name+".jsonl") {
			want := map[string][]string{}
			for _, r := range d.Rows {
				stream := fmt.Sprint(r["tcp.stream"])
				want[stream] = append(want[stream], strs(r[field])...)
			}
			for _, c := range captures {
				if c.Path != d.Path || c.Proto != name {
					continue
				}
				var got []string
				s := New(Options{})
				take := func(msgs []proto.Message) {
					for _, m := range msgs {
						if r, ok := m.Value.(*line.Reply); ok {
							got = append(got, fmt.Sprint(r.Code))
						}
					}
				}
				for _, e := range c.events() {
					take(s.Feed(e))
				}
				take(s.Close())
				all++
				if w := want[fmt.Sprint(c.N)]; slices.Equal(slices.Compact(got), slices.Compact(w)) {
					agreed++
				} else {
					t.Logf("%s %d: got %v, tshark %v", c.Path, c.N, got, w)
				}
			}
		}
		t.Logf("%s: %d of %d agree", name, agreed, all)
		if all == 0 || agreed*100 < all*85 {
			t.Errorf("%s: replies of %d of %d captures agree", name, agreed, all)
		}
	}
}
