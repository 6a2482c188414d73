//go:build unix

package wire

import (
	"net"
	"syscall"
)

// readNow reads what is there without waiting and returns how much, 0 for
// nothing.
func readNow(nc net.Conn, p []byte) int {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return readSoon(nc, p)
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	rc.Read(func(fd uintptr) bool {
		n, _ = syscall.Read(int(fd), p)
		return true
	})
	return n
}
