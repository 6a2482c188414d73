package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// pattern is an endless stream in which every octet tells its place.
type pattern struct{ n uint64 }

func (p *pattern) Read(b []byte) (int, error) {
	for i := 0; i+8 <= len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], p.n*0x9e3779b97f4a7c15)
		p.n++
	}
	return len(b) / 8 * 8, nil
}

// download serves size octets of pattern as the body of one HTTP response to
// each connection and returns its port.
func download(t *testing.T, size int64) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.SetDeadline(time.Now().Add(time.Minute))
				c.Read(make([]byte, 4096))
				fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size)
				io.CopyBuffer(struct{ io.Writer }{c}, io.LimitReader(&pattern{}, size), make([]byte, 256<<10))
				c.Read(make([]byte, 1)) // until the client has gone: the connection stays open
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

// A recorder that is killed leaves a tape that reads cleanly, with a prefix of
// what was sent.
func TestKilledRecording(t *testing.T) {
	const size = 1 << 30
	port := download(t, size)
	dir := t.TempDir()
	for i := range 10 {
		tape := filepath.Join(dir, fmt.Sprintf("killed%d.tape", i))
		cmd := exec.Command("wiretape", "--tape", tape, "127.0.0.1", port)
		cmd.Env = terminalEnv(dir)
		cmd.Stdin = bytes.NewReader([]byte(get))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		least := int64(1+i*3) << 20
		if !eventually(func() bool { st, err := os.Stat(tape); return err == nil && st.Size() > least }) {
			t.Fatal("nothing is recorded")
		}
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()

		got, stderr, status := wiretape(t, dir, "", "show", "--raw", "server", tape)
		if status != 0 {
			t.Fatalf("show after kill -9: status %d, %s", status, stderr)
		}
		_, body, ok := bytes.Cut([]byte(got), []byte("\r\n\r\n"))
		want := make([]byte, (len(body)+8)/8*8)
		(&pattern{}).Read(want)
		if !ok || int64(len(body)) < least/2 || !bytes.HasPrefix(want, body) {
			t.Errorf("%d octets on the tape, no prefix of what was sent", len(body))
		}
		os.Remove(tape)
	}
}
