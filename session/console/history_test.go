package console

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	secret := func(line string) bool { return strings.HasPrefix(line, "PASS ") }
	for _, tt := range []struct {
		name  string
		typed []string
		now   []string // what Up recalls
		later []string // what the next session recalls
	}{
		{"in order", []string{"a", "b"}, []string{"a", "b"}, []string{"a", "b"}},
		{"each text once, the newest place", []string{"a", "b", "a"}, []string{"b", "a"}, []string{"b", "a"}},
		{"empty lines and leading spaces are skipped", []string{"", " a", "  "}, nil, nil},
		{"a secret stays in the session", []string{"a", "PASS x"}, []string{"a", "PASS x"}, []string{"a"}},
		{"so does a block with a secret in it",
			[]string{"USER a" + lineBreak + "PASS x"}, []string{"USER a" + lineBreak + "PASS x"}, nil},
		{"a block replaces its lines", []string{"z", "a", "b", "", "a" + lineBreak + "b" + lineBreak + lineBreak},
			[]string{"z", "a" + lineBreak + "b" + lineBreak + lineBreak}, []string{"z", "a" + lineBreak + "b" + lineBreak + lineBreak}},
		{"bytes and quoted characters", []string{raws("\xff\x00") + "a", raws(".") + "quit"},
			[]string{raws("\xff\x00") + "a", raws(".") + "quit"}, []string{raws("\xff\x00") + "a", raws(".") + "quit"}},
	} {
		path := filepath.Join(t.TempDir(), "state", "history")
		h := history{path: path, secret: secret}
		for _, line := range tt.typed {
			if err := h.add(line); err != nil {
				t.Fatalf("%s: add %q: %v", tt.name, line, err)
			}
		}
		if !slices.Equal(h.entries, tt.now) {
			t.Errorf("%s: this session recalls %+q, want %+q", tt.name, h.entries, tt.now)
		}
		next := history{path: path}
		if err := next.load(); err != nil {
			t.Fatalf("%s: load: %v", tt.name, err)
		}
		if !slices.Equal(next.entries, tt.later) {
			t.Errorf("%s: the next session recalls %+q, want %+q", tt.name, next.entries, tt.later)
		}
	}
}

func TestHistoryFileIsPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	h := history{path: path}
	if err := h.add("a"); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if fi.Mode().Perm() != 0o600 {
		t.Errorf("history file has mode %v, want 0600", fi.Mode().Perm())
	}
}

func TestHistoryFileFromElsewhere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	if err := os.WriteFile(path, []byte("no json\n\"a\\u001bb\"\n{}\n\"half"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := history{path: path}
	if err := h.load(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a" + raws("\x1b") + "b"}; !slices.Equal(h.entries, want) {
		t.Errorf("recalls %+q, want %+q", h.entries, want)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	var file strings.Builder
	for i := range 2*maxEntries + 1 {
		file.WriteString(`"` + grouped(i) + `"` + "\n")
	}
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second reads what the first left
		h := history{path: path}
		if err := h.load(); err != nil {
			t.Fatal(err)
		}
		if len(h.entries) != maxEntries || h.entries[maxEntries-1] != grouped(2*maxEntries) {
			t.Fatalf("recalls %d entries, want %d, up to %s", len(h.entries), maxEntries, grouped(2*maxEntries))
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "\n"); n != maxEntries {
		t.Errorf("the file has %d lines, want %d", n, maxEntries)
	}
	h := history{path: path}
	if err := h.add(strings.Repeat("x", maxEntrySize+1)); err != nil || len(h.entries) != 0 {
		t.Errorf("an entry of %d bytes was remembered (%v)", maxEntrySize+1, err)
	}
}
