package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
)

// promptRow is a row of a README block on which somebody typed: the prompt of a
// session or of the lines that follow, and what was typed.
var promptRow = regexp.MustCompile(`^(\S+ [a-z0-9+]+>|\S+ [A-Z]+ \(\^\] commands\)>|wiretape>|s, y or Enter>|\S+ login:|Password:|Enter or \^C>| +(?:body \d+ left )?\|)(?: (.*))?$`)

// interactive reports whether the step shows a session at a prompt.
func (st consoleStep) interactive() bool {
	return slices.ContainsFunc(st.want, promptRow.MatchString)
}

// onScreen starts a command on a terminal of so many rows and columns. What it writes
// is drawn on the screen until done; the caller closes tty.
func onScreen(t *testing.T, cmd *exec.Cmd, rows, cols uint16) (screen vt10x.Terminal, tty *os.File, done <-chan struct{}) {
	t.Helper()
	screen = vt10x.New(vt10x.WithSize(int(cols), int(rows)))
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: cols})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for {
			n, err := tty.Read(buf)
			screen.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	return screen, tty, ended
}

// onTerminal runs a step on a terminal, types what the step shows as typed, each
// line when its prompt stands, and returns the rows of the screen.
func onTerminal(t *testing.T, cmd *exec.Cmd, st consoleStep) []string {
	t.Helper()
	screen, tty, done := onScreen(t, cmd, 200, 160)
	defer tty.Close()
	for i, line := range st.want {
		m := promptRow.FindStringSubmatch(line)
		if draft := strings.HasSuffix(line, "⏎"); draft && i+1 < len(st.want) && !strings.HasSuffix(st.want[i+1], "⏎") {
			m = []string{line, line, ""} // it stands already, and goes at Enter
		} else if m == nil || draft {
			continue
		}
		if !eventually(func() bool {
			all := rowsOf(screen.String())
			return len(all) > 0 && strings.TrimRight(all[len(all)-1], " ") == m[1]
		}) {
			t.Errorf("README.md:%d: $ %s\nno prompt %q to type %q; the screen is\n%s", st.line, st.command, m[1], m[2],
				strings.Join(rowsOf(screen.String()), "\n"))
			cmd.Process.Kill()
			break
		}
		if _, err := tty.WriteString(m[2] + "\r"); err != nil {
			t.Fatal(err)
		}
	}
	ended := eventually(func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	if !ended {
		t.Errorf("README.md:%d: $ %s\nit did not end", st.line, st.command)
		cmd.Process.Kill()
	}
	cmd.Wait()
	return rowsOf(screen.String())
}

// eventually polls for what another process brings about.
func eventually(ok func() bool) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}

// rowsOf returns the rows of a screen without the empty ones at its end.
func rowsOf(screen string) []string {
	rows := strings.Split(strings.TrimRight(screen, " \n"), "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	if len(rows) == 1 && rows[0] == "" {
		return nil
	}
	return rows
}

// terminalEnv is the environment of a program on such a terminal.
func terminalEnv(home string) []string {
	return append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home+"/state", "NO_COLOR=1", "TERM=xterm")
}
