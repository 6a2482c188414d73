//go:build unix

package session

import (
	"os/exec"
	"syscall"
)

// ownGroup has a command lead a group of processes, so that what a shell starts
// ends with it, and so that a ^C of the terminal is ours alone.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends the group.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
