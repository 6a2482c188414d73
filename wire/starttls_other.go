//go:build !unix

package wire

import "net"

// readNow reads what is there and returns how much, 0 for nothing.
func readNow(nc net.Conn, p []byte) int { return readSoon(nc, p) }
