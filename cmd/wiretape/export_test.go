package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wiretape/session/demo"
)

// A script that was exported of a tape, run against a server like the first, records
// a tape that says the same.
func TestScriptRecordsTheSameTape(t *testing.T) {
	first, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Close)
	second, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	for _, row := range []struct {
		name     string
		target   func(*demo.Servers) string
		commands []string
		lines    int // of commands in the script
		env      string
	}{
		{"http", func(s *demo.Servers) string { return "http://" + s.HTTP }, []string{
			`.send "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\n\$x\"s\\\n"`, ".await done",
			`.send "GET /cookie HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"`, ".await close", ".reconnect",
			`.send "GET / HTTP/1.0\r\n\r\n"`,
		}, 6, ""},
		{"https", func(s *demo.Servers) string { return "https://" + s.HTTPS }, []string{"GET /", "Host: h", ""}, 2, ""},
		{"h2", func(s *demo.Servers) string { return "h2://" + s.HTTPS }, []string{
			"GET /cookie?a=\"b\"", "Host: h", "X-Y: $HOME", "", "POST /echo", "Host: h", "Content-Length: 5", "", "h\\llo",
		}, 5, ""},
		{"websocket", func(s *demo.Servers) string { return "ws://" + s.HTTP + "/ws" }, []string{
			".ws", `.send ws text "hello"`, ".await done", ".send ws close 1000",
		}, 6, ""},
		{"smtp", func(s *demo.Servers) string { return "smtp://" + s.SMTP }, []string{
			"EHLO me", "STARTTLS", ".starttls", "EHLO me", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA", "Subject: x", "", "..hi", ".quit", ".", "QUIT",
		}, 18, ""},
		{"pop3", func(s *demo.Servers) string { return "pop3://" + s.POP3 }, []string{"USER admin", "PASS password", "LIST", "RETR 1", "QUIT"}, 11, "WIRETAPE_SECRET_PASS=password"},
		{"udp", func(s *demo.Servers) string { return "udp://" + s.Echo }, []string{`.send "ping"`, ".await bytes 4", `.send "a\x00b"`, ".await bytes 3"}, 4, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			if key, value, ok := strings.Cut(row.env, "="); ok {
				t.Setenv(key, value)
			}
			dir := t.TempDir()
			args := []string{"-k", "--tape", "a.tape", row.target(first)}
			for _, c := range row.commands {
				args = append(args, "-c", c)
			}
			if out, said, status := wiretape(t, dir, "", args...); status != 0 {
				t.Fatalf("recorded with status %d\n%s%s", status, out, said)
			}
			says(t, dir, 0, []string{fmt.Sprintf(": %d lines, to be run against ", row.lines)}, "export", "script", "a.tape", "-o", "a.script")
			if out, said, status := wiretape(t, dir, "", "-k", "-f", "a.script", "--tape", "b.tape", row.target(second)); status != 0 {
				script, _ := os.ReadFile(filepath.Join(dir, "a.script"))
				t.Fatalf("the script ended with status %d\n%s%s%s", status, script, out, said)
			}
			wants(t, dir, 0, []string{"0 differences"}, "diff", "a.tape", "b.tape")
		})
	}
}

// heard is a server that keeps what it was asked, and agrees with everything.
type heard struct {
	addr     string
	requests chan string
}

// hear serves HTTP/1 byte by byte.
func hear(t *testing.T) *heard {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	h := &heard{l.Addr().String(), make(chan string, 10)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			// Before the answer, on which who asked may look.
			h.requests <- oneRequest(r)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			conn.Close()
		}
	}()
	return h
}

// oneRequest reads a request, and returns its line, its fields in order of their
// names, and its body without its coding.
func oneRequest(r *bufio.Reader) string {
	var lines []string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "cut off: " + err.Error()
		}
		if line == "\r\n" {
			break
		}
		lines = append(lines, line)
	}
	body := ""
	for _, l := range lines[1:] {
		name, value, _ := strings.Cut(strings.TrimSpace(l), ": ")
		switch {
		case strings.EqualFold(name, "Content-Length"):
			n, _ := strconv.Atoi(value)
			b := make([]byte, n)
			if _, err := io.ReadFull(r, b); err != nil {
				return "cut off: " + err.Error()
			}
			body = string(b)
		case strings.EqualFold(name, "Transfer-Encoding"):
			b, err := io.ReadAll(httputil.NewChunkedReader(r))
			body = fmt.Sprintf("%s %v", b, err)
		}
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "") + "\r\n" + body
}

// Each line of a curl export, run by the shell, sends the request that the tape has:
// its line, its fields, its body.
func TestCurlSendsTheSameRequest(t *testing.T) {
	needTool(t, "curl", "curl")
	h := hear(t)
	const with = "Host: h\r\nUser-Agent: me/1\r\nAccept: */*\r\n"
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /a HTTP/1.1\r\nHost: " + h.addr + "\r\naccept: x\r\nX-A: 1\r\nX-A: 2\r\nX-Empty:\r\n\r\n",
		"GET /?q=[a]{b}&c='\"$HOME`id`\\ HTTP/1.1\r\n" + with + "X-Q: 'a' \"b\" $HOME `id` \\ !\r\n\r\n",
		"GET /a/../b/./%2e%2e?x#y HTTP/1.1\r\n" + with + "\r\n",
		"GET /\xc3\xa9 HTTP/1.1\r\n" + with + "X-L: caf\xe9\ta\r\n\r\n",
		"GET //double HTTP/1.1\r\n" + with + "\r\n",
		"GET http://other.test:81/x?y HTTP/1.1\r\nHost: other.test:81\r\nUser-Agent: me/1\r\nAccept: */*\r\n\r\n",
		"GET / HTTP/1.0\r\n" + with + "\r\n",
		"HEAD /h HTTP/1.1\r\n" + with + "\r\n",
		"OPTIONS * HTTP/1.1\r\n" + with + "\r\n",
		"DELETE /d HTTP/1.1\r\n" + with + "Authorization: Basic YTpi\r\nCookie: a=b; c=d\r\n\r\n",
		"MKCOL /d HTTP/1.1\r\n" + with + "\r\n",
		"POST /p HTTP/1.1\r\n" + with + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=b&c=d",
		"POST /p HTTP/1.1\r\n" + with + "Content-Length: 5\r\n\r\n@file",
		"POST /p HTTP/1.1\r\n" + with + "Content-Length: 0\r\n\r\n",
		"POST /p HTTP/1.1\r\n" + with + "\r\n",
		"POST /p HTTP/1.1\r\n" + with + "Content-Type: a/b\r\nContent-Length: 9\r\n\r\n\x00\xff%s'\n\r\\\"",
		"PUT /p HTTP/1.1\r\n" + with + "Content-Type: a/b\r\nContent-Length: 4\r\n\r\n\x1b[2J",
		"PUT /p HTTP/1.1\r\n" + with + "Content-Length: 0\r\n\r\n",
		"PATCH /p HTTP/1.1\r\n" + with + "Content-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
		"GET /b HTTP/1.1\r\n" + with + "Content-Type: a/b\r\nContent-Length: 4\r\n\r\nbody",
	} {
		dir := t.TempDir()
		if out, said, status := wiretape(t, dir, request, "--no-redact", "--tape", "a.tape", h.addr); status != 0 {
			t.Fatalf("%q: recorded with status %d\n%s%s", request, status, out, said)
		}
		want := <-h.requests
		wants(t, dir, 0, nil, "export", "curl", "a.tape", "-o", "a.sh")
		script, err := os.ReadFile(filepath.Join(dir, "a.sh"))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		out, err := exec.CommandContext(ctx, "bash", filepath.Join(dir, "a.sh")).CombinedOutput()
		cancel()
		select {
		case got := <-h.requests:
			if got != want || err != nil {
				t.Errorf("%q\nwant %q\nof %s%s%v", got, want, script, out, err)
			}
		default:
			t.Errorf("%sof %q sends nothing: %v\n%s", script, request, err, out)
		}
		if slices.ContainsFunc(script, func(c byte) bool { return c < ' ' && c != '\n' || c >= 0x7f }) {
			t.Errorf("a terminal would obey %q", script)
		}
	}
}

func TestCurlSendsTheSameRequestOverHTTP2(t *testing.T) {
	needTool(t, "curl", "curl")
	requests := make(chan string, 10)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var fields []string
		for name, values := range r.Header {
			fields = append(fields, fmt.Sprintf("%s=%q", name, values))
		}
		slices.Sort(fields)
		requests <- fmt.Sprintf("%s %s %s %s %q %q", r.Proto, r.Method, r.Host, r.RequestURI, fields, body)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	dir := t.TempDir()
	args := []string{"-k", "--no-redact", "--tape", "a.tape", "h2://" + server.Listener.Addr().String()}
	for _, line := range []string{
		"GET /a?b#c HTTP/2", "Host: h", "Cookie: a=b; c=d", "X-Q: '$HOME'", "",
		"POST /b", "Host: h:1", "User-Agent: me", "Content-Type: a/b", "Content-Length: 4", "", "a'b\"",
	} {
		args = append(args, "-c", line)
	}
	if out, said, status := wiretape(t, dir, "", args...); status != 0 {
		t.Fatalf("recorded with status %d\n%s%s", status, out, said)
	}
	want := []string{<-requests, <-requests}
	says(t, dir, 0, []string{": 2 commands", "--insecure"}, "export", "curl", "a.tape", "-o", "a.sh")
	script, _ := os.ReadFile(filepath.Join(dir, "a.sh"))
	if out, err := exec.CommandContext(t.Context(), "bash", "-e", filepath.Join(dir, "a.sh")).CombinedOutput(); err != nil {
		t.Fatalf("%s%s%v", script, out, err)
	}
	for _, want := range want {
		if got := <-requests; got != want {
			t.Errorf("sent %s, want %s, of\n%s", got, want, script)
		}
	}
}
