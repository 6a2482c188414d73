package session

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What is kept of sessions on a terminal.
const (
	keptSessions = 20       // the last so many
	keptSize     = 64 << 20 // octets of data each, 64 MiB; the rest is a gap
)

// keptName is how a kept session's file is called. Names sort by time.
var keptName = regexp.MustCompile(`^\d{8}T\d{6}\.\d{3}Z-\d+\.tape$`)

// keptStamp is how the name of a kept session begins: when it began, in UTC.
const keptStamp = "20060102T150405.000Z"

// StateDir returns the folder of the kept sessions: wiretape below
// $XDG_STATE_HOME, or below ~/.local/state where that is not set.
func StateDir() (string, error) {
	// An XDG path that is not absolute is to be ignored.
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "wiretape"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".local", "state", "wiretape"), nil
}

// A Kept is one kept session.
type Kept struct {
	Path  string
	Began time.Time // as its name says, local time
	Size  int64     // of the file, octets
}

// KeptSessions lists what is kept in dir, the latest first. A folder that does
// not exist holds none.
func KeptSessions(dir string) ([]Kept, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	var kept []Kept
	for _, e := range entries {
		if !keptName.MatchString(e.Name()) || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			continue // removed by another session in the meantime
		}
		stamp, _, _ := strings.Cut(e.Name(), "-")
		began, err := time.Parse(keptStamp, stamp)
		if err != nil {
			continue // such as a 13th month: no name of ours
		}
		kept = append(kept, Kept{filepath.Join(dir, e.Name()), began.Local(), info.Size()})
	}
	slices.Reverse(kept) // ReadDir sorts by name, and so by time
	return kept, nil
}

// createKept makes the file of a session that began at now and removes the
// oldest ones beyond keptSessions.
func createKept(dir string, now time.Time) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-%d.tape", now.UTC().Format(keptStamp), os.Getpid())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	kept, err := KeptSessions(dir)
	if err != nil {
		return f, nil // what cannot be listed cannot be cleared away either
	}
	for _, k := range kept[min(len(kept), keptSessions):] {
		os.Remove(k.Path)
	}
	return f, nil
}
