package main

import (
	"bytes"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// A signal that ends the program leaves a terminal at which a person can type:
// while a line is edited, and while a reply is awaited.
func TestSignalsRestoreTheTerminal(t *testing.T) {
	silent := listening(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	for _, tt := range []struct {
		name   string
		args   []string
		shown  string // when the signal comes
		typed  string
		signal syscall.Signal
	}{
		{"SIGTERM at the prompt", nil, "wiretape>", "half a li", syscall.SIGTERM},
		{"SIGTERM at a prompt, which --max-time leaves alone", []string{"--max-time", "1ms"}, "wiretape>", "half a li", syscall.SIGTERM},
		{"SIGHUP at the prompt", nil, "wiretape>", "half a li", syscall.SIGHUP},
		{"SIGTERM during a wait", []string{"open", "http://" + silent}, "http>", "GET / HTTP/1.0\r\r", syscall.SIGTERM},
		{"SIGHUP during a wait", []string{"open", "http://" + silent}, "http>", "GET / HTTP/1.0\r\r", syscall.SIGHUP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			far, near, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer near.Close() // the terminal stays when the program is gone
			pty.Setsize(far, &pty.Winsize{Rows: 24, Cols: 80})
			sane, err := unix.IoctlGetTermios(int(near.Fd()), unix.TCGETS)
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "wiretape", tt.args...)
			home := t.TempDir()
			cmd.Dir, cmd.Env = home, terminalEnv(home)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = near, near, near
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			cmd.WaitDelay = time.Second
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var shown bytes.Buffer
			go func() {
				buf := make([]byte, 4096)
				for {
					n, err := far.Read(buf)
					mu.Lock()
					shown.Write(buf[:n])
					mu.Unlock()
					if err != nil {
						return
					}
				}
			}()
			screen := func() string {
				mu.Lock()
				defer mu.Unlock()
				return shown.String()
			}
			await := func(text string) {
				t.Helper()
				if !eventually(func() bool { return strings.Contains(screen(), text) }) {
					t.Fatalf("no %q in %q", text, screen())
				}
			}
			await(tt.shown)
			if raw, err := unix.IoctlGetTermios(int(near.Fd()), unix.TCGETS); err != nil || raw.Lflag&unix.ICANON != 0 {
				t.Fatalf("at the prompt the terminal is not raw: %+v, %v", raw, err)
			}
			io.WriteString(far, tt.typed)
			if strings.Contains(tt.typed, "\r") {
				await("waiting for the reply")
			} else {
				await(tt.typed)
			}
			cmd.Process.Signal(tt.signal)
			if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 130 {
				t.Errorf("it ended with %v, want status 130", cmd.ProcessState)
			}
			got, err := unix.IoctlGetTermios(int(near.Fd()), unix.TCGETS)
			if err != nil || *got != *sane {
				t.Errorf("the terminal is %+v, %v; it was %+v", got, err, sane)
			}
			if !eventually(func() bool {
				all := screen()
				return strings.LastIndex(all, "\x1b[?2004l") > strings.LastIndex(all, "\x1b[?2004h")
			}) {
				t.Errorf("pastes are bracketed still: %q", screen())
			}
		})
	}
}
