package update

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"wiretape/wire"
)

// FixLengths returns a tape in which Content-Length and the sizes of chunks are
// what the bodies have, as after an edit by hand, and a line for each that was
// changed. It takes for a body of HTTP/1 what stands behind a head up to the next
// head of that direction, or to the other side's turn; none is what an answer to
// HEAD may have. Other lengths stay.
func FixLengths(old []byte, name string) (text []byte, notes []string, err error) {
	t, err := read(old, name)
	if err != nil {
		return nil, nil, err
	}
	for _, turn := range t.turns() {
		for _, m := range turn.messages() {
			for _, e := range m.lengths() {
				if was := turn.s.data[e.from:e.to]; !bytes.Equal(was, e.data) {
					turn.s.edits = append(turn.s.edits, e)
					notes = append(notes, fmt.Sprintf("%s:%d: length %s, was %s", name, turn.s.lineOf(e.from), e.data, was))
				}
			}
		}
	}
	if len(notes) == 0 {
		return old, nil, nil
	}
	text, err = t.write()
	return text, notes, err
}

// A turn is what one side of a connection said before the other did.
type turn struct {
	s        *stream
	from, to int64
}

// turns returns those of all connections, in order.
func (t *text) turns() []*turn {
	var all []*turn
	last := map[int]*turn{}
	for line := range t.lines {
		for _, r := range t.at[line+1] {
			if l := last[r.s.conn]; l != nil && l.s == r.s {
				l.to = r.to
				continue
			}
			l := &turn{r.s, r.from, r.to}
			last[r.s.conn] = l
			all = append(all, l)
		}
	}
	return all
}

// lineOf returns the line of the tape that has an octet.
func (s *stream) lineOf(off int64) int {
	for i, end := range s.ends {
		if off < end {
			return s.lines[i]
		}
	}
	return 0
}

// A message is a head of HTTP/1 with what follows it.
type message struct {
	s          *stream
	head, body []byte
	at         int64 // of the head
}

var requestLine = regexp.MustCompile(`^[!-~]+ [!-~]+ HTTP/1\.[0-9]\r?\n`)

// messages parts a turn where lines of the tape begin with a head.
func (t *turn) messages() (all []message) {
	data := t.s.data[t.from:t.to]
	var begins []int
	for _, p := range t.s.pieces(t.from, t.to) {
		if t.s.dir == wire.ServerToClient && bytes.HasPrefix(p.data, []byte("HTTP/1.")) || t.s.dir == wire.ClientToServer && requestLine.Match(p.data) {
			begins = append(begins, int(p.from-t.from))
		}
	}
	for i, from := range begins {
		end := len(data)
		if i+1 < len(begins) {
			end = begins[i+1]
		}
		head := headEnd.FindIndex(data[from:end])
		if head == nil {
			continue
		}
		all = append(all, message{t.s, data[from : from+head[1]], data[from+head[1] : end], t.from + int64(from)})
	}
	return all
}

var (
	headEnd       = regexp.MustCompile(`\r?\n\r?\n`)
	contentLength = regexp.MustCompile(`(?im)^content-length[ \t]*:[ \t]*([0-9]+)[ \t]*\r?$`)
	chunked       = regexp.MustCompile(`(?im)^transfer-encoding[ \t]*:.*\bchunked[ \t]*\r?$`)
	chunkLine     = regexp.MustCompile(`^([0-9A-Fa-f]+)[ \t]*(?:;[^\n]*)?\r?\n`)
)

// lengths returns the edits that make the lengths right, those that are right too.
func (m message) lengths() (all []edit) {
	if chunked.Match(m.head) {
		return m.chunks()
	}
	if len(m.body) == 0 {
		return nil
	}
	for _, at := range contentLength.FindAllSubmatchIndex(m.head, -1) {
		all = append(all, edit{from: m.at + int64(at[2]), to: m.at + int64(at[3]), data: strconv.AppendInt(nil, int64(len(m.body)), 10)})
	}
	return all
}

func (m message) chunks() (all []edit) {
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
