package session

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"wiretape/session/view"
)

// scripts writes files and returns their folder.
func scripts(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSource(t *testing.T) {
	dir := scripts(t, map[string]string{
		"get":    "GET /sourced HTTP/1.1\nHost: h\n\n.expect status == 200\n",
		"outer":  ".# a comment\n.source DIR/get\n.assert status == 404\n",
		"cycle":  ".source DIR/cycle\n",
		"open":   "GET / HTTP/1.1\n",
		"leaves": ".quit\n",
	})
	for _, tt := range []struct {
		name, lines string
		status      Status
		err, out    string
	}{
		{"runs with the connection", ".source DIR/get", StatusOK, "", "> GET /sourced HTTP/1.1\n"},
		{"goes on behind it", ".source DIR/get\n.assert status == 500", StatusDiffers, "x.script:2: .assert: #1: ", ""},
		{"the inner place is told", ".source DIR/outer", StatusDiffers, "DIR/outer:3: .assert: #1: ", ""},
		{"no script runs itself for ever", ".source DIR/cycle", StatusUsage, "DIR/cycle:1: .source DIR/cycle: scripts run each other more than 8 deep", ""},
		{"what it begins it ends", ".source DIR/open", StatusUsage, "DIR/open:1: end of script: the head has no blank line yet", ""},
		{"it may leave", ".source DIR/leaves\n.bogus", StatusOK, "", ""},
		{"no such file", ".source DIR/none", StatusUsage, "x.script:1: .source: open DIR/none: no such file or directory", ""},
		{"a folder", ".source DIR", StatusUsage, "x.script:1: .source DIR: that is a folder; want a script", ""},
		{"no name", ".source", StatusUsage, "x.script:1: .source: want .source FILE", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := func(s string) string { return strings.ReplaceAll(s, "DIR", dir) }
				out, err := run(t, world{"h:80": oneReply(savedReply, false)}, Options{}, "http://h", in(tt.lines)+"\n")
				got := ""
				if err != nil {
					got = err.Error()
				}
				if StatusOf(err) != tt.status || !strings.HasPrefix(got, in(tt.err)) || tt.err == "" && got != "" || !strings.Contains(out, tt.out) {
					t.Errorf("status %d, %q; want %d, %q, and %q in\n%s", StatusOf(err), got, tt.status, in(tt.err), tt.out, out)
				}
			})
		})
	}
}

// At a terminal the lines of a script stand as if they had been typed, its failure
// ends it alone, and ^C a wait of it.
func TestKeepTranscript(t *testing.T) {
	dir := scripts(t, map[string]string{
		"login":  "GET /one HTTP/1.1\nHost: h\n\n.expect status == 200\n.expect status == 404\nGET /never HTTP/1.1\nHost: h\n\n",
		"silent": ".send \"x\"\n.await close\n",
	})
	file := filepath.Join(dir, "s.tape")
	synctest.Test(t, func(t *testing.T) {
		out := play(t, world{"h:80": oneReply(savedReply, false)}, Options{Style: view.Style{EscapeKey: "^]"}},
			"open http://h", ".source "+dir+"/login", "GET /typed HTTP/1.1", ".source "+dir+"/login", "Host: h", "",
			".send !printf 'GET /shell HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n'", ".send !echo no >&2; exit 3", ".send !true", ".send !",
			".tape note about a login", ".tape mark second", ".save "+file, ".save "+file, ".forget", ".again", ".help forget", ".quit")
		golden(t, "keep.golden", strings.ReplaceAll(out, dir, "DIR"))
	})
}

func TestSetTranscript(t *testing.T) {
	long := "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + strings.Repeat("12345\n", 5)
	synctest.Test(t, func(t *testing.T) {
		golden(t, "set.golden", play(t, world{"h:80": oneReply(long, false)}, Options{Style: view.Style{EscapeKey: "^]"}},
			".set", ".set timeout", ".set timeout 3s", ".set eol lf", ".set mode", ".set mode block", ".set clock 2030-01-01T00:00:00Z", ".set escape ^a", ".set escape none", ".set escape ^^^",
			".set line 8k", ".set line 0", ".set decoded 2m", ".set bogus 1", ".set shown 2", ".set shown x", ".set body 12", ".set",
			"open http://h", "GET / HTTP/1.1", "Host: h", "", ".body", ".quit"))
	})
}

// What a command prints goes out whole, and nothing where it fails, prints too much or
// is stopped.
func TestSendOfAShell(t *testing.T) {
	got := make(chan string, 1)
	w := world{"h:9": func(c net.Conn) {
		b, _ := io.ReadAll(c)
		got <- string(b)
	}}
	for _, tt := range []struct {
		name, line, sent, err string
	}{
		{"stdout", `.send !printf 'a\0b\377'`, "a\x00b\xff", ""},
		{"stderr is no part of it", ".send !echo no >&2; echo yes", "yes\n", ""},
		{"stdin is empty", ".send !cat; echo end", "end\n", ""},
		{"a failure", ".send !echo part; echo why >&2; exit 3", "", `.send: !echo part; echo why >&2; exit 3: exit status 3 ("why"); nothing was sent`},
		{"a signal", ".send !kill -9 $$", "", ".send: !kill -9 $$: signal: killed; nothing was sent"},
		{"nothing", ".send !true", "", ".send !true: it printed nothing, and nothing was sent"},
		{"without an end", ".send !yes", "", ".send: !yes: it writes more than 64 MiB, the limit: a pipe sends more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := run(t, w, Options{}, "h:9", tt.line+"\n.close\n")
			text := ""
			if err != nil {
				text = strings.TrimPrefix(err.Error(), "x.script:1: ")
			}
			if sent := <-got; text != tt.err || sent != tt.sent {
				t.Errorf("sent %q, %s; want %q, %s", sent, text, tt.sent, tt.err)
			}
		})
	}
}
