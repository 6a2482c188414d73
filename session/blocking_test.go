package session

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire"
)

func TestSendingAnEndlessFileFails(t *testing.T) {
	_, err := run(t, world{"h:9000": silent}, Options{}, "h:9000", ".send file /dev/zero\n")
	if StatusOf(err) != StatusUsage || !strings.Contains(err.Error(), "/dev/zero has more than 64 MiB") {
		t.Errorf("got %v", err)
	}
}

// What ends a session ends a read of a FIFO, into which nobody writes, and one of
// the script.
func TestReadsOfAFIFOAreInterrupted(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	for _, script := range []string{".send file " + fifo, ""} {
		ctx, cancel := context.WithCancel(t.Context())
		var out bytes.Buffer
		o := Options{Lines: NewLines(script), Out: &out}
		if script == "" {
			r, err := os.OpenFile(fifo, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			o.Lines = NewScript(r, "stdin")
			cancel()
		} else {
			go func() {
				f, err := os.OpenFile(fifo, os.O_WRONLY, 0) // returns when it is being read
				if err != nil {
					t.Error(err)
				}
				cancel()
				<-t.Context().Done()
				f.Close()
			}()
		}
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		s.dial = world{"h:9000": silent}.dial
		err = s.Open(t.Context(), wire.Target{Network: "tcp", Host: "h", Port: 9000})
		if err == nil {
			err = s.Run(ctx)
		}
		if StatusOf(err) != StatusInterrupted {
			t.Errorf("%q: %v", script, err)
		}
		s.Close()
	}
}

func TestWritesToADeafPeerAreInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		name := filepath.Join(t.TempDir(), "x.tape")
		s := newTestSession(t, Options{Lines: NewLines("open h 9000", "hello"), Record: RecordOptions{Tape: name}})
		s.dial = func(_ context.Context, t wire.Target, tap *wire.Tap) (*wire.Conn, error) {
			client, _ := net.Pipe() // nothing is held on the way
			return wire.NewConn(client, t.Facts(), tap), nil
		}
		if err := s.Run(ctx); StatusOf(err) != StatusInterrupted {
			t.Errorf("Run = %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if b, err := os.ReadFile(name); err != nil || !strings.HasSuffix(string(b), "\n; end\n") {
			t.Errorf("tape: %v\n%s", err, b)
		}
	})
}

func TestEndlessTextIsRefused(t *testing.T) {
	g := grammar{phase: connected, eol: EOLCRLF, command: func(string) (known, bare bool) { return true, false }}
	g.line(".send <<EOF")
	line := strings.Repeat("x", 1<<20)
	for range 64 {
		if st := g.line(line); st.err != "" {
			if g.heredoc != "" || g.text != nil {
				t.Error("the text is still held")
			}
			return
		}
	}
	t.Errorf("a text of more than %d octets was taken", maxDraft)
}
