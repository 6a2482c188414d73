package session

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/session/view"
)

// gzipped is a response whose body decodes to text in an old charset.
func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", b.Len(), b.String())
}

// ticks sends two events, the first of them at once.
func ticks(c net.Conn) {
	readHead(bufio.NewReader(c))
	io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
	for n := 1; n <= 2; n++ {
		fmt.Fprintf(c, "id: %d\ndata: tick\n\n: and\n", n)
		if !pause(c, 1100*time.Millisecond) {
			return
		}
		io.WriteString(c, "\n")
	}
}

func TestBodyTranscripts(t *testing.T) {
	servers := world{"gz:80": oneReply(gzipped("one caf\xe9\n\x1b[31mtwo\n"), false), "ticks:80": ticks}
	for _, tt := range []struct {
		name  string
		lines []string
	}{
		{"body-gzip", []string{"open gz 80", "GET / HTTP/1.1", "Host: gz", "", ".body", ".show 1", ".quit"}},
		{"body-events", []string{"open ticks 80", "GET / HTTP/1.1", "Host: ticks", "", ".status", ".await done", ".await close", ".show 1", ".quit"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				golden(t, tt.name+".golden", play(t, servers, Options{Style: view.Style{EscapeKey: "^]"}}, tt.lines...))
			})
		})
	}
}

// A script goes on after the first event, and is well though the stream goes on.
func TestScriptIsAnsweredByAnEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		out, err := run(t, world{"ticks:80": ticks}, Options{}, "http://ticks", "GET / HTTP/1.1\nHost: ticks\n\n")
		if took := time.Since(begun); err != nil || took > 2*time.Second {
			t.Errorf("after %v: %v\n%s", took, err, out)
		}
	})
}
