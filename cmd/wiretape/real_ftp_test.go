package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeFile(dir, name, text string) error {
	return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600)
}

func TestVsftpd(t *testing.T) {
	b := realServers(t, "vsftpd")
	dir := t.TempDir()
	const target = "ftp://127.0.0.1:28021"
	login := []string{"-c", "USER anonymous", "-c", "PASS me@example.org"}

	out := wants(t, dir, 0, []string{
		"< 220 itest FTP\n", "* FEAT:\n", "*   REST  STREAM\n", "< 227 Entering Passive Mode (127,0,0,1,", "hello.txt\n", "< 150 ", "< 226 ",
		"< 229 Entering Extended Passive Mode (|||", "< hello ftp\n", "< 221 Goodbye.\n",
	}, append(append([]string{"--tape", "ftp.tape"}, login...), "-c", "FEAT", "-c", ".caps", "-c", "CWD pub", "-c", "PASV", "-c", ".data", "-c", "LIST",
		"-c", "EPSV", "-c", ".data", "-c", "RETR hello.txt", "-c", "QUIT", target)...)
	if strings.Contains(out, "!") {
		t.Errorf("a warning:\n%s", out)
	}
	wants(t, dir, 0, []string{`"conn":2`, `"conn":3`, `"code":226`}, "show", "--json", "ftp.tape")
	if got := wants(t, dir, 0, nil, "show", "--raw", "server", "--conn", "3", "ftp.tape"); got != "hello ftp\n" {
		t.Errorf("the third connection of the tape has %q", got)
	}

	t.Run("into a file", func(t *testing.T) {
		wants(t, dir, 0, []string{"* saved hello.txt: 10 B\n"}, append(login, "-c", "EPSV", "-c", ".data save hello.txt", "-c", "RETR pub/hello.txt", "-c", "QUIT", target)...)
		if got, err := os.ReadFile(filepath.Join(dir, "hello.txt")); err != nil || string(got) != "hello ftp\n" {
			t.Errorf("hello.txt = %q, %v", got, err)
		}
	})
	t.Run("a refusal", func(t *testing.T) {
		wants(t, dir, 0, []string{"<! 550 "}, append(login, "-c", "EPSV", "-c", ".data", "-c", "RETR nothing", "-c", "QUIT", target)...)
	})
	t.Run("secured, and its data too", func(t *testing.T) {
		out := wants(t, dir, 0, []string{"< 234 ", "<~ 230 ", "<~ 200 PROT now Private.\n", "hello.txt\n"},
			append([]string{"--cacert", filepath.Join(b, "ftp", "cert.pem"), "-c", "AUTH TLS", "-c", ".starttls"},
				append(login, "-c", "PBSZ 0", "-c", "PROT P", "-c", "PASV", "-c", ".data", "-c", "LIST pub", "-c", "QUIT", target)...)...)
		if n := strings.Count(out, "* tls 1."); n != 2 {
			t.Errorf("%d handshakes, want 2:\n%s", n, out)
		}
	})
}
