package replay

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http2"
)

// benchReply is a response of a common size.
var benchReply = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: bench\r\nContent-Length: 128\r\n\r\n" + strings.Repeat("x", 128)

var benchAsk = "GET /bench HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\n\r\n"

func tapeLines(dir, s string) string {
	return dir + " " + strings.ReplaceAll(s, "\r\n", `\r\n`) + "\n"
}

// hammer asks on n connections at once, b.N times in all.
func hammer(b *testing.B, address string, n int) {
	b.SetParallelism(max(1, n/2))
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		ask, buf := []byte(benchAsk), make([]byte, len(benchReply))
		for pb.Next() {
			if _, err := c.Write(ask); err != nil {
				b.Error(err)
				return
			}
			if _, err := io.ReadFull(c, buf); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// loop is the plainest server there is: it reads and answers.
func loop(b *testing.B) net.Listener {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf, reply := make([]byte, 4096), []byte(benchReply)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
						c.Write(reply)
					}
				}
			}()
		}
	}()
	return ln
}

func BenchmarkServe(b *testing.B) {
	tp := load(b, open+tapeLines(">", benchAsk)+tapeLines("<", benchReply)+"= close\n")
	for _, n := range []int{8, 64} {
		b.Run("replay/"+strconv.Itoa(n), func(b *testing.B) {
			ln, err := wire.Listen(b.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() {
				defer close(done)
				Server{Match: true, StickLast: true}.Serve(ctx, ln, tp)
			}()
			hammer(b, ln.Addr().String(), n)
			cancel()
			<-done
		})
		b.Run("loop/"+strconv.Itoa(n), func(b *testing.B) { hammer(b, loop(b).Addr().String(), n) })
	}
}

func BenchmarkClient(b *testing.B) {
	one := tapeLines(">", benchAsk) + tapeLines("<", benchReply)
	const each = 1000
	tp := load(b, open+strings.Repeat(one, each)+"= close\n")
	b.Run("replay", func(b *testing.B) {
		target, err := wire.ParseTarget(loop(b).Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; i < b.N; i += each {
			if r, err := (Client{}).Run(b.Context(), tp, To(wire.Dialer{}, target)); err != nil || !r.OK() {
				b.Fatal(err, lines(r.Mismatches))
			}
		}
	})
	b.Run("loop", func(b *testing.B) {
		c, err := net.Dial("tcp", loop(b).Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		ask, buf := []byte(benchAsk), make([]byte, len(benchReply))
		for b.Loop() {
			c.Write(ask)
			io.ReadFull(c, buf)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	other := strings.Replace(benchReply, "Server: bench", "Server: bench\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT", 1)
	tp := load(b, open+tapeLines(">", benchAsk)+tapeLines("<", other)+"= close\n")
	want := tp.Convs[0].Items[1].Message
	var vars match.Vars
	for b.Loop() {
		if out := match.Compare(want, want, &tp.Rules, &vars); len(out.Mismatches) > 0 {
			b.Fatal(lines(out.Mismatches))
		}
	}
}

// h2hammer asks over n connections, with 32 streams at a time on each.
func h2hammer(b *testing.B, address string, n int) {
	const streams = 32
	var ask []byte
	block := []byte{0x82, 0x86, 0x04, 6, '/', 'b', 'e', 'n', 'c', 'h', 0x01, 1, 'a'} // GET, http, /bench, a
	b.SetParallelism(max(1, n/2))
	b.RunParallel(func(pb *testing.PB) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer c.Close()
		hello := http2.AppendSettings([]byte(http2.Preface), http2.Setting{ID: http2.SettingInitialWindowSize, Value: 1 << 30})
		c.Write(http2.AppendWindowUpdate(hello, 0, 1<<30))
		r := bufio.NewReaderSize(c, 64<<10)
		ask := ask
		id := uint32(1)
		for more := true; more; {
			ask = ask[:0]
			asked := 0
			for asked < streams {
				if more = pb.Next(); !more {
					break
				}
				ask = http2.AppendHeaders(ask, id, true, block, 1<<14)
				id += 2
				asked++
			}
			if _, err := c.Write(ask); err != nil {
				b.Error(err)
				return
			}
			for asked > 0 {
				var head [9]byte
				if _, err := io.ReadFull(r, head[:]); err != nil {
					b.Error(err)
					return
				}
				r.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2]))
				if head[3] <= 1 && head[4]&1 != 0 {
					asked--
				}
				if head[3] == 4 && head[4]&1 == 0 {
					c.Write(http2.AppendSettingsAck(nil))
				}
			}
		}
	})
}

func BenchmarkServeHTTP2(b *testing.B) {
	body := strings.Repeat("x", 128)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Server", "bench")
		io.WriteString(w, body)
	})
	var p http.Protocols
	p.SetUnencryptedHTTP2(true)
	b.Run("replay", func(b *testing.B) {
		tp := h2tapeOf(b, h, func(c *http.Client, base string) { fetch(b, c, "GET", base+"/bench", "") })
		ln, err := wire.Listen(b.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			Server{Match: true, StickLast: true}.Serve(ctx, ln, tp)
		}()
		h2hammer(b, ln.Addr().String(), 8)
		cancel()
		<-done
	})
	b.Run("net-http", func(b *testing.B) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		srv := &http.Server{Handler: h, Protocols: &p}
		go srv.Serve(ln)
		defer srv.Close()
		h2hammer(b, ln.Addr().String(), 8)
	})
}
