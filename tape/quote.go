package tape

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A word is one part of a socket record: KEY=VALUE, or a value by its place.
type word struct {
	key    string // "" for a value by its place
	value  string
	quoted bool
}

// appendWord appends a value, quoted unless it is plain.
func appendWord(dst []byte, s string, quoted bool) []byte {
	if !quoted && isPlain(s) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for s := []byte(s); len(s) > 0; {
		n := bytes.IndexByte(s, '"')
		if n < 0 {
			n = len(s)
		}
		dst = appendEscaped(dst, s[:n], "")
		if n < len(s) {
			dst = append(dst, '\\', '"')
			n++
		}
		s = s[n:]
	}
	return append(dst, '"')
}

// isPlain reports whether s may stand without quotes.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=' {
			return false
		}
	}
	return s != ""
}

// parseWords splits what follows the verb of a socket record.
func parseWords(s []byte) ([]word, error) {
	var words []word
	for len(s) > 0 {
		if s[0] != ' ' || len(s) == 1 || s[1] == ' ' {
			return nil, bad("%s: want one space and a word", shown(s))
		}
		s = s[1:]
		var w word
		if i := bytes.IndexAny(s, `= "`); i > 0 && s[i] == '=' {
			w.key, s = string(s[:i]), s[i+1:]
		}
		if len(s) > 0 && s[0] == '"' {
			w.quoted = true
			value, n, err := unquote(s)
			if err != nil {
				return nil, err
			}
			w.value, s = value, s[n:]
		} else {
			n := bytes.IndexByte(s, ' ')
			if n < 0 {
				n = len(s)
			}
			w.value = string(s[:n])
			if !isPlain(w.value) {
				return nil, bad("word %s: want it in quotes", shown(s[:n]))
			}
			s = s[n:]
		}
		words = append(words, w)
	}
	return words, nil
}

// unquote reads the quoted value at the start of s.
func unquote(s []byte) (string, int, error) {
	var b strings.Builder
	var room [4]byte
	for i := 1; i < len(s); {
		switch {
		case s[i] == '"':
			return b.String(), i + 1, nil
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			b.WriteByte('"')
			i += 2
		case s[i] == '\\':
			c, n, err := unescape(room[:0], s[i:])
			if err != nil {
				return "", 0, err
			}
			b.Write(c)
			i += n
		case s[i] < utf8.RuneSelf && s[i] >= ' ' && s[i] < 0x7f:
			b.WriteByte(s[i])
			i++
		default:
			n, err := checkRune(s[i:])
			if err != nil {
				return "", 0, err
			}
			b.Write(s[i : i+n])
			i += n
		}
	}
	return "", 0, bad("%s: want a closing quote", shown(s))
}
