package tape

import (
	"bytes"
	"io"
)

const (
	maxLine   = 1 << 20   // bytes of a line, as it stands and as it reads
	firstRoom = 16 << 10  // bytes of a buffer at first
	bulkRoom  = 512 << 10 // bytes of a buffer once a tape proves long
)

var errTooLong = bad("line of more than %d bytes", maxLine)

// lines cuts a stream into lines, and into bytes where a raw block stands.
type lines struct {
	src  io.Reader
	buf  []byte
	r, w int // what is read of src and not yet used is buf[r:w]
	err  error
	n    int   // lines begun so far; line ends in a raw block count
	size int64 // read of src
	base int64 // offset in the file of what src begins with
}

// offset returns where in the file the next unused byte stands.
func (l *lines) offset() int64 { return l.base + l.size - int64(l.w-l.r) }

// line returns the next line without its line end. It is valid until the next
// call. At the end of the stream a line without its line end comes with
// errUnterminated.
func (l *lines) line() ([]byte, error) {
	from := 0
	for {
		if i := bytes.IndexByte(l.buf[l.r+from:l.w], '\n'); i >= 0 {
			s := l.buf[l.r : l.r+from+i]
			l.r += from + i + 1
			l.n++
			if len(s) > maxLine {
				return nil, errTooLong
			}
			return s, nil
		}
		from = l.w - l.r
		if from > maxLine {
			l.n++
			return nil, errTooLong
		}
		if l.err != nil {
			if l.err != io.EOF || from == 0 {
				return nil, l.err
			}
			s := l.buf[l.r:l.w]
			l.r = l.w
			l.n++
			return s, errUnterminated
		}
		l.fill(from + 1)
	}
}

// buffered reports whether the next line has been read.
func (l *lines) buffered() bool { return bytes.IndexByte(l.buf[l.r:l.w], '\n') >= 0 }

// peek returns the next n bytes and up to more bytes after them; less at the end
// of the stream. They are valid until the next call of line or peek.
func (l *lines) peek(n, more int) (b, rest []byte, err error) {
	for l.w-l.r < n+more && l.err == nil {
		l.fill(n + more)
	}
	if l.err != nil && l.err != io.EOF {
		return nil, nil, l.err
	}
	b = l.buf[l.r:min(l.r+n, l.w)]
	return b, l.buf[l.r+len(b) : min(l.r+len(b)+more, l.w)], nil
}

// skip uses b, the bytes at l.r, up and counts its line ends.
func (l *lines) skip(b []byte) {
	l.r += len(b)
	l.n += bytes.Count(b, []byte{'\n'})
}

// fill reads once, with room for need bytes from l.r on.
func (l *lines) fill(need int) {
	room := len(l.buf)
	if room == 0 {
		room = firstRoom
	}
	if l.size >= 4*firstRoom {
		room = max(room, bulkRoom)
	}
	for room < need {
		room *= 2
	}
	if room > len(l.buf) {
		buf := make([]byte, room)
		l.w = copy(buf, l.buf[l.r:l.w])
		l.r, l.buf = 0, buf
	} else if l.r > 0 && (l.r == l.w || l.w == len(l.buf) || len(l.buf)-l.r < need) {
		l.w = copy(l.buf, l.buf[l.r:l.w])
		l.r = 0
	}
	for range 100 {
		n, err := l.src.Read(l.buf[l.w:])
		l.w += n
		l.size += int64(n)
		if n > 0 || err != nil {
			l.err = err
			return
		}
	}
	l.err = io.ErrNoProgress
}
