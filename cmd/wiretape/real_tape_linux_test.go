package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a disk of so many octets, as root alone may.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skip("a disk of its own wants root:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error("unmount:", err)
		}
	})
	return dir
}

// A disk that fills up ends the recording with a tape of whole records, and not
// the download, which says so and does not end with success. Room that comes
// later is not used.
func TestTapeOnAFullDisk(t *testing.T) {
	dir := smallDisk(t, "size=1m")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 512<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	const size = 8 << 20
	tape := filepath.Join(dir, "x.tape")
	cmd, out, said := recordingPipe(t, download(t, size), tape)
	if _, err := io.CopyN(io.Discard, out, 4<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	checkLostRecording(t, cmd, out, said, size-4<<20, "no space left on device")
	text, err := os.ReadFile(tape)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) < 128<<10 || len(text) > 512<<10 || text[len(text)-1] != '\n' || strings.HasSuffix(string(text), "; end\n") {
		t.Errorf("a tape of %d octets, want up to 512 KiB of whole records without the end", len(text))
	}
	if body := recorded(t, tape); len(body) < len(text)/2 {
		t.Errorf("%d octets of the body on the tape of %d", len(body), len(text))
	}
}

// A disk that is read-only is refused before anything is sent, whatever is to be
// written there, and nothing on it changes.
func TestTapeOnAReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t, "size=1m")
	old := filepath.Join(dir, "old.tape")
	if err := os.WriteFile(old, []byte("wiretape 1\n= open tcp a:1\n= close\n; end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	port := download(t, 1<<10)
	for _, args := range [][]string{
		{"--tape", filepath.Join(dir, "new.tape"), "127.0.0.1", port},
		{"--force", "--tape", old, "127.0.0.1", port},
		{"record", "--to", "127.0.0.1:" + port, filepath.Join(dir, "new.tape")},
		{"fmt", "-w", old},
	} {
		stdout, stderr, status := wiretape(t, t.TempDir(), get, args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, "read-only file system") {
			t.Errorf("wiretape %q: status %d, %d octets out, said %q", args, status, len(stdout), stderr)
		}
	}
}
