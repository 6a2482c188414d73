package session

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What slips at the prompt come to: each is said, once, with what there is to do.
func TestSlips(t *testing.T) {
	w := world{
		"h:80":  silent,
		"h:25":  mail,
		"r:80":  byPath(map[string]string{"/": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}),
		"r:90":  oneReply("HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n", false),
		"end:9": func(c net.Conn) { pause(c, time.Second) },
	}
	for _, tt := range []struct {
		name  string
		lines []string
		want  []string // each once
		not   string
	}{
		{"a word that is no request", []string{"open http://h", "xyzzy", "", ".why", ".status", ".get /", "^C", ".quit"}, []string{
			"! sent as it is: not HTTP/1: no request line (RFC 9112 3); no reply is due to it: servers answer 400, or nothing\n",
			"* not HTTP/1: no request line: what was sent is no request, so that no reply is due",
			"* 0 answered, 0 due; what was sent last is no request (.why)\n",
			"! sent as it is: it stands behind what is no request, of which the server has said nothing: .reconnect begins anew (RFC 9112 3)\n",
		}, "nothing was said yet"},
		{"a status in place of an exchange", []string{"open http://r", "GET / HTTP/1.1", "Host: r", "", ".why 404", ".why 9", ".quit"}, []string{
			"* 404: Not Found (RFC 9110 15)\n", "! .why 9: exchanges are numbered from 1 to 1\n"}, ""},
		{"a code of SMTP", []string{"open h 25", "EHLO me", ".why 550", ".quit"}, []string{"* 550: ", "(RFC 5321 4.2)"}, ""},
		{"a Host without its port", []string{"open http://r:90", "GET / HTTP/1.1", "Host: r", "", ".follow", ".quit"}, []string{
			"! Host: r has no port: http://r/b is what it says; sent to r:90, as #1 was\n"}, ""},
		{"back to a draft", []string{"open http://h", "GET / HTTP/1.1", "A: b", ".use new open h 25", ".use 1", "^C", ".quit"}, []string{
			"          | GET / HTTP/1.1\n          | A: b\n          | ^C\n"}, ""},
		{"a paste where the connection is closed", []string{"open end 9", "^Z 2s", "one\n\n.quit\nc\n.", "^C", ".quit"}, []string{
			"* connection is closed. Enter = reconnect and send these 20 bytes, ^C = drop them (Up brings them back)\n",
			"* nothing was sent; the paste is dropped (Up brings it back)\n",
			"end:9 closed> .quit\n"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				screen := play(t, w, Options{}, tt.lines...)
				for _, want := range tt.want {
					if strings.Count(screen, want) != 1 {
						t.Errorf("not once: %q", want)
					}
				}
				if tt.not != "" && strings.Contains(screen, tt.not+"\n") {
					t.Errorf("%q is there", tt.not)
				}
				if t.Failed() {
					t.Log(screen)
				}
			})
		})
	}
}

// Whatever a script sends, it does not end well without an answer.
func TestAScriptWantsAnAnswerToWhatIsNoRequest(t *testing.T) {
	for _, tt := range []struct {
		name  string
		serve func(net.Conn)
		want  Status
	}{
		{"nothing", silent, StatusTimeout},
		{"the end", func(c net.Conn) { readLineOf(c) }, StatusProtocol},
		{"400", oneReply("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", true), StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out, err := run(t, world{"h:80": tt.serve}, Options{Timeout: time.Second}, "http://h", "xyzzy\n\n")
				if got := StatusOf(err); got != tt.want {
					t.Errorf("status %d (%v), want %d\n%s", got, err, tt.want, out)
				}
			})
		})
	}
}

func readLineOf(c net.Conn) {
	for range lines(c) {
		return
	}
}
