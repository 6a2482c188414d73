package redact

// A chunks follows the chunks of a body (RFC 9112, section 7.1), whose data is
// spliced. Their lines are read as any others: if they are none of chunks, nothing
// is missed.
type chunks struct {
	body  *splice
	state chunkState
	size  int // of the chunk, as far as its line is read
	left  int // octets of data to come
}

type chunkState uint8

const (
	chunkSize    chunkState = iota // the first figure of the size comes next
	chunkFigures                   // more of them
	chunkLine                      // what is left of that line
	chunkData
	chunkEnd // the line end behind the data
)

// maxChunk is the size of the largest chunk that is followed, octets: 1 GiB.
const maxChunk = 1 << 30

// line takes an octet that is no data. It reports whether it may stand there.
func (c *chunks) line(b byte) bool {
	switch c.state {
	case chunkSize, chunkFigures:
		if lower := b | 0x20; b >= '0' && isHex(lower) && c.size < maxChunk>>4 {
			c.size, c.state = c.size<<4|int(unhex(lower)), chunkFigures
			return true
		}
		if c.state == chunkSize || b != '\r' && b != '\n' && b != ';' && b != ' ' && b != '\t' {
			return false
		}
		c.state = chunkLine
		fallthrough
	case chunkLine:
		if b != '\n' {
			return true
		}
		c.state, c.left, c.size = chunkData, c.size, 0
		return c.left > 0 // trailers follow the last
	case chunkEnd:
		if b == '\n' {
			c.state = chunkSize
		}
		return b == '\n' || b == '\r'
	}
	return false
}

// reach returns how much of b, up to its end at most, is of one line or of one
// chunk's data.
func (c *chunks) reach(b []byte, i int) int {
	if c.state == chunkData {
		return min(len(b), i+c.left)
	}
	for ; i < len(b); i++ {
		if b[i] == '\n' {
			return i + 1
		}
	}
	return i
}

// follow takes b[from:to], which is of one line or of the data of one chunk, and
// reports whether chunks go on. The seeker of the stream goes over lines, and passes
// by the data.
func (c *chunks) follow(r *results, s *stream, b []byte, from, to int) bool {
	if c.state != chunkData {
		for i, x := range b[from:to] {
			if c.body.between(r, from+i); !c.line(x) {
				return false
			}
		}
		if c.state == chunkData {
			if c.body == nil {
				c.body = newSplice(r)
			}
			s.seek.run(r, b, to)
			s.seek.finish(r, b)
			s.seek.reset(to + c.left)
		}
		return true
	}
	c.body.take(r, b, from, to)
	if c.left -= to - from; c.left == 0 {
		c.body.between(r, to)
		c.state = chunkEnd
	}
	return true
}
