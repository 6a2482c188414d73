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
	c.client = stream{conn: c}
	c.server = stream{conn: c, server: true}
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
	carry  mark // what is still to come of a given value

	// The current line.
	field    fieldKind
	folded   fieldKind // of the line before it, which it may go on with
	name     []byte    // lower case, while field is unknownField
	blank    bool      // white space follows the name
	text     bool      // it has an octet beside its end
	inside   bool      // in the middle of a secret
	base     string    // what the secret is named after
	response bool      // the next line answers a challenge
	verb     bool      // of a line with a tag: the tag has been read

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
	if s.field < authField {
		s.lineEnd()
		s.folded = plainField
	}
	s.watched = 0
	s.redis = redis{seen: s.redis.seen}
}

// scan goes over b, notes the secrets in r, and returns how much of b is
// decided: all of it when final.
func (s *stream) scan(r *Redactor, b []byte, final bool) int {
	from := 0 // where what the seeker has not seen begins
	for i := 0; i < len(b); {
		if s.frames != nil {
			s.seek.run(r, b, from, i, i, true)
			s.seek.reset()
			n, text := s.frames.scan(r, b, i, final)
			if !text {
				return n
			}
			i, from, s.frames = n, n, nil
			continue
		}
		if !s.begun {
			s.begun, s.watched = true, 1
			s.conn.greeted = s.conn.greeted || s.server && !s.conn.client.begun
			if c := &s.conn.client.redis; s.server && !s.conn.greeted {
				c.seen = c.seen || answersLikeRedis(b[i])
			}
		}
		masked := len(r.marks)
		n := s.fieldLine(b[i:], i, final, &r.marks)
		if n == 0 {
			s.seek.run(r, b, from, i, i, true)
			return i
		}
		end := i + n
		held := false
		switch {
		case len(r.marks) > masked:
			s.seek.run(r, b, from, i, i, true)
			s.seek.reset()
			from = end
		case end == len(b) && s.field == plainField && s.watched == 0 && !final:
			end = s.seek.run(r, b, from, end, i, false)
			from = end
			if held = end < len(b); end == i {
				return i
			}
			n = end - i
		}
		if s.watched > 0 {
			n = s.watch(b[i : i+n])
		}
		if !s.server && !s.conn.greeted {
			s.redis.follow(b[i : i+n])
		}
		i += n
		if held {
			return i
		}
		if s.watched == 0 && s.mayBegin && b[i-1] == '\n' {
			s.watched = 1
		}
	}
	s.seek.run(r, b, from, len(b), len(b), true)
	return len(b)
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
	s.folded, s.field, s.name, s.blank, s.text, s.verb = s.field, unknownField, s.name[:0], false, false, false
}

// fieldLine goes over what b has of a line, which stands at offset at of the
// buffer, and returns how much of it is decided.
func (s *stream) fieldLine(b []byte, at int, final bool, marks *[]mark) int {
	switch {
	case s.field == unknownField:
		return s.fieldName(b, at, final, marks)
	case s.field == plainField:
		n := bytes.IndexByte(b, '\n') + 1
		if n == 0 {
			s.text = true
			return len(b)
		}
		s.text = s.text || n > 2 || n == 2 && b[0] != '\r'
		s.lineEnd()
		return n
	}
	n := bytes.IndexByte(b[:min(len(b), maxHeld)], '\n') + 1
	value, ends := b, false
	switch {
	case n > 0:
		value, ends = b[:n], true
	case len(b) >= maxHeld:
		value = b[:maxHeld]
		// Between two cookies rather than in the middle of one.
		if i := bytes.LastIndexByte(value, ';'); s.field == cookieField && i >= 0 {
			value = value[:i+1]
		}
	case !final:
		return 0
	}
	s.mask(value, at, ends, marks)
	if ends {
		s.lineEnd()
	}
	return len(value)
}

// fieldName reads what may be the name of a field. It is never held, since it is
// no secret.
func (s *stream) fieldName(b []byte, at int, final bool, marks *[]mark) int {
	if !s.server && s.conn.greeted && len(s.name) == 0 && !s.text && s.iac.follow(b[0]) {
		return 1
	}
	switch {
	case !s.server && s.conn.greeted && !s.conn.tagged && len(s.name) == 0 && !s.text && s.conn.askedPassword():
		s.conn.prompt = s.conn.prompt[:0]
		s.response, s.field, s.text, s.inside, s.base = false, responseField, true, true, "PASS"
		return s.fieldLine(b, at, final, marks)
	case s.response:
		s.response, s.field, s.text, s.inside = false, responseField, true, true
		s.base = "AUTH"
		if s.conn.tagged && !s.conn.challenged {
			s.base = "LOGIN"
		}
		return s.fieldLine(b, at, final, marks)
	case s.server && len(s.name) == 0 && b[0] == '*' && !s.conn.client.begun:
		s.conn.tagged = true
	case s.server && s.conn.challenged && len(s.name) == 0 && (b[0] != '*' || !s.conn.tagged):
		// RFC 4954, section 4; RFC 5034, section 4; RFC 9051, section 6.2.2.
		s.conn.challenged = b[0] == '3' || b[0] == '+'
		s.conn.client.response = s.conn.challenged
	case !s.server && s.conn.challenged && len(s.name) == 0 && !s.verb && b[0] != '\r' && b[0] != '\n':
		s.field, s.text, s.base, s.inside = earlyField, true, "AUTH", true
		return s.fieldLine(b, at, final, marks)
	}
	if !s.server && s.conn.tagged {
		return s.taggedLine(b)
	}
	if is, behind := s.redis.secret(b[0]); is && len(s.name) == 0 && !s.text {
		s.field, s.text, s.inside, s.base = redisField, true, true, "AUTH"
		if behind {
			return 1
		}
		return s.fieldLine(b, at, final, marks)
	}
	if !s.server && len(s.name) == 0 && !s.text && s.redis.inline(b[0]) {
		s.field, s.text, s.inside, s.base = inlineField, true, false, "AUTH"
		return s.fieldLine(b, at, final, marks)
	}
	if len(s.name) == 0 && !beginsLine[b[0]] {
		s.field, s.text = plainField, true
		return 1
	}
	for i, c := range b {
		switch {
		case c == '\n':
			s.field = plainField
			s.lineEnd()
			return i + 1
		case c == '\r' && len(s.name) == 0:
			s.field = plainField
			return i + 1
		case (c == ' ' || c == '\t') && len(s.name) == 0 && !s.server && s.conn.greeted && s.folded < authField:
			continue // before a command
		case (c == ' ' || c == '\t') && len(s.name) == 0:
			// RFC 9112, section 5.2: the line goes on with the field before it.
			s.field, s.text = s.folded, true
			if s.field == unknownField {
				s.field = plainField
			}
			return i + 1
		case (c == ' ' || c == '\t') && !s.server && s.conn.greeted && commandOf(s.name) != plainField && !s.blank:
			s.field, s.inside, s.base = commandOf(s.name), false, strings.ToUpper(string(s.name))
			s.conn.challenged = s.field == saslField
			return i + 1
		case c == ' ' || c == '\t':
			// RFC 9112, section 5.1: there is none before the colon, but it is read.
			s.blank = true
			continue
		case c == ':':
			s.text = true
			s.field = kindOf(s.name)
			s.inside, s.base = false, ""
			return i + 1
		}
		s.text = true
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		s.name = append(s.name, c)
		if s.blank || !beginsName(s.name) && !beginsCommand(s.name) {
			s.field = plainField
			return i + 1
		}
	}
	return len(b)
}
