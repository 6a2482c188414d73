package tape

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// A NewFile takes the place of the file of its name when it is done, all of it or
// nothing: until then nobody sees it. What is no regular file, such as a pipe or a
// terminal, is written to as it is, and so is what was open before, such as
// /dev/stdout.
type NewFile struct {
	*os.File
	path string // to be replaced; "" for what is written to as it is
	kept bool   // it stays open
}

// ReplaceWhenDone opens what takes the place of a file, which keeps its mode; a new
// one has the given mode. A symbolic link stays one. Its owner calls Done, and Drop on
// every way out.
func ReplaceWhenDone(path string, mode fs.FileMode) (*NewFile, error) {
	if f := descriptor(path); f != nil {
		return &NewFile{File: f, kept: true}, nil
	}
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	info, err := os.Stat(path)
	old := err == nil
	if old && !info.Mode().IsRegular() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &NewFile{File: f}, nil
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), ".wiretape-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		// The name that was asked for tells more than that of the moment.
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			cause.Path = path
		}
		return nil, err
	}
	n := &NewFile{File: f, path: path}
	if old {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			n.Drop()
			return nil, err
		}
	}
	return n, nil
}

// descriptor returns the file of a descriptor that a name stands for, nil for other
// names. Opened anew, a file to which it was redirected would be written over from
// its beginning, and replaced, it would be lost to who redirected it.
func descriptor(path string) *os.File {
	switch path = filepath.Clean(path); path {
	case "/dev/stdout":
		return os.Stdout
	case "/dev/stderr":
		return os.Stderr
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/"} {
		name, ok := strings.CutPrefix(path, dir)
		if n, err := strconv.ParseUint(name, 10, 16); ok && err == nil {
			switch n {
			case 1:
				return os.Stdout
			case 2:
				return os.Stderr
			}
			return inherit(uintptr(n), path)
		}
	}
	return nil
}

// inherited are the files of descriptors by their numbers. They are never collected:
// that would close what others have open.
var (
	inheriting sync.Mutex
	inherited  = map[uintptr]*os.File{}
)

func inherit(n uintptr, path string) *os.File {
	inheriting.Lock()
	defer inheriting.Unlock()
	if inherited[n] == nil {
		inherited[n] = os.NewFile(n, path)
	}
	return inherited[n]
}

// Done puts the file in its place.
func (f *NewFile) Done() error {
	if f.kept {
		return nil
	}
	err := f.Close()
	if f.path == "" {
		return err
	}
	if err == nil {
		err = os.Rename(f.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	f.path = ""
	return err
}

// Drop takes it away, unless it is in its place.
func (f *NewFile) Drop() {
	if f.kept {
		return
	}
	if err := f.Close(); f.path != "" && !errors.Is(err, os.ErrClosed) {
		os.Remove(f.Name())
	}
}

// ReplaceFile writes a file in the place of another, all of it or nothing, as
// [ReplaceWhenDone] does.
func ReplaceFile(path string, text []byte, mode fs.FileMode) error {
	f, err := ReplaceWhenDone(path, mode)
	if err != nil {
		return err
	}
	defer f.Drop()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Done()
}
