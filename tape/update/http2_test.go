package update

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http2"
)

// An answer is a response over HTTP/2: "name: value" lines.
type answer struct{ head, body, trailer string }

// h2conversation returns a tape on which three requests are answered, in an order.
func h2conversation(t *testing.T, order []int, answers ...answer) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tape.NewWriter(&buf, tape.Options{})
	w.Event(wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "localhost:3000", Role: wire.Dialed}})
	say := func(dir wire.Dir, b []byte) { w.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: dir, Data: b}) }
	encoder := func() func(lines string) []byte {
		var block bytes.Buffer
		e := hpack.NewEncoder(&block)
		return func(lines string) []byte {
			block.Reset()
			for l := range strings.Lines(lines) {
				name, value, _ := strings.Cut(strings.TrimSuffix(l, "\n"), ": ")
				e.WriteField(hpack.HeaderField{Name: name, Value: value})
			}
			return bytes.Clone(block.Bytes())
		}
	}
	client, server := encoder(), encoder()
	say(wire.ClientToServer, http2.AppendSettings([]byte(http2.Preface)))
	say(wire.ServerToClient, http2.AppendSettingsAck(http2.AppendSettings(nil)))
	for i := range answers {
		say(wire.ClientToServer, http2.AppendHeaders(nil, uint32(2*i+1), true, client(fmt.Sprintf(":method: GET\n:scheme: http\n:authority: localhost\n:path: /%d\n", i)), 0))
	}
	for _, i := range order {
		a, id := answers[i], uint32(2*i+1)
		say(wire.ServerToClient, http2.AppendHeaders(nil, id, a.body == "" && a.trailer == "", server(a.head), 0))
		for rest := a.body; rest != ""; {
			n := min(len(rest), 10000)
			say(wire.ServerToClient, http2.AppendData(nil, id, n == len(rest) && a.trailer == "", -1, []byte(rest[:n])))
			rest = rest[n:]
		}
		if a.trailer != "" {
			say(wire.ServerToClient, http2.AppendHeaders(nil, id, true, server(a.trailer), 0))
		}
	}
	w.Event(wire.Event{Conn: 1, Kind: wire.KindClose})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := tape.Format(&out, bytes.NewReader(buf.Bytes()), tape.FormatOptions{Commit: true}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (a answer) with(pairs ...string) answer {
	r := strings.NewReplacer(pairs...)
	return answer{r.Replace(a.head), r.Replace(a.body), r.Replace(a.trailer)}
}

func TestAcceptHTTP2(t *testing.T) {
	const head = ":status: 200\nserver: app\ndate: Mon, 23 Nov 2026 10:00:00 GMT\nx-run: 7\nvary: accept\n"
	base := []answer{{head + "content-length: 6\n", "hello\n", ""}, {head, "", ""}, {head + "x-last: yes\n", "one\ntwo\n", "x-sum: 9\n"}}
	later := func(as []answer) (out []answer) {
		for _, a := range as {
			out = append(out, a.with("10:00:00", "11:22:33", "x-run: 7", "x-run: 8"))
		}
		return out
	}
	at := func(i int, a answer) []answer {
		as := slices.Clone(base)
		as[i] = a
		return as
	}
	long := strings.Repeat("0123456789abcde\n", 3000)
	const note = "# three pages\n! ignore header X-Run\n"
	old := bytes.Replace(h2conversation(t, []int{0, 1, 2}, base...), []byte("= open"), []byte(note+"= open"), 1)
	if _, err := match.Load(bytes.NewReader(old), "x.tape"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		order []int
		now   []answer
		same  bool // to the byte
		lines int  // of the old tape that may be gone at most
	}{
		{"the same in meaning", []int{0, 1, 2}, base, true, 0},
		{"answered in another order", []int{2, 0, 1}, base, true, 0},
		{"an ignored field is gone", []int{0, 1, 2}, at(1, base[1].with("x-run: 7\n", "")), true, 0},
		{"status", []int{0, 1, 2}, at(1, base[1].with("200", "404")), false, 1},
		{"a value that others refer to", []int{0, 1, 2}, []answer{base[0].with("app", "app2"), base[1].with("app", "app2"), base[2].with("app", "app2")}, false, 4},
		{"a value that others refer to, in one", []int{0, 1, 2}, at(0, base[0].with("app", "app2")), false, 4},
		{"a body of the same length", []int{0, 1, 2}, at(0, base[0].with("hello", "hallo")), false, 2},
		{"a body of another length", []int{0, 1, 2}, at(0, answer{head + "content-length: 8\n", "hello 2\n", ""}), false, 4},
		{"a long body", []int{0, 1, 2}, at(2, answer{base[2].head, long, base[2].trailer}), false, 4},
		{"a body where none was", []int{2, 1, 0}, at(1, answer{base[1].head, long, ""}), false, 2},
		{"a body and a trailer where none were", []int{0, 1, 2}, at(1, answer{base[1].head, "x\n", "x-sum: 2\n"}), false, 2},
		{"no body", []int{0, 1, 2}, at(0, answer{head + "content-length: 0\n", "", ""}), false, 4},
		{"a new field", []int{0, 1, 2}, at(0, base[0].with("vary", "x-new: 1\nvary")), false, 2},
		{"a field is gone", []int{0, 1, 2}, at(0, base[0].with("vary: accept\n", "")), false, 4},
		{"a trailer", []int{0, 1, 2}, at(2, base[2].with("x-sum: 9", "x-sum: 10")), false, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			recording := h2conversation(t, tt.order, later(tt.now)...)
			got, err := Accept(old, "x.tape", recording)
			if err != nil {
				t.Fatalf("%v\n%s", err, recording)
			}
			if same := bytes.Equal(got, old); same != tt.same {
				t.Errorf("the tape is as it was: %v\n%s", same, got)
			}
			gone := 0
			left := slices.Collect(strings.Lines(string(got)))
			for l := range strings.Lines(string(old)) {
				if i := slices.Index(left, l); i >= 0 {
					left = slices.Delete(left, i, i+1)
				} else {
					gone++
				}
			}
			if gone > tt.lines || !bytes.Contains(got, []byte(note)) {
				t.Errorf("%d lines are other than they were\nold\n%s\nnow\n%s", gone, old, got)
			}
			if again, err := Accept(got, "x.tape", recording); err != nil || !bytes.Equal(again, got) {
				t.Errorf("accepted again: %v\n%s\nwas\n%s", err, again, got)
			}
		})
	}
}

func TestAcceptHTTP2Refuses(t *testing.T) {
	const head = ":status: 200\nserver: app\n"
	old := h2conversation(t, []int{0, 1}, answer{head, "a", ""}, answer{head, "b", ""})
	now := h2conversation(t, []int{0}, answer{head, "a", ""}, answer{head, "b", ""})
	if got, err := Accept(old, "x.tape", now); err == nil || !strings.Contains(err.Error(), "no response of request 2") {
		t.Errorf("%v\n%s", err, got)
	}
}

// The readings beside frames are those of the new ones.
func TestAcceptRewritesReadings(t *testing.T) {
	const head = ":status: 200\nserver: app\n"
	old := h2conversation(t, []int{0}, answer{head, "a page\n", ""})
	old, err := Readings(old, "x.tape")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Accept(old, "x.tape", h2conversation(t, []int{0}, answer{head, "another\n", ""}))
	if err != nil || bytes.Contains(got, []byte("#| a page")) || !bytes.Contains(got, []byte("#| another")) {
		t.Errorf("%v\n%s", err, got)
	}
}
