package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// nghttpd starts nghttpd on a free port of loopback, with certificates where cert
// is not "", and returns the port. It echoes what is uploaded, and has a trailer.
func nghttpd(t *testing.T, cert, key string) string {
	t.Helper()
	binary := needTool(t, "nghttpd", "nghttp2-server")
	docs := t.TempDir()
	for name, size := range map[string]int{"index.html": 6, "big": 3 << 20} {
		if err := os.WriteFile(filepath.Join(docs, name), []byte(strings.Repeat("ngok!\n", size/6)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	args := []string{"-a", "127.0.0.1", "-d", docs, "--echo-upload", "--trailer", "x-end: here"}
	if cert == "" {
		args = append(args, "--no-tls", port)
	} else {
		args = append(args, port, key, cert)
	}
	cmd := exec.Command(binary, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if !eventually(func() bool {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	}) {
		t.Fatal("nghttpd did not come up")
	}
	return port
}

// typing returns the arguments that type lines.
func typing(lines ...string) (args []string) {
	for _, l := range lines {
		args = append(args, "-c", l)
	}
	return args
}

// An h2Server is a real server that speaks HTTP/2.
type h2Server struct {
	name, target string
	path         string // of a page of a few octets
	page         string // what stands in it
	big          string // of a long page; "" for none
	bigSize      int
	post         string // takes a body of 1 MiB; "" for none
	posted       string // status of that
}

func (s *h2Server) run(t *testing.T, ca string, status int, want []string, lines ...string) string {
	t.Helper()
	args := typing(lines...)
	if ca != "" {
		args = append(args, "--cacert", ca)
	}
	return wants(t, t.TempDir(), status, want, append(args, s.target)...)
}

func request(method, path string, fields ...string) []string {
	return append(append([]string{method + " " + path + " HTTP/1.1", "Host: localhost"}, fields...), "")
}

// --h2 sets what .h2 sets, before a connection begins.
func TestHTTP2Options(t *testing.T) {
	dir := t.TempDir()
	wants(t, dir, 0, []string{"* ack      off ", "* settings MAX_FRAME_SIZE=20000 "}, "--h2", "ack off", "--h2", "settings max_frame_size=20000", "-c", ".h2")
	_, stderr, status := wiretape(t, dir, "", "--h2", "ack perhaps", "-c", ".h2")
	if status != 2 || !strings.Contains(stderr, "ack perhaps: want ack on or ack off") {
		t.Errorf("--h2 'ack perhaps': status %d, %s", status, stderr)
	}
}

// The hand tool against every server of HTTP/2 that there is a package of.
func TestHTTP2ByHand(t *testing.T) {
	b := realServers(t, "nginx", "apache", "haproxy")
	ca := filepath.Join(b, "ca.pem")
	servers := []h2Server{
		{"nginx", "h2://localhost:28443", "/index.html", "hello nginx", "/big.txt", 200000, "/index.html", "405"},
		{"apache", "h2://localhost:28444", "/index.html", "hello apache", "", 0, "/index.html", "200"},
		{"apache in the clear", "h2c://localhost:28081", "/index.html", "hello apache", "", 0, "/index.html", "200"},
		{"haproxy", "h2://localhost:28445", "/ok", "haproxy", "/big.txt", 200000, "/index.html", "405"},
		{"haproxy in the clear", "h2c://localhost:28083", "/ok", "haproxy", "/big.txt", 200000, "/index.html", "405"},
		{"nghttpd", "h2://localhost:" + nghttpd(t, filepath.Join(b, "cert.pem"), filepath.Join(b, "key.pem")), "/", "ngok!", "/big", 3 << 20, "/up", "200"},
		{"nghttpd in the clear", "h2c://localhost:" + nghttpd(t, "", ""), "/", "ngok!", "/big", 3 << 20, "/up", "200"},
	}
	upload := filepath.Join(t.TempDir(), "upload")
	if err := os.WriteFile(upload, []byte(strings.Repeat("0123456789abcde\n", 1<<16)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Run("several requests", func(t *testing.T) {
				lines := append(request("GET", s.path), request("HEAD", s.path)...)
				lines = append(lines, request("GET", "/no-such-page")...)
				out := s.run(t, ca, 0, []string{"«   :status: 200\n", s.page + "\n", "* #1 200 in ", "* #2 200 in ", "* #3 404 in "}, lines...)
				if n := strings.Count(out, s.page+"\n"); n != 1 {
					t.Errorf("the page stands %d times in:\n%s", n, out)
				}
			})
			t.Run("several streams at once", func(t *testing.T) {
				lines := append([]string{".h2 wait off"}, request("GET", s.path)...)
				lines = append(append(lines, request("GET", s.path)...), request("GET", s.path)...)
				s.run(t, ca, 0, []string{"» HEADERS stream 5", "* #1 200 in ", "* #2 200 in ", "* #3 200 in "}, lines...)
			})
			if s.big != "" {
				t.Run("a long reply", func(t *testing.T) {
					s.run(t, ca, 0, []string{"* #1 200 in "}, append(request("GET", s.big), fmt.Sprintf(".await bytes %d 5s", s.bigSize))...)
				})
			}
			t.Run("a body of 1 MiB", func(t *testing.T) {
				s.run(t, ca, 0, []string{"* #1 " + s.posted + " in "},
					`.send headers :method: POST :scheme: https :path: `+s.post+` :authority: localhost`, ".send data file "+upload+" end")
			})
			t.Run("a ping, settings and a frame that nobody knows", func(t *testing.T) {
				want := []string{
					"« PING stream 0, 8 octets, ACK: 3132333435363738\n", "« SETTINGS stream 0, 0 octets, ACK\n",
					"» UNKNOWN_FRAME_TYPE_0xfa stream 0, 2 octets: 0102\n", "* #1 200 in ",
				}
				s.run(t, ca, 0, want, append([]string{`.send ping "12345678"`, ".send settings MAX_FRAME_SIZE=20000 0x99=7", ".send frame type=0xfa hex 0102"}, request("GET", s.path)...)...)
			})
			t.Run("a stream that we reset", func(t *testing.T) {
				if strings.HasPrefix(s.name, "apache") {
					// It gives the connection up now and then: GOAWAY, "The user
					// callback function failed".
					return
				}
				s.run(t, ca, 0, []string{"» RST_STREAM stream 1, 4 octets: CANCEL", "* #2 200 in "}, append([]string{
					`.send headers :method: POST :scheme: https :path: ` + s.post + ` :authority: localhost content-length: 9`, ".send rst CANCEL"}, request("GET", s.path)...)...)
			})
			// What no server may take, and what it is refused with.
			for _, wrong := range []string{
				`.send ping "xx"`, ".send ping stream=1", ".send settings INITIAL_WINDOW_SIZE=0x80000000", ".send settings hex 00",
				".send window 0", ".send rst 0", `.send data 0 "x" force`, `.send data "x" len=20000 stream=1`, ".send continuation 1 x: y",
				".send headers raw hex bf end", ".send headers 2 :method: GET end",
			} {
				if s.name == "nginx" && strings.Contains(wrong, "len=20000") {
					continue // it takes frames of 16 MiB
				}
				t.Run(wrong, func(t *testing.T) {
					out := s.run(t, ca, 0, nil, wrong, ".await frame goaway 5s")
					if !strings.Contains(out, "! the peer gives the connection up: GOAWAY ") || !strings.Contains(out, "; RFC 9113 7)") {
						t.Errorf("%s: no GOAWAY in words:\n%s", wrong, out)
					}
					if out := s.run(t, ca, 5, nil, wrong, ".await close 5s"); !strings.Contains(out, "« GOAWAY stream 0") {
						t.Errorf("%s: no GOAWAY:\n%s", wrong, out)
					}
				})
			}
		})
	}
}

func TestTrailersOverHTTP2(t *testing.T) {
	port := nghttpd(t, "", "")
	s := h2Server{target: "h2c://localhost:" + port}
	lines := request("POST", "/up", "Transfer-Encoding: chunked")
	lines = append(lines, "5", "hello", "0", "X-Sum: 5", "")
	s.run(t, "", 0, []string{
		"! Transfer-Encoding is not sent: over HTTP/2 each chunk is a DATA frame (RFC 9113 8.1)\n",
		"» DATA stream 1, 5 octets\n", "»   x-sum: 5\n", "«   x-end: here\n", "* #1 200 in ",
	}, lines...)
}

func TestUpgradeToHTTP2(t *testing.T) {
	realServers(t, "apache")
	s := h2Server{target: "http://localhost:28081"}
	out := s.run(t, "", 0, []string{
		"< HTTP/1.1 101 Switching Protocols\n", "* the connection is HTTP/2 now; the reply comes on stream 1",
		"» connection preface\n", "« HEADERS stream 1", "hello apache\n",
	}, ".send upgrade /index.html")
	if strings.Contains(out, "idle") {
		t.Errorf("stream 1 is not known:\n%s", out)
	}
}
