package session

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
)

func TestWhyTranscript(t *testing.T) {
	w := world{"h:80": byPath(map[string]string{
		"/ok":  "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"/503": "HTTP/1.1 503 Gone\x1b[2J\r\nContent-Length : 0\r\n\r\n",
	}), "mail.test:25": mail, "cut:9": func(c net.Conn) { io.WriteString(c, "hello\r\n") }}
	synctest.Test(t, func(t *testing.T) {
		golden(t, "why.golden", play(t, w, Options{Style: view.Style{EscapeKey: "^]"}},
			".why", "open nowhere 80", ".why", "open http://h", "GET /ok HTTP/1.1", "Host: h", "", ".why", "GET /none HTTP/1.1", "Host: h", "", ".why 2", "GET /503 HTTP/1.1", "Host: h", "", ".why", ".why 9", ".why x",
			".why status 429", ".why status 42", ".why alert 120", ".why h2 enhance_your_calm", ".why h2 7", ".why close 1006", ".why grpc 14", ".why smtp 450", ".why smtp 4.7.1", ".why smtp 5.x", ".why ftp 425", ".why nntp 480", ".why dns servfail", ".why dns 5", ".why bogus 1",
			".close", "open mail.test smtp", "NONSENSE", ".why", ".quit"))
	})
}

// What .why says to try is there to be tried.
func TestWhyNamesWordsThatAre(t *testing.T) {
	known := map[string]bool{}
	for _, c := range commands() {
		known[c.name] = true
	}
	files, err := filepath.Glob("why/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	word := regexp.MustCompile(`[" (;,]\.([a-z]+)[ ";,:]`)
	n := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range word.FindAllSubmatch(b, -1) {
			n++
			if !known[string(m[1])] {
				t.Errorf("%s names .%s, which is no command", name, m[1])
			}
		}
	}
	if n < 20 {
		t.Errorf("%d words", n)
	}
}
