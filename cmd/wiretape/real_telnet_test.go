package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTelnetd(t *testing.T) {
	realServers(t, "telnetd")
	needTool(t, "socat", "socat")
	dir := t.TempDir()
	const target = "telnet://127.0.0.1:28023"

	t.Run("its negotiations are answered, and it asks who is there", func(t *testing.T) {
		tape := filepath.Join(dir, "login.tape")
		out := wants(t, dir, 0, []string{
			"« DO TTYPE\n", "» WILL TTYPE\n", "« SB TTYPE SEND\n", "» SB TTYPE IS \"DUMB\"\n",
			"« DO NAWS\n", "» WILL NAWS\n", "» SB NAWS width \"80\", height \"24\"\n",
			"« DO NEW-ENVIRON\n", "» WONT NEW-ENVIRON\n", "« WILL ECHO\n", "» DO ECHO\n", "login: ", "> nobody\n",
			"* telnet on; our options: TTYPE, NAWS; the server's: ECHO, SGA\n", "Password: ",
		}, "--tape", tape, "-c", ".await re login: 10s", "-c", "nobody", "-c", ".await re assword: 10s", "-c", ".telnet", "-c", "hunter22", "-c", ".await bytes 2 10s", target)
		if n := strings.Count(out, "» "); n > 30 {
			t.Errorf("%d rows of ours: a negotiation loops\n%s", n, out)
		}
		wants(t, dir, 0, []string{"« DO TTYPE\n", "» WONT NEW-ENVIRON\n", "> nobody\n", "> passpass\n"}, "show", tape)
		wants(t, dir, 0, []string{`"command":"SB","option":"NAWS","option_number":31,"items":[["width","80"],["height","24"]]`}, "show", "--json", tape)
	})
	t.Run("off, nothing is answered", func(t *testing.T) {
		out := wants(t, dir, 0, []string{"« DO TTYPE\n"}, "-c", ".await bytes 3 5s", "open", "127.0.0.1", "28023")
		if strings.Contains(out, "»") {
			t.Errorf("something was sent:\n%s", out)
		}
	})
}

// TestNegotiationIsThatOfTelnet has telnet and this program answer the same
// requests. Of what both agree to, and of what nobody knows, the answers are the
// same.
func TestNegotiationIsThatOfTelnet(t *testing.T) {
	needTool(t, "telnet", "inetutils-telnet")
	const asked = "\xff\xfd\x18\xff\xfb\x01\xff\xfb\x03\xff\xfd\xc8" // DO TTYPE, WILL ECHO, WILL SGA, DO 200
	answers := func(name string, args func(host, port string) []string) []byte {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		host, port, _ := net.SplitHostPort(l.Addr().String())
		cmd := exec.CommandContext(t.Context(), name, args(host, port)...)
		cmd.Env = terminalEnv(t.TempDir())
		in, err := cmd.StdinPipe() // open, since telnet ends with it
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			in.Close()
			cmd.Process.Kill()
			cmd.Wait()
		}()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		got := make([]byte, len(asked))
		if _, err := io.WriteString(c, asked); err != nil {
			t.Fatal(err)
		}
		if n, err := io.ReadFull(c, got); err != nil {
			t.Fatalf("%s answered %q: %v", name, got[:n], err)
		}
		return got
	}
	theirs := answers("telnet", func(host, port string) []string { return []string{host, port} })
	ours := answers("wiretape", func(host, port string) []string {
		return []string{"-c", ".await close 10s", "telnet://" + host + ":" + port}
	})
	if want := "\xff\xfb\x18\xff\xfd\x01\xff\xfd\x03\xff\xfc\xc8"; string(theirs) != want || string(ours) != want {
		t.Errorf("telnet answers\n  %q, this program\n  %q, want\n  %q", theirs, ours, want)
	}
}

func TestSSHD(t *testing.T) {
	realServers(t, "sshd")
	dir := t.TempDir()
	t.Run("its identification is the greeting", func(t *testing.T) {
		stdout, stderr, status := wiretape(t, dir, "", "ssh://127.0.0.1:28022")
		if status != 0 || !strings.HasPrefix(stdout, "SSH-2.0-OpenSSH_") {
			t.Errorf("status %d, %q, %s", status, stdout, stderr)
		}
	})
	t.Run("its KEXINIT is the reply to an identification", func(t *testing.T) {
		tape := filepath.Join(dir, "ssh.tape")
		wants(t, dir, 0, []string{"< SSH-2.0-OpenSSH_", "> SSH-2.0-wiretape\n", "« KEXINIT\n", "«   kex: ", "«   host key: ssh-ed25519\n", "«   cipher to server: "},
			"--tape", tape, "-c", "SSH-2.0-wiretape", "ssh://127.0.0.1:28022")
		wants(t, dir, 0, []string{`"proto":"ssh"`, `"type":"KEXINIT"`, `"host_key":["ssh-ed25519"]`}, "show", "--json", tape)
	})
	t.Run("a whole key exchange, seen from in between", func(t *testing.T) {
		needTool(t, "ssh", "openssh-client")
		tape := filepath.Join(dir, "exchange.tape")
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		_, port, _ := net.SplitHostPort(addr)
		rec := exec.CommandContext(t.Context(), "wiretape", "record", "-l", addr, "--to", "tcp://127.0.0.1:28022", tape)
		rec.Dir, rec.Env = dir, terminalEnv(dir)
		var said bytes.Buffer
		rec.Stdout, rec.Stderr = &said, &said
		if err := rec.Start(); err != nil {
			t.Fatal(err)
		}
		defer rec.Process.Kill()
		if !eventually(func() bool {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				c.Close()
			}
			return err == nil
		}) {
			t.Fatalf("wiretape record did not come up: %s", said.String())
		}
		// Nobody is let in; the exchange of keys comes before.
		ssh := exec.CommandContext(t.Context(), "ssh", "-F", "none", "-p", port, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
			"-o", "UserKnownHostsFile=/dev/null", "nobody@127.0.0.1", "true")
		ssh.Run()
		rec.Process.Signal(os.Interrupt)
		rec.Wait()
		wants(t, dir, 0, []string{"* both have: kex ", "» key exchange 30, ", "« key exchange 31, ", "« NEWKEYS\n", "» NEWKEYS\n", "» encrypted, ", "« encrypted, "}, "show", tape)
	})
}
