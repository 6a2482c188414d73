package tape

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Errors of [Create]; each comes wrapped with the path.
var (
	ErrExists = errors.New("tape exists and is not empty")
	errLocked = errors.New("tape is being written by another process")
)

// Create opens a file to record to, for its owner alone, and locks it until it
// is closed. An existing tape is refused unless it is empty or replace is true.
// A FIFO is opened for writing, which waits for its reader.
func Create(path string, replace bool) (*os.File, error) {
	flags := os.O_RDWR | os.O_CREATE
	if info, err := os.Stat(path); err == nil {
		switch mode := info.Mode(); {
		case mode.IsDir():
			return nil, fmt.Errorf("record to %s: is a directory, want a file", path)
		case mode&fs.ModeNamedPipe != 0:
			flags = os.O_WRONLY
		}
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		if cause, ok := errors.AsType[*fs.PathError](err); ok {
			err = cause.Err
		}
		return nil, fmt.Errorf("record to %s: %w", path, err)
	}
	if err := prepare(f, replace); err != nil {
		f.Close()
		return nil, fmt.Errorf("record to %s: %w", path, err)
	}
	return f, nil
}

// prepare locks a file that is to be a tape, and empties it.
func prepare(f *os.File, replace bool) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return nil
	}
	if err := lock(f); err != nil {
		return err
	}
	// Its size counts from here on: before the lock another may have written.
	if info, err = f.Stat(); err != nil {
		return err
	}
	if info.Size() > 0 && !replace {
		return fmt.Errorf("%w (%d bytes)", ErrExists, info.Size())
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	return f.Chmod(0o600)
}
