//go:build linux || darwin

package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// TestTerminalIsRestored: however the console ends, a person can type at the
// terminal afterwards, and pastes are not bracketed any more.
func TestTerminalIsRestored(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*term)
	}{
		{"^D", func(tm *term) { tm.typed("\x04") }},
		{"Close from another goroutine while a line is typed", func(tm *term) {
			tm.typed("half a line")
			tm.await("half a line█")
			tm.order("close", "")
			tm.await("file already closed")
		}},
		{"panic with Close deferred", func(tm *term) { tm.order("panic", "oops") }},
		{"panic in the goroutine that edits", func(tm *term) { tm.typed("boom\t") }},
		{"panic between two lines", func(tm *term) { tm.typed("crash\r") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// The shell keeps the terminal open after the console is gone.
			tm := start(t, 80, 24, helperEnv+"=shell")
			tm.await("host> █")
			if got := describeTerminal(int(tm.pty.Fd())); got != "is raw" {
				t.Fatalf("while a line is typed, the terminal %s", got)
			}
			tt.end(tm)
			tm.until("the terminal to be restored", func() bool { return describeTerminal(int(tm.pty.Fd())) == "is sane" })
			tm.ended()
			tm.mu.Lock()
			defer tm.mu.Unlock()
			if on, off := bytes.LastIndex(tm.raw.Bytes(), []byte(pasteOn)), bytes.LastIndex(tm.raw.Bytes(), []byte(pasteOff)); off < on {
				t.Error("pastes are still bracketed")
			}
		})
	}
}

func TestSuspend(t *testing.T) {
	tm := start(t, 80, 24, helperEnv+"=shell")
	tm.await("host> █")
	tm.typed("half a line\x1a")
	tm.await("host> half a line\nstopped; the terminal is sane\n█")
	fmt.Fprintln(tm.orders, "fg")
	tm.await("fg\nhost> half a line█")
	tm.typed("!\r")
	tm.await("got \"half a line!\"\nhost> █")
	// Between two lines ^Z waits for the next one, as all keys do.
	tm.typed("wait\r")
	tm.await("got \"wait\"\n█")
	tm.typed("\x1a")
	tm.order("go", "")
	tm.await("host>\nstopped; the terminal is sane\n█")
	fmt.Fprintln(tm.orders, "fg")
	tm.await("fg\nhost> █")
}

// TestSuspendWithoutShell: where the kernel drops the stop signal, ^Z must not
// hang the keyboard.
func TestSuspendWithoutShell(t *testing.T) {
	tm := start(t, 80, 24)
	tm.await("host> █")
	tm.typed("half a line\x1a")
	tm.await("host> half a line\nhost> half a line█")
	tm.typed("!\r")
	tm.await("got \"half a line!\"\nhost> █")
}

// inProcess opens a console on a pty of this process, with keys typed already.
func inProcess(t *testing.T, keys string) (c *Console, far *os.File, shown func() string) {
	t.Helper()
	master, near, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	// Close of a file that blocks waits for its reader; this one does not block.
	fd, err := unix.Dup(int(master.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	master.Close()
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	far = os.NewFile(uintptr(fd), "pty")
	c, err = Open(Config{In: near, Out: near, Escape: 0x1d})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var out bytes.Buffer
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		buf := make([]byte, 4096)
		for {
			n, err := far.Read(buf)
			mu.Lock()
			out.Write(buf[:n])
			mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		c.Close()
		near.Close()
		far.Close()
		<-drained
	})
	if _, err := far.WriteString(keys); err != nil {
		t.Fatal(err)
	}
	return c, far, func() string {
		mu.Lock()
		defer mu.Unlock()
		return out.String()
	}
}

// readLine calls ReadLine with a bound.
func readLine(t *testing.T, c *Console, meanwhile func()) (string, error) {
	t.Helper()
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := c.ReadLine()
		done <- result{line, err}
	}()
	meanwhile()
	select {
	case r := <-done:
		return r.line, r.err
	case <-time.After(patience):
		t.Fatalf("ReadLine did not return within %v", patience)
		return "", nil
	}
}

func waitFor(t *testing.T, shown func() string, text string) {
	t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(shown(), text); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %q in %q", patience, text, shown())
		}
	}
}

// TestHangUp: a line that was only half typed when the terminal went away is
// not submitted.
func TestHangUp(t *testing.T) {
	c, far, shown := inProcess(t, "RCPT TO:<al")
	line, err := readLine(t, c, func() {
		waitFor(t, shown, "<al")
		far.Close()
	})
	if line != "" || err != io.EOF {
		t.Errorf("ReadLine = %q, %v, want EOF", line, err)
	}
	if line, err := c.ReadLine(); err != io.EOF {
		t.Errorf("ReadLine again = %q, %v, want EOF", line, err)
	}
}

func TestCloseEndsReadLine(t *testing.T) {
	c, _, shown := inProcess(t, "half")
	line, err := readLine(t, c, func() {
		waitFor(t, shown, "half")
		for range 2 {
			if err := c.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	})
	if line != "" || !errors.Is(err, os.ErrClosed) {
		t.Errorf("ReadLine = %q, %v, want os.ErrClosed", line, err)
	}
	if line, err := c.ReadLine(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("ReadLine after Close = %q, %v, want os.ErrClosed", line, err)
	}
	fmt.Fprint(c, "bye\nunfinished")
	waitFor(t, shown, "bye\r\r\nunfinished")
}

// TestWritersAndKeysTogether has everything happen at once, for the race
// detector.
func TestWritersAndKeysTogether(t *testing.T) {
	c, far, _ := inProcess(t, "")
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			for j := range 50 {
				fmt.Fprintf(c, "line %d\nhalf", j)
				c.SetPrompt(fmt.Sprintf("%d.%d> ", i, j))
				c.Prefill("x")
				c.Remember("y")
				c.Width()
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			far.WriteString("ab\x12a\x13\x7f\x07\t\x1b[A\x1b[B\x1d\x07\x1b[200~p\nq\x1b[201~\r")
		}
	})
	for range 20 {
		for range 2 {
			if _, err := readLine(t, c, func() {}); err != nil {
				t.Fatal(err)
			}
		}
	}
	wg.Wait()
}

func TestOpenNeedsATerminal(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if IsTerminal(f) {
		t.Errorf("%s is a terminal", os.DevNull)
	}
	if _, err := Open(Config{In: f, Out: f}); err == nil {
		t.Errorf("Open of %s succeeded", os.DevNull)
	}
}
