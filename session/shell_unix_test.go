//go:build unix

package session

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// ^C ends a command with all that it has started.
func TestSendOfAShellIsStopped(t *testing.T) {
	dir := t.TempDir()
	began, ended := filepath.Join(dir, "began"), filepath.Join(dir, "ended")
	for _, name := range []string{began, ended} {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	interrupts, over := make(chan os.Signal, 1), make(chan error, 1)
	go func() {
		os.ReadFile(began) // until the command is there to be stopped
		interrupts <- os.Interrupt
	}()
	go func() {
		_, err := os.ReadFile(ended) // until nobody is left to write
		over <- err
	}()
	w := world{"h:9": func(c net.Conn) { io.Copy(io.Discard, c) }}
	out, err := run(t, w, Options{Interrupts: interrupts}, "h:9", ".send !exec 3>"+ended+"; (sleep 600) & echo x >"+began+"; wait\n")
	if StatusOf(err) != StatusInterrupted || !strings.HasSuffix(err.Error(), "interrupted: nothing was sent") {
		t.Errorf("status %d, %v\n%s", StatusOf(err), err, out)
	}
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// Where nobody can press ^C, .timeout ends it.
func TestSendOfAShellIsNotWaitedForForEver(t *testing.T) {
	w := world{"h:9": func(c net.Conn) { io.Copy(io.Discard, c) }}
	out, err := run(t, w, Options{}, "h:9", ".timeout 20ms\n.send !exec sleep 600\n")
	want := "x.script:2: .send !exec sleep 600: it has not ended after 20ms (.timeout sets how long); nothing was sent"
	if StatusOf(err) != StatusTimeout || err.Error() != want {
		t.Errorf("status %d, %v, want %s\n%s", StatusOf(err), err, want, out)
	}
}
