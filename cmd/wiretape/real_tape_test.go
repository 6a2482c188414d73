//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// recordingPipe starts a download that is recorded. Its output comes from the
// pipe and what it says on stderr is in said once it has ended.
func recordingPipe(t *testing.T, port, tape string) (cmd *exec.Cmd, out io.Reader, said *bytes.Buffer) {
	t.Helper()
	cmd = exec.Command("wiretape", "--tape", tape, "127.0.0.1", port)
	cmd.Env = terminalEnv(t.TempDir())
	cmd.Stdin = strings.NewReader(get)
	said = new(bytes.Buffer)
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		timer.Stop()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, out, said
}

// While one process records to a tape no other may, even with --force, and the
// tape is that of the first.
func TestTwoWritersOfOneTape(t *testing.T) {
	const size = 32 << 20
	port := download(t, size)
	dir := t.TempDir()
	tape := filepath.Join(dir, "x.tape")
	first, out, said := recordingPipe(t, port, tape)
	if _, err := io.CopyN(io.Discard, out, 1<<20); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"--tape", tape, "127.0.0.1", port},
		{"--force", "--tape", tape, "127.0.0.1", port},
		{"record", "--force", "--to", "127.0.0.1:" + port, tape},
	} {
		stdout, stderr, status := wiretape(t, dir, get, args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, tape+": tape is being written by another process") {
			t.Errorf("wiretape %q: status %d, %d octets out, said %q", args, status, len(stdout), stderr)
		}
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		t.Error(err)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("the first writer: %v, %s", err, said)
	}
	if body := recorded(t, tape); int64(len(body)) != size {
		t.Errorf("the tape of the first has %d octets of %d", len(body), size)
	}
}

// recorded returns the body that a tape has of a download, which is a prefix of
// what was sent.
func recorded(t *testing.T, tape string) []byte {
	t.Helper()
	got, stderr, status := wiretape(t, filepath.Dir(tape), "", "show", "--raw", "server", tape)
	if status != 0 {
		t.Fatalf("show %s: status %d, %s", tape, status, stderr)
	}
	_, body, _ := bytes.Cut([]byte(got), []byte("\r\n\r\n"))
	want := make([]byte, (len(body)+8)/8*8)
	(&pattern{}).Read(want)
	if !bytes.HasPrefix(want, body) {
		t.Fatalf("%d octets on the tape, no prefix of what was sent", len(body))
	}
	return body
}

// A FIFO takes a tape and gives it to whoever reads.
func TestTapeOnAFIFO(t *testing.T) {
	const size = 8 << 20
	port := download(t, size)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip("no FIFOs here:", err)
	}
	cmd, out, said := recordingPipe(t, port, fifo)
	go io.Copy(io.Discard, out)
	body := recorded(t, fifo)
	if int64(len(body)) != size {
		t.Errorf("%d octets came through the FIFO, want %d", len(body), size)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the recorder: %v, %s", err, said)
	}
}

// A reader of the FIFO that goes away ends the recording and not the download,
// which says so and does not end with success.
func TestTapeOnAFIFOWhoseReaderLeaves(t *testing.T) {
	const size = 8 << 20
	port := download(t, size)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip("no FIFOs here:", err)
	}
	cmd, out, said := recordingPipe(t, port, fifo)
	r, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(io.Discard, r, 1<<10); err != nil {
		t.Fatal(err)
	}
	r.Close()
	checkLostRecording(t, cmd, out, said, size, "broken pipe")
}

// checkLostRecording waits for a download of size octets whose recording fails.
func checkLostRecording(t *testing.T, cmd *exec.Cmd, out io.Reader, said *bytes.Buffer, size int64, cause string) {
	t.Helper()
	n, err := io.Copy(io.Discard, out)
	if err != nil || n < size {
		t.Errorf("%d octets of the download came, want %d: %v", n, size, err)
	}
	cmd.Wait()
	if status := cmd.ProcessState.ExitCode(); status != 2 || !strings.Contains(said.String(), cause) {
		t.Errorf("status %d, want 2; said %q, want %q", status, said, cause)
	}
}

// A device that takes nothing is refused before anything is sent.
func TestTapeOnAFullDevice(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	stdout, stderr, status := wiretape(t, t.TempDir(), get, "--tape", "/dev/full", "127.0.0.1", download(t, 1<<10))
	if status != 2 || stdout != "" || !strings.Contains(stderr, "no space left on device") {
		t.Errorf("status %d, %d octets out, said %q", status, len(stdout), stderr)
	}
}

// sparseTape makes a tape of a download of size octets, a multiple of a GiB, that
// takes no room on a disk.
func sparseTape(t *testing.T, size int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.tape")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	put := func(format string, args ...any) {
		if _, err := fmt.Fprintf(f, format, args...); err != nil {
			t.Fatal(err)
		}
	}
	put("wiretape 1\n; profile capture\n~ 0s\n= open tcp 127.0.0.1:80\n~ 0s\n")
	put("> GET / HTTP/1.1\\r\\n\n> Host: a\\r\\n\n> \\r\\n\n~ 0s\n")
	put("< HTTP/1.1 200 OK\\r\\n\n< Content-Length: %d\\r\\n\n< \\r\\n\n", size)
	const block = 64 << 20
	for range size / block {
		put("~ 0s\n<@ %d\n", block)
		if _, err := f.Seek(block, io.SeekCurrent); err != nil {
			t.Fatal(err)
		}
		put("\n")
	}
	put("~ 0s\n= close\n; end\n")
	return path
}

// A tape of a GiB is shown and formatted in a memory that does not depend on its
// size.
func TestLargeTapeInConstantMemory(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 256 << 20
	}
	tape, shorter := sparseTape(t, size), sparseTape(t, 128<<20)
	for _, tt := range []struct {
		args  []string
		least int64 // octets of output
		kib   int
	}{
		{[]string{"show", tape}, 1 << 10, 32 << 10},
		{[]string{"show", "--json", tape}, 1 << 10, 32 << 10},
		{[]string{"show", "--raw", "server", tape}, size, 32 << 10},
		{[]string{"fmt", tape}, size, 32 << 10},
		{[]string{"fmt", "--fix-lengths", "--redact", shorter}, 128 << 20, 96 << 10},
		{[]string{"diff", "--as-spans", shorter, shorter}, 128 << 20, 96 << 10},
	} {
		cmd := exec.CommandContext(t.Context(), "wiretape", tt.args...)
		cmd.Env = terminalEnv(t.TempDir())
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		peak, size := 0, int64(0)
		buf := make([]byte, 1<<20)
		for looked := int64(0); ; {
			n, err := out.Read(buf)
			if size += int64(n); size >= looked {
				peak = max(peak, peakMemory(cmd.Process.Pid))
				looked = size + 16<<20
			}
			if err != nil {
				break
			}
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("wiretape %q: %v, %s", tt.args[0], err, said.String())
		}
		if size < tt.least || peak > tt.kib {
			t.Errorf("wiretape %s: %d octets out, want at least %d; memory %d KiB, want at most %d", tt.args[:len(tt.args)-1], size, tt.least, peak, tt.kib)
		}
		t.Logf("%s: %d octets, %d KiB", tt.args[:len(tt.args)-1], size, peak)
	}
}

// A tape of a quarter of a GiB is played in both roles in a memory that does not depend on its
// size.
func TestLargeTapePlayedInConstantMemory(t *testing.T) {
	size := int64(256 << 20)
	if testing.Short() {
		size = 128 << 20
	}
	const most = 72 << 10 // KiB: 64 MiB above a command that does nothing
	tape, dir := sparseTape(t, size), t.TempDir()
	ready := filepath.Join(dir, "ready")
	server := exec.CommandContext(t.Context(), "wiretape", "serve", "-l", "127.0.0.1:0", "--match", "--ready-file", ready, tape)
	client := exec.CommandContext(t.Context(), "wiretape", "replay", tape, "--to")
	for _, cmd := range []*exec.Cmd{server, client} {
		cmd.Env = terminalEnv(dir)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	var addr string
	if !eventually(func() bool { b, err := os.ReadFile(ready); addr = strings.TrimSpace(string(b)); return err == nil }) {
		t.Fatal("serve did not come up")
	}
	client.Args = append(client.Args, addr)
	var out bytes.Buffer
	client.Stdout, client.Stderr = &out, &out
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- client.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	peak := 0
	for err, over := error(nil), false; !over; {
		select {
		case err = <-ended:
			if over = true; err != nil {
				t.Errorf("replay: %v: %s", err, out.String())
			}
		case <-tick.C:
			peak = max(peak, peakMemory(client.Process.Pid))
		}
	}
	if !strings.Contains(out.String(), ": 0 differences; ") {
		t.Errorf("replay: %s", out.String())
	}
	if served := peakMemory(server.Process.Pid); peak > most || served > most {
		t.Errorf("memory: replay %d KiB, serve %d KiB, want at most %d", peak, served, most)
	} else {
		t.Logf("memory: replay %d KiB, serve %d KiB", peak, served)
	}
}
