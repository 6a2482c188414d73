package console

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What was typed since the file was read is forgotten; what was there before, and
// what others have added, stays.
func TestHistoryForgets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	before := history{path: path}
	before.add("old")
	mine, other := history{path: path}, history{path: path}
	for _, h := range []*history{&mine, &other} {
		if err := h.load(); err != nil {
			t.Fatal(err)
		}
	}
	mine.add("mine")
	other.add("other")
	mine.add("mine too")
	if err := mine.forget(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"old"}; !slices.Equal(mine.entries, want) {
		t.Errorf("the session recalls %q, want %q", mine.entries, want)
	}
	mine.add("later")
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(text), "mine") {
		t.Errorf("the file has\n%s\n%v", text, err)
	}
	next := history{path: path}
	if err := next.load(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"old", "other", "later"}; !slices.Equal(next.entries, want) {
		t.Errorf("the next session recalls %q, want %q", next.entries, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := (&history{path: filepath.Join(t.TempDir(), "none")}).forget(); err != nil {
		t.Errorf("no file: %v", err)
	}
}
