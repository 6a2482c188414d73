package session

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
)

// byPath answers a request by its target, 404 for one that it does not know.
func byPath(replies map[string]string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			head, err := readHead(r)
			if err != nil {
				return
			}
			words := strings.Fields(head)
			reply, ok := replies[words[1]]
			if strings.Contains(head, "Cookie:") {
				reply, ok = replies["cookie"], true
			}
			if !ok {
				reply = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
			}
			io.WriteString(c, reply)
		}
	}
}

func TestLookTranscript(t *testing.T) {
	w := world{"h:80": byPath(map[string]string{
		"/me":    "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
		"cookie": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"/a":     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"b\":2}",
		"/b":     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: __Secure-b=1\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"b\":3}",
		"/t1":    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\none\ntwo\nthree\n",
		"/t2":    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\none\ntwo2\nthree\n",
	}), "mail.test:25": mail}
	get := func(target string, fields ...string) []string {
		return append(append([]string{"GET " + target + " HTTP/1.1", "Host: h"}, fields...), "")
	}
	lines := []string{".diff 1 2", "open http://h"}
	for _, more := range [][]string{get("/me"), get("/me", "Cookie: sid=7f3ac9"), {".diff 1 2", ".diff 2", ".diff 1", ".diff 1 1", ".diff", ".diff 1 x", ".diff 1 9", ".diff 1 2 3"},
		get("/a"), get("/b"), {".diff 3 4", ".show 3..4 cookies", ".show 3 pretty", ".show 1..2", ".show 2..1", ".show 1..x", ".show 1..", ".show ..2", ".show 1 bogus", ".show 1 cookies", ".hex 1 raw"},
		get("/t1"), get("/t2"), {".diff 5 6", ".tls info", ".close", "open mail.test smtp", "EHLO me", "HELP", ".diff 7 8", ".quit"}} {
		lines = append(lines, more...)
	}
	synctest.Test(t, func(t *testing.T) {
		golden(t, "look.golden", play(t, w, Options{Style: view.Style{EscapeKey: "^]"}}, lines...))
	})
}

// Over HTTP/2 the requests and responses are compared, and not their frames.
func TestDiffOfH2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := play(t, world{"h2:80": frames}, Options{}, "open h2c://h2:80", "POST /x", "host: h", "content-length: 2", "", "ab", "POST /y", "host: h", "content-length: 2", "", "ab", ".diff", ".diff 1 2", ".timing 2", ".quit")
		if want := "request   target /x -> /y"; !strings.Contains(strings.ReplaceAll(out, "request  target", "request   target"), want) || strings.Contains(out, "HEADERS ->") {
			t.Errorf("no %q in\n%s", want, out)
		}
	})
}
