package wire

import (
	"net"
	"time"
)

// readSoon reads what is there, for a connection that cannot be asked without
// waiting: it waits a millisecond.
func readSoon(nc net.Conn, p []byte) int {
	nc.SetReadDeadline(time.Now().Add(time.Millisecond))
	defer nc.SetReadDeadline(time.Time{})
	n, _ := nc.Read(p)
	return n
}
