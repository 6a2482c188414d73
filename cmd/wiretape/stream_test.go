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

	"wiretape/tape"
	"wiretape/wire"
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

// A recorder that is killed at full rate leaves a tape that reads cleanly, with
// a prefix of what was sent, and in it all that had been shown: but for a tail
// that may begin a secret.
func TestKilledRecording(t *testing.T) {
	const tail = 4 << 10 // what is held at most
	port := download(t, 1<<30)
	dir := t.TempDir()
	want := make([]byte, 64<<20)
	(&pattern{}).Read(want)
	for i := range 50 {
		path := filepath.Join(dir, fmt.Sprintf("killed%d.tape", i))
		cmd := exec.Command("wiretape", "--tape", path, "127.0.0.1", port)
		cmd.Env = terminalEnv(dir)
		cmd.Stdin = bytes.NewReader([]byte(get))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stuck := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		least := int64(1 + i*i*4001) // up to 10 MiB, and no multiple of a read
		shown, err := io.CopyN(io.Discard, out, least)
		if err != nil {
			t.Fatalf("killed too early: %d octets of %d: %v", shown, least, err)
		}
		cmd.Process.Signal(syscall.SIGKILL)
		rest, _ := io.Copy(io.Discard, out)
		shown += rest
		cmd.Wait()
		stuck.Stop()

		got := serverBytes(t, path)
		if int64(len(got)) < shown-tail {
			t.Errorf("round %d: %d octets were shown, %d are on the tape", i, shown, len(got))
		}
		_, body, ok := bytes.Cut(got, []byte("\r\n\r\n"))
		if !ok && len(got) > tail || !bytes.HasPrefix(want, body) {
			t.Errorf("round %d: %d octets on the tape, no prefix of what was sent", i, len(body))
		}
		os.Remove(path)
	}
}

// serverBytes returns what the server sent by a tape, which may be cut off.
func serverBytes(t *testing.T, path string) (got []byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for e, err := range tape.NewReader(f, path).Events() {
		if err != nil {
			t.Fatalf("after kill -9: %v", err)
		}
		if e.Kind == wire.KindData && e.Dir == wire.ServerToClient {
			got = append(got, e.Data...)
		}
	}
	return got
}
