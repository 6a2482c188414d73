package tape

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"wiretape/wire"
)

var created = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// conversation has each kind of event with all that it may carry.
func conversation() []wire.Event {
	ms := time.Millisecond
	data := func(conn int, at time.Duration, dir wire.Dir, b string) wire.Event {
		return wire.Event{Conn: conn, At: at, Kind: wire.KindData, Dir: dir, Data: []byte(b)}
	}
	return []wire.Event{
		{Conn: 1, At: 0, Kind: wire.KindTry, Addr: "[::1]:443", Text: `dial: "refused"`},
		{Conn: 1, At: 5 * ms, Kind: wire.KindOpen, Facts: &wire.Facts{
			Network: "tcp", Role: wire.Dialed, Target: "example.com:443", Local: "127.0.0.1:5", Remote: "127.0.0.1:443",
			Start: created.Add(2 * ms), Phases: wire.Phases{DNS: ms, Connect: 2 * ms, Proxy: 3 * ms}, Via: "socks5 127.0.0.1:1080"}},
		{Conn: 1, At: 9 * ms, Kind: wire.KindSecure, TLS: &wire.TLS{
			Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, Group: tls.X25519,
			ALPN: "h2", Offered: []string{"h2", "http/1.1"}, ServerName: "example.com", Resumed: true,
			Certificates: [][]byte{{0x30, 1, 2}, {0x30, 3}}, Verify: "ok", Asked: true, OCSP: true, SCTs: 2, Took: 3 * ms}},
		{Conn: 2, At: 10 * ms, Kind: wire.KindOpen, Facts: &wire.Facts{
			Network: "unix", Role: wire.Accepted, Target: "/run/a b=\"c\".sock", Proto: "raw", Start: created.Add(10 * ms)}},
		{Conn: 2, At: 10 * ms, Kind: wire.KindSecure, TLS: &wire.TLS{
			Version: 0x7f12, CipherSuite: 0x1234, Group: 0x9999, ALPN: "a b", Offered: []string{"a,b", "", "c\xff"},
			Verify: "certificate is for \"x\"\n"}},
		data(1, 11*ms, wire.ClientToServer, "GET / HTTP/1.1\r\nHost: é\r\n\r\n"),
		data(2, 11*ms, wire.ServerToClient, "\x00\x01 \\{ \\ } \u00a0\u200b\tend "),
		data(2, 12*ms, wire.ServerToClient, ""),
		data(2, 12*ms, wire.ServerToClient, "\x10\x0c\x00\x04MQTT\xff\xfe"),
		data(1, 12*ms, wire.ServerToClient, strings.Repeat("\x80\x00binary", 1000)),
		data(1, 12*ms, wire.ServerToClient, strings.Repeat("text over a line ", 1000)),
		data(1, 12*ms, wire.ServerToClient, strings.Repeat("text over a raw block\n", 4000)),
		{Conn: 1, At: 13 * ms, Kind: wire.KindGap, Dir: wire.ServerToClient, Size: 1 << 40},
		{Conn: 1, At: 13 * ms, Kind: wire.KindAlert, Dir: wire.ServerToClient, Alert: 40},
		{Conn: 1, At: 13 * ms, Kind: wire.KindAlert, Dir: wire.ClientToServer, Alert: 200},
		{Conn: 1, At: 14 * ms, Kind: wire.KindEOF, Dir: wire.ServerToClient, Notify: wire.NotifyYes},
		{Conn: 1, At: 14 * ms, Kind: wire.KindEOF, Dir: wire.ClientToServer, Notify: wire.NotifyNo},
		{Conn: 2, At: 14 * ms, Kind: wire.KindEOF, Dir: wire.ClientToServer},
		{Conn: 2, At: 14 * ms, Kind: wire.KindReset, Dir: wire.ServerToClient},
		{Conn: 2, At: 15 * ms, Kind: wire.KindTimeout},
		{Conn: 2, At: 15 * ms, Kind: wire.KindTimeout, Text: "handshake"},
		{Conn: 2, At: 15 * ms, Kind: wire.KindError, Text: "write: broken pipe", Dir: wire.ClientToServer, Size: 12},
		{Conn: 2, At: 15 * ms, Kind: wire.KindError, Text: ""},
		{Conn: 1, At: time.Hour, Kind: wire.KindClose},
	}
}

// write returns the tape of events.
func write(t testing.TB, events ...wire.Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, Options{Created: created, Tool: "test"})
	for _, e := range events {
		w.Event(e)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read returns the events of a tape, which is valid.
func read(t testing.TB, r *Reader) []wire.Event {
	t.Helper()
	var events []wire.Event
	for e, err := range r.Events() {
		if err != nil {
			t.Fatal(err)
		}
		e.Data = bytes.Clone(e.Data)
		events = append(events, e)
	}
	return events
}

// sameEvents compares bytes as bytes: nil is no bytes.
var sameEvents = cmp.Comparer(bytes.Equal)

func TestEventsComeBack(t *testing.T) {
	events := conversation()
	tape := write(t, events...)
	for _, src := range []io.Reader{
		bytes.NewReader(tape), iotest.OneByteReader(bytes.NewReader(tape)), iotest.DataErrReader(bytes.NewReader(tape)),
		strings.NewReader(withCRLF(tape)),
	} {
		r := NewReader(src, "x.tape")
		if diff := cmp.Diff(events, read(t, r), sameEvents); diff != "" {
			t.Errorf("events read differ (-written +read):\n%s\n%s", diff, tape)
		}
		if cut, ok := r.Cut(); ok || !r.p.ended {
			t.Errorf("Cut = %v, ended = %v, want none, true", cut, r.p.ended)
		}
	}
}

// withCRLF gives the lines of a tape, raw blocks apart, the ends that a careless
// checkout gives them.
func withCRLF(tape []byte) string {
	var b strings.Builder
	for len(tape) > 0 {
		line, rest, _ := bytes.Cut(tape, []byte("\n"))
		b.Write(line)
		b.WriteString("\r\n")
		if _, length, ok := bytes.Cut(line, []byte("@ ")); ok {
			var n int
			for _, c := range length {
				n = n*10 + int(c-'0')
			}
			b.Write(rest[:n])
			b.WriteString("\r\n")
			rest = rest[n+1:]
		}
		tape = rest
	}
	return b.String()
}

// opened puts the open of each connection before the events.
func opened(events []wire.Event) []wire.Event {
	var opens []wire.Event
	seen := map[int]bool{}
	for _, e := range events {
		if !seen[e.Conn] {
			seen[e.Conn] = true
			opens = append(opens, wire.Event{Conn: e.Conn, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:1", Start: created}})
		}
	}
	return append(opens, events...)
}

// randomEvents makes a conversation of bytes of every make-up.
func randomEvents(rnd *rand.Rand, n int) []wire.Event {
	var events []wire.Event
	at := time.Duration(0)
	for range n {
		at += time.Duration(rnd.Int64N(1e6))
		e := wire.Event{Conn: 1 + rnd.IntN(3), At: at, Kind: wire.KindData, Dir: wire.Dir(1 + rnd.IntN(2))}
		size := rnd.IntN(1 << (1 + rnd.IntN(17)))
		alphabet := []string{"ab {}\\|,\"\r\n", "é€\U0001F600x ", "\x00\xff\x80a", "0123456789abcdef\n"}[rnd.IntN(4)]
		for len(e.Data) < size {
			e.Data = append(e.Data, alphabet[rnd.IntN(len(alphabet))])
		}
		events = append(events, e)
	}
	return events
}

func TestAnyBytesComeBack(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		events := opened(randomEvents(rnd, 10))
		if diff := cmp.Diff(events, read(t, NewReader(bytes.NewReader(write(t, events...)), "x")), sameEvents); diff != "" {
			t.Fatal(diff)
		}
		// Of a commit tape only the bytes of each direction count.
		commit, _ := format(t, string(write(t, events...)), true)
		want, got := streams(events), streams(read(t, NewReader(strings.NewReader(commit), "x")))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
}

// streams joins the bytes of each direction of each connection.
func streams(events []wire.Event) map[[2]int]string {
	b := make(map[[2]int][]byte)
	for _, e := range events {
		if e.Kind == wire.KindData {
			k := [2]int{e.Conn, int(e.Dir)}
			b[k] = append(b[k], e.Data...)
		}
	}
	s := make(map[[2]int]string)
	for k, v := range b {
		s[k] = string(v)
	}
	return s
}

// writes counts the calls of Write, and keeps what they got.
type writes struct{ calls []string }

func (w *writes) Write(b []byte) (int, error) {
	w.calls = append(w.calls, string(b))
	return len(b), nil
}

func TestOneWriteForEachEvent(t *testing.T) {
	var dst writes
	w := NewWriter(&dst, Options{})
	events := conversation()
	for _, e := range events {
		w.Event(e)
	}
	w.Close()
	if got, want := len(dst.calls), len(events)+1; got != want {
		t.Errorf("%d writes, want %d: one an event and the end", got, want)
	}
	if !strings.HasPrefix(dst.calls[0], "wiretape 1\n") || !strings.HasSuffix(dst.calls[0], "\n") {
		t.Errorf("first write %q, want the header and the first event", dst.calls[0])
	}
}

func TestWriterRefusesWhatWouldNotBeRead(t *testing.T) {
	for _, e := range []wire.Event{
		{},
		{Conn: 1, Kind: wire.KindData},
		{Conn: 0, Kind: wire.KindClose},
		{Conn: 1, Kind: 99},
		{Conn: 1, Kind: wire.KindOpen},
		{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "pigeon"}},
		{Conn: 1, Kind: wire.KindSecure},
		{Conn: 1, Kind: wire.KindReset},
		{Conn: 1, Kind: wire.KindGap, Dir: wire.ClientToServer, Size: -1},
		{Conn: 1, Kind: wire.KindSecure, TLS: &wire.TLS{Certificates: [][]byte{{}}}},
	} {
		var b bytes.Buffer
		w := NewWriter(&b, Options{})
		w.Event(e)
		if w.Err() == nil {
			t.Errorf("event %+v was written: %q", e, b.String())
		}
		w.Event(wire.Event{Conn: 1, Kind: wire.KindClose})
		if err := w.Close(); err == nil || b.Len() > 0 {
			t.Errorf("after an error: Close = %v, written %q", err, b.String())
		}
	}
}

var errDisk = errors.New("no space left on device")

// full is a file on a disk with room for so many bytes.
type full struct {
	room int
	b    []byte
}

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.room-len(f.b))
	f.b = append(f.b, b[:n]...)
	if n < len(b) {
		return n, errDisk
	}
	return n, nil
}

func (f *full) Truncate(n int64) error                  { f.b = f.b[:n]; return nil }
func (f *full) Seek(n int64, whence int) (int64, error) { return int64(len(f.b)), nil }

func TestFullDiskLeavesAWholeTape(t *testing.T) {
	events := conversation()
	whole := write(t, events...)
	for room := 0; room < len(whole); room += 1 + room/20 {
		f := &full{room: room}
		w := NewWriter(f, Options{Created: created, Tool: "test"})
		for _, e := range events {
			w.Event(e)
		}
		if err := w.Close(); !errors.Is(err, errDisk) {
			t.Fatalf("room %d: Close = %v, want %v", room, err, errDisk)
		}
		if err := w.Err(); !errors.Is(err, errDisk) {
			t.Fatalf("room %d: Err = %v, want %v", room, err, errDisk)
		}
		if !bytes.HasPrefix(whole, f.b) || len(f.b) > 0 && f.b[len(f.b)-1] != '\n' {
			t.Fatalf("room %d: tape ends in %q", room, f.b[max(0, len(f.b)-40):])
		}
		r := NewReader(bytes.NewReader(f.b), "x")
		got := read(t, r)
		if diff := cmp.Diff(events[:len(got)], got, sameEvents); diff != "" && len(got) > 0 {
			t.Fatalf("room %d: %s", room, diff)
		}
		if cut, ok := r.Cut(); ok && len(f.b) > 0 {
			t.Fatalf("room %d: Cut = %v, want a whole tape", room, cut)
		}
	}
}
