package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// serveOnce answers the first connection's first request with a response, and
// closes it.
func serveOnce(t *testing.T, response string) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for r := bufio.NewReader(c); ; {
			if line, err := r.ReadString('\n'); err != nil || line == "\r\n" {
				break
			}
		}
		io.WriteString(c, response)
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// What nginx compresses is read, on the screen and in JSON.
func TestNginxCompresses(t *testing.T) {
	realServers(t, "nginx")
	dir := t.TempDir()
	wants(t, dir, 0, []string{
		"Content-Encoding: gzip", "\naaaaaaaaaa", " B gzip (200,000 B decoded) in ", ", ended by the last chunk; connection open",
	}, "--tape", "gz.tape", "-c", "GET /big.txt HTTP/1.1", "-c", "Host: localhost", "-c", "Accept-Encoding: gzip", "-c", "", "http://localhost:28080")
	lines := strings.Split(strings.TrimSpace(wants(t, dir, 0, nil, "show", "--json", "gz.tape")), "\n")
	var m struct {
		BodyText string `json:"body_text"`
		BodySize int    `json:"body_size"`
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &m); err != nil {
		t.Fatal(err)
	}
	if m.BodyText != strings.Repeat("a", 200000) || m.BodySize == 0 || m.BodySize > 2000 {
		t.Errorf("body_text has %d octets, body_size is %d", len(m.BodyText), m.BodySize)
	}
}

// The codings that no server here speaks, by the libraries that made them known.
func TestOtherCodingsAreShown(t *testing.T) {
	text := strings.Repeat("Grüße aus dem Rumpf\n", 50)
	var br, zst bytes.Buffer
	bw := brotli.NewWriter(&br)
	zw, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []io.WriteCloser{bw, zw} {
		io.WriteString(w, text)
		w.Close()
	}
	for name, body := range map[string]string{"br": br.String(), "zstd": zst.String()} {
		port := serveOnce(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", name, len(body), body))
		wants(t, t.TempDir(), 0, []string{"\nGrüße aus dem Rumpf\n", fmt.Sprintf("body %d B %s (1,100 B decoded)", len(body), name)},
			"-c", "GET / HTTP/1.1", "-c", "Host: x", "-c", "", "http://127.0.0.1:"+port)
	}
}

// eventServer sends three events, a heartbeat, and then holds the connection open
// until it is read from again.
const eventServer = `
import http.server, sys, time
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def chunk(self, s):
        b = s.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(b), b))
        self.wfile.flush()
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.chunk("retry: 250\ndata: one\n\n: beat\n\nevent: tick\nid: 2\nda")
        self.chunk("ta: two\ndata: lines\n\ndata: three\n\n")
        self.rfile.read(1)
    def log_message(self, *a):
        pass
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), H)
print(s.server_address[1], flush=True)
s.serve_forever()
`

// Events are seen, and a wait is met, while the response goes on.
func TestEventStream(t *testing.T) {
	python := needTool(t, "python3", "python3")
	cmd := exec.Command(python, "-c", eventServer)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wants(t, dir, 0, []string{
		"< Content-Type: text/event-stream\n", "< event message, retry 250 ms\n< one\n< comment beat\n", "< event tick, id 2\n< two\n< lines\n< event message\n< three\n",
	}, "--tape", "sse.tape", "-c", "GET /events HTTP/1.1", "-c", "Host: x", "-c", "", "-c", `.await re three\n\n`, "http://127.0.0.1:"+strings.TrimSpace(port))
	got := wants(t, dir, 0, nil, "show", "--json", filepath.Join(dir, "sse.tape"))
	for _, want := range []string{
		`"kind":"event"`, `"event":"message","retry":250,"data":"one"`, `"event":"tick","id":"2","data":"two\nlines"`, `"data":"three"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("want %s in\n%s", want, got)
		}
	}
}
