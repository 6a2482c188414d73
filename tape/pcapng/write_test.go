package pcapng_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wiretape/tape/pcapng"
	"wiretape/wire"
)

// conversation is of TCP over both versions of IP, and of UDP.
func conversation() []wire.Event {
	tcp := &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: "127.0.0.1:7007", Local: "127.0.0.1:40000", Remote: "127.0.0.1:7007"}
	six := &wire.Facts{Network: "tcp", Role: wire.Accepted, Target: "[::1]:7007", Local: "[::1]:7007", Remote: "[::1]:40000"}
	udp := &wire.Facts{Network: "udp", Role: wire.Dialed, Target: "echo.test:7007"}
	const up, down = wire.ClientToServer, wire.ServerToClient
	long := bytes.Repeat([]byte("0123456789abcdef"), 20000)
	events := []wire.Event{
		{Conn: 1, Kind: wire.KindOpen, Facts: tcp},
		{Conn: 1, Kind: wire.KindData, Dir: up, Data: []byte("odd")},
		{Conn: 2, Kind: wire.KindOpen, Facts: six},
		{Conn: 1, Kind: wire.KindData, Dir: down, Data: long},
		{Conn: 2, Kind: wire.KindData, Dir: down, Data: []byte("banner")},
		{Conn: 3, Kind: wire.KindOpen, Facts: udp},
		{Conn: 3, Kind: wire.KindData, Dir: up, Data: []byte("ping")},
		{Conn: 3, Kind: wire.KindData, Dir: down, Data: []byte("pong!")},
		{Conn: 1, Kind: wire.KindEOF, Dir: up},
		{Conn: 1, Kind: wire.KindData, Dir: down, Data: []byte("bye")},
		{Conn: 1, Kind: wire.KindEOF, Dir: down},
		{Conn: 1, Kind: wire.KindClose},
		{Conn: 2, Kind: wire.KindReset, Dir: up},
		{Conn: 2, Kind: wire.KindClose},
		{Conn: 3, Kind: wire.KindClose},
	}
	for i := range events {
		events[i].At = time.Duration(i) * time.Millisecond
	}
	return events
}

func written(t *testing.T, events []wire.Event) []byte {
	t.Helper()
	var out bytes.Buffer
	w := pcapng.NewWriter(&out, "wiretape 1.0", time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
	for _, e := range events {
		w.Event(e)
	}
	if n, _, err := w.Close(); err != nil || n == 0 {
		t.Fatalf("%d packets, %v", n, err)
	}
	return out.Bytes()
}

// What was written is read again: the bytes of each side, and the ends.
func TestCaptureIsReadAgain(t *testing.T) {
	digest := func(events []wire.Event) string {
		bySide := map[string]*strings.Builder{}
		var ends []string
		for _, e := range events {
			switch e.Kind {
			case wire.KindData:
				k := string(rune('0'+e.Conn)) + e.Dir.String()
				if bySide[k] == nil {
					bySide[k] = &strings.Builder{}
				}
				bySide[k].Write(e.Data)
			case wire.KindEOF, wire.KindReset:
				ends = append(ends, string(rune('0'+e.Conn))+e.Kind.String()+e.Dir.String())
			}
		}
		var out strings.Builder
		out.WriteString(strings.Join(ends, " "))
		for _, k := range []string{"1client", "1server", "2client", "2server", "3client", "3server"} {
			if b := bySide[k]; b != nil {
				out.WriteString(" " + k + "=" + b.String())
			}
		}
		return out.String()
	}
	r, err := pcapng.NewReader(bytes.NewReader(written(t, conversation())), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []wire.Event
	opened := map[int]int{} // the capture's numbers of connections, by the tape's
	if err := r.Events(func(e wire.Event) {
		e.Data = bytes.Clone(e.Data)
		if e.Kind == wire.KindOpen {
			switch {
			case e.Facts.Network == "udp":
				opened[e.Conn] = 3
			case strings.HasPrefix(e.Facts.Target, "["):
				opened[e.Conn] = 2
			default:
				opened[e.Conn] = 1
			}
		}
		e.Conn = opened[e.Conn]
		got = append(got, e)
	}); err != nil {
		t.Fatal(err)
	}
	if got, want := digest(got), digest(conversation()); got != want {
		t.Errorf("read %.300q…, want %.300q…", got, want)
	}
}

// There are more connections of one client than ports: each still has its own ends.
func TestMoreConnectionsThanPorts(t *testing.T) {
	const n = 1<<16 + 1000
	for _, local := range []string{"", "10.0.0.1:65000", "255.255.255.255:65000"} {
		var out bytes.Buffer
		w := pcapng.NewWriter(&out, "wiretape", time.Unix(0, 0))
		facts := &wire.Facts{Network: "udp", Role: wire.Dialed, Target: "10.0.0.2:53", Local: local, Remote: "10.0.0.2:53"}
		for i := range n {
			w.Event(wire.Event{Conn: i + 1, Kind: wire.KindOpen, Facts: facts})
			w.Event(wire.Event{Conn: i + 1, Kind: wire.KindData, Data: []byte("x")})
			w.Event(wire.Event{Conn: i + 1, Kind: wire.KindClose})
		}
		if _, _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		ends := make(map[string]bool)
		r, err := pcapng.NewReader(&out, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Events(func(e wire.Event) {
			if e.Kind == wire.KindOpen {
				ends[e.Facts.Local] = true
			}
		}); err != nil {
			t.Fatal(err)
		}
		if len(ends) != n {
			t.Errorf("%q: %d connections, want %d", local, len(ends), n)
		}
	}
}

// Wireshark finds nothing to warn of, checksums included.
func TestWiresharkHasNoWarning(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("no tshark: install the package tshark")
	}
	// Without the reset, which is a warning of its own.
	var events []wire.Event
	for _, e := range conversation() {
		if e.Kind != wire.KindReset {
			events = append(events, e)
		}
	}
	path := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(path, written(t, events), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, tshark, "-r", path, "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-q", "-z", "expert").Output()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(out, []byte("Warn")) || bytes.Contains(out, []byte("Error")) || !bytes.Contains(out, []byte("connection 1 of the tape")) {
		t.Errorf("tshark says:\n%s", out)
	}
}
