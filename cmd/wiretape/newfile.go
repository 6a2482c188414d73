package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A newFile takes the place of the file of its name when it is done, all of it or
// nothing: until then nobody sees it. What is no regular file, such as a pipe or a
// terminal, is written to as it is.
type newFile struct {
	*os.File
	path string // to be replaced; "" for what is written to as it is
}

// replaceWhenDone opens what takes the place of a file, which keeps its mode; a new
// one is for its owner alone. A symbolic link stays one.
func replaceWhenDone(path string) (*newFile, error) {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			return &newFile{File: f}, err
		}
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		if at, ok := errors.AsType[*fs.PathError](err); ok {
			at.Path = path // as it was asked for
		}
		return nil, err
	}
	n := &newFile{f, path}
	if err := f.Chmod(mode); err != nil {
		n.drop()
		return nil, err
	}
	return n, nil
}

// done puts the file in its place.
func (f *newFile) done() error {
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

// drop takes it away, unless it is in its place.
func (f *newFile) drop() {
	if err := f.Close(); f.path != "" && !errors.Is(err, os.ErrClosed) {
		os.Remove(f.Name())
	}
}
