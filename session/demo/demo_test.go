package demo

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client returns the standard library's client as an independent reader of what
// the practice servers send.
func client(t *testing.T, s *Servers, h2 bool) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.CA()) {
		t.Fatal("the authority is no PEM")
	}
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: h2}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{
		Transport:     tr,
		Timeout:       5 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func servers(t *testing.T) *Servers {
	t.Helper()
	s, err := start(t.Context(), ports{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestPages(t *testing.T) {
	s := servers(t)
	tests := []struct {
		method, path, body string
		auth               bool
		status             int
		want               string // in the body
		fields             map[string][]string
	}{
		{"GET", "/", "", false, 200, "/cookie", nil},
		{"GET", "/index.html", "", false, 200, "hello from wiretape", nil},
		{"HEAD", "/index.html", "", false, 200, "", map[string][]string{"Content-Length": {"20"}}},
		{"GET", "/cookie", "", false, 200, "three cookies", map[string][]string{"Set-Cookie": {
			"sid=31d4d96e407aad42; Path=/; HttpOnly", "theme=dark; Max-Age=3600", "__Host-bad=1; Path=/api; HttpOnly"}}},
		{"GET", "/redirect", "", false, 302, "", map[string][]string{"Location": {"/index.html"}, "Set-Cookie": {"hop=1"}}},
		{"GET", "/gate", "", false, 302, "", map[string][]string{"Location": {"/gate"}}},
		{"GET", "/loop", "", false, 302, "", map[string][]string{"Location": {"/loop"}}},
		{"GET", "/private", "", false, 401, "credentials", map[string][]string{"Www-Authenticate": {`Basic realm="Protected"`}}},
		{"GET", "/private", "", true, 200, "the secret page", nil},
		{"GET", "/chunked", "", false, 200, "one\ntwo\nthree\n", nil},
		{"GET", "/events", "", false, 200, "event: greeting\ndata: two lines\ndata: of data\n\n", map[string][]string{"Content-Type": {"text/event-stream"}}},
		{"GET", "/ws", "", false, 426, "WebSocket", map[string][]string{"Sec-Websocket-Version": {"13"}}},
		{"POST", "/echo", "said", false, 200, "said", nil},
		{"GET", "/status/503", "", false, 503, "status 503", nil},
		{"GET", "/status/304", "", false, 304, "", nil},
		{"GET", "/status/99", "", false, 404, "", nil},
		{"GET", "/nowhere", "", false, 404, "no such page", nil},
	}
	for _, version := range []string{"HTTP/1.1", "HTTP/1.1 over TLS", "HTTP/2.0"} {
		base, h2 := "http://"+s.HTTP, false
		if version != "HTTP/1.1" {
			base, h2 = "https://"+s.HTTPS, version == "HTTP/2.0"
		}
		c := client(t, s, h2)
		for _, tt := range tests {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, base+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.auth {
				req.SetBasicAuth("admin", "password")
			}
			resp, err := c.Do(req)
			if err != nil {
				t.Errorf("%s: %s %s: %v", version, tt.method, tt.path, err)
				continue
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Errorf("%s: %s %s: body: %v", version, tt.method, tt.path, err)
			}
			if resp.Proto != version[:8] {
				t.Errorf("%s: %s %s came as %s", version, tt.method, tt.path, resp.Proto)
			}
			if resp.StatusCode != tt.status || !strings.Contains(string(body), tt.want) {
				t.Errorf("%s: %s %s = %d %q, want %d with %q", version, tt.method, tt.path, resp.StatusCode, body, tt.status, tt.want)
			}
			for name, want := range tt.fields {
				if got := resp.Header[name]; strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("%s: %s %s: %s is %q, want %q", version, tt.method, tt.path, name, got, want)
				}
			}
			if tt.path == "/chunked" && resp.Trailer.Get("X-Lines") != "3" {
				t.Errorf("%s: trailers are %v", version, resp.Trailer)
			}
		}
	}
}

// /to-https leads from the plain site to the same page of the other.
func TestUpgradeToHTTPS(t *testing.T) {
	s := servers(t)
	resp, err := client(t, s, false).Get("http://" + s.HTTP + "/to-https")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got, want := resp.Header.Get("Location"), "https://"+s.HTTPS+"/to-https"; resp.StatusCode != 301 || got != want {
		t.Errorf("status %d, Location %q, want 301, %q", resp.StatusCode, got, want)
	}
}

func TestPasswordSite(t *testing.T) {
	s, err := StartPassword(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tests := []struct {
		method, path, user, password string
		status                       int
	}{
		{"GET", "/", "", "", 401},
		{"HEAD", "/", "", "", 401},
		{"GET", "/", "admin", "wrong", 401},
		{"GET", "/", "admin", "password", 200},
		{"HEAD", "/", "admin", "password", 200},
		{"GET", "/notes.txt", "admin", "password", 200},
		{"GET", "/../../etc/passwd", "admin", "password", 404},
		{"DELETE", "/notes.txt", "admin", "password", 405},
	}
	for _, tt := range tests {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+s.HTTP+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if tt.user != "" {
			req.SetBasicAuth(tt.user, tt.password)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatalf("%s %s: %v", tt.method, tt.path, err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("%s %s as %q: %d, want %d", tt.method, tt.path, tt.user+":"+tt.password, resp.StatusCode, tt.status)
		}
		if got := resp.Header.Get("WWW-Authenticate"); tt.status == 401 && got != `Basic realm="Protected"` {
			t.Errorf("%s %s: WWW-Authenticate %q", tt.method, tt.path, got)
		}
	}
}

// What is no HTTP gets an answer and an end, in both versions.
func TestNonsense(t *testing.T) {
	s := servers(t)
	for _, sent := range []string{"\x00\x01\x02\r\n\r\n", "GET / HTTP/1.1\r\nHost x\r\n\r\n\r\n", "BREW / HTCPCP/1.0\r\n\r\n"} {
		c, err := net.Dial("tcp", s.HTTP)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.WriteString(c, sent); err != nil {
			t.Fatal(err)
		}
		c.(*net.TCPConn).CloseWrite()
		if got, err := io.ReadAll(c); err != nil || len(got) > 0 && !strings.HasPrefix(string(got), "HTTP/1.1 ") {
			t.Errorf("to %q: %q, %v", sent, got, err)
		}
		c.Close()
	}
	c, err := tls.Dial("tcp", s.HTTPS, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	// A header block of garbage is a connection error (RFC 9113, section 4.3).
	io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"+"\x00\x00\x02\x01\x05\x00\x00\x00\x01\xff\xff")
	got, err := io.ReadAll(c)
	if err != nil || len(got) < 9 || !strings.Contains(string(got), "\x07\x00\x00\x00\x00\x00") {
		t.Errorf("to a broken header block: %q, %v, want GOAWAY and the end", got, err)
	}
}

// A port that is taken is passed over.
// What has no request line is refused at once: nothing that follows would make it one.
func TestNoRequestLine(t *testing.T) {
	c, err := net.Dial("tcp", servers(t).HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(c, "help\r\n\r\n")
	if got, err := io.ReadAll(c); err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
		t.Errorf("%q, %v, want 400 and the end", got, err)
	}
}

func TestNextFreePort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	l, err := listenNear(t.Context(), "tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got := l.Addr().(*net.TCPAddr).Port; got <= port {
		t.Errorf("listening on %d, want one after %d", got, port)
	}
}
