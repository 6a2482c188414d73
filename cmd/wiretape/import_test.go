package main

import (
	"bytes"
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/session/demo"
	"wiretape/tape/pcapng"
	"wiretape/wire"
)

// captured relays one connection to a server, and returns the capture of it once
// both have hung up.
func captured(t *testing.T, server string) (addr string, file func() []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var (
		mu   sync.Mutex
		out  bytes.Buffer
		both sync.WaitGroup
	)
	w := pcapng.NewWriter(&out, "wiretape 1.0", time.Now())
	tap := func(e wire.Event) {
		mu.Lock()
		defer mu.Unlock()
		e.Conn = 1
		w.Event(e)
	}
	copied := func(dst, src net.Conn, dir wire.Dir) {
		buf := make([]byte, 4096)
		for {
			n, err := src.Read(buf)
			if n > 0 {
				tap(wire.Event{Kind: wire.KindData, Dir: dir, Data: buf[:n]})
				dst.Write(buf[:n])
			}
			if err != nil {
				break
			}
		}
		tap(wire.Event{Kind: wire.KindEOF, Dir: dir})
		dst.(*net.TCPConn).CloseWrite()
	}
	both.Go(func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		conn, err := net.Dial("tcp", server)
		if err != nil {
			return
		}
		defer conn.Close()
		tap(wire.Event{Kind: wire.KindOpen, Facts: &wire.Facts{Network: "tcp", Role: wire.Dialed, Target: server, Remote: server}})
		both.Go(func() { copied(conn, client, wire.ClientToServer) })
		copied(client, conn, wire.ServerToClient)
	})
	return l.Addr().String(), func() []byte {
		both.Wait()
		if _, _, err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
}

// A capture of curl is read with what curl wrote of its keys, from a file of its own
// or out of the capture; and its secrets are masked, as in a recording.
func TestImportReadsTLS(t *testing.T) {
	curl := needTool(t, "curl", "curl")
	s, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for _, flags := range []string{"--http2", "--http1.1 --tls-max 1.2"} {
		dir := t.TempDir()
		addr, file := captured(t, s.HTTPS)
		cmd := exec.Command(curl, append(strings.Fields(flags), "-sSk", "--max-time", "10", "-H", "Authorization: Bearer correct-horse-battery", "-d", "hello", "https://"+addr+"/echo")...)
		cmd.Env = append(os.Environ(), "SSLKEYLOGFILE="+filepath.Join(dir, "keys"))
		if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "hello") {
			t.Fatalf("curl %s: %v\n%s", flags, err, out)
		}
		capture := file()
		write := func(name string, b []byte) {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := os.ReadFile(filepath.Join(dir, "keys"))
		if err != nil {
			t.Fatal(err)
		}
		write("a.pcapng", capture)
		write("b.pcapng", withSecrets(capture, keys))
		says(t, dir, 0, []string{"there are no keys", "--keylog FILE"}, "import", "pcapng", "a.pcapng", "-o", "none.tape")
		wants(t, dir, 0, nil, "import", "pcapng", "a.pcapng", "--keylog", "keys", "-o", "a.tape")
		wants(t, dir, 0, nil, "import", "pcapng", "b.pcapng", "-o", "b.tape")
		wants(t, dir, 0, []string{"* tls 1.", "POST", "/echo", "hello"}, "show", "a.tape")
		a, err := os.ReadFile(filepath.Join(dir, "a.tape"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "b.tape"))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s: the tape with the keys in the capture is another, %v", flags, err)
		}
		if bytes.Contains(a, []byte("correct-horse")) {
			t.Errorf("%s: the secret stands in the tape:\n%s", flags, a)
		}
		wants(t, dir, 0, nil, "lint", "a.tape")
		write("bad", []byte("CLIENT_RANDOM abc\n"))
		says(t, dir, 2, []string{"key log bad: line 1: 2 words"}, "import", "pcapng", "a.pcapng", "--keylog", "bad")
	}
	says(t, t.TempDir(), 2, []string{"--keylog is for a capture"}, "import", "har", "x.har", "--keylog", "keys")
}

// What is imported is redacted as what is recorded is.
func TestImportsRedact(t *testing.T) {
	s, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	const secret = "correct-horse-battery"
	dir := t.TempDir()
	request := "POST /echo?token=" + secret + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + secret + "\r\nCookie: sid=" + secret +
		"\r\nContent-Type: application/json\r\nContent-Length: 36\r\nConnection: close\r\n\r\n{\"password\":\"" + secret + "\"}"
	if out, said, status := wiretape(t, dir, request, "--no-redact", "--tape", "a.tape", s.HTTP); status != 0 || !strings.Contains(out, secret) {
		t.Fatalf("recorded with status %d\n%s%s", status, out, said)
	}
	for _, format := range []string{"har", "pcapng"} {
		wants(t, dir, 0, nil, "export", format, "a.tape", "-o", "a."+format)
		for flag, want := range map[string]bool{"--force": false, "--no-redact": true} {
			wants(t, dir, 0, nil, "import", format, "a."+format, "-o", flag+format+".tape", flag)
			b, err := os.ReadFile(filepath.Join(dir, flag+format+".tape"))
			if got := bytes.Contains(b, []byte(secret)); got != want || err != nil || !bytes.Contains(b, []byte("POST /echo")) {
				t.Errorf("import %s %s: the secret stands in the tape: %v, want %v; %v", format, flag, got, want, err)
			}
		}
	}
}

// says runs the program, and wants parts of what stands on stderr.
func says(t *testing.T, dir string, status int, parts []string, args ...string) {
	t.Helper()
	_, stderr, got := wiretape(t, dir, "", args...)
	for _, part := range parts {
		if got != status || !strings.Contains(stderr, part) {
			t.Errorf("%q: status %d, want %d and %q in\n%s", args, got, status, part, stderr)
		}
	}
}

// withSecrets returns a capture of pcapng with the keys in it, behind the header of
// its section.
func withSecrets(capture, keys []byte) []byte {
	le := binary.LittleEndian
	head := le.Uint32(capture[4:])
	size := len(keys)
	body := append(le.AppendUint32(le.AppendUint32(nil, 0x544c534b), uint32(size)), keys...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	block := le.AppendUint32(le.AppendUint32(nil, 10), uint32(len(body)+12))
	block = le.AppendUint32(append(block, body...), uint32(len(body)+12))
	return append(append(bytes.Clone(capture[:head]), block...), capture[head:]...)
}
