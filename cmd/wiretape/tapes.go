package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"wiretape/session"
	"wiretape/tape"
	"wiretape/wire"
)

// openTape opens the tape that an argument names: a file, "-" for stdin, "last"
// for the session that was kept last.
func (a *app) openTape(arg string) (*tape.Reader, io.Closer, error) {
	if arg == "last" {
		if _, err := os.Stat(arg); errors.Is(err, fs.ErrNotExist) {
			dir, err := session.StateDir()
			if err != nil {
				return nil, nil, usagef("last session: %w", err)
			}
			if arg, err = session.LastKept(dir); err != nil {
				return nil, nil, usagef("last session: %w", err)
			}
		}
	}
	f, name, err := a.openFile(arg)
	if err != nil {
		return nil, nil, err
	}
	return tape.NewReader(f, name), f, nil
}

// openFile opens the file that an argument names, "-" for stdin.
func (a *app) openFile(arg string) (io.ReadCloser, string, error) {
	if arg == "-" {
		return io.NopCloser(a.stdin), "stdin", nil
	}
	f, err := os.Open(arg)
	if err != nil {
		return nil, "", usagef("tape: %w", err)
	}
	if st, err := f.Stat(); err == nil && st.IsDir() {
		f.Close()
		return nil, "", usagef("tape %s: is a directory", arg)
	}
	return f, arg, nil
}

// events gives each event of a tape to sink. A tape that is cut off gives what
// is there, and a notice.
func (a *app) events(r *tape.Reader, name string, sink wire.Sink) error {
	for e, err := range r.Events() {
		if err != nil {
			return err
		}
		sink(e)
	}
	if cut, ok := r.Cut(); ok {
		fmt.Fprintf(a.stderr, "wiretape: %s is cut off: %s\n", name, escape(cut.String()))
	}
	return nil
}
