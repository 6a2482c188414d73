//go:build unix

package tape

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"wiretape/wire"
)

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.tape")
	f, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := f.Stat(); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	// While it is open nobody else may record to it, and afterwards not either.
	if _, err := Create(path, true); !errors.Is(err, errLocked) {
		t.Errorf("second writer: %v, want %v", err, errLocked)
	}
	w := NewWriter(f, Options{})
	w.Event(wire.Event{Conn: 1, Kind: wire.KindTry, Addr: "a:1"})
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = Create(path, false)
	if !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), path) {
		t.Errorf("existing tape: %v, want %v", err, ErrExists)
	}
	f, err = Create(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if info, _ := f.Stat(); info.Size() != 0 {
		t.Errorf("replaced tape has %d bytes", info.Size())
	}
	f.Close()
	if f, err = Create(path, false); err != nil {
		t.Errorf("empty tape: %v", err)
	}
	f.Close()
	if _, err := Create(dir, true); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("directory: %v", err)
	}
	if _, err := Create(filepath.Join(dir, "none", "x"), true); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such directory: %v", err)
	}
}

func TestCreateFIFO(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no FIFOs here:", err)
	}
	got := make(chan []wire.Event)
	go func() {
		defer close(got)
		r, err := os.Open(path)
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		var events []wire.Event
		for e, err := range NewReader(r, path).Events() {
			if err != nil {
				t.Error(err)
			}
			events = append(events, e)
		}
		got <- events
	}()
	f, err := Create(path, false)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(f, Options{})
	w.Event(wire.Event{Conn: 1, Kind: wire.KindTry, Addr: "a:1"})
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if events := <-got; len(events) != 1 || events[0].Kind != wire.KindTry {
		t.Errorf("read %+v", events)
	}
}

// A file whose disk is full, as a limit on its size shows it, is cut back to its
// last whole record, and what is there stays.
func TestFileIsCutBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tape")
	if err := os.WriteFile(path, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(6, 0); err != nil {
		t.Fatal(err)
	}
	w := NewWriter(&tearing{File: f, tearAt: 2}, Options{})
	for range 3 {
		w.Event(wire.Event{Conn: 1, Kind: wire.KindTimeout})
	}
	if err := w.Close(); !errors.Is(err, errDisk) {
		t.Errorf("Close = %v, want %v", err, errDisk)
	}
	got, _ := os.ReadFile(path)
	if want := "beforewiretape 1\n; profile capture\n~ 0s\n= timeout\n"; string(got) != want {
		t.Errorf("file %q, want %q", got, want)
	}
	if off, _ := f.Seek(0, 1); off != int64(len(got)) {
		t.Errorf("offset %d, want %d", off, len(got))
	}
}

// tearing is a file of which a write puts only a part.
type tearing struct {
	*os.File
	n, tearAt int
}

func (f *tearing) Write(b []byte) (int, error) {
	if f.n++; f.n == f.tearAt {
		n, _ := f.File.Write(b[:len(b)/2])
		return n, errDisk
	}
	return f.File.Write(b)
}

// A report to /dev/stdout goes where that was redirected to, behind what is there.
func TestReplaceFileKeepsWhatIsOpen(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer func(was *os.File) { os.Stdout = was }(os.Stdout)
	os.Stdout = out
	out.WriteString("before\n")
	if err := ReplaceFile("/dev/stdout", []byte("report\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out.WriteString("behind\n")
	if got, err := os.ReadFile(out.Name()); string(got) != "before\nreport\nbehind\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// A report to a descriptor by its number leaves it open for its owner, also when the
// collector has been there.
func TestReplaceFileLeavesDescriptorsOpen(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	name := fmt.Sprintf("/dev/fd/%d", out.Fd())
	for range 2 {
		if err := ReplaceFile(name, []byte("report\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.GC()
	}
	if _, err := out.WriteString("behind\n"); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(out.Name()); string(got) != "report\nreport\nbehind\n" {
		t.Errorf("%q, %v", got, err)
	}
}
