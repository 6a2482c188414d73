package main

import (
	"io"
	"io/fs"
	"os"

	"wiretape/tape"
)

// A newFile takes the place of the file of its name when it is done, as a
// [tape.NewFile] does, or is stdout. A terminal obeys none of the bytes.
type newFile struct {
	io.Writer
	file *tape.NewFile // nil for stdout
}

// newOutput opens the file of a flag such as -o, or gives stdout where path is "".
// The error of a file that is there is [fs.ErrExist], without force. It is for its
// owner alone.
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

// replaceWhenDone is [tape.ReplaceWhenDone]; a terminal gets what it does not obey.
func replaceWhenDone(path string, mode fs.FileMode) (*newFile, error) {
	f, err := tape.ReplaceWhenDone(path, mode)
	if err != nil {
		return nil, err
	}
	n := &newFile{f, f}
	if terminalOf(f.File) != nil {
		n.Writer = &escaper{w: f}
	}
	return n, nil
}

// done puts the file in its place.
func (f *newFile) done() error {
	if f.file == nil {
		return nil
	}
	return f.file.Done()
}

// drop takes it away, unless it is in its place.
func (f *newFile) drop() {
	if f.file != nil {
		f.file.Drop()
	}
}
