//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package console

import (
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

// orphanDelay is how long a stop signal may go without effect. The kernel
// drops it where no shell is there to continue us (an orphaned process group).
const orphanDelay = 100 * time.Millisecond

// suspend gives the terminal back to the shell and stops the process, as ^Z
// does elsewhere. It returns when the shell continues it. The signal goes to
// our process group: a pager or a tee in the same pipeline stops with us. It
// must not be caught anywhere, since the runtime cannot give back the default
// action of a signal that once was.
func (c *Console) suspend() {
	cont := make(chan os.Signal, 1)
	signal.Notify(cont, unix.SIGCONT)
	defer signal.Stop(cont)
	c.screen.leave()
	c.tty.restore()
	unix.Kill(0, unix.SIGTSTP)
	select {
	case <-cont:
	case <-time.After(orphanDelay):
	}
	if !c.closed() {
		c.tty.again()
		c.screen.back()
	}
}

// watchSignals redraws, until Close, when the terminal changes its size and
// when the process goes on after a stop that it did not ask for.
func (c *Console) watchSignals() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, unix.SIGWINCH, unix.SIGCONT)
	c.goroutines.Go(func() {
		defer signal.Stop(signals)
		for {
			select {
			case s := <-signals:
				if s == unix.SIGCONT {
					c.tty.again()
				}
				c.screen.resized()
			case <-c.done:
				return
			}
		}
	})
}
