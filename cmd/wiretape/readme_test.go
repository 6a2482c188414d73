package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wiretape/session"
	"wiretape/session/demo"
)

var update = flag.Bool("update", false, "rewrite what the README's commands print, and golden files")

// A consoleBlock is a console block of the README: commands and what they print.
type consoleBlock struct {
	line  int // of its first line
	steps []consoleStep
}

type consoleStep struct {
	line    int
	command string
	want    []string
}

// consoleBlocks returns the blocks marked "console" of a Markdown text. A line
// that begins with "$ " is a command; what follows is what it prints, in which a
// line "…" stands for any lines.
func consoleBlocks(text string) []consoleBlock {
	var blocks []consoleBlock
	in := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		switch {
		case !in && line == "```console":
			in = true
			blocks = append(blocks, consoleBlock{line: n + 1})
		case in && line == "```":
			in = false
		case in:
			b := &blocks[len(blocks)-1]
			if cmd, ok := strings.CutPrefix(line, "$ "); ok {
				b.steps = append(b.steps, consoleStep{line: n, command: cmd})
			} else if len(b.steps) > 0 {
				s := &b.steps[len(b.steps)-1]
				s.want = append(s.want, line)
			}
		}
	}
	return blocks
}

// volatile are the parts of an output that differ from run to run; both sides
// are compared with these replaced.
var volatile = []struct {
	re *regexp.Regexp
	to string
}{
	{regexp.MustCompile(`\b\d+(\.\d+)? ?(ns|µs|ms|s)\b`), "TIME"},
	{regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`), "DATE"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?UTC|Z)?`), "STAMP"},
	{regexp.MustCompile(`127\.0\.0\.1:\d{5}`), "127.0.0.1:PORT"},
	{regexp.MustCompile(`\b1[5-9] lines, commit form`), "LINES"}, // how the client's end is seen is chance
	{regexp.MustCompile(`wiretape \((devel)\)|wiretape [0-9a-f]{12}|wiretape v\S+`), "wiretape VERSION"},
}

func normal(s string) string {
	s = strings.TrimRight(s, " \r")
	for _, v := range volatile {
		s = v.re.ReplaceAllString(s, v.to)
	}
	return s
}

// linesMatch reports whether got is want, in which "…" stands for any lines; if
// not, it says where they part.
func linesMatch(got, want []string) error {
	switch {
	case len(want) == 0 && len(got) == 0:
		return nil
	case len(want) == 0:
		return fmt.Errorf("more came: %q", got[0])
	case want[0] == "…":
		var err error
		for skip := range len(got) + 1 {
			if err = linesMatch(got[skip:], want[1:]); err == nil {
				return nil
			}
		}
		return err
	case len(got) == 0:
		return fmt.Errorf("it ended before %q", want[0])
	case normal(got[0]) != normal(want[0]):
		return fmt.Errorf("got  %q\nwant %q", got[0], want[0])
	}
	return linesMatch(got[1:], want[1:])
}

// missingTool names what a command wants that is neither ours nor a shell's and is
// not installed; "" for nothing.
func missingTool(command string) string {
	for _, name := range []string{"curl", "python3"} {
		if _, err := exec.LookPath(name); err != nil && regexp.MustCompile(`[;|] `+name+` `).MatchString(command) {
			return name
		}
	}
	return ""
}

// The README's console blocks are what happens, in turn, in one folder, with the
// practice servers up.
func TestReadmeConsoleBlocks(t *testing.T) {
	needTool(t, "bash", "bash")
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	s, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/ca.pem", s.CA(), 0o644); err != nil {
		t.Fatal(err)
	}
	var to, from []string
	for usual, addr := range map[string]string{"localhost:8000": s.HTTP, "localhost:8443": s.HTTPS,
		"localhost:2525": s.SMTP, "localhost:1100": s.POP3, "localhost:7007": s.Echo} {
		to = append(to, usual, addr, strings.Replace(usual, ":", " ", 1), strings.Replace(addr, ":", " ", 1))
		from = append(from, addr, usual)
	}
	here, there := strings.NewReplacer(to...), strings.NewReplacer(from...)
	blocks := consoleBlocks(string(text))
	if len(blocks) < 5 {
		t.Errorf("the README has %d console blocks", len(blocks))
	}
	printed := map[int][]string{} // by the line of the command
	for _, b := range blocks {
		for _, st := range b.steps {
			if strings.HasPrefix(st.command, "go ") {
				continue // the two commands; they are run as they are elsewhere
			}
			if missing := missingTool(st.command); missing != "" {
				t.Run(missing, func(t *testing.T) { needTool(t, missing, missing) }) // skips
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "-c", here.Replace(st.command))
			cmd.WaitDelay = time.Second
			cmd.Dir = dir
			cmd.Env = terminalEnv(dir)
			var got []string
			if st.interactive() {
				local := st
				local.want = strings.Split(here.Replace(strings.Join(st.want, "\n")), "\n")
				got = onTerminal(t, cmd, local)
			} else {
				out, _ := cmd.CombinedOutput() // the README shows the status where it matters
				if len(out) > 0 {
					got = strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
				}
			}
			for i := range got {
				got[i] = there.Replace(got[i])
			}
			if *update && !slices.Contains(st.want, "…") {
				printed[st.line] = got
				continue
			}
			if err := linesMatch(got, st.want); err != nil {
				t.Errorf("README.md:%d: $ %s\n%v\nit printed:\n%s", st.line, st.command, err, strings.Join(got, "\n"))
			}
		}
	}
	if *update {
		if err := os.WriteFile("../../README.md", []byte(withOutputs(string(text), printed)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// withOutputs returns the text with what commands print replaced, by the line of
// the command.
func withOutputs(text string, printed map[int][]string) string {
	var out strings.Builder
	skipping := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.HasPrefix(line, "$ ") || line == "```\n" {
			skipping = false
		}
		if skipping {
			continue
		}
		out.WriteString(line)
		if got, ok := printed[n]; ok {
			skipping = true
			for _, g := range got {
				out.WriteString(strings.TrimSuffix(g, "\r") + "\n")
			}
		}
	}
	return out.String()
}

// The README's table of words at the prompt is the one that drives them.
func TestReadmeCommandTable(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), "| command | does |\n")
	if !ok {
		t.Fatal("README.md has no table of commands")
	}
	for *update && strings.HasPrefix(rest, "|") {
		_, rest, _ = strings.Cut(rest, "\n")
		text = []byte(head + session.CommandTable() + rest)
	}
	if *update {
		if err := os.WriteFile("../../README.md", text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(text), session.CommandTable()) {
		t.Errorf("README.md does not hold the table of commands, which is now:\n%s", session.CommandTable())
	}
}
