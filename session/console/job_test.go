//go:build linux || darwin

package console

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func runJob(cmd *exec.Cmd) {
	signal.Ignore(unix.SIGTTOU)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Foreground: true, Ctty: 0}
	if err := cmd.Start(); err != nil {
		fmt.Println("shell:", err)
		os.Exit(1)
	}
	for {
		var ws unix.WaitStatus
		if _, err := unix.Wait4(cmd.Process.Pid, &ws, unix.WUNTRACED, nil); err != nil {
			fmt.Println("shell:", err)
			os.Exit(1)
		}
		if !ws.Stopped() {
			os.Exit(ws.ExitStatus())
		}
		unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, unix.Getpgrp())
		fmt.Println("stopped; the terminal", describeTerminal(0))
		var order [16]byte
		n, _ := os.NewFile(3, "orders").Read(order[:])
		fmt.Println(strings.TrimSpace(string(order[:n])))
		unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, cmd.Process.Pid)
		unix.Kill(-cmd.Process.Pid, unix.SIGCONT)
	}
}

// describeTerminal says whether a person could type at the terminal.
func describeTerminal(fd int) string {
	m, err := unix.IoctlGetTermios(fd, ioctlGetTermios)
	switch {
	case err != nil:
		return err.Error()
	case m.Lflag&(unix.ECHO|unix.ICANON|unix.ISIG) == unix.ECHO|unix.ICANON|unix.ISIG && m.Iflag&unix.ICRNL != 0 && m.Cc[unix.VQUIT] != noChar:
		return "is sane"
	}
	return "is raw"
}
