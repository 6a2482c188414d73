package main

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

// Whoever chooses what a peer is read as gets that reading, in a script and in a
// pipe, which ends with the reply.
func TestAsChoosesTheReading(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.WriteString(c, "220 ready\n") // who is read as FTP is waited for
				r := bufio.NewReader(c)
				for {
					if _, err := r.ReadString('\n'); err != nil {
						return
					}
					io.WriteString(c, "250-one\n251 more\n250 done\n")
				}
			}()
		}
	}()
	host, port, _ := net.SplitHostPort(l.Addr().String())
	dir := t.TempDir()
	out := wants(t, dir, 0, []string{"< 251 more\n", "* read as ftp: chosen: ftp\n"}, "--as", "ftp", "-c", "STAT", "-c", ".as", host, port)
	if strings.Contains(out, "code 251") {
		t.Errorf("a line within a reply of FTP is free:\n%s", out)
	}
	stdout, stderr, status := wiretape(t, dir, "STAT\r\n", "--as", "ftp", host, port)
	if status != 0 || stdout != "220 ready\n250-one\n251 more\n250 done\n" {
		t.Errorf("the pipe ended with %d, %q, %s", status, stdout, stderr)
	}
	if _, stderr, status := wiretape(t, dir, "", "--as", "gopher", host, port); status != 2 || !strings.Contains(stderr, `--as "gopher": want one of http/1.1, `) {
		t.Errorf("an unknown protocol: status %d, %s", status, stderr)
	}
}
