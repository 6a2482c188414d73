package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// completions are what somebody types before Tab, and what then stands there, in a
// folder that has one.tape and two.txt.
var completions = []struct{ typed, line string }{
	{"wiretape sho", "wiretape show"},
	{"wiretape show la", "wiretape show last"},
	{"wiretape show on", "wiretape show one.tape"},
	{"wiretape show --ht", "wiretape show --html"},
	{"wiretape show --only c", "wiretape show --only cookies"},
	{"wiretape --starttls sm", "wiretape --starttls smtp"},
	{"wiretape completion f", "wiretape completion fish"},
}

// completing returns a command that runs a shell where the script that the program
// writes for it stands in the file _wiretape, and the two files that completions want.
func completing(t *testing.T, shell string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), needTool(t, shell, shell), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = terminalEnv(cmd.Dir)
	script := []byte(output(t, "", "wiretape", "completion", shell))
	for name, b := range map[string][]byte{"_wiretape": script, "one.tape": nil, "two.txt": nil} {
		if err := os.WriteFile(filepath.Join(cmd.Dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return cmd
}

// Fish says by itself what it offers.
func TestFishCompletes(t *testing.T) {
	for _, c := range completions {
		cmd := completing(t, "fish", "-c", "source _wiretape; complete -C $argv[1]", c.typed)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", c.typed, err, out)
		}
		word := c.line[strings.LastIndex(c.line, " ")+1:]
		if got := strings.Fields(string(out)); len(got) == 0 || got[0] != word {
			t.Errorf("%s: offered is %q, want %s", c.typed, out, word)
		}
	}
}

// The others complete where somebody types.
func TestShellsComplete(t *testing.T) {
	const bash = "/usr/share/bash-completion/bash_completion"
	t.Run("bash", func(t *testing.T) {
		if _, err := os.Stat(bash); err != nil {
			t.Skip("bash-completion is not installed: apt-get install bash-completion")
		}
		tabs(t, completing(t, "bash", "--norc", "-i"), ". "+bash+"; . ./_wiretape; PS1='ready> '")
	})
	t.Run("zsh", func(t *testing.T) {
		tabs(t, completing(t, "zsh", "-f", "-i"), "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; PS1='ready> '")
	})
}

// tabs runs an interactive shell, types setup, which makes its prompt "ready> ", and
// all lines with Tab behind them.
func tabs(t *testing.T, cmd *exec.Cmd, setup string) {
	t.Helper()
	cmd.Env = append(cmd.Env, "PS1=begin> ")
	screen, tty, done := onScreen(t, cmd, 24, 80)
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
		tty.Close()
		<-done
	}()
	stands := func(line string) {
		t.Helper()
		if !eventually(func() bool {
			return slices.Contains(rowsOf(screen.String()), line)
		}) {
			t.Fatalf("%q does not stand there: the screen is\n%s", line, screen.String())
		}
	}
	stands("begin>")
	tty.WriteString(setup + "\r")
	stands("ready>")
	for _, c := range completions {
		tty.WriteString(c.typed + "\t")
		stands("ready> " + c.line)
		tty.WriteString("\x15") // ^U: the line goes
	}
}
