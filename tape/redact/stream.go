package redact

import (
	"bytes"
	"strconv"
	"strings"

	"wiretape/wire"
)

// A conn is what is known of one connection.
type conn struct {
	datagrams bool
	client    stream
	server    stream
	// asked has one byte for each request without its final response.
	asked []byte
}

// What a request was, as far as its response's framing hangs on it.
const (
	other byte = iota
	head
	connect
)

// maxAsked bounds how many requests may wait for their responses. Beyond it the
// framing of responses is found anew at each line.
const maxAsked = 4096

func newConn() *conn {
	c := new(conn)
	c.restart()
	return c
}

// restart makes both streams wait for a first line.
func (c *conn) restart() {
	c.client = stream{conn: c, fresh: true, carry: c.client.carry}
	c.server = stream{conn: c, fresh: true, carry: c.server.carry, server: true}
	c.asked = nil
}

func (c *conn) stream(d wire.Dir) *stream {
	if d == wire.ServerToClient {
		return &c.server
	}
	return &c.client
}

// lose says that bytes of a direction are missing.
func (c *conn) lose(d wire.Dir) {
	s := c.stream(d)
	if s.state != off {
		s.begin()
	}
}

// state is where a stream stands.
type state uint8

const (
	startLine state = iota // or, once the framing is lost, any line
	fields                 // of a head
	trailers               // after the last chunk
	body                   // left bytes of it
	chunkSize
	chunkEnd // the line end after a chunk's data
	off      // not HTTP/1, or a body up to the end
)

// A stream is one direction of a connection, as far as it is decided on.
type stream struct {
	conn   *conn
	server bool
	fresh  bool // no line was seen yet
	state  state
	left   int64  // body: bytes to come
	line   []byte // what was passed of the current line, as far as it matters

	// The head so far.
	status  int
	method  byte
	length  int64 // Content-Length, -1 for none
	chunked bool
	coded   bool      // a Transfer-Encoding that is not chunked
	broken  bool      // fields that contradict each other
	field   fieldKind // of the current line
	folded  fieldKind // of the line before it, which it may go on with
	inside  bool      // in the middle of a secret
	base    string    // what the secret is named after

	carry mark // what is still to come of a given value
}

// maxKept bounds what is kept of a line that was passed, in bytes.
const maxKept = 4 << 10

// begin waits for a start line.
func (s *stream) begin() {
	s.state, s.line = startLine, s.line[:0]
	s.status, s.method, s.length, s.chunked, s.coded, s.broken = 0, other, -1, false, false, false
	s.field, s.folded, s.inside = unknownField, plainField, false
}

// keep remembers b as a part of the current line.
func (s *stream) keep(b []byte) {
	s.line = append(s.line, b[:min(len(b), maxKept-min(len(s.line), maxKept))]...)
}

// scan goes over b, notes the secrets, and returns how much of b is decided:
// all of it when final.
func (s *stream) scan(b []byte, final bool, marks *[]mark) int {
	for i := 0; i < len(b); {
		switch s.state {
		case off:
			return len(b)
		case body:
			n := int(min(s.left, int64(len(b)-i)))
			i += n
			if s.left -= int64(n); s.left == 0 {
				if s.chunked {
					s.state = chunkEnd
				} else {
					s.begin()
				}
			}
		case fields, trailers:
			n := s.fieldLine(b[i:], i, final, marks)
			if n == 0 {
				return i
			}
			i += n
		default:
			n := bytes.IndexByte(b[i:], '\n') + 1
			if n == 0 {
				s.keep(b[i:])
				if s.state == startLine && s.fresh && len(s.line) >= maxKept && !s.isStart(s.line) {
					s.state = off
				}
				return len(b)
			}
			s.keep(b[i : i+n])
			i += n
			line := bytes.TrimRight(s.line, "\r\n")
			switch s.state {
			case startLine:
				s.start(line)
			case chunkSize:
				s.chunk(line)
			case chunkEnd:
				s.state = chunkSize
				if len(line) > 0 {
					s.begin()
				}
			}
			s.line = s.line[:0]
		}
	}
	return len(b)
}

// methods are those by which a request is known that lacks its version.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// isStart reports whether a line begins a message of HTTP/1.
func (s *stream) isStart(line []byte) bool {
	if s.server {
		return hasPrefixFold(line, "HTTP/")
	}
	for _, m := range methods {
		if hasPrefixFold(line, m) && len(line) > len(m) && (line[len(m)] == ' ' || line[len(m)] == '\t') {
			return true
		}
	}
	return bytes.Contains(line, []byte(" HTTP/")) || bytes.Contains(bytes.ToUpper(line), []byte(" HTTP/"))
}

func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && strings.EqualFold(string(b[:len(prefix)]), prefix)
}

// start reads a start line, or a line where one is looked for.
func (s *stream) start(line []byte) {
	if len(line) == 0 {
		return // RFC 9112, section 2.2: an empty line before it is skipped
	}
	if !s.isStart(line) {
		// A proxy may say whom it speaks for, in a line before the request.
		if s.fresh && (s.server || !hasPrefixFold(line, "PROXY ")) {
			s.state = off
		}
		return
	}
	if c := s.conn; s.server && c.client.fresh && c.client.state == off {
		// What did not look like a request was taken for one.
		c.client.fresh = false
		c.client.begin()
	}
	s.begin()
	s.fresh, s.state = false, fields
	words := strings.Fields(string(line))
	if s.server {
		if len(words) > 1 {
			s.status, _ = strconv.Atoi(words[1])
		}
		return
	}
	switch {
	case strings.EqualFold(words[0], "HEAD"):
		s.method = head
	case strings.EqualFold(words[0], "CONNECT"):
		s.method = connect
	}
}

// chunk reads the line before a chunk's data.
func (s *stream) chunk(line []byte) {
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimSpace(size)), 16, 62)
	switch {
	case err != nil:
		s.begin()
	case n == 0:
		s.state, s.field, s.folded = trailers, unknownField, plainField
	default:
		s.state, s.left = body, int64(n)
	}
}

// headEnd goes on to what follows a head.
func (s *stream) headEnd() {
	if s.server {
		s.responseEnd()
		return
	}
	if c := s.conn; len(c.asked) < maxAsked {
		c.asked = append(c.asked, s.method)
	}
	s.framed()
}

// responseEnd goes on to what follows the head of a response (RFC 9112, section
// 6.3).
func (s *stream) responseEnd() {
	c := s.conn
	asked := other
	switch {
	case s.status == 101:
		// RFC 9110, section 15.2.2: another protocol, in both directions.
		c.client.state, c.server.state = off, off
		return
	case s.status >= 100 && s.status < 200:
		s.begin()
		return
	case len(c.asked) > 0:
		overflow := len(c.asked) == maxAsked
		asked, c.asked = c.asked[0], c.asked[1:]
		if overflow {
			c.asked = nil
			s.begin()
			return
		}
	}
	switch {
	case asked == connect && s.status >= 200 && s.status < 300:
		// RFC 9110, section 9.3.6: a tunnel, whatever goes through it.
		c.restart()
	case asked == head, s.status == 204, s.status == 304:
		s.begin()
	case s.coded && !s.chunked, !s.chunked && !s.broken && s.length < 0:
		s.state = off
	default:
		s.framed()
	}
}

// framed goes on to the body that the fields tell of.
func (s *stream) framed() {
	switch {
	case s.chunked:
		s.state = chunkSize
	case s.broken || s.length <= 0:
		s.begin()
	default:
		s.state, s.left = body, s.length
	}
}
