package redact

import (
	"bytes"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http2"
)

// A conn is what is known of one connection.
type conn struct {
	datagrams  bool
	greeted    bool   // the server spoke first, as it does where commands are lines
	tagged     bool   // commands have tags: IMAP
	challenged bool   // AUTH was said, and no reply has ended it
	prompt     []byte // the end of what the server has said
	client     stream
	server     stream
}

func newConn() *conn {
	c := new(conn)
	c.client = stream{conn: c, start: -1}
	c.server = stream{conn: c, server: true, start: -1}
	return c
}

func (c *conn) stream(d wire.Dir) *stream {
	if d == wire.ServerToClient {
		return &c.server
	}
	return &c.client
}

// A stream is one direction of a connection, as far as it is decided on.
type stream struct {
	conn   *conn
	server bool
	begun  bool // an octet was seen
	opens  bool // the next octet is the first

	// The current line.
	field    fieldKind
	folded   fieldKind // of the line before it, which it may go on with
	name     []byte    // lower case, while field is unknownField
	prefix   uint16    // which beginning of names that is
	blank    bool      // white space follows the name
	text     bool      // it has an octet beside its end
	start    int       // where what is held of its value begins, none if negative
	inside   bool      // in the middle of a secret
	base     string    // what the secret is named after
	response bool      // the next line answers a challenge
	verb     bool      // of a line with a tag: the tag has been read

	// The body of HTTP/1.1.
	spliced bool    // this is one
	chunked bool    // what follows the head is in chunks
	chunks  *chunks // that are followed, nil for none

	seek  seeker // for what is secret within a line
	redis redis  // of the client
	iac   iac    // of the client, where a line may begin

	// HTTP/2.
	mayBegin bool // it may at the current line
	watched  int  // 1 more than the octets seen of what it begins with; 0 for none
	length   int  // of the frame that it begins with
	frames   *frames
}

// lose says that size bytes are missing.
func (s *stream) lose(size int64) {
	if s.frames != nil {
		s.frames.lose(size)
		return
	}
	if c := s.chunks; c != nil {
		if c.body != nil {
			c.body.text.lose(size)
		}
		c.left = max(0, c.left-int(min(size, maxChunk)))
		if s.seek.reset(c.left); c.left == 0 {
			s.chunks = nil
		}
	}
	if s.field < authField {
		s.lineEnd()
		s.folded = plainField
	}
	s.watched = 0
	s.redis = redis{seen: s.redis.seen}
}

// scan goes over b from i on, notes the secrets in r, and returns how much of b is
// decided: all of it when final. What it did before i is not done again.
func (s *stream) scan(r *results, b []byte, i int, final bool) int {
	for i < len(b) {
		if s.frames != nil {
			n, text := s.frames.scan(r, b, i)
			if i = n; text {
				s.frames = nil
				s.seek.reset(i)
			}
			continue
		}
		if !s.begun {
			s.begun, s.opens, s.watched = true, true, 1
			s.conn.greeted = s.conn.greeted || s.server && !s.conn.client.begun
			if c := &s.conn.client.redis; s.server && !s.conn.greeted {
				c.seen = c.seen || answersLikeRedis(b[i])
			}
		}
		from, to, chunks := i, len(b), s.chunks
		if chunks != nil {
			to = chunks.reach(b, i)
		}
		i = s.line(r, b[:to], i)
		if s.watched > 0 {
			i = from + s.watch(b[from:i])
		}
		if !s.server && !s.conn.greeted {
			s.redis.follow(b[from:i])
		}
		if chunks != nil && (!chunks.follow(r, s, b, from, i) || s.frames != nil) {
			chunks.body.finish(r)
			s.chunks = nil
		}
		if s.frames != nil {
			s.decide(r, b, i, false)
			s.seek.run(r, b, i)
			s.seek.finish(r, b)
		} else if s.watched == 0 && s.mayBegin && b[i-1] == '\n' && !s.spliced {
			s.watched = 1
		}
	}
	if s.frames != nil {
		if final {
			s.frames.finish(r, b)
		}
		return s.frames.decided(len(b))
	}
	if final {
		s.decide(r, b, len(b), false)
	}
	n := len(b)
	if s.start >= 0 {
		n = s.start
	}
	s.seek.run(r, b, n)
	if final {
		s.seek.finish(r, b)
	}
	if s.chunks != nil {
		if final {
			s.chunks.body.finish(r)
		}
		n = min(n, s.chunks.body.low(n))
	}
	return min(n, s.seek.low())
}

// drop takes n octets for gone that were decided.
func (s *stream) drop(n int) {
	if s.start >= 0 {
		s.start -= n
	}
	s.seek.drop(n)
	if s.chunks != nil {
		s.chunks.body.drop(n)
	}
	if s.frames != nil {
		s.frames.drop(n)
	}
}

// watch looks for what HTTP/2 begins with and returns how much of b comes before
// its frames, or the frame's payload: all when there is none of it.
func (s *stream) watch(b []byte) int {
	for i, c := range b {
		seen := s.watched - 1
		if s.server {
			if !s.settingsHeader(seen, c) {
				s.watched = 0
				return len(b)
			}
			if seen == frameHeaderLen-1 {
				s.frames = &frames{s: s, left: s.length, kind: http2.FrameSettings}
				return i + 1
			}
		} else {
			if c != http2.Preface[seen] {
				s.watched = 0
				return len(b)
			}
			if seen == len(http2.Preface)-1 {
				s.frames = &frames{s: s}
				if o := &s.conn.server; !o.begun {
					o.frames = &frames{s: o}
				}
				return i + 1
			}
		}
		s.watched++
	}
	return len(b)
}

// settingsHeader reports whether c may be the octet at index i of the header of
// a SETTINGS frame that is no acknowledgement, which a server begins with (RFC
// 9113, section 3.4).
func (s *stream) settingsHeader(i int, c byte) bool {
	switch i {
	case 0:
		s.length = 0
		return c == 0
	case 1, 2:
		s.length = s.length<<8 | int(c)
		return s.length <= 1<<14
	case 3:
		return http2.FrameType(c) == http2.FrameSettings
	}
	return c == 0
}

// lineEnd waits for the next line.
func (s *stream) lineEnd() {
	s.mayBegin = !s.server || !s.text
	if s.field.isCommand() {
		s.field = plainField // only fields are folded
	}
	if s.chunked && !s.text {
		s.chunked, s.chunks = false, new(chunks)
	}
	s.folded, s.field, s.name, s.prefix = s.field, unknownField, s.name[:0], 0
	s.blank, s.text, s.verb = false, false, false
}

// line goes over what b has of a line from i on, an octet at least, and returns where
// it stopped.
func (s *stream) line(r *results, b []byte, i int) int {
	switch s.field {
	case unknownField:
		if s.octet(b[i]) {
			return i + 1
		}
		return s.line(r, b, i) // it is the first of a value
	case plainField:
		n := bytes.IndexByte(b[i:], '\n') + 1
		if n == 0 {
			s.text = true
			return len(b)
		}
		s.text = s.text || n > 1
		s.lineEnd()
		i += n
		for s.passes(b[i:]) {
			// As lines that were gone over one by one, after which nothing differs.
			if n = bytes.IndexByte(b[i:], '\n') + 1; n == 0 {
				s.field, s.text = plainField, true
				return len(b)
			}
			i += n
		}
		return i
	}
	if s.start < 0 {
		s.start = i
	}
	most := s.start + maxHeld
	if n := bytes.IndexByte(b[i:min(len(b), most)], '\n') + 1; n > 0 {
		s.decide(r, b, i+n, true)
		s.lineEnd()
		return i + n
	}
	if len(b) < most {
		return len(b)
	}
	// Between two cookies rather than in the middle of one.
	end := most
	if k := bytes.LastIndexByte(b[s.start:most], ';'); s.field == cookieField && k >= 0 {
		end = s.start + k + 1
	}
	s.decide(r, b, end, false)
	if end < most {
		s.start = end
	}
	return most
}

// passes reports whether what follows a line of plain text begins another one that
// nothing is done with.
func (s *stream) passes(b []byte) bool {
	if len(b) == 0 || s.watched > 0 || s.conn.challenged || s.response || s.chunked || s.chunks != nil && s.chunks.body == nil {
		return false
	}
	c := b[0]
	if s.server {
		if s.mayBegin || c == '*' {
			return false
		}
	} else if s.conn.greeted || s.conn.tagged || s.redis.seen || s.redis.state != redisLine || c == '*' || c == '$' || c == http2.Preface[0] {
		return false
	}
	if c == ' ' || c == '\t' || !beginsLine[c] {
		return true
	}
	// Two octets with which no name begins; the second is no blank or colon.
	return len(b) > 1 && c > ':' && b[1] > ':' && longer(longer(0, c|0x20), b[1]|0x20) == 0
}

// decide masks what is held of a value, up to end, where its line ends or not. What a
// seeker has to do with it is over.
func (s *stream) decide(r *results, b []byte, end int, ends bool) {
	from := s.start
	if s.start = -1; from < 0 || from == end {
		return
	}
	masked := len(r.marks)
	s.mask(b[from:end], from, ends, &r.marks)
	if len(r.marks) > masked {
		s.seek.run(r, b, from)
		s.seek.finish(r, b)
		s.seek.reset(max(end, s.seek.pos))
	}
}

// valueOf has what follows taken for a value.
func (s *stream) valueOf(kind fieldKind, base string) {
	s.field, s.text, s.base, s.inside = kind, true, base, false
}

// octet takes an octet of a line of which it is not known what it is: of what may be
// the name of a field. It reports whether it did: a value may begin with it.
func (s *stream) octet(c byte) bool {
	first := len(s.name) == 0 && !s.text // but for what may stand before a line
	opens := s.opens && !s.server && !s.conn.greeted
	s.opens = false
	commands := !s.server && s.conn.greeted
	if commands && first && s.iac.follow(c) {
		return true
	}
	switch {
	case commands && first && !s.conn.tagged && s.conn.askedPassword():
		s.conn.prompt = s.conn.prompt[:0]
		s.response = false
		s.valueOf(responseField, "PASS")
		s.inside = true
		return false
	case s.response:
		s.response = false
		s.valueOf(responseField, "AUTH")
		s.inside = true
		if s.conn.tagged && !s.conn.challenged {
			s.base = "LOGIN"
		}
		return false
	case s.server && len(s.name) == 0 && c == '*' && !s.conn.client.begun:
		s.conn.tagged = true
	case s.server && s.conn.challenged && len(s.name) == 0 && (c != '*' || !s.conn.tagged):
		// RFC 4954, section 4; RFC 5034, section 4; RFC 9051, section 6.2.2.
		s.conn.challenged = c == '3' || c == '+'
		s.conn.client.response = s.conn.challenged
	case !s.server && s.conn.challenged && len(s.name) == 0 && !s.verb && c != '\r' && c != '\n':
		s.valueOf(earlyField, "AUTH")
		s.inside = true
		return false
	}
	if !s.server && s.conn.tagged {
		s.tagged(c)
		return true
	}
	if is, behind := s.redis.secret(c); is && first {
		s.valueOf(redisField, "AUTH")
		s.inside = true
		return behind
	}
	if opens && opensLikeRedis(c) || !s.server && first && s.redis.inline(c) && (c != ' ' || s.folded < authField) {
		s.valueOf(inlineField, "AUTH")
		return false
	}
	blank := c == ' ' || c == '\t'
	switch {
	case len(s.name) == 0 && !beginsLine[c]:
		s.field, s.text = plainField, true
	case c == '\n':
		s.field = plainField
		s.lineEnd()
	case c == '\r' && len(s.name) == 0:
		s.field = plainField
	case blank && len(s.name) == 0 && commands && s.folded < authField:
		// Before a command.
	case blank && len(s.name) == 0:
		// RFC 9112, section 5.2: the line goes on with the field before it.
		s.field, s.text = max(s.folded, plainField), true
	case blank && commands && commandOf(s.name) != plainField && !s.blank:
		s.valueOf(commandOf(s.name), strings.ToUpper(string(s.name)))
		s.conn.challenged = s.field == saslField
	case blank:
		// RFC 9112, section 5.1: there is none before the colon, but it is read.
		s.blank = true
	case c == ':':
		s.valueOf(lineOf(s.name), "")
	default:
		s.text = true
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		s.name, s.prefix = append(s.name, c), longer(s.prefix, c)
		if s.blank || s.prefix == 0 {
			s.field = plainField
		}
	}
	return true
}
