package session

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wiretape/wire"
	"wiretape/wire/wiretest"
)

var update = flag.Bool("update", false, "write the golden files")

// A terminal is a person's side of a session: it types lines, and keeps what
// the screen shows in the order in which it came.
type terminal struct {
	lines   []string // "^C" and "^D" are keys; "^Z 2s" lets time pass
	prompt  string
	prefill string

	mu     sync.Mutex
	screen bytes.Buffer
}

type ctrlC struct{ typed string }

func (c ctrlC) Error() string       { return "interrupt" }
func (c ctrlC) Interrupted() string { return c.typed }

func (t *terminal) SetPrompt(p string)  { t.mu.Lock(); t.prompt = p; t.mu.Unlock() }
func (t *terminal) Prefill(text string) { t.prefill = text }

// Lend gives an editor what is a terminal to it.
func (t *terminal) Lend(f func() error) error { return f() }

func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.screen.Write(p)
}

func (t *terminal) ReadLine() (string, error) {
	for len(t.lines) > 0 {
		after, ok := strings.CutPrefix(t.lines[0], "^Z ")
		if !ok {
			break
		}
		d, err := time.ParseDuration(after)
		if err != nil {
			return "", err
		}
		time.Sleep(d)
		t.lines = t.lines[1:]
	}
	synctest.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.screen.WriteString(t.prompt)
	if t.prefill != "" {
		t.screen.WriteString("[" + strings.ReplaceAll(t.prefill, "\n", "/") + "]")
		t.prefill = ""
	}
	line := "^D"
	if len(t.lines) > 0 {
		line, t.lines = t.lines[0], t.lines[1:]
	}
	t.screen.WriteString(strings.NewReplacer("\x1d", "^]", "\x16", "^V").Replace(line) + "\n")
	switch line {
	case "^D":
		return "", io.EOF
	case "^C":
		return "", ctrlC{}
	}
	return line, nil
}

// A world is the servers that a session can reach, by address.
type world map[string]func(net.Conn)

func (w world) dial(ctx context.Context, t wire.Target, tap *wire.Tap) (*wire.Conn, error) {
	serve, ok := w[t.Address()]
	if !ok {
		return nil, &wire.OpError{Phase: wire.PhaseConnect, Network: t.Network, Target: t.Address(), Role: wire.Dialed, Err: syscall.ECONNREFUSED}
	}
	client, server := wiretest.Pair()
	go func() {
		defer server.Close()
		serve(server)
	}()
	return wire.NewConn(client, t.Facts(), tap), nil
}

// play runs a session on a terminal and returns what its screen shows.
func play(t *testing.T, w world, opts Options, lines ...string) string {
	t.Helper()
	term := &terminal{lines: lines}
	opts.Lines, opts.Out, opts.Interactive = term, term, true
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.dial = w.dial
	if err := s.Run(t.Context()); err != nil && StatusOf(err) != StatusInterrupted {
		t.Errorf("Run = %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	return term.screen.String()
}

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s\nwant:\n%s", file, got, want)
	}
}

// readHead reads a request up to its blank line.
func readHead(r *bufio.Reader) (string, error) {
	var head strings.Builder
	for {
		line, err := r.ReadString('\n')
		head.WriteString(line)
		if err != nil || line == "\r\n" || line == "\n" {
			return head.String(), err
		}
	}
}
