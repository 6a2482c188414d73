package console

import "golang.org/x/sys/unix"

const (
	ioctlGetTermios = unix.TCGETS
	ioctlSetTermios = unix.TCSETS

	noChar = 0 // _POSIX_VDISABLE: a control character that no key sends
)
