package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// realServers starts the named real servers on loopback (start_nginx, … of
// servers/common.sh) and returns the folder that holds their certificates and
// configuration. They end with the test.
func realServers(t *testing.T, names ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("real servers take a second to start: run without -short")
	}
	script := os.Getenv("WIRETAPE_SERVERS")
	if script == "" {
		script = "../../../shared/servers/common.sh"
	}
	if _, err := os.Stat(script); err != nil {
		t.Skipf("no script that starts real servers at %s: set WIRETAPE_SERVERS to one", script)
	}
	binaries := map[string]string{"nginx": "nginx", "redis": "redis-server", "exim": "exim4", "apache": "apache2", "haproxy": "haproxy", "dovecot": "dovecot", "vsftpd": "vsftpd", "telnetd": "telnetd", "sshd": "sshd", "dnsmasq": "dnsmasq", "lighttpd": "lighttpd", "nghttpx": "nghttpx"}
	packages := map[string]string{"nginx": "nginx", "redis": "redis-server", "exim": "exim4-daemon-light", "apache": "apache2", "haproxy": "haproxy", "dovecot": "dovecot-imapd dovecot-pop3d", "vsftpd": "vsftpd", "telnetd": "inetutils-telnetd", "sshd": "openssh-server", "dnsmasq": "dnsmasq-base", "lighttpd": "lighttpd", "nghttpx": "nghttp2-proxy"}
	path := os.Getenv("PATH") + ":/usr/sbin:/sbin"
	for _, n := range names {
		if !inPath(path, binaries[n]) {
			t.Skipf("%s is not installed: apt-get install %s", binaries[n], packages[n])
		}
	}
	needTool(t, "openssl", "openssl")
	dir, err := os.MkdirTemp("", "servers")
	if err != nil {
		t.Fatal(err)
	}
	script, err = filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bash", "-c", `. "$0" && for s; do start_$s || exit 1; done; echo ready; read -r _; stop_all`, script)
	cmd.Args = append(cmd.Args, names...)
	cmd.Env = append(os.Environ(), "B="+dir, "PATH="+path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
		os.RemoveAll(dir)
	})
	if line, err := bufio.NewReader(stdout).ReadString('\n'); strings.TrimSpace(line) != "ready" {
		t.Fatalf("real servers %q: %q, %v; %s", names, line, err, stderr.String())
	}
	go io.Copy(io.Discard, stdout) // ends with the script
	return dir
}

func inPath(path, name string) bool {
	for _, dir := range filepath.SplitList(path) {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && !st.IsDir() {
			return true
		}
	}
	return false
}

// needTool skips the test where the command is not installed, saying which
// package brings it.
func needTool(t *testing.T, name, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed: apt-get install %s", name, pkg)
	}
	return path
}

// output runs a command that is not ours and returns what it prints.
func output(t *testing.T, stdin, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// tlsServers starts a server for each TLS behaviour on ports 29000 to 29024 and
// returns the folder that holds their authority, ca.pem.
func tlsServers(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("real servers take a second to start: run without -short")
	}
	script := os.Getenv("WIRETAPE_SERVERS")
	if script == "" {
		script = "../../../shared/servers/common.sh"
	}
	script = filepath.Join(filepath.Dir(script), "tls_matrix.sh")
	if _, err := os.Stat(script); err != nil {
		t.Skipf("no script that starts TLS servers at %s: set WIRETAPE_SERVERS to the common.sh beside it", script)
	}
	needTool(t, "python3", "python3")
	needTool(t, "openssl", "openssl")
	script, err := filepath.Abs(script) // it changes its folder
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	output(t, "", "bash", script, dir)
	pid, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("kill", strings.TrimSpace(string(pid))).Run() })
	return dir
}
