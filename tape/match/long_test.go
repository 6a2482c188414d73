package match

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"wiretape/tape"
	"wiretape/wire"
	"wiretape/wire/proto/prototest"
)

// loadLong reads a tape as if it were a long one.
func loadLong(t *testing.T, text []byte) *Tape {
	t.Helper()
	tp, err := loadAbove(bytes.NewReader(text), "x.tape", 0)
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// noise is n octets that are no text.
func noise(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// recorded returns the tape of writes of which each is "> text" or "< text", as a
// recorder cuts them.
func recorded(t *testing.T, commit bool, conns int, said ...[]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tape.NewWriter(&buf, tape.Options{})
	for conn := 1; conn <= conns; conn++ {
		w.Event(wire.Event{Conn: conn, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:80", Role: wire.Dialed}})
	}
	for _, s := range said {
		dir := wire.ClientToServer
		if s[0] == '<' {
			dir = wire.ServerToClient
		}
		for part := s[1:]; len(part) > 0; {
			n := min(len(part), 7000)
			for conn := 1; conn <= conns; conn++ {
				w.Event(wire.Event{Conn: conn, Kind: wire.KindData, Dir: dir, Data: part[:n], At: 1})
			}
			part = part[n:]
		}
	}
	for conn := 1; conn <= conns; conn++ {
		w.Event(wire.Event{Conn: conn, Kind: wire.KindClose})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !commit {
		return buf.Bytes()
	}
	var out bytes.Buffer
	if _, err := tape.Format(&out, &buf, tape.FormatOptions{Commit: true}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// longTapes are tapes with long messages.
func longTapes(t *testing.T) map[string][]byte {
	body := noise(1, 300_000)
	html := []byte(strings.Repeat("<p>a line of text</p>\n", 20_000))
	var chunks bytes.Buffer
	for rest := body; len(rest) > 0; {
		n := min(len(rest), 9999)
		fmt.Fprintf(&chunks, "%x;x=y\r\n%s\r\n", n, rest[:n])
		rest = rest[n:]
	}
	chunks.WriteString("0\r\nTrailer: t\r\n\r\n")
	request := []byte(">GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
	head := "<HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\n"
	whole := func(kind string, b []byte) []byte {
		return append(fmt.Appendf(nil, "%sContent-Type: %s\r\nContent-Length: %d\r\n\r\n", head, kind, len(b)), b...)
	}
	tapes := map[string][]byte{}
	for _, commit := range []bool{false, true} {
		name := fmt.Sprintf("commit %t: ", commit)
		tapes[name+"Content-Length"] = recorded(t, commit, 1, request, whole("image/png", body), request, whole("text/html", html), request, []byte(head+"Content-Length: 2\r\n\r\nok"))
		tapes[name+"chunked"] = recorded(t, commit, 1, request, append([]byte(head+"Transfer-Encoding: chunked\r\n\r\n"), chunks.Bytes()...), request, []byte(head+"Content-Length: 2\r\n\r\nok"))
		tapes[name+"two connections"] = recorded(t, commit, 2, request, whole("image/png", body))
		tapes[name+"upload"] = recorded(t, commit, 1, append(fmt.Appendf(nil, ">PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(body)), body...), []byte(head+"Content-Length: 0\r\n\r\n"))
		tapes[name+"until close"] = recorded(t, commit, 1, request, append([]byte(head+"Connection: close\r\n\r\n"), body...))
		tapes[name+"no protocol"] = recorded(t, commit, 1, append([]byte{'>', 0}, noise(2, 2_000_000)...), append([]byte{'<'}, noise(3, 500_000)...), []byte(">\x00\x01more"))
		tapes[name+"cut off"] = recorded(t, commit, 1, request, whole("image/png", body)[:200_000])
	}
	return tapes
}

// A long tape, of which the bodies are read again, is the tape that a short one is.
func TestLongTapeIsTheSame(t *testing.T) {
	made := longTapes(t)
	tapes := maps.Clone(made)
	for i, c := range append(prototest.Captures(t), prototest.Datagrams(t)...) {
		var buf bytes.Buffer
		w := tape.NewWriter(&buf, tape.Options{})
		for _, e := range c.Events {
			w.Event(e)
		}
		w.Close()
		tapes[fmt.Sprintf("capture %d: %s", i, c.Proto)] = buf.Bytes()
	}
	for name, text := range tapes {
		short, err := Load(bytes.NewReader(text), "x.tape")
		if err != nil {
			t.Fatal(err)
		}
		long := loadLong(t, text)
		held, some := 0, false
		if len(short.Convs) != len(long.Convs) {
			t.Fatalf("%s: %d connections, want %d", name, len(long.Convs), len(short.Convs))
		}
		for i, c := range short.Convs {
			d := long.Convs[i]
			if c.Proto != d.Proto || c.Reason != d.Reason || c.Begin != d.Begin || c.End != d.End || len(c.Items) != len(d.Items) {
				t.Fatalf("%s: %s (%s) %d items, want %s (%s) %d", name, d.Proto, d.Reason, len(d.Items), c.Proto, c.Reason, len(c.Items))
			}
			for k := range c.Items {
				a, b := c.Items[k], d.Items[k]
				am, bm := a.Message, b.Message
				a.Message, b.Message = nil, nil
				if fmt.Sprint(a) != fmt.Sprint(b) {
					t.Errorf("%s: item %d is %+v, want %+v", name, k, b, a)
				}
				if am == nil || bm == nil {
					continue
				}
				held += len(bm.Raw) + len(bm.Body.Data)
				some = some || bm.Long()
				w, err := bm.Whole()
				if err != nil {
					t.Fatalf("%s: item %d: %v", name, k, err)
				}
				rest, err := io.ReadAll(bm.Rest())
				if am.Derived {
					am.Raw = nil // the octets of its frames are nobody's affair
				}
				if err != nil || !bytes.Equal(append(bytes.Clone(bm.Raw), rest...), am.Raw) || !bytes.Equal(w.Raw, am.Raw) {
					t.Errorf("%s: item %d: other octets: %d, %d, want %d: %v", name, k, len(bm.Raw)+len(rest), len(w.Raw), len(am.Raw), err)
				}
				if w.Span != am.Span || w.Complete != am.Complete || w.EndedBy != am.EndedBy || w.Body.Size != am.Body.Size || am.Kind != "raw" && !bytes.Equal(w.Body.Data, am.Body.Data) {
					t.Errorf("%s: item %d: %v %t %s body %d, want %v %t %s body %d", name, k, w.Span, w.Complete, w.EndedBy, len(w.Body.Data), am.Span, am.Complete, am.EndedBy, len(am.Body.Data))
				}
				for _, off := range []int64{am.Span.From, (am.Span.From + am.Span.To) / 2, am.Span.To - 1} {
					if x, y := am.Line(off), bm.Line(off); x != y {
						t.Errorf("%s: item %d: octet %d on line %d, want %d", name, k, off, y, x)
					}
				}
			}
		}
		if made[name] != nil && (!some || held > 32<<10) {
			t.Errorf("%s: %d octets are held, some long %t", name, held, some)
		}
	}
}

// What differs in a long body is told as of a short one, whichever side is long.
func TestLongDifference(t *testing.T) {
	for name, text := range longTapes(t) {
		if !strings.HasPrefix(name, "commit false") {
			continue
		}
		if out := Diff(loadLong(t, text), loadLong(t, text)); len(out.Mismatches) > 0 {
			t.Errorf("%s: with itself: %v", name, out.Mismatches)
		}
		other := bytes.Clone(text)
		at := len(other) / 2 // within a raw block
		other[at] ^= 1
		short := func(b []byte) *Tape {
			tp, err := Load(bytes.NewReader(b), "x.tape")
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return tp
		}
		want := Diff(short(text), short(other))
		for _, pair := range [][2]*Tape{{loadLong(t, text), loadLong(t, other)}, {loadLong(t, text), short(other)}, {short(text), loadLong(t, other)}} {
			got := Diff(pair[0], pair[1])
			if fmt.Sprint(got.Mismatches) != fmt.Sprint(want.Mismatches) || len(want.Mismatches) == 0 {
				t.Errorf("%s:\n%v\nwant\n%v", name, got.Mismatches, want.Mismatches)
			}
			if fmt.Sprint(got.ByKind) != fmt.Sprint(want.ByKind) {
				t.Errorf("%s: by kind %v, want %v", name, got.ByKind, want.ByKind)
			}
		}
	}
}

// A tape that is another when it is read again is a difference that says so.
func TestLongTapeChanged(t *testing.T) {
	text := longTapes(t)["commit false: Content-Length"]
	src := bytes.Clone(text)
	tp, err := loadAbove(bytes.NewReader(src), "x.tape", 0)
	if err != nil {
		t.Fatal(err)
	}
	copy(src[len(src)/4:], bytes.Repeat([]byte("\x00\n"), len(src)/4))
	out := Diff(tp, loadLong(t, text))
	if len(out.Mismatches) == 0 || !strings.Contains(fmt.Sprint(out.Mismatches), "read x.tape again: ") {
		t.Errorf("mismatches %v", out.Mismatches)
	}
}

// Each octet stands on the line that the reader read it from, however the lines of a
// run are cut, and whether what the tape held is read again or not.
func TestLineOfEachOctet(t *testing.T) {
	pieces := []string{
		"%s GET /a HTTP/1.1\\r\\n\n", "%s some words\\n\n", "%s no end\n", "%s two\\nlines\\n\n", "%sx 0a 41 0a\n", "%sb Cgo=\n",
		"%s@ 5\na\nb\nc\n", "# a comment\n", "\n", "~ 1ms\n", "%s " + strings.Repeat("long ", 300) + "end\\n\n",
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		var text strings.Builder
		text.WriteString("wiretape 1\n! proto raw\n= open tcp a:1\n")
		for range 60 {
			piece := pieces[min(r.IntN(2*len(pieces)), len(pieces)+1)%len(pieces)] // the first two are most of all
			text.WriteString(strings.ReplaceAll(piece, "%s", []string{">", "<", "<", "<"}[r.IntN(4)]))
		}
		text.WriteString("= close\n")
		lines := map[wire.Dir][]int{}
		for rec, err := range tape.NewReader(strings.NewReader(text.String()), "x").Records() {
			if err != nil {
				t.Fatal(err)
			}
			if rec.Kind == tape.Data {
				for range rec.Event.Data {
					lines[rec.Event.Dir] = append(lines[rec.Event.Dir], rec.Line)
				}
			}
		}
		for _, long := range []int64{0, 1 << 40} {
			tp, err := loadAbove(strings.NewReader(text.String()), "x", long)
			if err != nil {
				t.Fatal(err)
			}
			asked := map[wire.Dir]bool{}
			for _, it := range tp.Convs[0].Items {
				if it.Message == nil {
					continue
				}
				if want := lines[it.Dir][it.Message.Span.From]; it.Line != want {
					t.Fatalf("seed %d, long from %d: what begins at %d of the %s is on line %d, want %d, of\n%s", seed, long, it.Message.Span.From, it.Dir, it.Line, want, text.String())
				}
				for off := 0; off < len(lines[it.Dir]) && !asked[it.Dir]; off += 1 + r.IntN(40) {
					if got, want := it.Message.Line(int64(off)), lines[it.Dir][off]; got != want {
						t.Fatalf("seed %d, long from %d: octet %d of the %s is on line %d, want %d, of\n%s", seed, long, off, it.Dir, got, want, text.String())
					}
				}
				asked[it.Dir] = true
			}
		}
	}
}
