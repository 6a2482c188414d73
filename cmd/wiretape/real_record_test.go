package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What a real client and a real server say through the proxy is a tape that
// passes against that server and satisfies that client.
func TestRealClientsThroughTheProxy(t *testing.T) {
	b := realServers(t, "nginx", "redis", "exim")
	ca := filepath.Join(b, "ca.pem")
	dir := t.TempDir()

	t.Run("curl and nginx, TLS on both sides", func(t *testing.T) {
		curl := needTool(t, "curl", "curl")
		addr, end := recordingProxy(t, dir, "--to", "https://localhost:28443", "--cacert", ca, "--tls", "--ca-out", "run.pem", "curl.tape")
		visit := func(addr, ca string) string {
			return output(t, "", curl, "-sS", "--cacert", ca, "-w", "%{http_code} %{http_version}\n", "https://"+addr+"/cookie", "https://"+addr+"/private")
		}
		want := visit("localhost:28443", ca)
		want = strings.ReplaceAll(want, " 2\n", " 1.1\n") // https:// offers http/1.1 alone
		if got := visit(addr, filepath.Join(dir, "run.pem")); got != want {
			t.Errorf("through the proxy %q, want %q", got, want)
		}
		if status, said := end(); status != 0 {
			t.Fatalf("status %d\n%s", status, said)
		}
		wants(t, dir, 0, []string{"0 differences"}, "replay", "curl.tape", "--to", "https://localhost:28443", "--cacert", ca)
		served, done := serving(t, dir, "--once", "--ca-out", "served.pem", "curl.tape")
		if got := visit(served, filepath.Join(dir, "served.pem")); got != want {
			t.Errorf("of the tape, served: %q, want %q", got, want)
		}
		if status, out := done(); status != 0 {
			t.Errorf("serve: status %d\n%s", status, out)
		}
	})
	t.Run("redis-cli and redis", func(t *testing.T) {
		cli := needTool(t, "redis-cli", "redis-tools")
		addr, end := recordingProxy(t, dir, "--to", "redis://127.0.0.1:28379", "redis.tape")
		_, port, _ := strings.Cut(addr, ":")
		ask := func(port string) string {
			return output(t, "SET k v\nGET k\nINCR k\n", cli, "-p", port)
		}
		want := ask("28379")
		if got := ask(port); got != want {
			t.Errorf("through the proxy %q, want %q", got, want)
		}
		if status, said := end(); status != 0 {
			t.Fatalf("status %d\n%s", status, said)
		}
		wants(t, dir, 0, []string{"0 differences"}, "replay", "redis.tape", "--to", "redis://127.0.0.1:28379")
		served, done := serving(t, dir, "--once", "redis.tape")
		_, port, _ = strings.Cut(served, ":")
		if got := ask(port); got != want {
			t.Errorf("of the tape, served: %q, want %q", got, want)
		}
		if status, out := done(); status != 0 {
			t.Errorf("serve: status %d\n%s", status, out)
		}
	})
	t.Run("smtplib and exim, with STARTTLS", func(t *testing.T) {
		python := needTool(t, "python3", "python3")
		addr, end := recordingProxy(t, dir, "--to", "smtp://127.0.0.1:28025", "--insecure", "smtp.tape")
		host, port, _ := strings.Cut(addr, ":")
		script := `
import smtplib, ssl, sys
s = smtplib.SMTP(sys.argv[1], int(sys.argv[2]), local_hostname="me.example", timeout=10)
s.ehlo(); c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
print(s.starttls(context=c)[0]); print(s.ehlo()[0], s.noop()[0], s.quit()[0])
`
		if got := output(t, "", python, "-c", script, host, port); got != "220\n250 250 221\n" {
			t.Errorf("through the proxy: %q", got)
		}
		if status, said := end(); status != 0 {
			t.Fatalf("status %d\n%s", status, said)
		}
		text, err := os.ReadFile(filepath.Join(dir, "smtp.tape"))
		if err != nil || !strings.Contains(string(text), "= tls 1.3") || !strings.Contains(string(text), "> noop\\r\\n\n") {
			t.Errorf("the tape has not what was said over TLS: %v\n%s", err, text)
		}
		wants(t, dir, 0, []string{"0 differences"}, "replay", "smtp.tape", "--to", "smtp://127.0.0.1:28025", "--insecure")
	})
}
