package replay

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// endless writes s again and again until the other side leaves, and tells how many
// bytes it took.
func endless(c net.Conn, s string) int {
	b, n := []byte(strings.Repeat(s, 32<<10/len(s))), 0
	c.SetWriteDeadline(time.Now().Add(10 * time.Second))
	for {
		k, err := c.Write(b)
		if n += k; err != nil || n > 64<<20 {
			return n
		}
	}
}

// What a server sends without end is compared with the tape as it comes, and
// given up soon.
func TestEndlessServer(t *testing.T) {
	ok := open + get + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 2\n\n") + "< hi\n"
	for _, test := range []struct{ name, tape, head, piece, want string }{
		{"body of chunks", ok, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "#1 response: not on the tape"},
		{"body until the end", ok, "HTTP/1.1 404 Not Found\r\n\r\n", "hello", "response status: want 200, got 404"},
		{"head", ok, "HTTP/1.1 200 OK\r\n", "a: b\r\n", "#1 message: want 200 OK"},
		{"behind the last", ok + "= eof <\n= close\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "more", "bytes after the last that was expected"},
		{"interim responses", ok, "", "HTTP/1.1 102 Processing\r\n\r\n", "interim response"},
		{"bytes", "! proto bytes\n= open tcp a:9\n> \\x01\n< \\{any|x}y\n= eof <\n= close\n", "", "zzzz", "raw: want"},
		{"lines", "! proto smtp\n= open tcp a:25\n" + crlf("<", "220 hi"), "220-hi", "and so on ", "want 220 hi"},
	} {
		t.Run(test.name, func(t *testing.T) {
			took := make(chan int, 1)
			r, err := against(t, Client{Silence: 5 * time.Second}, load(t, test.tape), func(c net.Conn) {
				if strings.Contains(test.tape, get) {
					io.ReadFull(c, make([]byte, getLen))
				}
				io.WriteString(c, test.head)
				took <- endless(c, test.piece)
			})
			if err != nil || !strings.Contains(lines(r.Mismatches), test.want) || len(r.Mismatches) == 0 || r.Mismatches[0].TapeLine == 0 {
				t.Errorf("%v; mismatches:\n%swant one with a line and %q", err, lines(r.Mismatches), test.want)
			}
			if n := <-took; n > 8<<20 {
				t.Errorf("%d bytes were taken", n)
			}
		})
	}
}

// A client that sends without end is given up as soon.
func TestEndlessClient(t *testing.T) {
	post := crlf(">", "POST / HTTP/1.1\nHost: a\nContent-Length: 2\n\n") + "> hi\n" + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 0\n\n")
	for _, test := range []struct{ name, tape, head, want string }{
		{"HTTP", open + post, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n", "request: not on the tape"},
		{"lines", "! proto smtp\n= open tcp a:25\n" + crlf("<", "220 hi") + crlf(">", "EHLO a"), "EHLO ", "want EHLO a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := serve(t, Server{Silence: 5 * time.Second}, load(t, test.tape))
			c, err := net.Dial("tcp", v.target.Address())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			io.WriteString(c, test.head)
			if n := endless(c, "hello"); n > 16<<20 {
				t.Errorf("%d bytes were taken", n)
			}
			if got := lines(v.wait(t).Mismatches); !strings.Contains(got, test.want) {
				t.Errorf("mismatches:\n%swant %q", got, test.want)
			}
		})
	}
}

// A message of a client that is cut off takes nothing from the tape, unless it is
// cut off there too.
func TestTornRequest(t *testing.T) {
	smtp := "= open tcp a:25\n" + crlf("<", "220 mail ESMTP") + crlf(">", "NOOP") + crlf("<", "250 ok")
	for _, test := range []struct{ name, tape, sent, got string }{
		{"head", open + page("/", "1"), "GET / HTTP/1.1\r\nHost", ""},
		{"first line", open + page("/", "1"), "GE", ""},
		{"body", open + crlf(">", "GET / HTTP/1.1\nHost: a\nContent-Length: 2\n\n") + "> xy\n" + crlf("<", "HTTP/1.1 204 No Content\n\n"), "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx", ""},
		{"line", smtp, "NOOP", "220 mail ESMTP\r\n"},
	} {
		for _, looked := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				v := serveUntil(t, ctx, Server{Match: looked}, load(t, test.tape))
				c, err := net.Dial("tcp", v.target.Address())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				io.WriteString(c, test.sent)
				c.(*net.TCPConn).CloseWrite()
				got, _ := io.ReadAll(c)
				if looked {
					cancel() // others may still come
				}
				r := v.wait(t)
				if r.OK() || r.Mismatches[0].TapeLine == 0 || string(got) != test.got || r.Received.Done != 0 && test.got == "" {
					t.Errorf("looked %v: said %q, received %v; mismatches:\n%s", looked, got, r.Received, lines(r.Mismatches))
				}
			})
		}
	}
}
