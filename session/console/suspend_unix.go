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
// does. It returns when the shell continues it. The signal goes to our process
// group: a pager or a tee in the same pipeline stops with us.
func (c *Console) suspend() {
	cont := make(chan os.Signal, 1)
	signal.Notify(cont, unix.SIGCONT)
	defer signal.Stop(cont)
	was := c.screen.leave()
	c.tty.restore()
	unix.Kill(0, unix.SIGTSTP)
	select {
	case <-cont:
	case <-time.After(orphanDelay):
	}
	c.tty.edit()
	c.screen.back(was)
}

// watchSize redraws when the terminal changes its size, until Close.
func (c *Console) watchSize() {
	winch := make(chan os.Signal, 1)
	signal.Notify(winch, unix.SIGWINCH)
	c.goroutines.Go(func() {
		defer signal.Stop(winch)
		for {
			select {
			case <-winch:
				c.screen.resized()
			case <-c.done:
				return
			}
		}
	})
}
