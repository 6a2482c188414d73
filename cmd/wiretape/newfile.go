package main

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A newFile takes the place of the file of its name when it is done, all of it or
// nothing: until then nobody sees it. What is no regular file, such as a pipe or a
// terminal, is written to as it is.
type newFile struct {
	io.Writer
	file *os.File // nil for stdout
	path string   // to be replaced; "" for what is written to as it is
}

// newOutput opens the file of a flag such as -o, or gives stdout where path is "".
// The error of a file that is there is [fs.ErrExist], without force. It is for its
// owner alone. A terminal obeys none of the bytes.
func (a *app) newOutput(path string, force bool) (*newFile, error) {
	if path == "" {
		f := &newFile{Writer: a.stdout}
		if terminalOf(a.stdout) != nil {
			f.Writer = &escaper{w: a.stdout}
		}
		return f, nil
	}
	if info, err := os.Stat(path); err == nil && !force && info.Mode().IsRegular() && info.Size() > 0 {
		return nil, fs.ErrExist
	}
	return replaceWhenDone(path, 0o600)
}

// replaceWhenDone opens what takes the place of a file, which keeps its mode; a new
// one has the given mode. A symbolic link stays one.
func replaceWhenDone(path string, mode fs.FileMode) (*newFile, error) {
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
		n := &newFile{Writer: f, file: f}
		if terminalOf(f) != nil {
			n.Writer = &escaper{w: f}
		}
		return n, nil
	}
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), ".wiretape-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		// The name that was asked for tells more than that of the moment.
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			cause.Path = path
		}
		return nil, err
	}
	n := &newFile{f, f, path}
	if old {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			n.drop()
			return nil, err
		}
	}
	return n, nil
}

// done puts the file in its place.
func (f *newFile) done() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	if f.path == "" {
		return err
	}
	if err == nil {
		err = os.Rename(f.file.Name(), f.path)
	}
	if err != nil {
		os.Remove(f.file.Name())
	}
	f.path = ""
	return err
}

// drop takes it away, unless it is in its place.
func (f *newFile) drop() {
	if f.file == nil {
		return
	}
	if err := f.file.Close(); f.path != "" && !errors.Is(err, os.ErrClosed) {
		os.Remove(f.file.Name())
	}
}

// replaceFile writes a file in the place of another, all of it or nothing.
func replaceFile(path string, text []byte, mode fs.FileMode) error {
	f, err := replaceWhenDone(path, mode)
	if err != nil {
		return err
	}
	defer f.drop()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.done()
}
