package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"wiretape/session"
	"wiretape/tape"
	"wiretape/wire"
)

// openTape opens the tape that an argument names: a file, "-" for stdin, "last"
// for the session that was kept last, or the number of a kept session. Reading it
// ends with the cause of ctx.
func (a *app) openTape(ctx context.Context, arg string) (*tape.Reader, io.Closer, error) {
	return a.openTapeThrough(ctx, arg, func(src io.Reader) io.Reader { return src })
}

// openTapeThrough is openTape, with what the tape is read through.
func (a *app) openTapeThrough(ctx context.Context, arg string, through func(io.Reader) io.Reader) (*tape.Reader, io.Closer, error) {
	if n, ok := keptNumber(arg); ok {
		if _, err := os.Stat(arg); errors.Is(err, fs.ErrNotExist) {
			if arg, err = keptPath(n); err != nil {
				return nil, nil, err
			}
		}
	}
	f, name, err := a.openFile(ctx, arg)
	if err != nil {
		return nil, nil, err
	}
	return tape.NewReader(through(f), name), f, nil
}

// keptNumber reads "last" or a number as that of a kept session, from 1.
func keptNumber(arg string) (int, bool) {
	if arg == "last" {
		return 1, true
	}
	n, err := strconv.Atoi(arg)
	return n, err == nil && n > 0
}

// keptPath returns the path of the n-th kept session, the latest being 1.
func keptPath(n int) (string, error) {
	dir, err := session.StateDir()
	if err != nil {
		return "", usagef("kept session: %w", err)
	}
	kept, err := session.KeptSessions(dir)
	if err != nil {
		return "", usagef("kept session: %w", err)
	}
	if n > len(kept) {
		return "", &hinted{usagef("kept session %d: %s in %s", n, count(len(kept), "session"), dir), "wiretape sessions lists them"}
	}
	return kept[n-1].Path, nil
}

// openFile opens the file that an argument names, "-" for stdin. Reading it ends
// with the cause of ctx.
func (a *app) openFile(ctx context.Context, arg string) (io.ReadCloser, string, error) {
	if arg == "-" {
		return newStreamSource(ctx, io.NopCloser(a.stdin)), "stdin", nil
	}
	f, err := os.Open(arg)
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err
		}
		return nil, "", usagef("tape %s: %w", arg, err)
	}
	switch st, err := f.Stat(); {
	case err == nil && st.IsDir():
		f.Close()
		return nil, "", usagef("tape %s: is a directory", arg)
	case err == nil && st.Mode().IsRegular():
		return &fileSource{f, ctx}, arg, nil
	}
	return newStreamSource(ctx, f), arg, nil
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
