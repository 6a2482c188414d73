//go:build linux || darwin

package console

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

var update = flag.Bool("update", false, "rewrite the golden screens")

// patience bounds every wait for a screen.
const patience = 10 * time.Second

// filler stands in the second column of a wide character: the emulator knows
// none, a real terminal has nothing there.
const filler = '\u2060'

// A term is a terminal with a console in it.
type term struct {
	t      *testing.T
	cmd    *exec.Cmd
	pty    *os.File
	orders *os.File
	eof    chan struct{} // closed when the process has let go of the terminal

	mu  sync.Mutex // guards what follows
	vt  vt10x.Terminal
	raw bytes.Buffer // all that was ever written to the terminal
}

func start(t *testing.T, width, height int, env ...string) *term {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"=console", "TERM=xterm")
	cmd.Env = append(cmd.Env, env...)
	cmd.ExtraFiles = []*os.File{r}
	p, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if width == 0 {
		width, height = 80, 24
	}
	tm := &term{t: t, cmd: cmd, pty: p, orders: w, eof: make(chan struct{}), vt: vt10x.New(vt10x.WithSize(width, height))}
	go tm.watch()
	t.Cleanup(func() {
		w.Close()
		cmd.Process.Kill()
		cmd.Wait()
		p.Close()
		// A job that the child left stopped has the terminal open still, and then
		// nothing ends the read.
		select {
		case <-tm.eof:
		case <-time.After(5 * time.Second):
		}
	})
	return tm
}

func (tm *term) watch() {
	defer close(tm.eof)
	var rest []byte
	buf := make([]byte, 4096)
	for {
		n, err := tm.pty.Read(buf)
		tm.mu.Lock()
		tm.raw.Write(buf[:n])
		rest = append(rest, buf[:n]...)
		var out []byte
		for len(rest) > 0 && utf8.FullRune(rest) {
			r, size := utf8.DecodeRune(rest)
			out = append(out, rest[:size]...)
			if widths.RuneWidth(r) == 2 {
				out = utf8.AppendRune(out, filler)
			}
			rest = rest[size:]
		}
		tm.vt.Write(out)
		tm.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// screen returns the screen as rows, with the cursor shown as a block.
func (tm *term) screen() string {
	tm.mu.Lock()
	defer tm.mu.Unlock()
	tm.vt.Lock()
	defer tm.vt.Unlock()
	cols, rows := tm.vt.Size()
	cur := tm.vt.Cursor()
	var b strings.Builder
	for y := range rows {
		var line []rune
		for x := range cols {
			c := tm.vt.Cell(x, y).Char
			if x == cur.X && y == cur.Y {
				line = append(line, '█')
				if c == ' ' || c == 0 {
					continue
				}
			}
			if c == 0 {
				c = ' '
			}
			if c != filler {
				line = append(line, c)
			}
		}
		b.WriteString(strings.TrimRight(string(line), " ") + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// typed sends keys.
func (tm *term) typed(keys string) {
	tm.t.Helper()
	if _, err := tm.pty.WriteString(keys); err != nil {
		tm.t.Fatalf("type %q: %v", keys, err)
	}
}

// order tells the process what to do next.
func (tm *term) order(verb, arg string) {
	tm.t.Helper()
	if _, err := fmt.Fprintf(tm.orders, "%s %q\n", verb, arg); err != nil {
		tm.t.Fatalf("order %s: %v", verb, err)
	}
}

// await waits until the screen holds text, █ being the cursor.
func (tm *term) await(text string) {
	tm.t.Helper()
	tm.until("the screen to hold "+text, func() bool { return strings.Contains(tm.screen(), text) })
}

func (tm *term) until(what string, ok func() bool) {
	tm.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			tm.t.Fatalf("waited %v for %s; screen:\n%s", patience, what, tm.screen())
		}
	}
}

// ended waits until the process is gone.
func (tm *term) ended() {
	tm.t.Helper()
	select {
	case <-tm.eof:
	case <-time.After(patience):
		tm.t.Fatalf("the process did not end within %v; screen:\n%s", patience, tm.screen())
	}
}

// golden compares the screen with the golden file of that name.
func (tm *term) golden(name string) {
	tm.t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := tm.screen()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			tm.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tm.t.Fatal(err)
	}
	if got != string(want) {
		tm.t.Errorf("%s: screen is\n%s\nwant\n%s", path, got, want)
	}
}
