package replay

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/wiretest"
)

// against replays a tape against a server in memory, which handle is.
func against(t *testing.T, c Client, tp *match.Tape, handle func(net.Conn)) (Report, error) {
	t.Helper()
	dial := func(ctx context.Context, conv *match.Conv, _ *wire.TLS, tap *wire.Tap) (*wire.Conn, error) {
		client, server := wiretest.Pair()
		go handle(server)
		return wire.NewConn(client, wire.Facts{Network: "tcp", Role: wire.Dialed, Target: "test:1"}, tap), nil
	}
	return c.Run(t.Context(), tp, dial)
}

// answer returns a handler that reads n bytes and then says s, closing after it
// with end.
func answer(n int, s string, end func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		b := make([]byte, n)
		for got := 0; got < n; {
			k, err := c.Read(b[got:])
			if err != nil {
				break
			}
			got += k
		}
		c.Write([]byte(s))
		end(c)
	}
}

func fin(c net.Conn) { c.Close() }

func rst(c net.Conn) { c.(*wiretest.Conn).SetLinger(0) }

// stay keeps the connection until the client leaves.
func stay(c net.Conn) {
	c.Read(make([]byte, 1))
	c.Close()
}

var get = crlf(">", "GET / HTTP/1.1\nHost: a\n\n")

const getLen = len("GET / HTTP/1.1\r\nHost: a\r\n\r\n")

func TestClientMismatches(t *testing.T) {
	ok := open + get + crlf("<", "HTTP/1.1 200 OK\nContent-Length: 2\n\n") + "< hi\n= close\n"
	raw := "= open tcp a:9\n> \\x01\n< \\x02\\x03\n= eof <\n= close\n"
	for _, test := range []struct {
		name, tape string
		handle     func(net.Conn)
		want       string
	}{
		{"as recorded", ok, answer(getLen, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", stay), ""},
		{"other body", ok, answer(getLen, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nho", stay),
			"x.tape:9: #1 response body: want hi, got ho (at byte 1 of 2)\n"},
		{"nothing comes", ok, answer(getLen, "", stay),
			"x.tape:6: #1 response: sent 1 of 1; got 0 of 40 expected bytes, then silence for 2s\n"},
		{"half of it comes", ok, answer(getLen, "HTTP/1.1 200 OK\r\nContent-", stay),
			"x.tape:6: #1 response: sent 1 of 1; got 25 of 40 expected bytes, then silence for 2s\n"},
		{"early end", ok, answer(getLen, "", fin),
			"x.tape:6: #1 response: the peer ended the connection: sent 1 of 1, got 0 of 1; want 200 OK\n"},
		{"early end in the body", ok, answer(getLen, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh", fin),
			"x.tape:9: #1 response: cut off after 39 bytes: connection closed after 1 of 2 octets; want 40 bytes\n"},
		{"reset", ok, answer(getLen, "", rst),
			"x.tape:6: #1 response: the peer reset the connection: sent 1 of 1, got 0 of 1; want 200 OK\n"},
		{"tail", strings.Replace(ok, "= close", "= eof <\n= close", 1), answer(getLen, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", fin),
			"x.tape:10: tail: 9 bytes after the last that was expected: \" and more\"\n"},
		{"tail that may be", "! match tail any\n" + strings.Replace(ok, "= close", "= eof <\n= close", 1), answer(getLen, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more", fin), ""},
		{"interim that is not on the tape", ok, answer(getLen, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", stay),
			"x.tape:6: #1 interim response: not on the tape; got 103 Early Hints\n"},
		{"bytes", raw, answer(1, "\x02\x04", fin), "x.tape:4: raw: want \"\\x02\\x03\", got \"\\x02\\x04\" (at byte 1 of 2)\n"},
		{"too few bytes", raw, answer(1, "\x02", fin), "x.tape:4: raw: want \"\\x02\\x03\", got \"\\x02\" (at byte 1 of 2; 1 bytes came)\n"},
		{"reset for an end", raw, func(c net.Conn) {
			answer(1, "\x02\x03", func(net.Conn) {})(c)
			time.Sleep(time.Millisecond) // of the bubble: what was said is read before the reset
			rst(c)
		}, "x.tape:5: end of the connection: the peer's was rst; want eof\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := against(t, Client{Silence: 2 * time.Second}, load(t, test.tape), test.handle)
				if err != nil {
					t.Fatal(err)
				}
				if got := lines(r.Mismatches); got != test.want {
					t.Errorf("mismatches:\n%swant:\n%s", got, test.want)
				}
			})
		})
	}
}

// The server answers in the middle of a long upload and reads no further until
// its own long answer is taken.
func TestNoDeadlockInMidUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const big = 1 << 20
		head := "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n"
		reply := "HTTP/1.1 413 Content Too Large\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("r", big)
		tp := load(t, open+"> "+strings.ReplaceAll(head, "\r\n", `\r\n`)+"\n>@ 1048576\n"+strings.Repeat("u", big)+"\n<@ "+itoa(len(reply))+"\n"+reply+"\n= close\n")
		r, err := against(t, Client{Silence: 2 * time.Second}, tp, answer(1000, reply, func(c net.Conn) {
			answer(len(head)+big-1000, "", stay)(c)
		}))
		if err != nil || !r.OK() {
			t.Errorf("%v\n%s", err, lines(r.Mismatches))
		}
	})
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func TestCausalPace(t *testing.T) {
	// The second command leaves only when the first reply is complete.
	synctest.Test(t, func(t *testing.T) {
		tp := load(t, "= open tcp a:25\n"+crlf("<", "220 mail ESMTP")+crlf(">", "EHLO me")+crlf("<", "250-a\n250 b")+crlf(">", "QUIT")+crlf("<", "221 bye")+"= eof <\n= close\n")
		var early bool
		r, err := against(t, Client{}, tp, func(c net.Conn) {
			defer c.Close()
			b := make([]byte, 100)
			c.Write([]byte("220 mail ESMTP\r\n"))
			c.Read(b)
			c.Write([]byte("250-a\r\n"))
			c.SetReadDeadline(time.Now().Add(time.Second))
			n, err := c.Read(b)
			early = n > 0 || !errors.Is(err, os.ErrDeadlineExceeded)
			c.SetReadDeadline(time.Time{})
			c.Write([]byte("250 b\r\n"))
			c.Read(b)
			c.Write([]byte("221 bye\r\n"))
		})
		if err != nil || !r.OK() || early {
			t.Errorf("early %v, %v\n%s", early, err, lines(r.Mismatches))
		}
	})
}

func TestTimedPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := load(t, "= open tcp a:9\n> \\x01\n< \\x02\n~ 3s\n> \\x01\n< \\x02\n= close\n")
		start := time.Now()
		r, err := against(t, Client{Pace: Timed}, tp, func(c net.Conn) {
			answer(1, "\x02", func(net.Conn) {})(c)
			answer(1, "\x02", stay)(c)
		})
		if took := time.Since(start); err != nil || !r.OK() || took < 3*time.Second || took > 4*time.Second {
			t.Errorf("took %v, %v\n%s", took, err, lines(r.Mismatches))
		}
	})
}

func TestTimingIsRequired(t *testing.T) {
	for wait, want := range map[string]string{
		"1s..3s": "", "~": "",
		"1ms..5ms": "x.tape:6: time: took 2s; want 1ms..5ms\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			wait = strings.Replace(wait, "~", "9s", 1) // one that asserts nothing
			tp := load(t, "! require timing\n= open tcp a:9\n> \\x01\n~ "+wait+"\n< \\x02\n= close\n")
			r, err := against(t, Client{}, tp, func(c net.Conn) {
				c.Read(make([]byte, 1))
				time.Sleep(2 * time.Second) // of the bubble
				answer(0, "\x02", stay)(c)
			})
			if err != nil || lines(r.Mismatches) != want {
				t.Errorf("%s: %v\n%swant:\n%s", wait, err, lines(r.Mismatches), want)
			}
		})
	}
}

func TestDatagrams(t *testing.T) {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	go func() {
		b := make([]byte, 100)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			pc.WriteTo(append([]byte("echo "), b[:n]...), from)
		}
	}()
	target, err := wire.ParseTarget("udp://" + pc.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	tp := load(t, "= open udp a:7\n> one\n< echo one\n> two\n< echo 2\n= close\n")
	r, err := Client{Silence: 5 * time.Second}.Run(t.Context(), tp, To(wire.Dialer{}, target))
	want := "x.tape:6: raw: want echo 2, got echo two (at byte 5 of 6; 8 bytes came)\n"
	if err != nil || r.Sent.Done != 2 || r.Received.Done != 2 || lines(r.Mismatches) != want {
		t.Errorf("%v, sent %s, received %s\n%swant:\n%s", err, r.Sent, r.Received, lines(r.Mismatches), want)
	}
}

func TestRulesThatCannotBeObeyedAreRefused(t *testing.T) {
	for _, rule := range []string{"secret header x-key KEY", "secret field key KEY"} {
		_, err := Client{}.Run(t.Context(), load(t, "! "+rule+"\n= open tcp a:9\n> x\n"), nil)
		if err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("error %v, want one that names the rule %s", err, rule)
		}
	}
}

func TestSecrets(t *testing.T) {
	tp := load(t, open+crlf(">", "GET / HTTP/1.1\nHost: a\n"+`Authorization: Basic \{secret LOGIN 8 b64}`+"\n\n")+crlf("<", "HTTP/1.1 204 No Content\n\n")+"= close\n")
	synctest.Test(t, func(t *testing.T) {
		unset := func(string) string { return "" }
		dialled := false
		r, err := Client{Getenv: unset}.Run(t.Context(), tp, func(context.Context, *match.Conv, *wire.TLS, *wire.Tap) (*wire.Conn, error) {
			dialled = true
			return nil, errors.New("dialled")
		})
		want := "x.tape:5: secret LOGIN (8 B) not set: export WIRETAPE_SECRET_LOGIN=user:password"
		if err == nil || err.Error() != want || dialled || r.Sent.Done != 0 {
			t.Errorf("without a value: %v, dialled %v; want %q before dialling", err, dialled, want)
		}
		set := func(k string) string { return map[string]string{"WIRETAPE_SECRET_LOGIN": "me:pass"}[k] }
		var sent string
		r, err = against(t, Client{Getenv: set}, tp, func(c net.Conn) {
			b := make([]byte, 1000)
			n, _ := c.Read(b)
			sent = string(b[:n])
			c.Write([]byte("HTTP/1.1 204 No Content\r\n\r\n"))
			stay(c)
		})
		if err != nil || !r.OK() || !strings.Contains(sent, "Basic bWU6cGFzcw==\r\n") {
			t.Errorf("with a value: %v, sent %q\n%s", err, sent, lines(r.Mismatches))
		}
	})
}

func TestSecretOfThePeerComesBack(t *testing.T) {
	tp := load(t, open+get+crlf("<", `HTTP/1.1 200 OK`+"\n"+`Set-Cookie: sid=\{secret SID 6}`+"\nContent-Length: 0\n\n")+
		crlf(">", "GET /me HTTP/1.1\nHost: a\n"+`Cookie: sid=\{secret SID 6}`+"\n\n")+crlf("<", "HTTP/1.1 204 No Content\n\n")+"= close\n")
	synctest.Test(t, func(t *testing.T) {
		var sent string
		r, err := against(t, Client{Getenv: func(string) string { return "" }}, tp, func(c net.Conn) {
			answer(getLen, "HTTP/1.1 200 OK\r\nSet-Cookie: sid=fresh-one\r\nContent-Length: 0\r\n\r\n", func(net.Conn) {})(c)
			b := make([]byte, 1000)
			n, _ := c.Read(b)
			sent = string(b[:n])
			c.Write([]byte("HTTP/1.1 204 No Content\r\n\r\n"))
			stay(c)
		})
		if err != nil || !r.OK() || !strings.Contains(sent, "Cookie: sid=fresh-one\r\n") {
			t.Errorf("%v, sent %q\n%s", err, sent, lines(r.Mismatches))
		}
	})
}

func TestLengthsAreRecomputed(t *testing.T) {
	for name, body := range map[string]struct{ tape, sent, note string }{
		"content-length": {"Content-Length: 9\n\n" + `id=\{secret ID 6}`, "Content-Length: 13\r\n\r\nid=longer-one", "Content-Length recomputed: 9 to 13"},
		"chunked":        {"Transfer-Encoding: chunked\n\n9\n" + `id=\{secret ID 6}` + "\n0\n\n", "d\r\nid=longer-one\r\n0\r\n\r\n", "chunk size recomputed: 9 to d"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				post := crlf(">", "POST / HTTP/1.1\nHost: a\n"+body.tape)
				if name == "content-length" {
					post = strings.TrimSuffix(post, "\\r\\n\n") + "\n"
				}
				tp := load(t, open+post+crlf("<", "HTTP/1.1 204 No Content\n\n")+"= close\n")
				var sent string
				r, err := against(t, Client{Getenv: func(string) string { return "longer-one" }}, tp, func(c net.Conn) {
					b := make([]byte, 1000)
					n, _ := c.Read(b)
					sent = string(b[:n])
					c.Write([]byte("HTTP/1.1 204 No Content\r\n\r\n"))
					stay(c)
				})
				if err != nil || !r.OK() || !strings.HasSuffix(sent, body.sent) || !strings.Contains(strings.Join(r.Notes, "\n"), body.note) {
					t.Errorf("%v, sent %q, notes %q\n%s", err, sent, r.Notes, lines(r.Mismatches))
				}
			})
		})
	}
}

// In bytes that no protocol frames, nobody could tell where a longer value ends.
func TestRawLengthsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := load(t, "! proto bytes\n= open tcp a:9\n> \\{secret ID 6}\n= close\n")
		came := false
		_, err := against(t, Client{Getenv: func(string) string { return "longer-one" }}, tp, func(c net.Conn) {
			n, _ := c.Read(make([]byte, 10))
			came = n > 0
		})
		synctest.Wait()
		if err == nil || came || !strings.Contains(err.Error(), "nothing sent") {
			t.Errorf("%v, bytes came: %v", err, came)
		}
	})
}
