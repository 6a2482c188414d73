package session

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire"
)

// pipeTo runs a pipe against a server in memory.
func pipeTo(t *testing.T, target string, serve func(net.Conn), in io.Reader, o PipeOptions) (string, error) {
	t.Helper()
	to, err := wire.ParseTarget(target)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o.In = in
	if o.Out == nil {
		o.Out = &out
	}
	err = pipeOver(t.Context(), world{to.Address(): serve}.dial, wire.Dialer{}, to, o)
	return out.String(), err
}

// forever never ends, as a terminal or a FIFO does.
type forever struct{ stop <-chan struct{} }

func (f forever) Read([]byte) (int, error) { <-f.stop; return 0, io.EOF }

func TestPipeEndsWhenTheReplyIsComplete(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	// answer replies to a request after half a second and keeps the connection
	// open.
	answer := func(reply string) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := readHead(bufio.NewReader(c)); err != nil {
				return
			}
			if pause(c, 500*time.Millisecond) {
				io.WriteString(c, reply)
				io.Copy(io.Discard, c)
			}
		}
	}
	ends := func(reply string) func(net.Conn) {
		return func(c net.Conn) {
			readHead(bufio.NewReader(c))
			io.WriteString(c, reply)
		}
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	tests := []struct {
		name, target, in string
		serve            func(net.Conn)
		o                PipeOptions
		out              string
		status           Status
		err              string
		took             time.Duration
	}{
		{"Content-Length", "h:80", get, answer(ok), PipeOptions{}, ok, 0, "", 500 * time.Millisecond},
		{"chunked", "h:80", get, answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"), PipeOptions{},
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 0, "", 500 * time.Millisecond},
		{"304", "h:80", get, answer("HTTP/1.1 304 Not Modified\r\n\r\n"), PipeOptions{}, "HTTP/1.1 304 Not Modified\r\n\r\n", 0, "", 500 * time.Millisecond},
		{"an interim reply first", "h:80", get, answer("HTTP/1.1 100 Continue\r\n\r\n" + ok), PipeOptions{}, "HTTP/1.1 100 Continue\r\n\r\n" + ok, 0, "", 500 * time.Millisecond},
		{"LF to CRLF", "h:80", "GET / HTTP/1.1\nHost: x\n\n", answer(ok), PipeOptions{CRLF: true}, ok, 0, "", 500 * time.Millisecond},
		{"until the peer closes", "h:80", get, ends("HTTP/1.0 200 OK\r\n\r\nhello"), PipeOptions{}, "HTTP/1.0 200 OK\r\n\r\nhello", 0, "", 0},
		{"octets behind the reply", "h:80", get, answer(ok + "EXTRA"), PipeOptions{}, ok + "EXTRA", 0, "", 500 * time.Millisecond},
		{"a body behind 204", "h:80", get, answer("HTTP/1.1 204 No Content\r\n\r\nbody"), PipeOptions{}, "HTTP/1.1 204 No Content\r\n\r\nbody", 0, "", 500 * time.Millisecond},
		{"cut", "h:80", get, ends("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), PipeOptions{},
			"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 5, "the connection ended before the reply was complete", 0},
		{"no answer", "h:80", get, ends(""), PipeOptions{}, "", 5, "the connection ended before the reply was complete", 0},
		{"no answer, at a port of TLS", "h:443", get, ends(""), PipeOptions{}, "", 5,
			"the connection ended before the reply was complete; port 443 usually speaks TLS: tls h 443", 0},
		{"idle", "h:80", get, answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), PipeOptions{Idle: 2 * time.Second},
			"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 6, "stopped by --idle 2s, reply may be incomplete", 2500 * time.Millisecond},
		{"unknown, the peer closes", "h:9000", "x\n", func(c net.Conn) { c.Read(make([]byte, 9)); io.WriteString(c, "\x00y") }, PipeOptions{}, "\x00y", 0, "", 0},
		{"unknown, a guess is no success", "h:9000", "x\n", echo, PipeOptions{Idle: time.Second, IdleFlag: "-w"}, "x\n", 6, "stopped by -w 1s, reply may be incomplete", time.Second},
		{"unknown, -q", "h:9000", "x\n", echo, PipeOptions{Linger: time.Second}, "x\n", 6, "stopped by -q 1s, reply may be incomplete", time.Second},
		{"unknown, half-closed", "h:9000", "x\n", echo, PipeOptions{HalfClose: true}, "x\n", 0, "", 0},
		{"nothing is asked of who does not begin", "h:80", "", answer(ok), PipeOptions{}, "", 0, "", 0},
		{"SMTP", "h:25", "EHLO me\r\nNOOP\r\n", mail, PipeOptions{}, "220 mail.test ESMTP\r\n250-mail.test Hello me\r\n250-PIPELINING\r\n250 HELP\r\n500 what?\r\n", 0, "", 0},
		{"SMTP, the greeting alone", "h:25", "", mail, PipeOptions{}, "220 mail.test ESMTP\r\n", 0, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				out, err := pipeTo(t, tt.target, tt.serve, strings.NewReader(tt.in), tt.o)
				text := ""
				if err != nil {
					text = err.Error()
				}
				if out != tt.out || StatusOf(err) != tt.status || text != tt.err {
					t.Errorf("out %q, status %d, error %q; want %q, %d, %q", out, StatusOf(err), text, tt.out, tt.status, tt.err)
				}
				if took := time.Since(begun); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

func TestBrokenRepliesAreNoSuccess(t *testing.T) {
	field := "X-A: " + strings.Repeat("a", 59) + "\r\n"
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	tests := []struct {
		name, reply string
		err, note   string // parts of them; no err is success
	}{
		{"endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 30000), "head is longer than the limit (start line 64 KiB, head 256 KiB)", "! head is longer than the limit (RFC 9112 3)\n"},
		{"endless status line", "HTTP/1.1 200 " + strings.Repeat("a", 1<<20), "start line is longer than the limit", "! start line is longer"},
		{"endless field line", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 1<<20), "head is longer than the limit", "! head is longer"},
		{"endless trailers", chunked + "0\r\n" + strings.Repeat(field, 30000), "trailer section is longer than the limit", "! trailer section is longer"},
		{"no HTTP", "hello\r\n", "ended before the reply was complete: not HTTP/1: no status line", "! not HTTP/1: no status line"},
		{"chunk size -5", chunked + "-5\r\nhello\r\n0\r\n\r\n", "the framing of the reply is broken: chunk size is not a number", "! chunk size is not a number"},
		{"chunk size zz", chunked + "zz\r\nhello\r\n0\r\n\r\n", "the framing of the reply is broken: chunk size is not a number", "! chunk size is not a number"},
		{"second chunk size zz", chunked + "1\r\na\r\nzz\r\nhello\r\n0\r\n\r\n", "the framing of the reply is broken: chunk size is not a number", "! chunk size is not a number"},
		{"chunk size overflows", chunked + "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "the framing of the reply is broken: chunk size does not fit", "! chunk size does not fit"},
		{"Content-Length -5", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "the framing of the reply is broken: Content-Length is not a number", "! Content-Length is not a number"},
		{"Content-Length 0x5", "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", "Content-Length is not a number", "! Content-Length is not a number"},
		{"Content-Length overflows", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello", "Content-Length does not fit 63 bits", "! Content-Length does not fit 63 bits"},
		{"odd and whole", "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello", "", "! start line ends in bare LF (RFC 9112 2.2)\n"},
		{"up to the close", "HTTP/1.1 200 OK\r\n\r\nhello", "", ""},
	}
	const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check := func(err error) {
				t.Helper()
				want := StatusOK
				if tt.err != "" {
					want = StatusProtocol
				}
				if StatusOf(err) != want || err != nil && !strings.Contains(err.Error(), tt.err) {
					t.Errorf("status %d, %v; want %d, %q", StatusOf(err), err, want, tt.err)
				}
			}
			synctest.Test(t, func(t *testing.T) {
				var notes bytes.Buffer
				out, err := pipeTo(t, "h:80", oneReply(tt.reply, true), strings.NewReader(get), PipeOptions{Notes: &notes})
				check(err)
				if out != tt.reply {
					t.Errorf("out has %d octets, want %d", len(out), len(tt.reply))
				}
				if !strings.Contains(notes.String(), tt.note) || tt.note == "" && notes.Len() > 0 {
					t.Errorf("notes %q, want %q", notes.String(), tt.note)
				}
				_, err = run(t, world{"h:80": oneReply(tt.reply, true)}, Options{}, "h:80", strings.ReplaceAll(get, "\r", ""))
				check(err)
			})
		})
	}
}

func TestPipeDoesNotHalfCloseUnlessTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// A server that answers nothing to who half-closes.
		serve := func(c net.Conn) {
			readHead(bufio.NewReader(c))
			if pause(c, time.Second) {
				io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
			}
		}
		out, err := pipeTo(t, "h:80", serve, strings.NewReader("GET / HTTP/1.0\r\n\r\n"), PipeOptions{})
		if out == "" || err != nil {
			t.Errorf("out %q, %v", out, err)
		}
		out, err = pipeTo(t, "h:80", serve, strings.NewReader("GET / HTTP/1.0\r\n\r\n"), PipeOptions{HalfClose: true})
		if out != "" || StatusOf(err) != StatusProtocol {
			t.Errorf("half-closed: out %q, %v", out, err)
		}
	})
}

func TestPipeEndsWithItsReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		r.Close()
		stop := make(chan struct{})
		defer close(stop)
		_, err := pipeTo(t, "h:9000", func(c net.Conn) {
			io.WriteString(c, "x")
			io.Copy(io.Discard, c)
		}, forever{stop}, PipeOptions{Out: w})
		if err != nil {
			t.Errorf("a reader that has gone: %v", err)
		}
	})
}

// zeros gives n octets.
func zeros(n int64) io.Reader { return io.LimitReader(zero{}, n) }

type zero struct{}

func (zero) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestPipeIsExact(t *testing.T) {
	const size = 64 << 20
	sum := func(r io.Reader) [32]byte {
		h := sha256.New()
		io.Copy(h, r)
		return [32]byte(h.Sum(nil))
	}
	want := sum(zeros(size))

	got := make(chan [32]byte, 1)
	up := sha256.New()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(time.Minute))
		r := bufio.NewReader(c)
		readHead(r)
		got <- sum(io.LimitReader(r, size))
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")
		io.Copy(c, zeros(size))
		io.Copy(io.Discard, c) // keeps it open
	}()
	to, err := wire.ParseTarget(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 67108864\r\n\r\n"
	body := new(afterHead)
	body.w = up
	if err := Pipe(t.Context(), wire.Dialer{}, to, PipeOptions{In: io.MultiReader(strings.NewReader(head), zeros(size)), Out: body}); err != nil {
		t.Fatal(err)
	}
	if g := <-got; g != want {
		t.Errorf("the server got other bytes: %x, want %x", g, want)
	}
	if g := [32]byte(up.Sum(nil)); g != want || body.n != size {
		t.Errorf("the output is %d other bytes: %x, want %x", body.n, g, want)
	}
}

// afterHead writes what follows the first blank line.
type afterHead struct {
	w    io.Writer
	head []byte
	past bool
	n    int64
}

func (a *afterHead) Write(p []byte) (int, error) {
	n := len(p)
	if !a.past {
		a.head = append(a.head, p...)
		i := bytes.Index(a.head, []byte("\r\n\r\n"))
		if i < 0 {
			return n, nil
		}
		a.past, p = true, a.head[i+4:]
	}
	a.n += int64(len(p))
	a.w.Write(p)
	return n, nil
}

// A server that has answered and reads no more ends a pipe that still sends, and
// that is no success. One that reads on gets everything.
func TestPipeWhoseServerAnswersEarly(t *testing.T) {
	const body = 1 << 20
	const reply = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
	for _, deaf := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			over := make(chan struct{})
			rest := 0
			dial := func(_ context.Context, to wire.Target, tap *wire.Tap) (*wire.Conn, error) {
				client, server := net.Pipe() // nothing is held on the way
				go func() {
					defer server.Close()
					r := bufio.NewReaderSize(server, 4<<10)
					readHead(r)
					io.WriteString(server, reply)
					if deaf {
						<-over
						return
					}
					time.Sleep(uploadStall / 2) // slow, and yet it reads
					n, _ := io.CopyN(io.Discard, r, body)
					rest = int(n)
					<-over
				}()
				return wire.NewConn(client, to.Facts(), tap), nil
			}
			in := strings.NewReader("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("x", body))
			var out bytes.Buffer
			begun := time.Now()
			err := pipeOver(t.Context(), dial, wire.Dialer{}, wire.Target{Network: "tcp", Host: "h", Port: 80}, PipeOptions{In: in, Out: &out})
			took := time.Since(begun)
			close(over)
			synctest.Wait()
			switch {
			case out.String() != reply:
				t.Errorf("out: %q", out.String())
			case deaf && (StatusOf(err) != StatusProtocol || !strings.Contains(err.Error(), "the server has answered and takes no more: the input was sent up to about byte 0") || took != uploadStall):
				t.Errorf("after %v: %v", took, err)
			case !deaf && (err != nil || rest != body || took != uploadStall/2):
				t.Errorf("after %v, %d bytes: %v", took, rest, err)
			}
		})
	}
}

// Of a head that stdin leaves open a pipe tells at once, as the server waits.
func TestPipeTellsOfAnOpenHead(t *testing.T) {
	const told = "! stdin ended and the head has no empty line yet: the server waits for it\n"
	for _, tt := range []struct {
		name, in string
		half     bool
		want     string
	}{
		{"no empty line", "GET / HTTP/1.1\r\n", false, told},
		{"a line in progress", "GET / HTTP/1.1\r\nHost: h", false, told},
		{"a whole head", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, ""},
		{"a body that is short", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", false, ""},
		{"half-closed", "GET / HTTP/1.1\r\n", true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var notes strings.Builder
				waits := func(c net.Conn) { io.Copy(io.Discard, c) }
				_, err := pipeTo(t, "h:80", waits, strings.NewReader(tt.in), PipeOptions{Idle: time.Second, HalfClose: tt.half, Notes: &notes})
				if (err == nil) != tt.half || notes.String() != tt.want {
					t.Errorf("error %v, told %q; want an error unless half-closed, and %q", err, notes.String(), tt.want)
				}
			})
		})
	}
}
