//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package console

import (
	"bytes"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// keyDelay is how long the rest of a key may take to arrive. An ESC that
// nothing follows for so long was the key of that name.
const keyDelay = 80 * time.Millisecond

// IsTerminal reports whether f is a terminal.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), ioctlGetTermios)
	return err == nil
}

// maxAhead is how much may be typed while nobody reads a line before the rest waits
// in the system, octets.
const maxAhead = 64 << 10 // 64 KiB

// A tty is a terminal: its three modes, its size, and its keys as the shim
// rewrites them. The editor library's goroutine calls Read while a line is edited;
// in between listen takes what is typed ahead.
type tty struct {
	in, out int
	wake    [2]int // a pipe; a closed write end ends Read

	reading sync.Mutex // guards what follows: held by who reads
	keys    shim
	ready   []byte

	mu     sync.Mutex // guards what follows
	pastes []paste
	closed bool
	saved  unix.Termios // as found
	active unix.Termios // as set last
}

func openTTY(in, out *os.File) (*tty, error) {
	t := &tty{in: int(in.Fd()), out: int(out.Fd())}
	saved, err := unix.IoctlGetTermios(t.in, ioctlGetTermios)
	if err != nil {
		return nil, os.NewSyscallError("tcgetattr", err)
	}
	t.saved = *saved
	if err := unix.Pipe(t.wake[:]); err != nil {
		return nil, os.NewSyscallError("pipe", err)
	}
	unix.CloseOnExec(t.wake[0])
	unix.CloseOnExec(t.wake[1])
	return t, nil
}

// edit gives every key to the editor.
func (t *tty) edit() error { return t.set(false) }

// wait is the mode between two lines. Keys are neither echoed into the output
// nor lost, and ^C is a signal, since nobody reads keys. ^\ and ^Z are none:
// the process would end, or stop, and leave the terminal like this. A ^Z is a
// key like others, and suspends when the next line is begun.
func (t *tty) wait() error { return t.set(true) }

func (t *tty) set(signals bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	m := t.saved
	m.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	m.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.IEXTEN | unix.ISIG
	if signals {
		m.Lflag |= unix.ISIG
	}
	m.Cflag &^= unix.CSIZE | unix.PARENB
	m.Cflag |= unix.CS8
	m.Cc[unix.VMIN], m.Cc[unix.VTIME] = 1, 0
	m.Cc[unix.VQUIT], m.Cc[unix.VSUSP] = noChar, noChar
	// OPOST stays: a panic's trace, or a child's output, must stay readable.
	t.active = m
	return os.NewSyscallError("tcsetattr", unix.IoctlSetTermios(t.in, ioctlSetTermios, &m))
}

// again sets the mode that was set last, after somebody else had the terminal.
func (t *tty) again() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		unix.IoctlSetTermios(t.in, ioctlSetTermios, &t.active)
	}
}

// restore puts the terminal back as it was found.
func (t *tty) restore() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return os.NewSyscallError("tcsetattr", unix.IoctlSetTermios(t.in, ioctlSetTermios, &t.saved))
}

// size returns the columns and rows, 80 and 24 where the terminal says none.
func (t *tty) size() (width, height int) {
	width, height = 80, 24
	if w, err := unix.IoctlGetWinsize(t.out, unix.TIOCGWINSZ); err == nil {
		if w.Col > 0 {
			width = int(w.Col)
		}
		if w.Row > 0 {
			height = int(w.Row)
		}
	}
	return width, height
}

// takePastes returns the pastes whose keyPaste has been read.
func (t *tty) takePastes() []paste {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.pastes
	t.pastes = nil
	return p
}

// Read reads keys. It returns io.EOF at once when the tty is closed, and when
// the terminal has gone away.
//
// A read ends behind a key that ends a line, so that the library holds nothing of
// what was typed ahead.
func (t *tty) Read(p []byte) (int, error) {
	t.reading.Lock()
	defer t.reading.Unlock()
	for len(t.ready) == 0 || t.gone() {
		if err := t.more(-1); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.ready)
	if end := bytes.IndexAny(p[:n], "\r\x03\x04"); end >= 0 {
		n = end + 1
	}
	t.ready = t.ready[n:]
	return n, nil
}

// listen takes the keys that are typed while no line is edited, until stop is called
// or the tty is closed. heard is called with those that wait, which the next Read
// returns: at once, and whenever there are more.
func (t *tty) listen(heard func(ahead []byte)) (stop func(), err error) {
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		return nil, os.NewSyscallError("pipe", err)
	}
	unix.CloseOnExec(ends[0])
	unix.CloseOnExec(ends[1])
	done := make(chan struct{})
	go func() {
		defer close(done)
		if !t.reading.TryLock() {
			return // the library has not let go: it takes them itself
		}
		defer t.reading.Unlock()
		for heard(t.ready); len(t.ready) < maxAhead; heard(t.ready) {
			if t.more(ends[0]) != nil {
				return
			}
		}
	}()
	return func() {
		unix.Close(ends[1])
		<-done
		unix.Close(ends[0])
	}, nil
}

// more waits for keys, until the tty is closed or the other end of the pipe stop is;
// a negative one is none.
func (t *tty) more(stop int) error {
	timeout := -1
	if t.keys.pending() {
		timeout = int(keyDelay / time.Millisecond)
	}
	fds := []unix.PollFd{
		{Fd: int32(t.in), Events: unix.POLLIN},
		{Fd: int32(t.wake[0]), Events: unix.POLLIN},
		{Fd: int32(stop), Events: unix.POLLIN}, // one that is negative never has any
	}
	n, err := unix.Poll(fds, timeout)
	switch {
	case errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return os.NewSyscallError("poll", err)
	case fds[1].Revents != 0:
		return io.EOF
	case fds[2].Revents != 0:
		return os.ErrClosed
	case n == 0:
		t.ready = t.keys.idle(t.ready)
		return nil
	}
	var buf [4096]byte
	n, err = unix.Read(t.in, buf[:])
	switch {
	case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
		return nil
	case err != nil || n <= 0: // EIO: the other side hung up
		return io.EOF
	}
	t.ready = t.keys.feed(t.ready, buf[:n])
	if len(t.keys.pastes) > 0 {
		t.mu.Lock()
		t.pastes = append(t.pastes, t.keys.pastes...)
		t.mu.Unlock()
		t.keys.pastes = nil
	}
	return nil
}

// gone reports whether the tty is closed.
func (t *tty) gone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}

// Close ends a Read in flight and puts the terminal back. It may be called
// from any goroutine, and twice.
func (t *tty) Close() error {
	err := t.restore()
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		unix.Close(t.wake[1]) // the read end stays: a Read may be polling it
	}
	return err
}
