package wire

import (
	"io"
	"sync"
)

// pumpSize is the buffer of a Pump: 128 KiB, since page-cache writes of a sink
// that records are fastest at that size.
const pumpSize = 128 << 10

var pumpBuffers = sync.Pool{New: func() any { return new([pumpSize]byte) }}

// Pump reads to the peer's end and drops the bytes: the sink has seen them. It
// returns nil at the end of the stream, and otherwise what ended it, as
// [Conn.Read] does. Close ends it.
func (c *Conn) Pump() error {
	buf := pumpBuffers.Get().(*[pumpSize]byte)
	defer pumpBuffers.Put(buf)
	for {
		n, err := c.Read(buf[:])
		if scribble {
			for i := range buf[:n] {
				buf[i] = 0xdb
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
