package update

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"wiretape/tape"
	"wiretape/wire"
)

// FixLengths writes a tape to dst in which Content-Length and the sizes of chunks are
// what the bodies have, as after an edit by hand, and returns a line for each that was
// changed. It takes for a body of HTTP/1 what stands behind a head up to the next
// head of that direction, or to the other side's turn; none is what an answer to
// HEAD may have. Other lengths stay, and the chunks of a body of more than 64 MiB,
// which a line says.
func FixLengths(dst io.Writer, src Source, name string) (notes []string, err error) {
	f := lengths{open: make(map[int]*message)}
	t, err := read(src, name, f.record)
	if err != nil {
		return nil, err
	}
	for _, m := range f.open {
		f.end(m)
	}
	for _, s := range t.order {
		kept := s.edits[:0]
		for _, e := range s.edits {
			was, _ := s.cut(e.from, e.to)
			if bytes.Equal(was, e.data) {
				continue
			}
			kept = append(kept, e)
			f.say(s.lineOf(e.from), "length %s, was %s", e.data, was)
		}
		s.edits = kept
	}
	slices.SortStableFunc(f.notes, func(a, b note) int { return cmp.Compare(a.line, b.line) })
	for _, n := range f.notes {
		notes = append(notes, fmt.Sprintf("%s:%d: %s", name, n.line, n.text))
	}
	return notes, t.write(dst)
}

// lengths finds the messages of HTTP/1 on a tape, record by record.
type lengths struct {
	open  map[int]*message // by connection: whose turn it is
	line  int              // of the record before
	notes []note
}

// A note is of a line of the tape.
type note struct {
	line int
	text string
}

func (f *lengths) say(line int, format string, args ...any) {
	f.notes = append(f.notes, note{line, fmt.Sprintf(format, args...)})
}

// A message is a head of HTTP/1 with what follows it. Of a body only chunks are held.
type message struct {
	s          *stream
	at         int64 // of the head
	line       int   // of the tape
	head, body []byte
	whole      bool // the head is
	chunked    bool
	size       int64 // of the body
}

const (
	maxHead    = 1 << 20  // octets of a head
	maxChunked = 64 << 20 // octets of a body in chunks
)

var requestLine = regexp.MustCompile(`^[!-~]+ [!-~]+ HTTP/1\.[0-9]\r?\n`)

// record takes the next record. Messages begin where a line of the tape does.
func (f *lengths) record(rec *tape.Record, s *stream) {
	if s == nil || len(rec.Event.Data) == 0 {
		return
	}
	data, conn := rec.Event.Data, rec.Event.Conn
	m := f.open[conn]
	begins := rec.Line != f.line && (s.dir == wire.ServerToClient && bytes.HasPrefix(data, []byte("HTTP/1.")) || s.dir == wire.ClientToServer && requestLine.Match(data))
	if f.line = rec.Line; begins || m != nil && m.s != s {
		f.end(m)
		m = nil
		delete(f.open, conn)
	}
	if begins {
		m = &message{s: s, at: s.size, line: rec.Line}
		f.open[conn] = m
	}
	if m != nil {
		m.take(data)
	}
}

// take takes octets of a message.
func (m *message) take(data []byte) {
	if !m.whole {
		if len(m.head) > maxHead {
			return // none of HTTP
		}
		from := max(0, len(m.head)-3)
		m.head = append(m.head, data...)
		end := headEnd.FindIndex(m.head[from:])
		if end == nil {
			return
		}
		n := from + end[1]
		data, m.head = m.head[n:], m.head[:n:n]
		m.whole, m.chunked = true, chunked.Match(m.head)
	}
	if m.size += int64(len(data)); m.chunked && m.size <= maxChunked {
		m.body = append(m.body, data...)
	}
}

// end takes the edits that make the lengths of a message right, those that are right
// too.
func (f *lengths) end(m *message) {
	switch {
	case m == nil || !m.whole:
	case !m.chunked:
		if m.size == 0 {
			return
		}
		for _, at := range contentLength.FindAllSubmatchIndex(m.head, -1) {
			m.s.edits = append(m.s.edits, edit{from: m.at + int64(at[2]), to: m.at + int64(at[3]), data: strconv.AppendInt(nil, m.size, 10)})
		}
	case m.size > maxChunked:
		f.say(m.line, "chunks of more than %d bytes: their sizes stay as they are", maxChunked)
	default:
		m.s.edits = append(m.s.edits, m.chunks()...)
	}
}

var (
	headEnd       = regexp.MustCompile(`\r?\n\r?\n`)
	contentLength = regexp.MustCompile(`(?im)^content-length[ \t]*:[ \t]*([0-9]+)[ \t]*\r?$`)
	chunked       = regexp.MustCompile(`(?im)^transfer-encoding[ \t]*:.*\bchunked[ \t]*\r?$`)
	chunkLine     = regexp.MustCompile(`^([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*)?\r?\n`)
)

func (m *message) chunks() (all []edit) {
	base := m.at + int64(len(m.head))
	for at := 0; ; {
		line := chunkLine.FindSubmatchIndex(m.body[at:])
		if line == nil {
			return all
		}
		size, err := strconv.ParseInt(string(m.body[at+line[2]:at+line[3]]), 16, 40)
		if err != nil || size == 0 {
			return all
		}
		from := at + line[1]
		end := from + int(size)
		if !chunksFollow(m.body, end) {
			if end = nextChunk(m.body, from); end < 0 {
				return all
			}
			all = append(all, edit{from: base + int64(at+line[2]), to: base + int64(at+line[3]), data: strconv.AppendInt(nil, int64(end-from), 16)})
		}
		at = end + bytes.IndexByte(m.body[end:], '\n') + 1
	}
}

// chunksFollow reports whether a chunk may end at an index: a line end is there,
// and the line of another chunk behind it.
func chunksFollow(b []byte, end int) bool {
	if end > len(b) {
		return false
	}
	rest, ok := bytes.CutPrefix(b[end:], []byte("\r\n"))
	return ok && chunkLine.Match(rest)
}

// nextChunk returns where the data ends that begins at from: before the first line
// from which on all chunks are right, or else the first line that may be one's.
func nextChunk(b []byte, from int) int {
	first := -1
	for i := from; i < len(b); i++ {
		j := bytes.IndexByte(b[i:], '\n')
		if j < 0 {
			break
		}
		end := i + j
		i = end
		if end > from && b[end-1] == '\r' {
			end--
		}
		if !chunksFollow(b, end) {
			continue
		}
		if chunksAreRight(b[i+1:]) {
			return end
		}
		if first < 0 {
			first = end
		}
	}
	return first
}

func chunksAreRight(b []byte) bool {
	for {
		line := chunkLine.FindSubmatchIndex(b)
		if line == nil {
			return false
		}
		size, err := strconv.ParseInt(string(b[line[2]:line[3]]), 16, 40)
		switch {
		case err != nil:
			return false
		case size == 0:
			return true
		case !chunksFollow(b, line[1]+int(size)):
			return false
		}
		b = b[line[1]+int(size):]
		b = b[bytes.IndexByte(b, '\n')+1:]
	}
}
