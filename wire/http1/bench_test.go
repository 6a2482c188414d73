package http1

import (
	"bufio"
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// benchHead is a response head of about 630 octets with six cookies, as a
// framework sends it.
var benchHead = func() []byte {
	h := []string{"HTTP/1.1 200 OK", "Server: tape", "Date: Sun, 01 Jun 2025 10:00:00 GMT", "Content-Type: text/html; charset=utf-8",
		"Cache-Control: private, no-cache, max-age=0", "Vary: Accept-Encoding", "X-Request-Id: 7f3c9b1e5a2d4c68"}
	v := uint64(0x9e3779b97f4a7c15)
	for _, k := range []string{"sid", "csrf", "lang", "theme", "cart", "track"} {
		v = v*6364136223846793005 + 1442695040888963407
		h = append(h, "Set-Cookie: "+k+"="+strconv.FormatUint(v, 16)+"; Path=/; HttpOnly; SameSite=Lax")
	}
	h = append(h, "Content-Length: 0")
	return []byte(strings.Join(h, "\r\n") + "\r\n\r\n")
}()

var benchRequest = &Request{Method: "GET", Target: "/", Version: "HTTP/1.1", KeepAlive: true}

func BenchmarkResponseHead(b *testing.B) {
	b.SetBytes(int64(len(benchHead)))
	b.ReportAllocs()
	p := New(proto.Limits{})
	e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient, Data: benchHead}
	for b.Loop() {
		// The request is there already: its parsing is not what is measured.
		p.due = append(p.due[:0], exchange{n: 1, request: benchRequest, done: true})
		ms := p.Feed(e)
		if len(ms) != 1 || !ms[0].Complete || len(ms[0].Notes) > 0 || ms[0].Value.(*Response).Fields.Len() != 13 {
			b.Fatal(ms)
		}
	}
}

func BenchmarkResponseHeadNetHTTP(b *testing.B) {
	b.SetBytes(int64(len(benchHead)))
	b.ReportAllocs()
	r := bytes.NewReader(benchHead)
	br := bufio.NewReaderSize(r, 4096)
	for b.Loop() {
		r.Reset(benchHead)
		br.Reset(r)
		x, err := http.ReadResponse(br, nil)
		if err != nil || len(x.Header["Set-Cookie"]) != 6 {
			b.Fatal(err)
		}
	}
}

func BenchmarkResponseHeadFastHTTP(b *testing.B) {
	b.SetBytes(int64(len(benchHead)))
	b.ReportAllocs()
	r := bytes.NewReader(benchHead)
	br := bufio.NewReaderSize(r, 4096)
	var h fasthttp.ResponseHeader
	for b.Loop() {
		r.Reset(benchHead)
		br.Reset(r)
		h.Reset()
		if err := h.Read(br); err != nil || h.StatusCode() != 200 {
			b.Fatal(err)
		}
	}
}

// benchBody feeds a body in reads of 128 KiB, behind head.
func benchBody(b *testing.B, head string, total int, piece []byte) {
	b.SetBytes(int64(total))
	b.ReportAllocs()
	for b.Loop() {
		p := New(proto.Limits{})
		p.due = append(p.due, exchange{n: 1, request: benchRequest, done: true})
		p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte(head)})
		for n := 0; n < total; n += len(piece) {
			p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: piece})
		}
		if st := p.State(); st.Got == 0 && st.Settled == 0 {
			b.Fatal(st)
		}
	}
}

func BenchmarkBodyFixed(b *testing.B) {
	benchBody(b, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n", 64<<20, make([]byte, 128<<10))
}

func BenchmarkBodyFixedKept(b *testing.B) {
	benchBody(b, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n", 1<<20, make([]byte, 128<<10))
}

func BenchmarkBodyChunked(b *testing.B) {
	chunk := append([]byte("4000\r\n"), make([]byte, 16<<10)...)
	chunk = append(chunk, "\r\n"...)
	// Reads that end within a chunk, as they do.
	stream := bytes.Repeat(chunk, 8)
	stream = append(stream[100:len(stream):len(stream)], stream[:100]...)
	b.SetBytes(64 << 20)
	b.ReportAllocs()
	for b.Loop() {
		p := New(proto.Limits{})
		p.due = append(p.due, exchange{n: 1, request: benchRequest, done: true})
		p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + string(chunk[:100]))})
		for n := 0; n < 64<<20; n += len(stream) {
			p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: stream})
		}
		if st := p.State(); st.Got < 63<<20 {
			b.Fatal(st)
		}
	}
}

// oneByteAtATime feeds n octets of shape.
func oneByteAtATime(shape string, n int) {
	p := New(proto.Limits{Head: 1 << 30, Line: 1 << 30})
	p.due = append(p.due, exchange{n: 1, request: benchRequest, done: true})
	stream := []byte("HTTP/1.1 200 OK\r\n" + strings.Repeat(shape, n/len(shape)))
	for i := range stream {
		p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: stream[i : i+1]})
	}
	p.Close()
}

// BenchmarkOneByteAtATime reports the ratio of the times of 10 n and n octets,
// which is 10 for a parser that rescans nothing.
func BenchmarkOneByteAtATime(b *testing.B) {
	for _, s := range []struct{ name, shape string }{
		{"Fields", "A: some value\r\n"}, {"Line", "x"}, {"Body", "\r\n\r\nbody"}, {"Chunks", "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("5\r\nabcde\r\n", 1000)},
	} {
		b.Run(s.name, func(b *testing.B) {
			const n = 25_000 // ten times as much is a head just within the default limit
			// Ten times n and once 10 n take about as long, so that what else
			// the machine does falls on both.
			short, long := time.Hour, time.Hour
			for b.Loop() {
				start := time.Now()
				for range 10 {
					oneByteAtATime(s.shape, n)
				}
				middle := time.Now()
				oneByteAtATime(s.shape, 10*n)
				short, long = min(short, middle.Sub(start)), min(long, time.Since(middle))
			}
			b.ReportMetric(10*float64(long)/float64(short), "ratio")
			b.ReportMetric(float64(long)/(10*n), "ns/octet")
		})
	}
}
