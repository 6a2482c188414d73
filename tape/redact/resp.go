package redact

import (
	"bytes"
	"strconv"
	"strings"
)

// A redis follows the commands of a client of Redis, arrays of bulk strings with
// lengths before them, so far as it takes to know which of them are passwords. It
// is asked where a line begins: a password is the line, or the lines, behind a
// length.
type redis struct {
	seen  bool // commands were seen as arrays, the server answers as Redis does, or the port is its
	state redisState
	line  []byte // of a length, or of a word, up to maxRedisWord
	all   int    // arguments of the command
	n     int    // index of the argument that comes next, or is read
	left  int64  // of a bulk string, with its line end

	verb, sub string // the first words, in lower case
	next      redisArg
}

type redisState uint8

const (
	redisLine redisState = iota // a line with a type, or one of text
	redisBulk
)

// A redisArg is what the next argument is.
type redisArg uint8

const (
	redisPlain  redisArg = iota
	redisUser            // the next but one is a password
	redisSecret          // a password
	redisRule            // a rule of ACL SETUSER, which may have one
)

// maxRedisWord is how much of a word is looked at, octets.
const maxRedisWord = 32

// secret reports whether a line that begins with c is a password, and whether its
// first octet is no part of it.
func (x *redis) secret(c byte) (is, behind bool) {
	if x.state != redisBulk || x.left <= 2 {
		return false, false
	}
	switch x.next {
	case redisSecret:
		return true, false
	case redisRule:
		// Passwords and their hashes, added and removed.
		return strings.IndexByte("><#!", c) >= 0, true
	}
	return false, false
}

// inline reports whether a line that begins with c is a command in text.
func (x *redis) inline(c byte) bool {
	return x.seen && x.state == redisLine && len(x.line) == 0 && (c|0x20 >= 'a' && c|0x20 <= 'z' || c == ' ' || c == '"' || c == '\'')
}

// maskInline masks the passwords of a command in text, whose words may stand in
// quotes. Of a line that is too long to be held the rest is no secret unless it
// goes on with one.
func (s *stream) maskInline(b []byte, at int, ends bool, marks *[]mark) {
	if s.inside {
		addMarks(b, at, s.base, "", marks)
		return
	}
	// That the peer is Redis was a guess, and a field says that it is not.
	if name, value, ok := bytes.Cut(b, []byte(":")); ok {
		if kind := kindOf(bytes.ToLower(bytes.TrimRight(name, " \t"))); kind != plainField {
			s.field, s.base = kind, ""
			s.mask(value, at+len(name)+1, ends, marks)
			return
		}
	}
	var words [][2]int
	for i := 0; i < len(b); {
		if b[i] == ' ' || b[i] == '\t' {
			i++
			continue
		}
		n := quotedOrWord(b[i:])
		words = append(words, [2]int{i, i + n})
		i += n
	}
	x := redis{all: len(words)}
	for k, w := range words {
		from, to := w[0], w[1]
		if to-from >= 2 && (b[from] == '"' || b[from] == '\'') && b[to-1] == b[from] {
			from, to = from+1, to-1
		}
		if x.verb == "auth" && k == len(words)-1 {
			x.next = redisSecret
		}
		secret := x.next == redisSecret
		if x.next == redisRule && from < to && strings.IndexByte("><#!", b[from]) >= 0 {
			from, secret = from+1, true
		}
		if secret {
			addMarks(b[from:to], at+from, s.base, "", marks)
		}
		s.inside = secret && k == len(words)-1
		x.argument(strings.ToLower(string(b[from:min(to, from+maxRedisWord)])))
	}
	if !ends && !s.inside {
		s.field = plainField
	}
}

// follow takes the next octets of the client's stream.
func (x *redis) follow(b []byte) {
	for len(b) > 0 {
		if x.state == redisBulk {
			n := int(min(x.left, int64(len(b))))
			x.line = append(x.line, b[:min(n, maxRedisWord-len(x.line))]...)
			b, x.left = b[n:], x.left-int64(n)
			if x.left == 0 {
				x.argument(strings.ToLower(strings.TrimRight(string(x.line), "\r\n")))
				x.state, x.line = redisLine, x.line[:0]
			}
			continue
		}
		i := bytes.IndexByte(b, '\n')
		part := b[:max(i, 0)]
		if i < 0 {
			part = b
		}
		x.line = append(x.line, part[:min(len(part), maxRedisWord-len(x.line))]...)
		if i < 0 {
			return
		}
		x.length(string(bytes.TrimRight(x.line, "\r")))
		x.line, b = x.line[:0], b[i+1:]
	}
}

// length takes a line outside of strings.
func (x *redis) length(line string) {
	if len(line) < 2 || line[0] != '*' && line[0] != '$' {
		return
	}
	n, err := strconv.ParseInt(line[1:], 10, 64)
	switch {
	case err != nil || n < 0 || n > 1<<40:
	case line[0] == '*':
		x.all, x.n, x.verb, x.sub, x.next = int(n), 0, "", "", redisPlain
	case line[0] == '$' && x.n < x.all:
		x.seen = true
		x.state, x.left = redisBulk, n+2
		if x.verb == "auth" && x.n == x.all-1 {
			x.next = redisSecret
		}
	}
}

// argument takes an argument that is over, in lower case and cut off, and tells
// what the next one is.
func (x *redis) argument(word string) {
	n, was := x.n, x.next
	x.n++
	x.next = redisPlain
	switch n {
	case 0:
		x.verb = word
		return
	case 1:
		x.sub = word
	}
	switch {
	case was == redisUser:
		x.next = redisSecret
	case x.verb == "hello" && n >= 2 && word == "auth", x.verb == "migrate" && n >= 6 && word == "auth2":
		x.next = redisUser
	case x.verb == "migrate" && n >= 6 && word == "auth", word == "auth-pass", word == "sentinel-pass",
		x.verb == "config" && x.sub == "set" && n%2 == 0 && (word == "requirepass" || word == "masterauth" || strings.HasSuffix(word, "-key-file-pass")):
		x.next = redisSecret
	case x.verb == "acl" && x.sub == "setuser" && n >= 2:
		x.next = redisRule
	}
}

// opensLikeRedis reports whether a client's first line, of text, may be AUTH or HELLO:
// what it is tells before the server has, at a port that is not Redis's too.
func opensLikeRedis(c byte) bool { return c|0x20 == 'a' || c|0x20 == 'h' }

// answersLikeRedis reports whether a server's first octet is one that values of
// RESP begin with, and no line of HTTP.
func answersLikeRedis(c byte) bool { return strings.IndexByte("+-:$*%~_", c) >= 0 }
