package detect

import (
	"bytes"

	"wiretape/wire/http2"
	"wiretape/wire/token"
)

// prefix reports whether b begins with want, as far as it goes.
func prefix(b []byte, more bool, want string) verdict {
	if len(b) >= len(want) {
		return is(string(b[:len(want)]) == want)
	}
	if want[:len(b)] != string(b) {
		return no
	}
	return no.unless(more)
}

func isPreface(b []byte, more bool) verdict { return prefix(b, more, http2.Preface) }

// isTLS knows a record of type handshake, version 3.x (RFC 8446, section 5.1).
func isTLS(b []byte, more bool) verdict { return prefix(b, more, "\x16\x03") }

// isSSL2 knows a record of up to 32767 octets that holds a ClientHello in the form
// of SSL 2, of version 3.x or 2 (RFC 5246, appendix E.2).
func isSSL2(b []byte, more bool) verdict {
	for i, c := range b[:min(len(b), 4)] {
		switch {
		case i == 0 && c < 0x80, i == 2 && c != 1, i == 3 && c != 3 && c != 0:
			return no
		}
	}
	if len(b) < 4 {
		return no.unless(more)
	}
	return yes
}

// isTLSAlert knows a record of type alert, version 3.x, with an alert that is not
// encrypted (RFC 8446, section 6).
func isTLSAlert(b []byte, more bool) verdict {
	for i, c := range b[:min(len(b), 6)] {
		switch {
		case i == 0 && c != 0x15, i == 1 && c != 3, i == 2 && c > 4, i == 3 && c != 0, i == 4 && c != 2, i == 5 && c != 1 && c != 2:
			return no
		}
	}
	if len(b) < 6 {
		return no.unless(more)
	}
	return yes
}

// isTelnet knows IAC and what begins a negotiation or a subnegotiation (RFC 854).
func isTelnet(b []byte, more bool) verdict {
	switch {
	case b[0] != 0xff:
		return no
	case len(b) < 2:
		return no.unless(more)
	}
	return is(b[1] >= 0xfa && b[1] <= 0xfe)
}

// isSSH knows the identification of an SSH peer (RFC 4253, section 4.2).
func isSSH(b []byte, more bool) verdict { return prefix(b, more, "SSH-") }

// isText says whether a run could be typed by a person.
func isText(b []byte, _ bool) verdict {
	c := b[0]
	return is(c >= ' ' && c < 0x7f || c == '\r' || c == '\n' || c == '\t')
}

// isRequest knows a request line: a token, a space, and " HTTP/" before the line
// ends. RFC 9112, section 2.2: empty lines may come before it. What stands where
// the target should is not looked at: a malformed one is worth reading too.
func isRequest(b []byte, more bool) verdict {
	line, ended, d := methodAndRest(b, more)
	if d != yes {
		return d
	}
	if bytes.Contains(line, []byte(" HTTP/")) {
		return yes
	}
	return no.unless(more && !ended)
}

// isSimpleRequest knows HTTP/0.9's GET and a path, ended by the line.
func isSimpleRequest(b []byte, more bool) verdict {
	b = bytes.TrimLeft(b, "\r\n")
	if len(b) == 0 {
		return no.unless(more)
	}
	return prefix(b, more, "GET /")
}

// methodAndRest cuts the method off the first line that is not empty. It returns
// what follows the method, and whether the line's end is there.
func methodAndRest(b []byte, more bool) (rest []byte, ended bool, d verdict) {
	b = bytes.TrimLeft(b, "\r\n")
	line := b
	if before, _, ok := bytes.Cut(b, []byte{'\n'}); ok {
		line, ended = before, true
	}
	i := token.Len(line)
	switch {
	case i == len(line) && !ended:
		return nil, false, no.unless(more)
	case i == 0 || i == len(line) || line[i] != ' ':
		return nil, ended, no
	}
	return line[i:], ended, yes
}

// isSettings knows a SETTINGS frame on stream 0 that is no acknowledgement,
// which a server of HTTP/2 must begin with (RFC 9113, section 3.4). 16 KiB is
// the longest that may be sent before anything is agreed on.
func isSettings(b []byte, more bool) verdict {
	for i, c := range b[:min(len(b), 9)] {
		switch {
		case i == 0 && c != 0, i == 1 && c > 0x40, i == 3 && c != 4, i > 3 && c != 0:
			return no
		}
	}
	if len(b) < 9 {
		return no.unless(more)
	}
	return is((int(b[1])<<8|int(b[2]))%6 == 0)
}

// isResponse knows "HTTP/" and a digit.
func isResponse(b []byte, more bool) verdict {
	const name = "HTTP/"
	if d := prefix(b, more, name); d != yes {
		return d
	}
	if len(b) == len(name) {
		return no.unless(more)
	}
	return is(isDigit(b[len(name)]))
}

// isReply knows a code of three digits, the first from 1 to 5, and what may
// follow it (RFC 5321, section 4.2; RFC 959, section 4.2).
func isReply(b []byte, more bool) verdict {
	for i, c := range b[:min(len(b), 4)] {
		switch {
		case i == 0 && (c < '1' || c > '5'),
			i < 3 && !isDigit(c),
			i == 3 && c != ' ' && c != '-' && c != '\r' && c != '\n':
			return no
		}
	}
	if len(b) < 4 {
		return no.unless(more)
	}
	return yes
}

// isGreeting knows a reply whose first line has a word in it, in any case.
func isGreeting(word string) test {
	return func(b []byte, more bool) verdict {
		if d := isReply(b, more); d != yes {
			return d
		}
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			if more {
				return wait
			}
			i = len(b)
		}
		return is(bytes.Contains(bytes.ToUpper(b[:i]), []byte(word)))
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
