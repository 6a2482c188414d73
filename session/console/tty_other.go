//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package console

import (
	"errors"
	"io"
	"os"
)

// IsTerminal reports whether f is a terminal that a Console can edit lines on:
// on this system, none is. Lines are then read as from a pipe.
func IsTerminal(*os.File) bool { return false }

type tty struct{}

func openTTY(_, _ *os.File) (*tty, error) { return nil, errors.ErrUnsupported }

func (*tty) edit() error               { return errors.ErrUnsupported }
func (*tty) wait() error               { return errors.ErrUnsupported }
func (*tty) size() (width, height int) { return 80, 24 }
func (*tty) takePastes() []paste       { return nil }
func (*tty) Read([]byte) (int, error)  { return 0, io.EOF }
func (*tty) again()                    {}
func (*tty) restore() error            { return errors.ErrUnsupported }
func (*tty) Close() error              { return nil }

func (*tty) listen(func([]byte)) (stop func(), err error) { return nil, errors.ErrUnsupported }

func (c *Console) suspend()      {}
func (c *Console) watchSignals() {}
