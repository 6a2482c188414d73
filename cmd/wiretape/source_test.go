package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wiretape/session"
)

// A signal ends what reads a tape or another format, also while nothing comes.
func TestSignalEndsReading(t *testing.T) {
	for _, line := range []string{
		"import har -", "import pcapng -", "import pcapng - -o out", "export har - -o out", "export script -", "fmt -", "lint -", "diff - -", "diff --as-spans - -", "show -", "show - --html out", "auto --from -",
	} {
		t.Run(line, func(t *testing.T) {
			t.Chdir(t.TempDir())
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stdout, stderr bytes.Buffer
			status := run(ctx, strings.Fields(line), &stuck{arrived: cancel, forever: t.Context()}, &stdout, &stderr)
			if status != int(session.StatusInterrupted) {
				t.Errorf("status %d, want %d\n%s%s", status, session.StatusInterrupted, stdout.String(), stderr.String())
			}
			empty(t, ".")
		})
	}
}

// A stuck reader tells who reads it, and never answers.
type stuck struct {
	arrived func()
	forever context.Context
}

func (s *stuck) Read([]byte) (int, error) {
	s.arrived()
	<-s.forever.Done()
	return 0, s.forever.Err()
}

// A long file is not read on after a signal.
func TestSignalEndsAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.tape", []byte("wiretape 1\n\n> 1\n| x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"fmt a.tape", "lint a.tape", "diff a.tape a.tape", "export har a.tape -o out", "import har a.tape -o out", "show a.tape"} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var stdout, stderr bytes.Buffer
		if status := run(ctx, strings.Fields(line), strings.NewReader(""), &stdout, &stderr); status != int(session.StatusInterrupted) {
			t.Errorf("%s: status %d, want %d\n%s%s", line, status, session.StatusInterrupted, stdout.String(), stderr.String())
		}
	}
	if names, _ := filepath.Glob("*"); len(names) != 1 {
		t.Errorf("files %q are left", names)
	}
}

// empty wants nothing in a folder, hidden files among it.
func empty(t *testing.T, dir string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		t.Errorf("%s is left", e.Name())
	}
}
