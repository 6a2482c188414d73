package session

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire/http2"
)

// A pipe whose request asks for h2c follows the server there: the answer on stream 1
// is the reply, and it ends with that. A server that waits for the client's preface
// is told of by --idle.
func TestPipeFollowsAnUpgradeToH2C(t *testing.T) {
	const ask = "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
	const switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
	settings := "\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	headers := "\x00\x00\x01\x01\x04\x00\x00\x00\x01\x88" // :status 200
	body := string(http2.AppendData(nil, 1, true, -1, []byte("hello")))
	for _, tt := range []struct {
		name, in string
		parts    []string // of the answer, a second apart
		status   Status
		took     time.Duration
	}{
		{"at once", ask, []string{switched + settings + headers + body}, 0, 0},
		{"in parts", ask, []string{switched, settings + headers, body}, 0, 2 * time.Second},
		{"no answer", ask, []string{switched + settings}, StatusTimeout, 5 * time.Second},
		{"cut", ask, []string{switched + settings + headers, ""}, StatusProtocol, time.Second},
		{"the preface behind it", ask + http2.Preface + settings, []string{switched + settings + headers + body}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				serve := func(c net.Conn) {
					r := bufio.NewReader(c)
					readHead(r)
					for i, part := range tt.parts {
						if i > 0 && !pause(c, time.Second) {
							return
						}
						if part == "" {
							return
						}
						io.WriteString(c, part)
					}
					io.Copy(io.Discard, r)
				}
				begun := time.Now()
				out, err := pipeTo(t, "h:80", serve, strings.NewReader(tt.in), PipeOptions{Idle: 5 * time.Second})
				if StatusOf(err) != tt.status || out != strings.Join(tt.parts, "") || time.Since(begun) != tt.took {
					t.Errorf("%q, %v after %v; want status %d after %v", out, err, time.Since(begun), tt.status, tt.took)
				}
			})
		})
	}
}
