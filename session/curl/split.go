package curl

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrOpen is the error of a line whose quotes, or whose escape at its end, the next
// line goes on with.
var ErrOpen = errors.New("a quote has no end")

// Split cuts a line into words as bash does: at blanks and line ends, with '…', "…",
// $'…' and the backslash, which at the end of a line joins it to the next. Nothing is
// expanded, and no character is a word of its own: & in a URL stays there.
//
// A comment, a pipe and what else a shell would do besides are words like others.
func Split(line string) ([]string, error) {
	s := splitter{rest: line}
	return s.words()
}

func (s *splitter) words() (words []string, err error) {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\r\n")
		if next, ok := joined(s.rest); ok {
			s.rest = next
			continue
		}
		if s.rest == "" {
			return words, nil
		}
		w, err := s.word()
		if err != nil {
			return nil, err
		}
		words = append(words, w)
	}
}

// joined cuts the backslash and the line end that a line goes on behind.
func joined(s string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(s, "\\\r\n"); ok {
		return rest, true
	}
	return strings.CutPrefix(s, "\\\n")
}

type splitter struct {
	rest    string
	out     []byte
	expands []string // what a shell would expand: $NAME, $(…), `…`, ~/ and {a,b}
	noted   int      // len(rest) behind the last of it; 0 for none yet
}

// shellMeans matches what a shell expands outside of quotes; within "…" but for what is
// in the second group.
var shellMeans = regexp.MustCompile("^(?:(\\$(?:\\w+|\\{\\w+\\}?|\\([^)]*\\)?)|`[^`]*`)|(~/|\\{[^ {}]*(?:,|\\.\\.)[^ {}]*\\}))")

// note keeps what a shell would expand where the rest begins.
func (s *splitter) note(quoted bool) {
	if len(s.expands) == maxExpands || s.noted > 0 && len(s.rest) > s.noted {
		return
	}
	m := shellMeans.FindStringSubmatch(s.rest)
	if m == nil || m[2] != "" && (quoted || m[2] == "~/" && len(s.out) > 0) {
		return
	}
	s.noted = len(s.rest) - len(m[0])
	if !slices.Contains(s.expands, m[0]) {
		s.expands = append(s.expands, m[0])
	}
}

// maxExpands bounds what is kept of what a shell would expand.
const maxExpands = 8

// word takes a word, which ends before a blank that is not quoted.
func (s *splitter) word() (string, error) {
	s.out = s.out[:0]
	for s.rest != "" && !strings.ContainsRune(" \t\r\n", rune(s.rest[0])) {
		if next, ok := joined(s.rest); ok {
			s.rest = next
			continue
		}
		var err error
		switch {
		case s.rest[0] == '\'':
			err = s.single(1)
		case strings.HasPrefix(s.rest, "$'"):
			err = s.ansi()
		case s.rest[0] == '"':
			err = s.double(1)
		case strings.HasPrefix(s.rest, `$"`):
			err = s.double(2)
		case s.rest == `\`:
			return "", ErrOpen
		case s.rest[0] == '\\':
			s.take(1, 1)
		default:
			s.note(false)
			s.take(0, 1)
		}
		if err != nil {
			return "", err
		}
	}
	return string(s.out), nil
}

// take drops skip octets and keeps n.
func (s *splitter) take(skip, n int) {
	s.out = append(s.out, s.rest[skip:skip+n]...)
	s.rest = s.rest[skip+n:]
}

func (s *splitter) single(start int) error {
	end := strings.IndexByte(s.rest[start:], '\'')
	if end < 0 {
		return ErrOpen
	}
	s.take(start, end)
	s.rest = s.rest[1:]
	return nil
}

func (s *splitter) double(start int) error {
	s.rest = s.rest[start:]
	for s.rest != "" {
		next, isJoined := joined(s.rest)
		switch {
		case s.rest[0] == '"':
			s.rest = s.rest[1:]
			return nil
		case isJoined:
			s.rest = next
		case s.rest[0] == '\\' && len(s.rest) > 1 && strings.IndexByte("\"\\$`", s.rest[1]) >= 0:
			s.take(1, 1)
		default:
			s.note(true)
			s.take(0, 1)
		}
	}
	return ErrOpen
}

// ansiEscapes are the escapes of $'…' that stand for one octet.
var ansiEscapes = map[byte]byte{
	'a': '\a', 'b': '\b', 'e': 0x1b, 'E': 0x1b, 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
	'\\': '\\', '\'': '\'', '"': '"', '?': '?',
}

// ansi takes $'…', as bash has it.
func (s *splitter) ansi() error {
	s.rest = s.rest[2:]
	for s.rest != "" {
		switch {
		case s.rest[0] == '\'':
			s.rest = s.rest[1:]
			return nil
		case s.rest[0] != '\\' || len(s.rest) == 1:
			s.take(0, 1)
			continue
		}
		c := s.rest[1]
		if plain, ok := ansiEscapes[c]; ok {
			s.out, s.rest = append(s.out, plain), s.rest[2:]
			continue
		}
		var err error
		switch {
		case c == 'x':
			err = s.number(2, 2, 16, false)
		case c == 'u':
			err = s.number(2, 4, 16, true)
		case c == 'U':
			err = s.number(2, 8, 16, true)
		case '0' <= c && c <= '7':
			err = s.number(1, 3, 8, false)
		case c == 'c' && len(s.rest) > 2:
			s.out, s.rest = append(s.out, s.rest[2]&0x1f), s.rest[3:]
		default:
			s.take(0, 2) // bash keeps what is no escape
		}
		if err != nil {
			return err
		}
	}
	return ErrOpen
}

// number takes up to most digits behind skip octets, as an octet or as a character.
func (s *splitter) number(skip, most, base int, character bool) error {
	n := skip
	for n < len(s.rest) && n < skip+most && digit(s.rest[n]) < base {
		n++
	}
	if n == skip {
		s.take(0, skip)
		return nil
	}
	v, err := strconv.ParseUint(s.rest[skip:n], base, 32)
	switch {
	case err != nil || character && (v > utf8.MaxRune || v >= 0xd800 && v < 0xe000):
		return fmt.Errorf("%s in quotes is no character", s.rest[:n])
	case character:
		s.out = utf8.AppendRune(s.out, rune(v))
	default:
		s.out = append(s.out, byte(v))
	}
	s.rest = s.rest[n:]
	return nil
}

// digit returns the value of a hex digit, 16 for anything else.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 16
}
