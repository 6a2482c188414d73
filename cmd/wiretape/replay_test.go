package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// tapeOf writes a tape of one exchange and returns its name.
func tapeOf(t *testing.T, dir, name, path string) string {
	t.Helper()
	tape := "wiretape 1\n= open tcp localhost:80\n> GET " + path + " HTTP/1.1\\r\\n\n> Host: localhost\\r\\n\n> \\r\\n\n" +
		"< HTTP/1.1 200 OK\\r\\n\n< Content-Length: 1\\r\\n\n< \\r\\n\n< a\n= close\n; end\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(tape), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestServeSeveralTapesAndSayWhoReachesThem(t *testing.T) {
	dir := t.TempDir()
	one, two := tapeOf(t, dir, "one.tape", "/1"), tapeOf(t, dir, "two.tape", "/2")
	for listen, want := range map[string]string{
		"127.0.0.1:0": " (this machine only); ^C stops\n",
		"0.0.0.0:0":   "; ^C stops\n! reachable from other machines\n",
	} {
		addr, end := serving(t, dir, one, two, "-l", listen)
		_, port, _ := net.SplitHostPort(addr)
		// The tapes follow one another: what is asked for in order is played.
		for _, tape := range []string{one, two} {
			wants(t, dir, 0, []string{tape + ": 0 differences"}, "replay", tape, "--to", "127.0.0.1:"+port)
		}
		if status, out := end(); status != 0 || !strings.Contains(out, "* serving one.tape, two.tape on ") || !strings.Contains(out, want) {
			t.Errorf("serve ended with %d:\n%s\nwant in it %q", status, out, want)
		}
	}
}

func TestServeThatCannotBeReadyEndsItsTape(t *testing.T) {
	dir := t.TempDir()
	one := tapeOf(t, dir, "one.tape", "/1")
	wants(t, dir, 2, nil, "serve", one, "--save", "saved.tape", "--ready-file", "nowhere/ready")
	b, err := os.ReadFile(filepath.Join(dir, "saved.tape"))
	if err != nil || !strings.HasSuffix(string(b), "; end\n") {
		t.Errorf("the tape of --save: %q, %v", b, err)
	}
}

func TestReplayStepByStep(t *testing.T) {
	dir := t.TempDir()
	one, two := tapeOf(t, dir, "one.tape", "/1"), tapeOf(t, dir, "two.tape", "/2")
	a, _ := os.ReadFile(filepath.Join(dir, one))
	b, _ := os.ReadFile(filepath.Join(dir, two))
	_, more, _ := strings.Cut(string(b), "localhost:80\n")
	both := strings.TrimSuffix(string(a), "= close\n; end\n") + more
	if err := os.WriteFile(filepath.Join(dir, "both.tape"), []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		stdin  string
		status int
		stdout string
		stderr string
	}{
		// Both lines come in one read: neither is lost.
		{"\n\n", 0, "both.tape: 0 differences; connections 1 of 1, sent 2 of 2, received 2 of 2\n", "Enter sends line 3"},
		{"\n", 2, "both.tape: 0 differences; connections 1 of 1, sent 1 of 2, received 1 of 2\n", "wiretape: step: end of input\n"},
	} {
		addr, end := serving(t, dir, "--once", "--match", one, two)
		stdout, stderr, status := wiretape(t, dir, test.stdin, "replay", "both.tape", "--to", addr, "--pace", "step")
		if status != test.status || stdout != test.stdout || !strings.Contains(stderr, test.stderr) {
			t.Errorf("stdin %q: status %d\n%s%s", test.stdin, status, stdout, stderr)
		}
		end()
	}
}

func TestInterruptedReplayReports(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	dir := t.TempDir()
	var stdout, stderr strings.Builder
	cmd := exec.Command("wiretape", "replay", tapeOf(t, dir, "one.tape", "/1"), "--to", ln.Addr().String())
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, terminalEnv(dir), &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer kill.Stop()
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Read(make([]byte, 1)) // it was sent, and will not be answered
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	want := "one.tape: 0 differences; connections 1 of 1, sent 1 of 1, received 0 of 1\n"
	if status := cmd.ProcessState.ExitCode(); status != 130 || stdout.String() != want {
		t.Errorf("status %d\n%s%s", status, stdout.String(), stderr.String())
	}
}
