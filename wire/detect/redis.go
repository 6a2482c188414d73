package detect

import (
	"bytes"

	"wiretape/wire"
)

// isCommand knows an array of RESP that begins with a bulk string, as commands of
// Redis do.
func isCommand(b []byte, more bool) verdict {
	rest, d := lengthLine(b, more, '*')
	if d != yes {
		return d
	}
	_, d = lengthLine(rest, more, '$')
	return d
}

// lengthLine knows a line of the type c, a number and CRLF, and returns what
// follows it. A number has 19 digits at most.
func lengthLine(b []byte, more bool, c byte) (rest []byte, d verdict) {
	for i, x := range b {
		switch {
		case i == 0 && x != c, i > 21:
			return nil, no
		case i == 0, i == 1 && x == '-', isDigit(x):
		case x == '\r' && i > 1 && isDigit(b[i-1]):
			return b[min(len(b), i+2):], prefix(b[i:], more, "\r\n")
		default:
			return nil, no
		}
	}
	return nil, no.unless(more)
}

// isValue knows what servers of Redis answer to a line of text: a value that
// begins with a number, or one of the words that no other protocol has.
func isValue(b []byte, more bool) verdict {
	if bytes.IndexByte([]byte("$*:%~>"), b[0]) >= 0 {
		_, d := lengthLine(b, more, b[0])
		return d
	}
	all := no
	for _, word := range []string{"+PONG\r\n", "-ERR unknown command", "-ERR wrong number of arguments", "-ERR Protocol error", "-NOAUTH ", "-WRONGPASS ", "-DENIED Redis "} {
		switch prefix(b, more, word) {
		case yes:
			return yes
		case wait:
			all = wait
		}
	}
	return all
}

// answer applies t to the server's first run, if the client spoke first and in
// text.
func answer(t test) func(*evidence) verdict {
	return func(v *evidence) verdict {
		if b, _ := v.of(wire.ClientToServer); v.first != wire.ClientToServer || len(b) == 0 || isText(b, false) != yes {
			return no
		}
		return server(t)(v)
	}
}
