package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// wiretape runs the program and returns what it prints and its status.
func wiretape(t *testing.T, dir, stdin string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "wiretape", args...)
	cmd.Dir = dir
	cmd.Env = terminalEnv(dir)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatalf("wiretape %q: %v", args, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// wants runs the program, which has to end with that status and print all that
// is wanted.
func wants(t *testing.T, dir string, status int, want []string, args ...string) string {
	t.Helper()
	stdout, stderr, got := wiretape(t, dir, "", args...)
	if got != status {
		t.Fatalf("wiretape %q: status %d, want %d\n%s%s", args, got, status, stdout, stderr)
	}
	for _, w := range want {
		if !strings.Contains(stdout, w) {
			t.Errorf("wiretape %q: want %q in\n%s", args, w, stdout)
		}
	}
	return stdout
}

// serving runs wiretape serve until the returned function is called, which gives
// its status and what it printed.
func serving(t *testing.T, dir string, args ...string) (addr string, end func() (int, string)) {
	t.Helper()
	ready := filepath.Join(dir, "ready")
	os.Remove(ready)
	cmd := exec.Command("wiretape", append([]string{"serve", "-l", "127.0.0.1:0", "--ready-file", ready}, args...)...)
	cmd.Dir = dir
	cmd.Env = terminalEnv(dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { b, err := os.ReadFile(ready); addr = strings.TrimSpace(string(b)); return err == nil }) {
		cmd.Process.Kill()
		cmd.Wait()
		t.Fatalf("wiretape serve %q did not come up: %s", args, out.String())
	}
	kill := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	return addr, func() (int, string) {
		cmd.Wait()
		kill.Stop()
		return cmd.ProcessState.ExitCode(), out.String()
	}
}

func TestNginx(t *testing.T) {
	b := realServers(t, "nginx")
	ca := filepath.Join(b, "ca.pem")
	dir := t.TempDir()

	t.Run("ALPN is chosen by the list", func(t *testing.T) {
		wants(t, dir, 0, []string{"* alpn h2 (offered h2, http/1.1)"},
			"--cacert", ca, "--alpn", "h2,http/1.1", "-c", ".alpn", "tls", "localhost", "28443")
		wants(t, dir, 0, []string{"* alpn http/1.1 (offered http/1.1)"},
			"--cacert", ca, "--alpn", "http/1.1", "-c", ".alpn", "tls", "localhost", "28443")
	})
	t.Run("cookies have verdicts, in the clear and over TLS", func(t *testing.T) {
		for _, target := range []string{"http://localhost:28080", "https://localhost:28443"} {
			wants(t, dir, 0, []string{
				"Set-Cookie: sid=abc; Path=/; HttpOnly", "Set-Cookie: t=1; Max-Age=60",
				"* cookie sid=abc stored: for localhost alone, path /, until the session ends, HttpOnly",
				"* cookie t=1 stored: for localhost alone, path /, until ",
				"ended by Content-Length; connection open",
			}, "--cacert", ca, "-c", "GET /cookie HTTP/1.1", "-c", "Host: localhost", "-c", "", target)
		}
	})
	t.Run("auto", func(t *testing.T) {
		got := wants(t, dir, 0, nil, "auto", "--classic", "--cacert", ca, "https://localhost:28443/cookie")
		want := `website: localhost
1. Supports http2: yes
2. List of Cookies:
cookie name: sid
cookie name: t
3. Password-protected: no
`
		if got != want {
			t.Errorf("auto --classic /cookie:\n%swant\n%s", got, want)
		}
		wants(t, dir, 0, []string{"3. Password-protected: yes\n"}, "auto", "--classic", "--cacert", ca, "https://localhost:28443/private")
		wants(t, dir, 0, []string{`"challenges":[{"scheme":"Basic","realm":"realm `}, "auto", "--json", "--cacert", ca, "https://localhost:28443/private")
		wants(t, dir, 0, []string{"1. Supports http2: no\n"}, "auto", "--classic", "http://localhost:28080/redir")
		wants(t, dir, 5, []string{"loop"}, "auto", "http://localhost:28080/loop")
	})

	script := "GET /cookie HTTP/1.1\nHost: localhost\n\nGET /index.html HTTP/1.1\nHost: localhost\n\nGET /private HTTP/1.1\nHost: localhost\nConnection: close\n\n"
	if err := os.WriteFile(filepath.Join(dir, "script"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, dir, 0, []string{"#3 401"}, "--cacert", ca, "--tape", "nginx.tape", "-f", "script", "https://localhost:28443")
	t.Run("the tape replays against the server it came from", func(t *testing.T) {
		wants(t, dir, 0, []string{"nginx.tape: 0 differences; connections 1 of 1, sent 3 of 3, received 3 of 3"},
			"replay", "nginx.tape", "--to", "tls://localhost:28443", "--cacert", ca)
	})
	t.Run("the served tape satisfies real clients", func(t *testing.T) {
		curl := needTool(t, "curl", "curl")
		addr, end := serving(t, dir, "nginx.tape", "--ca-out", "ca-serve.pem")
		_, port, _ := net.SplitHostPort(addr)
		base := "https://localhost:" + port
		got := output(t, "", curl, "-sS", "--http1.1", "--cacert", filepath.Join(dir, "ca-serve.pem"), "-w", "%{http_code}\n",
			base+"/cookie", base+"/index.html", base+"/private")
		for _, want := range []string{"cookie\n200\n", "hello nginx\n200\n", "401\n"} {
			if !strings.Contains(got, want) {
				t.Errorf("curl got %q, want %q in it", got, want)
			}
		}
		if status, out := end(); status != 0 {
			t.Errorf("serve ended with %d:\n%s", status, out)
		}

		python := needTool(t, "python3", "python3")
		addr, end = serving(t, dir, "nginx.tape", "--ca-out", "ca-serve.pem")
		_, port, _ = net.SplitHostPort(addr)
		got = output(t, `
import http.client, ssl, sys
c = http.client.HTTPSConnection("localhost", int(sys.argv[1]), context=ssl.create_default_context(cafile=sys.argv[2]))
for path in "/cookie", "/index.html", "/private":
    c.request("GET", path)
    r = c.getresponse()
    print(r.status, r.getheader("Set-Cookie"), r.read()[:6])
`, python, "-", port, filepath.Join(dir, "ca-serve.pem"))
		if !regexp.MustCompile(`(?s)^200 sid=.*200 None b'hello '.*401 None`).MatchString(got) {
			t.Errorf("http.client got %q", got)
		}
		if status, out := end(); status != 0 {
			t.Errorf("serve ended with %d:\n%s", status, out)
		}
	})
	t.Run("a header that changed is one mismatch", func(t *testing.T) {
		conf := filepath.Join(b, "nginx", "nginx.conf")
		text, err := os.ReadFile(conf)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.Replace(text, []byte("default_type text/plain;"), []byte("default_type text/css;"), 1)
		if err := os.WriteFile(conf, text, 0o644); err != nil {
			t.Fatal(err)
		}
		output(t, "", "bash", "-c", `PATH=$PATH:/usr/sbin; kill -HUP "$(cat "$0/nginx/pid")"`, b)
		tape := wants(t, dir, 0, nil, "fmt", "--commit", "nginx.tape")
		if err := os.WriteFile(filepath.Join(dir, "commit.tape"), []byte(tape), 0o600); err != nil {
			t.Fatal(err)
		}
		var out string
		if !eventually(func() bool { // the reload takes a moment
			var status int
			out, _, status = wiretape(t, dir, "", "replay", "commit.tape", "--to", "tls://localhost:28443", "--cacert", ca)
			return status == 1
		}) {
			t.Fatalf("no difference was found:\n%s", out)
		}
		want := regexp.MustCompile(`(?m)^commit\.tape:\d+: #1 response Content-Type: want text/plain, got text/css$`)
		if !want.MatchString(out) || !strings.Contains(out, "commit.tape: 1 difference;") {
			t.Errorf("replay printed\n%s\nwant one line %v", out, want)
		}
	})
}

func TestExim(t *testing.T) {
	b := realServers(t, "exim")
	dir := t.TempDir()
	wants(t, dir, 0, []string{
		"< 220 localhost ESMTP Exim", "< 250-localhost Hello", "< 354 Enter message", "< 250 OK id=", "< 221 localhost closing connection",
	}, "--tape", "mail.tape", "-c", "EHLO me", "-c", "MAIL FROM:<a@example.org>", "-c", "RCPT TO:<b@example.org>", "-c", "DATA",
		"-c", "Subject: one", "-c", "", "-c", "..a line with a dot", "-c", ".", "-c", "QUIT", "smtp://127.0.0.1:28025")
	wants(t, dir, 0, []string{`"kind":"reply"`, `"code":354`}, "show", "--json", "mail.tape")
	wants(t, dir, 0, []string{"TLS go ahead", "* tls 1.3", "<~ 250-localhost Hello"},
		"--cacert", filepath.Join(b, "ca.pem"), "--servername", "localhost",
		"-c", "EHLO me", "-c", "STARTTLS", "-c", ".starttls", "-c", "EHLO me", "-c", "QUIT", "smtp://127.0.0.1:28025")

	addr, end := serving(t, dir, "mail.tape")
	stdout, stderr, status := wiretape(t, dir, "", "replay", "mail.tape", "--to", addr)
	if status != 0 {
		t.Errorf("replay of the served tape: status %d\n%s%s", status, stdout, stderr)
	}
	if status, out := end(); status != 0 {
		t.Errorf("serve ended with %d:\n%s", status, out)
	}
}

func TestRedis(t *testing.T) {
	realServers(t, "redis")
	dir := t.TempDir()
	stdout, stderr, status := wiretape(t, dir, "SET k v\r\nGET k\r\nQUIT\r\n", "--tape", "redis.tape", "127.0.0.1", "28379")
	if status != 0 || stdout != "+OK\r\n$1\r\nv\r\n+OK\r\n" {
		t.Errorf("pipe: status %d, %q, %s", status, stdout, stderr)
	}
	wants(t, dir, 0, []string{"0 differences"}, "replay", "redis.tape", "--to", "127.0.0.1:28379")
}

func TestPythonHTTPServer(t *testing.T) {
	python := needTool(t, "python3", "python3")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte("hello from python\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0")
	cmd.Dir = dir
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	line := make([]byte, 256)
	n, err := pipe.Read(line)
	m := regexp.MustCompile(`port (\d+)`).FindSubmatch(line[:n])
	if err != nil || m == nil {
		t.Fatalf("http.server said %q, %v", line[:n], err)
	}
	port := string(m[1])
	// HTTP/1.0 without a Content-Length would end with the connection; this one
	// has both.
	stdout, stderr, status := wiretape(t, dir, "GET /index.html HTTP/1.0\r\n\r\n", "127.0.0.1", port)
	if status != 0 || !strings.HasSuffix(stdout, "\r\n\r\nhello from python\n") {
		t.Errorf("pipe: status %d, %q, %s", status, stdout, stderr)
	}
	wants(t, dir, 0, []string{"1. Supports http2: no\n", "3. Password-protected: no\n"}, "auto", "--classic", "http://127.0.0.1:"+port+"/")
}

// Every way in which a server's TLS can be odd has its status and its words.
func TestTLSBehaviours(t *testing.T) {
	dir := tlsServers(t)
	ca := filepath.Join(dir, "ca.pem")
	tests := []struct {
		port, name string
		status     int
		stderr     string // a pattern of the first line
	}{
		{"29000", "good", 0, ""},
		{"29001", "fullchain", 0, ""},
		{"29002", "expired", 4, "certificate expired on 2020-02-01"},
		{"29003", "not-yet-valid", 4, "not valid before 2039-01-01"},
		{"29004", "wrong-host", 4, "certificate is for other.example"},
		{"29005", "no-san", 4, "no subject alternative name"},
		{"29006", "self-signed", 4, "certificate is self-signed"},
		{"29007", "untrusted-ca", 4, `unknown authority "evil"`},
		{"29008", "missing-inter", 4, `unknown authority "inter", whose certificate was not sent`},
		{"29009", "tls1.0-only", 4, `alert protocol_version \(70\)`},
		{"29010", "tls1.1-only", 4, `alert protocol_version \(70\)`},
		{"29011", "tls1.2-only", 0, ""},
		{"29012", "tls1.3-only", 0, ""},
		{"29013", "alpn-http1.1", 0, ""},
		{"29014", "alpn-odd", 0, ""},
		{"29015", "client-cert", 4, "the server ended TLS with alert certificate_required \\(116\\)"},
		{"29016", "no-notify-cl", 0, ""},
		{"29017", "no-notify-eof", 5, "truncated"},
		{"29018", "notify-eof", 0, ""},
		{"29019", "rst-mid-body", 5, "before the reply was complete"},
		{"29020", "plaintext", 4, `first bytes are not TLS: "HTTP/1.1 400 Bad`},
		{"29021", "silent", 6, "timed out"},
		{"29022", "close-at-hello", 4, "reset by peer|closed the connection in the middle of the handshake"}, // as it happens
		{"29023", "garbage", 4, "oversized record received .* alert record_overflow"},
		{"29024", "fatal-alert", 4, `alert handshake_failure \(40\)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, stderr, status := wiretape(t, dir, get, "-w", "2", "--cacert", ca, "tls", "localhost", tt.port)
			if status != tt.status || !regexp.MustCompile(tt.stderr).MatchString(stderr) {
				t.Errorf("port %s: status %d, %q; want %d with %q", tt.port, status, stderr, tt.status, tt.stderr)
			}
		})
	}
	t.Run("a client certificate when asked for", func(t *testing.T) {
		_, stderr, status := wiretape(t, dir, get, "-w", "2", "--cacert", ca, "--cert", filepath.Join(dir, "client.pem"), "--key", filepath.Join(dir, "client.key"), "tls", "localhost", "29015")
		if status != 0 {
			t.Errorf("status %d, %s", status, stderr)
		}
	})
	t.Run("old versions when asked for", func(t *testing.T) {
		_, stderr, status := wiretape(t, dir, get, "-w", "2", "--tls-min", "1.0", "--cacert", ca, "tls", "localhost", "29009")
		if status != 0 {
			t.Errorf("status %d, %s", status, stderr)
		}
	})
}
