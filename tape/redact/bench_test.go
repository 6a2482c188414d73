package redact

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"wiretape/tape"
	"wiretape/wire"
)

// BenchmarkDownload writes a download of 64 MiB in reads of 128 KiB, with
// redaction and without, of random bytes and of lines, and one of small messages.
func BenchmarkDownload(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	block := make([]byte, 128<<10)
	for i := range block {
		block[i] = byte(rnd.Uint32())
	}
	const reads = 512
	data := func(d wire.Dir, s []byte) wire.Event {
		return wire.Event{Conn: 1, Kind: wire.KindData, Dir: d, Data: s}
	}
	ask := data(c2s, []byte("GET / HTTP/1.1\r\nHost: a\r\nCookie: sid=abcdefgh\r\n\r\n"))
	open := wire.Event{Conn: 1, Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Target: "a:1"}}
	bulk := []wire.Event{open, ask, data(s2c, fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", reads*len(block)))}
	for range reads {
		bulk = append(bulk, data(s2c, block))
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz-0123456789"
	lines := make([]byte, len(block))
	for i := range lines {
		if lines[i] = letters[rnd.IntN(len(letters))]; i%80 == 79 {
			lines[i] = '\n'
		}
	}
	text := slices.Clone(bulk[:3])
	for range reads {
		text = append(text, data(s2c, lines))
	}
	small := []wire.Event{open}
	for range 100000 {
		small = append(small, ask, data(s2c, []byte("HTTP/1.1 200 OK\r\nServer: x\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\nContent-Length: 5\r\n\r\nhello")))
	}
	for _, bb := range []struct {
		name   string
		redact bool
		opt    Options
		events []wire.Event
	}{
		{"bulk/plain", false, Options{}, bulk},
		{"bulk/redacted", true, Options{}, bulk},
		{"bulk/redacted with a given value", true, Options{Values: map[string]string{"A": "a secret value"}}, bulk},
		{"text/redacted", true, Options{}, text},
		{"small/plain", false, Options{}, small},
		{"small/redacted", true, Options{}, small},
	} {
		size := 0
		for _, e := range bb.events {
			size += len(e.Data)
		}
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				w := tape.NewWriter(io.Discard, tape.Options{})
				r := New(w.Spanned, bb.opt)
				for _, e := range bb.events {
					if bb.redact {
						r.Event(e)
					} else {
						w.Event(e)
					}
				}
				r.Flush()
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFullOfAValue searches 128 KiB in which nothing but given values
// stands, beside one that never does.
func BenchmarkFullOfAValue(b *testing.B) {
	data := bytes.Repeat([]byte("a secret"), 16<<10)
	r := New(func(wire.Event, []tape.Span) {}, Options{Values: map[string]string{"A": "a secret", "B": "never seen"}})
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r.Event(wire.Event{Conn: 1, Kind: wire.KindData, Dir: c2s, Data: data})
	}
}
