package redact

import (
	"bytes"
	"net"
	"strings"

	"wiretape/wire"
)

// commands are those of line protocols that carry secrets, in lower case.
var commands = [...]struct {
	name string
	kind fieldKind
}{
	{"pass", passField},         // FTP, POP3
	{"acct", passField},         // FTP
	{"auth", saslField},         // SMTP, POP3
	{"apop", apopField},         // POP3
	{"authinfo", authinfoField}, // NNTP
}

// commandOf returns what a line is that begins with a command, plainField for
// none of commands. The command is in lower case.
func commandOf(name []byte) fieldKind {
	for _, c := range commands {
		if string(name) == c.name {
			return c.kind
		}
	}
	return plainField
}

// beginsLine has the octets with which a line may begin that is more than text.
var beginsLine = func() (t [256]bool) {
	for _, c := range "\r\n\t :" {
		t[c] = true
	}
	add := func(name string) { t[name[0]], t[name[0]-'a'+'A'] = true, true }
	for _, c := range commands {
		add(c.name)
	}
	for _, f := range secretFields {
		add(f.name)
	}
	add(codingName)
	return t
}()

// expect takes what the opening of a connection tells: where servers speak first,
// lines are commands, even if the client did not wait.
func (c *conn) expect(f *wire.Facts) {
	if f == nil {
		return
	}
	address := f.Target
	if address == "" && f.Role == wire.Accepted {
		address = f.Local
	}
	_, port, err := net.SplitHostPort(address)
	if f.Proto != "" {
		port, err = f.Proto, nil // a scheme's name is that of its service
	}
	if err == nil {
		service := wire.ServiceAt("tcp", port)
		c.greeted = c.greeted || service.Greets
		c.tagged = c.tagged || service.Proto == "imap"
		c.client.redis.seen = c.client.redis.seen || service.Proto == "redis"
	}
}

// maxVerb is the longest command with secrets that has a tag before it, octets.
const maxVerb = len("authenticate")

// tagged takes an octet of what may be a tag and a command (RFC 9051, section
// 2.2.1).
func (s *stream) tagged(c byte) {
	switch {
	case c == '\n':
		s.field = plainField
		s.lineEnd()
	case c == ' ' && !s.verb:
		s.verb = true
	case !s.verb:
		s.text = true
	case c == ' ' && len(s.name) == 0:
	case c == ' ' && taggedCommandOf(s.name) != plainField:
		s.valueOf(taggedCommandOf(s.name), strings.ToUpper(string(s.name)))
		s.conn.challenged = s.field == saslField
	case c == ' ' || len(s.name) == maxVerb:
		s.field = plainField
	default:
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		s.name = append(s.name, c)
	}
}

// maskLine notes the secrets in a piece of what follows a command.
func (s *stream) maskLine(b []byte, at int, marks *[]mark) {
	if !s.inside {
		n := len(b)
		b = bytes.TrimLeft(b, " \t")
		at += n - len(b)
	}
	switch s.field {
	case passField:
		s.inside = s.inside || len(b) > 0
	case saslField, apopField:
		// The mechanism stays, and the name of the mailbox.
		b, at = s.behindWord(b, at)
	case authinfoField:
		// RFC 4643, section 2.3: USER and PASS; section 2.4: SASL and a mechanism.
		word, _, _ := bytes.Cut(b, []byte(" "))
		switch {
		case s.inside:
		case bytes.EqualFold(word, []byte("PASS")):
			b, at = s.behindWord(b, at)
			s.base = "PASS"
		case bytes.EqualFold(word, []byte("SASL")):
			b, at = s.behindWord(b, at)
			s.inside, s.base = false, "AUTH"
			s.conn.challenged = true
			b, at = s.behindWord(b, at)
		default:
			s.field = plainField
			return
		}
	case loginField:
		s.maskLogin(b, at, marks)
		return
	case responseField:
		if s.conn.tagged {
			s.maskLiterals(b, at, marks)
			return
		}
	case earlyField:
		if !looksEncoded(b) {
			s.maskCommand(b, at, marks)
			return
		}
	}
	if s.inside || s.field == responseField || s.field == earlyField {
		addMarks(b, at, s.base, "", marks)
	}
}

// maskCommand notes the secrets of a line that turns out to be a command.
func (s *stream) maskCommand(b []byte, at int, marks *[]mark) {
	skip := func(n int) {
		rest := bytes.TrimLeft(b[n:], " \t")
		b, at = rest, at+len(b)-len(rest)
	}
	skip(0)
	word := quotedOrWord(b)
	if s.conn.tagged {
		skip(word)
		word = quotedOrWord(b)
	}
	name := bytes.ToLower(b[:word])
	s.field = commandOf(name)
	if s.conn.tagged {
		s.field = taggedCommandOf(name)
	}
	if s.field != plainField {
		s.inside, s.base = false, strings.ToUpper(string(name))
		skip(word)
		s.maskLine(b, at, marks)
	}
}

// taggedCommandOf is commandOf for IMAP.
func taggedCommandOf(name []byte) fieldKind {
	switch string(name) {
	case "login":
		return loginField
	case "authenticate":
		return saslField
	}
	return plainField
}

// behindWord returns what follows the first word of b and the blanks behind it, of
// which the rest is secret; nothing if the word has not ended.
func (s *stream) behindWord(b []byte, at int) ([]byte, int) {
	if s.inside {
		return b, at
	}
	i := bytes.IndexByte(b, ' ')
	if i < 0 {
		return nil, at
	}
	rest := bytes.TrimLeft(b[i:], " \t")
	s.inside = len(rest) > 0
	return rest, at + len(b) - len(rest)
}

// maskLogin masks the password of LOGIN: the second of two words, which may stand
// in quotes (RFC 9051, section 6.2.3). What a literal announces is masked on the
// lines that follow, the user's name with it.
func (s *stream) maskLogin(b []byte, at int, marks *[]mark) {
	if s.inside {
		addMarks(b, at, s.base, "", marks)
		return
	}
	s.inside = true
	user := quotedOrWord(b)
	rest := bytes.TrimLeft(b[user:], " \t")
	at += len(b) - len(rest)
	if announces(b) {
		s.response = true
		if announces(rest) && quotedOrWord(rest) == len(rest) {
			return
		}
	}
	if n := len(rest); n >= 2 && rest[0] == '"' && rest[n-1] == '"' {
		rest, at = rest[1:n-1], at+1
	}
	addMarks(rest, at, s.base, "", marks)
}

// maskLiterals masks a line of a literal, up to the announcement of the next one:
// what is counted has to stay right.
func (s *stream) maskLiterals(b []byte, at int, marks *[]mark) {
	if announces(b) {
		s.response = true
		b = b[:bytes.LastIndexByte(b, '{')]
	}
	addMarks(bytes.TrimRight(b, " "), at, s.base, "", marks)
}

// quotedOrWord returns the length of the string that b begins with: up to the
// closing quote, or to a blank.
func quotedOrWord(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		if i := bytes.IndexByte(b, ' '); i >= 0 {
			return i
		}
		return len(b)
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

// announces reports whether a line ends with the announcement of a literal.
func announces(b []byte) bool {
	i := bytes.LastIndexByte(b, '{')
	if i < 0 || b[len(b)-1] != '}' {
		return false
	}
	digits := bytes.TrimSuffix(b[i+1:len(b)-1], []byte("+"))
	return len(digits) > 0 && len(bytes.Trim(digits, "0123456789")) == 0
}

// looksEncoded reports whether a line that follows AUTH, before the server has
// answered, is more likely a secret in base64 than a command: one word, and none
// that is as short as a command's.
func looksEncoded(b []byte) bool {
	if len(b) == 0 || bytes.IndexByte(b, ' ') >= 0 {
		return false
	}
	return len(b) > 6 || bytes.IndexFunc(b, func(r rune) bool { return r|0x20 < 'a' || r|0x20 > 'z' }) >= 0
}
