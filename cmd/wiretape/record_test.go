package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wiretape/session/demo"
)

// recording runs wiretape record to a tape until the returned function is
// called, which interrupts it and gives its status and what it said.
func recordingProxy(t *testing.T, dir string, args ...string) (addr string, end func() (int, string)) {
	t.Helper()
	ready := filepath.Join(dir, "record-ready")
	os.Remove(ready)
	cmd := exec.Command("wiretape", append([]string{"record", "-l", "127.0.0.1:0", "--ready-file", ready}, args...)...)
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
		t.Fatalf("wiretape record %q did not come up: %s", args, out.String())
	}
	kill := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	return addr, func() (int, string) {
		t.Helper()
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		kill.Stop()
		return cmd.ProcessState.ExitCode(), out.String()
	}
}

func TestRecordedSiteReplaysInBothRoles(t *testing.T) {
	site, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	dir := t.TempDir()
	visit := func(base string) (got string) {
		jar, _ := cookiejar.New(nil)
		c := http.Client{Jar: jar, Timeout: 10 * time.Second, Transport: &http.Transport{MaxConnsPerHost: 1}}
		defer c.CloseIdleConnections()
		for _, path := range []string{"/", "/login", "/private"} {
			resp, err := c.Get(base + path)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			got += fmt.Sprintf("%s %d %d\n", path, resp.StatusCode, len(b))
		}
		return got
	}
	want := visit("http://" + site.HTTP)

	addr, end := recordingProxy(t, dir, "--to", "http://"+site.HTTP, "site.tape")
	if got := visit("http://" + addr); got != want {
		t.Errorf("through the proxy:\n%swant\n%s", got, want)
	}
	status, said := end()
	if status != 0 {
		t.Errorf("status %d of an interrupted recording, want 0: its tape is finished", status)
	}
	for _, re := range []string{
		`^\* http://127\.0\.0\.1:\d+ -> localhost:\d+ \(this machine only\); \^C finishes the tape\n`,
		`(?m)^#1 GET / \d{3} [\d.]+ (µs|ms|s)$`, `(?m)^#3 GET /\S+ \d{3} [\d.]+ (µs|ms|s)$`,
		`(?m)^site\.tape: \d exchanges, \d+ lines, commit form`,
		`\nnext: wiretape test \. --serve './app -p \{PORT\}'\n$`,
	} {
		if !regexp.MustCompile(re).MatchString(said) {
			t.Errorf("no %s in\n%s", re, said)
		}
	}
	if st, err := os.Stat(filepath.Join(dir, "site.tape")); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the tape: %v, %v; want 0600", st, err)
	}
	wants(t, dir, 0, []string{"0 differences"}, "replay", "site.tape", "--to", "http://"+site.HTTP)
	served, done := serving(t, dir, "--once", "site.tape")
	if got := visit("http://" + served); got != want {
		t.Errorf("of the tape, served:\n%swant\n%s", got, want)
	}
	if status, out := done(); status != 0 {
		t.Errorf("serve: status %d\n%s", status, out)
	}
}

func TestRecordOfAServerThatIsNotThere(t *testing.T) {
	dir := t.TempDir()
	addr, end := recordingProxy(t, dir, "--to", "tcp://127.0.0.1:1", "none.tape")
	if resp, err := http.Get("http://" + addr); err == nil {
		resp.Body.Close()
		t.Error("a client is answered")
	}
	if !eventually(func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "none.tape"))
		return bytes.Contains(b, []byte("= try"))
	}) {
		t.Error("the attempt is not on the tape")
	}
	status, said := end()
	if status != 0 || !strings.Contains(said, "connection refused") {
		t.Errorf("status %d\n%s", status, said)
	}
	wants(t, dir, 0, []string{"refused"}, "show", "none.tape")
}

func TestRecordUsage(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "full.tape"), []byte("wiretape 1\n; end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"record", "x.tape"},
		{"record", "--to", "localhost", "x.tape"},
		{"record", "--to", "http://localhost:1", "-l", "127.0.0.1:0", "full.tape"},
		{"record", "--to", "http://localhost:1"},
	} {
		if _, stderr, status := wiretape(t, dir, "", args...); status != 2 {
			t.Errorf("%q: status %d, want 2\n%s", args, status, stderr)
		}
	}
}
