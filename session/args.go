package session

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"
)

// splitArgs cuts the arguments of a command at blanks. An argument in double
// quotes may hold blanks, with \" and \\ in it.
func splitArgs(s string) ([]string, error) {
	var args []string
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return args, nil
		}
		if s[0] != '"' {
			i := strings.IndexAny(s, " \t")
			if i < 0 {
				i = len(s)
			}
			args, s = append(args, s[:i]), s[i:]
			continue
		}
		text, rest, err := quoted(s)
		if err != nil {
			return nil, err
		}
		args, s = append(args, text), rest
	}
}

// quoted reads the quoted text that s begins with and undoes \" and \\ in it.
func quoted(s string) (text, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", errors.New(`a quoted text has no closing "`)
}

// unescape reads the quoted bytes that s begins with, as .send has them:
// \r \n \t \0 \\ \" \xhh, and ${NAME} for a variable of the environment.
func unescape(s string) (b []byte, rest string, err error) {
	simple := map[byte]byte{'r': '\r', 'n': '\n', 't': '\t', '0': 0, '\\': '\\', '"': '"', '$': '$', 'e': 0x1b}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b, s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
			if c, ok := simple[s[i]]; ok {
				b = append(b, c)
				continue
			}
			if s[i] != 'x' || i+2 >= len(s) {
				return nil, "", fmt.Errorf(`escape \%s: want \r \n \t \0 \e \\ \" \$ or \xhh`, firstRune(s[i:]))
			}
			v, err := hex.DecodeString(s[i+1 : i+3])
			if err != nil {
				return nil, "", fmt.Errorf(`escape \x%s: want two hex digits`, s[i+1:i+3])
			}
			b = append(b, v...)
			i += 2
		case strings.HasPrefix(s[i:], "${"):
			name, _, ok := strings.Cut(s[i+2:], "}")
			if !ok {
				return nil, "", errors.New(`${ has no }; \$ is a dollar sign`)
			}
			v, set := os.LookupEnv(name)
			if !set {
				return nil, "", fmt.Errorf("${%s} is not set in the environment", name)
			}
			b = append(b, v...)
			i += len(name) + 2
		default:
			b = append(b, s[i])
		}
	}
	return nil, "", errors.New(`the quoted bytes have no closing "`)
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}

// cutWord cuts the first word of arguments, in lower case, from what follows it.
// The words of .send, .ws and .h2 are taken in whatever case.
func cutWord(s string) (word, rest string) {
	word, rest, _ = strings.Cut(strings.TrimLeft(s, " \t"), " ")
	return strings.ToLower(word), strings.Trim(rest, " \t")
}
