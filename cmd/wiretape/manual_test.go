package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wiretape/session"
)

// complete asks the program what may stand at the end of a command line, as a shell
// does.
func complete(t *testing.T, words ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if status := run(t.Context(), append([]string{"__complete"}, words...), strings.NewReader(""), &out, &errs); status != 0 {
		t.Fatalf("__complete %q: status %d: %s", words, status, errs.String())
	}
	return out.String()
}

func TestCompletion(t *testing.T) {
	tests := []struct {
		words []string
		want  []string // lines, up to a tab
		not   []string
	}{
		{[]string{""}, []string{"show", "auto", "open", "h2", "completion"}, []string{"__complete"}},
		{[]string{"sh"}, []string{"show"}, []string{"auto"}},
		{[]string{"show", "--ht"}, []string{"--html"}, []string{"--hex"}},
		{[]string{"show", "la"}, []string{"last"}, nil},
		{[]string{"show", "--only", ""}, []string{"cookies", "requests"}, nil},
		{[]string{"show", "x"}, []string{"tape", ":8"}, nil}, // files that end so
		{[]string{"--color", "a"}, []string{"auto", "always"}, nil},
		{[]string{"--as", "http"}, []string{"http/1.1"}, nil},
		{[]string{"--starttls", ""}, []string{"smtp", "imap"}, nil},
		{[]string{"completion", ""}, []string{"bash", "zsh", "fish"}, nil},
		{[]string{"-connect"}, nil, []string{"show"}},
	}
	for _, tt := range tests {
		got := map[string]bool{}
		for line := range strings.Lines(complete(t, tt.words...)) {
			word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			got[word] = true
		}
		for _, w := range tt.want {
			if !got[w] {
				t.Errorf("%q: %s is not offered: %v", tt.words, w, got)
			}
		}
		for _, w := range tt.not {
			if got[w] {
				t.Errorf("%q: %s is offered", tt.words, w)
			}
		}
	}
}

// A value that is completed is one that the flag takes.
func TestCompletedValuesAreTaken(t *testing.T) {
	a := &app{stdout: &sticky{w: &bytes.Buffer{}}, stderr: &bytes.Buffer{}}
	root := a.root()
	seen := map[string]bool{}
	for _, cmd := range append(commandsOf(root), root) {
		for name, values := range flagValues {
			f := cmd.LocalFlags().Lookup(name)
			if f == nil || f.Value.Type() == "bool" {
				continue
			}
			seen[name] = true
			if len(values()) == 0 {
				t.Errorf("--%s completes nothing", name)
			}
		}
	}
	for name := range flagValues {
		if !seen[name] {
			t.Errorf("--%s is completed, and no command has it", name)
		}
	}
	for _, p := range session.StartTLSProtocols() {
		if err := session.ParseStartTLS(p); err != nil {
			t.Errorf("--starttls %s: %v", p, err)
		}
	}
	for _, e := range flagValues["eol"]() {
		if _, err := session.ParseEOL(e); err != nil {
			t.Errorf("--eol %s: %v", e, err)
		}
	}
}

// manPages writes the manual pages, and returns their folder.
func manPages(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "man1")
	var out, errs bytes.Buffer
	if status := run(t.Context(), []string{"man", dir}, strings.NewReader(""), &out, &errs); status != 0 {
		t.Fatalf("man: status %d: %s", status, errs.String())
	}
	return dir
}

// The manual has each command, each flag and each word.
func TestManualIsWhole(t *testing.T) {
	dir := manPages(t)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range text {
			if c >= 0x7f || c < ' ' && c != '\n' {
				t.Fatalf("%s: octet %d is %#x", name, i, c)
			}
		}
		return string(text)
	}
	a := &app{stdout: &sticky{w: &bytes.Buffer{}}, stderr: &bytes.Buffer{}}
	root := a.root()
	main := read("wiretape.1")
	for _, w := range session.Words() {
		if !strings.Contains(main, bold(w.Form)+"\n") {
			t.Errorf("wiretape.1 lacks the word %s", w.Form)
		}
	}
	for _, cmd := range append(commandsOf(root), root) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
		page := read(name + ".1")
		if cmd != root && !strings.Contains(main, ".TP\n"+bold(cmd.Name())) {
			t.Errorf("wiretape.1 lacks the command %s", cmd.Name())
		}
		for line := range strings.SplitSeq(cmd.LocalFlags().FlagUsages(), "\n") {
			_, flag, ok := strings.Cut(line, "--")
			if flag, _, _ = strings.Cut(flag, " "); ok && !strings.Contains(page, bold("--"+flag)) {
				t.Errorf("%s.1 lacks --%s", name, flag)
			}
		}
	}
}

// groff formats each page without a warning.
func TestManualPagesFormat(t *testing.T) {
	needTool(t, "groff", "groff-base")
	dir := manPages(t)
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	cmd := exec.Command("groff", append([]string{"-man", "-Tutf8", "-ww", "-rLL=78n"}, pages...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Fatalf("groff: %v: %s", err, errs.String())
	}
	text := regexp.MustCompile(".\x08").ReplaceAllString(out.String(), "") // bold is overstruck
	if n := strings.Count(text, "DESCRIPTION\n"); n != len(pages) {
		t.Errorf("%d pages have a description, of %d", n, len(pages))
	}
	for _, want := range []string{"--html FILE", "open HOST PORT | TARGET", `WIRETAPE_SECRET_ID`, "130    interrupted."} {
		if !strings.Contains(text, want) {
			t.Errorf("the pages lack %q", want)
		}
	}
}
