package demo

import (
	"context"
	"time"

	"wiretape/wire"
)

// echoIdle is how long the echo remembers who spoke to it.
const echoIdle = 10 * time.Second

// serveEcho sends each datagram of c back (RFC 862).
func serveEcho(_ context.Context, c *wire.Conn) {
	buf := make([]byte, 64<<10)
	for {
		c.SetReadDeadline(time.Now().Add(echoIdle))
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}
