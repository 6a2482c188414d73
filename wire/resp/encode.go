package resp

import (
	"errors"
	"fmt"
	"strconv"
)

// AppendCommand appends a command as an array of bulk strings.
func AppendCommand(dst []byte, args ...[]byte) []byte {
	dst = strconv.AppendInt(append(dst, '*'), int64(len(args)), 10)
	dst = append(dst, '\r', '\n')
	for _, a := range args {
		dst = strconv.AppendInt(append(dst, '$'), int64(len(a)), 10)
		dst = append(append(append(dst, '\r', '\n'), a...), '\r', '\n')
	}
	return dst
}

// Split cuts a line into arguments as redis-cli and the server do: at blanks; in
// double quotes \xhh, \n, \r, \t, \b and \a stand for octets and \ before any
// other for that one; in single quotes \' alone does. A closing quote ends an
// argument.
func Split(line string) ([][]byte, error) {
	var args [][]byte
	for i := 0; ; {
		for i < len(line) && isBlank(line[i]) {
			i++
		}
		if i == len(line) {
			return args, nil
		}
		arg := []byte{}
		var err error
		for i < len(line) && !isBlank(line[i]) && err == nil {
			switch c := line[i]; c {
			case '"', '\'':
				arg, i, err = quoted(arg, line, i)
				if err == nil && i < len(line) && !isBlank(line[i]) {
					err = fmt.Errorf("%q stands right behind a closing quote: want a blank", line[i:i+1])
				}
			default:
				arg = append(arg, c)
				i++
			}
		}
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
}

// quoted appends the text of the quotes that begin at i, and returns where they
// end.
func quoted(dst []byte, line string, i int) ([]byte, int, error) {
	quote := line[i]
	for i++; i < len(line); i++ {
		c := line[i]
		switch {
		case c == quote:
			return dst, i + 1, nil
		case c != '\\' || i+1 == len(line):
			dst = append(dst, c)
		case quote == '\'':
			if line[i+1] == '\'' {
				i++
			}
			dst = append(dst, line[i])
		case line[i+1] == 'x' && i+3 < len(line) && isHex(line[i+2]) && isHex(line[i+3]):
			n, _ := strconv.ParseUint(line[i+2:i+4], 16, 8)
			dst = append(dst, byte(n))
			i += 3
		default:
			i++
			dst = append(dst, unescaped(line[i]))
		}
	}
	return nil, 0, errors.New("the quotes that " + strconv.Quote(string(quote)) + " opens are not closed")
}

// unescaped returns what stands for \c.
func unescaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}

// Quote appends b as an argument that [Split] reads as b: as it is where that is
// possible, and else in double quotes, octets that are not printable ASCII as
// \xhh.
func Quote(dst, b []byte) []byte {
	plain := len(b) > 0
	for _, c := range b {
		plain = plain && c > ' ' && c < 0x7f && c != '"' && c != '\''
	}
	if plain {
		return append(dst, b...)
	}
	return AppendQuoted(dst, b)
}

// AppendQuoted appends b in double quotes, as redis-cli prints strings.
func AppendQuoted(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range b {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\a':
			dst = append(dst, '\\', 'a')
		case c == '\b':
			dst = append(dst, '\\', 'b')
		case c >= ' ' && c < 0x7f:
			dst = append(dst, c)
		default:
			dst = append(dst, '\\', 'x', digits[c>>4], digits[c&15])
		}
	}
	return append(dst, '"')
}

// isBlank is C's isspace, and NUL, which ends a line there.
func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' || c == 0 }

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
