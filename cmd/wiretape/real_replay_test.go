package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A replayed is a real client of a real server: a tape is recorded from both, and
// passes against the server and satisfies the client.
type replayed struct {
	name   string
	record []string // flags of record
	to     []string // TARGET of replay, and flags
	serve  []string // flags of serve
	real   string   // the server's own address
	ca     string   // that signed the server's certificate; "" for none
	plain  bool     // TLS does not come first
	// visit has the client do what it does and returns what it got.
	visit func(t *testing.T, addr, ca string) string
}

func (r *replayed) run(t *testing.T) {
	dir := t.TempDir()
	want := r.visit(t, r.real, r.ca)
	through := r.ca
	if through != "" {
		r.record = append(r.record, "--ca-out", "run.pem")
		if !r.plain {
			r.record = append(r.record, "--tls")
		}
		r.serve = append(r.serve, "--ca-out", "served.pem")
		through = filepath.Join(dir, "run.pem")
	}
	addr, end := recordingProxy(t, dir, append(r.record, "x.tape")...)
	if got := r.visit(t, addr, through); got != want {
		t.Errorf("through the proxy\n%s\nwant\n%s", got, want)
	}
	if status, said := end(); status != 0 {
		t.Fatalf("record: status %d\n%s", status, said)
	}
	wants(t, dir, 0, []string{"0 differences"}, append([]string{"replay", "x.tape", "--to"}, r.to...)...)
	served, done := serving(t, dir, append(append([]string{"--once"}, r.serve...), "x.tape")...)
	if through != "" {
		through = filepath.Join(dir, "served.pem")
	}
	got := r.visit(t, served, through)
	status, out := done()
	if got != want || status != 0 {
		text, _ := os.ReadFile(filepath.Join(dir, "x.tape"))
		t.Errorf("served: status %d, got\n%s\nwant\n%s\n%s\n%.3000s", status, got, want, out, text)
	}
}

// goClient returns what net/http gets, over HTTP/2 where the server has it.
func goClient(t *testing.T, addr, ca string, paths ...string) string {
	t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	c := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
	defer c.CloseIdleConnections()
	var got strings.Builder
	for _, p := range paths {
		res, err := c.Get("https://" + addr + p)
		if err != nil {
			return err.Error()
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		fmt.Fprintln(&got, res.Proto, res.StatusCode, len(b), err)
	}
	return got.String()
}

const pythonClient = `
import http.client, ssl, sys
host, port = sys.argv[1].split(":")
c = http.client.HTTPConnection(host, int(port), timeout=10)
for path in sys.argv[2:]:
    c.request("GET", path)
    r = c.getresponse()
    print(r.status, len(r.read()))
c.close()
`

const pythonMail = `
import smtplib, sys
host, port = sys.argv[1].split(":")
s = smtplib.SMTP(host, int(port), local_hostname="me.example", timeout=10)
print(s.ehlo()[0], s.noop()[0], s.docmd("HELP")[0], s.quit()[0])
`

func TestTapesSatisfyRealClients(t *testing.T) {
	b := realServers(t, "nginx", "redis", "exim", "dnsmasq")
	ca := filepath.Join(b, "ca.pem")
	curl := needTool(t, "curl", "curl")
	python := needTool(t, "python3", "python3")
	pages := []string{"/cookie", "/", "/private", "/none"}
	curled := func(version string) func(t *testing.T, addr, ca string) string {
		return func(t *testing.T, addr, ca string) string {
			args := []string{"-sS", "--max-time", "10", version, "-w", "%{http_code} %{http_version} %{size_download}\n", "-o", "/dev/null"}
			if ca != "" {
				args = append(args, "--cacert", ca)
			}
			scheme := "http://"
			if ca != "" {
				scheme = "https://"
			}
			for _, p := range pages {
				args = append(args, "-o", "/dev/null", scheme+addr+p)
			}
			return output(t, "", curl, args...)
		}
	}
	h2 := []string{"--to", "h2://localhost:28443", "--cacert", ca}
	https := []string{"--to", "https://localhost:28443", "--cacert", ca}
	for _, r := range []replayed{
		{name: "curl over HTTP/1.1", record: []string{"--to", "localhost:28080"}, to: []string{"localhost:28080"}, real: "localhost:28080", visit: curled("--http1.1")},
		{name: "curl over HTTP/2", record: h2, to: h2[1:], real: "localhost:28443", ca: ca, visit: curled("--http2")},
		{name: "net/http over HTTP/2", record: h2, to: h2[1:], real: "localhost:28443", ca: ca, visit: func(t *testing.T, addr, ca string) string {
			return goClient(t, addr, ca, pages...)
		}},
		{name: "net/http over HTTP/1.1", record: https, to: https[1:], real: "localhost:28443", ca: ca, visit: func(t *testing.T, addr, ca string) string {
			return strings.ReplaceAll(goClient(t, addr, ca, pages...), "HTTP/2.0", "HTTP/1.1") // the real one has both
		}},
		{name: "http.client", record: []string{"--to", "localhost:28080"}, to: []string{"localhost:28080"}, real: "localhost:28080", visit: func(t *testing.T, addr, _ string) string {
			return output(t, "", python, append([]string{"-c", pythonClient, addr}, pages...)...)
		}},
		{name: "smtplib", record: []string{"--to", "smtp://127.0.0.1:28025"}, to: []string{"smtp://127.0.0.1:28025"}, real: "127.0.0.1:28025", visit: func(t *testing.T, addr, _ string) string {
			return output(t, "", python, "-c", pythonMail, addr)
		}},
		{name: "redis-cli", record: []string{"--to", "redis://127.0.0.1:28379"}, to: []string{"redis://127.0.0.1:28379"}, real: "127.0.0.1:28379", visit: func(t *testing.T, addr, _ string) string {
			_, port, _ := strings.Cut(addr, ":")
			return output(t, "SET k v\nGET k\nSET n 1\nINCR n\nLRANGE k 0 1\n", needTool(t, "redis-cli", "redis-tools"), "-p", port)
		}},
		{name: "dig over TCP", record: []string{"--to", "127.0.0.1:28053"}, to: []string{"127.0.0.1:28053"}, real: "127.0.0.1:28053", visit: func(t *testing.T, addr, _ string) string {
			host, port, _ := strings.Cut(addr, ":")
			return output(t, "", needTool(t, "dig", "bind9-dnsutils"), "@"+host, "-p", port, "+tcp", "+short", "+tries=1", "+time=5", "a.itest.example", "A")
		}},
	} {
		t.Run(r.name, func(t *testing.T) { r.run(t) })
	}
	t.Run("dig over UDP", func(t *testing.T) {
		dir := t.TempDir()
		wants(t, dir, 0, nil, "--tape", "dns.tape", "-c", ".dns h.itest.example AAAA", nameServer)
		addr, end := serving(t, dir, "--once", "dns.tape")
		host, port, _ := strings.Cut(addr, ":")
		dig := needTool(t, "dig", "bind9-dnsutils")
		ask := func(host, port string) string {
			return output(t, "", dig, "@"+host, "-p", port, "+short", "+tries=1", "+time=5", "h.itest.example", "AAAA")
		}
		want := ask("127.0.0.1", "28053")
		got := ask(host, port)
		if status, out := end(); status != 0 || got != want || got == "" {
			t.Errorf("status %d, got %q, want %q\n%s", status, got, want, out)
		}
	})
}

const pythonWebSocket = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect("ws://" + sys.argv[1] + "/chat", subprotocols=["chat"]) as ws:
        for m in ["hello", "in parts", b"\x00\x01\xff", "big 70000"]:
            await ws.send(m)
            got = await ws.recv()
            print(len(got), repr(got[:20]))
asyncio.run(main())
`

// Keys and masks are drawn anew by each client.
func TestTapeSatisfiesAWebSocketClient(t *testing.T) {
	addr := startWebSocketServer(t)
	r := replayed{record: []string{"--to", addr}, to: []string{addr}, real: addr, visit: func(t *testing.T, addr, _ string) string {
		return output(t, "", "/usr/bin/python3", "-c", pythonWebSocket, addr)
	}}
	r.run(t)
}
