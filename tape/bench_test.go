package tape

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"wiretape/wire"
)

// benchEvents are 64 MiB of reads: heads with JSON bodies, or random bytes in
// reads of 128 KiB.
func benchEvents(text bool) (events []wire.Event, size int64) {
	const total = 64 << 20
	head := "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\nServer: example/1.2 (Unix)\r\n" +
		"Content-Type: application/json; charset=utf-8\r\nCache-Control: private, max-age=0, must-revalidate\r\n" +
		"Vary: Accept-Encoding, Origin\r\nX-Request-Id: 7f3a9b2c-11d4-4f6e-9a53-0242ac120002\r\nContent-Length: 3200\r\n\r\n"
	body := strings.Repeat(`{"id":12345,"name":"a name of some length","tags":["one","two","three"],"ok":true},`, 40)
	block := []byte(head + body)
	if !text {
		block = make([]byte, 128<<10)
		r := rand.New(rand.NewPCG(1, 1))
		for i := range block {
			block[i] = byte(r.Uint32())
		}
	}
	for size < total {
		events = append(events, wire.Event{Conn: 1, At: time.Duration(len(events)) * time.Microsecond, Kind: wire.KindData, Dir: wire.ServerToClient, Data: block})
		size += int64(len(block))
	}
	return events, size
}

// jsonLine is the other way to keep an event in a line of text.
type jsonLine struct {
	Conn int
	At   int64
	Dir  int
	Data []byte
}

func BenchmarkWrite(b *testing.B) {
	for _, kind := range []string{"text", "raw"} {
		events, size := benchEvents(kind == "text")
		b.Run(kind+"/tape", func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				w := NewWriter(io.Discard, Options{})
				for _, e := range opened(events) {
					w.Event(e)
				}
				if err := w.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/copy", func(b *testing.B) {
			b.SetBytes(size)
			buf := make([]byte, 256<<10)
			for b.Loop() {
				for _, e := range events {
					copy(buf, e.Data)
				}
			}
		})
		b.Run(kind+"/json", func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				enc := json.NewEncoder(io.Discard)
				for _, e := range events {
					if err := enc.Encode(jsonLine{e.Conn, int64(e.At), int(e.Dir), e.Data}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(kind+"/base64", func(b *testing.B) {
			b.SetBytes(size)
			var buf []byte
			for b.Loop() {
				for _, e := range events {
					buf = append(base64.StdEncoding.AppendEncode(append(buf[:0], `{"Data":"`...), e.Data), "\"}\n"...)
				}
			}
		})
	}
}

func BenchmarkRead(b *testing.B) {
	for _, kind := range []string{"text", "raw"} {
		events, size := benchEvents(kind == "text")
		tape := write(b, opened(events)...)
		b.Run(kind+"/tape", func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				n := int64(0)
				for e, err := range NewReader(bytes.NewReader(tape), "x").Events() {
					if err != nil {
						b.Fatal(err)
					}
					n += int64(len(e.Data))
				}
				if n != size {
					b.Fatalf("%d bytes, want %d", n, size)
				}
			}
		})
		b.Run(kind+"/copy", func(b *testing.B) {
			b.SetBytes(int64(len(tape)))
			buf := make([]byte, 256<<10)
			for b.Loop() {
				for t := tape; len(t) > 0; {
					t = t[copy(buf, t):]
				}
			}
		})
		var lines bytes.Buffer
		enc := json.NewEncoder(&lines)
		for _, e := range events {
			if err := enc.Encode(jsonLine{e.Conn, int64(e.At), int(e.Dir), e.Data}); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(kind+"/json", func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
				for range events {
					var l jsonLine
					if err := dec.Decode(&l); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
		b.Run(kind+"/base64", func(b *testing.B) {
			b.SetBytes(size)
			var buf []byte
			for b.Loop() {
				in := bufio.NewReaderSize(bytes.NewReader(lines.Bytes()), 1<<20)
				for range events {
					line, err := in.ReadSlice('\n')
					if err != nil {
						b.Fatal(err)
					}
					i := bytes.LastIndexByte(line[:len(line)-3], '"') + 1
					if buf, err = base64.StdEncoding.AppendDecode(buf[:0], line[i:len(line)-3]); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkFormat(b *testing.B) {
	events, size := benchEvents(true)
	tape := write(b, opened(events)...)
	for name, commit := range map[string]bool{"capture": false, "commit": true} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				if _, err := Format(io.Discard, bytes.NewReader(tape), FormatOptions{Commit: commit}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
