package session

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestStateDir(t *testing.T) {
	t.Setenv("HOME", "/home/someone")
	for _, tt := range []struct{ xdg, want string }{
		{"/s", "/s/wiretape"},
		{"", "/home/someone/.local/state/wiretape"},
		{"relative", "/home/someone/.local/state/wiretape"},
	} {
		t.Setenv("XDG_STATE_HOME", tt.xdg)
		if got, err := StateDir(); got != tt.want || err != nil {
			t.Errorf("StateDir with XDG_STATE_HOME=%q = %q, %v; want %q", tt.xdg, got, err, tt.want)
		}
	}
}

func TestTheLastTwentySessionsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "wiretape")
	if kept, err := KeptSessions(dir); len(kept) > 0 || err != nil {
		t.Errorf("KeptSessions of no folder = %v, %v; want none", kept, err)
	}
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	var first, last string
	for i := range keptSessions + 1 {
		f, err := createKept(dir, start.Add(time.Duration(i)*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if last = f.Name(); i == 0 {
			first = last
		}
	}
	// What is not ours is neither listed nor removed.
	other := filepath.Join(dir, "mine.tape")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := KeptSessions(dir)
	if err != nil || len(kept) != keptSessions {
		t.Fatalf("KeptSessions = %d sessions, %v; want %d", len(kept), err, keptSessions)
	}
	if kept[0].Path != last {
		t.Errorf("the first of KeptSessions is %s, want the latest, %s", kept[0].Path, last)
	}
	if _, err := os.Stat(first); !os.IsNotExist(err) {
		t.Errorf("the oldest session is still there: %v", err)
	}
	info, err := os.Stat(last)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s = %v, %v; want 0600", last, info.Mode(), err)
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the folder = %v, want 0700", info.Mode())
	}
	if _, err := os.Stat(other); err != nil {
		t.Errorf("a file that is not a session's was removed: %v", err)
	}
}
