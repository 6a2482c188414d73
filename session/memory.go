package session

import (
	"bytes"
	"io"
)

// A memory holds what was written to it in blocks, which do not move as it grows.
type memory struct {
	blocks [][]byte
	size   int
}

// memoryBlock is the size of a block, octets.
const memoryBlock = 256 << 10

func (m *memory) Write(b []byte) (int, error) {
	n := len(b)
	m.size += n
	for len(b) > 0 {
		if len(m.blocks) == 0 || len(m.blocks[len(m.blocks)-1]) == memoryBlock {
			first := memoryBlock
			if len(m.blocks) == 0 {
				first = 4 << 10 // most sessions are short: append lets it grow
			}
			m.blocks = append(m.blocks, make([]byte, 0, first))
		}
		last := &m.blocks[len(m.blocks)-1]
		k := min(len(b), memoryBlock-len(*last))
		*last = append(*last, b[:k]...)
		b = b[k:]
	}
	return n, nil
}

// Len returns how many octets were written.
func (m *memory) Len() int { return m.size }

// reader returns what was written so far, and nothing of what is written later, even
// while it is read.
func (m *memory) reader() io.Reader {
	all := make([]io.Reader, len(m.blocks))
	for i, b := range m.blocks {
		all[i] = bytes.NewReader(b)
	}
	return io.MultiReader(all...)
}
