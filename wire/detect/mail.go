package detect

import "bytes"

// firstLine returns the first line, without its end, once it is there or no more
// may come.
func firstLine(b []byte, more bool) (line []byte, ok bool) {
	if before, _, ok0 := bytes.Cut(b, []byte{'\n'}); ok0 {
		return bytes.TrimSuffix(before, []byte("\r")), true
	}
	return b, !more
}

// isPOP3 knows +OK and -ERR and what may follow them (RFC 1939, section 3).
func isPOP3(b []byte, more bool) verdict {
	for _, status := range []string{"+OK", "-ERR"} {
		switch d := prefix(b, more, status); {
		case d == yes && len(b) == len(status):
			return no.unless(more)
		case d == yes:
			c := b[len(status)]
			return is(c == ' ' || c == '\r' || c == '\n')
		case d == wait:
			return wait
		}
	}
	return no
}

// isPOP3Named knows a first reply of POP3 that names its protocol.
func isPOP3Named(b []byte, more bool) verdict {
	if d := isPOP3(b, more); d != yes {
		return d
	}
	line, ok := firstLine(b, more)
	if !ok {
		return wait
	}
	return is(bytes.Contains(bytes.ToUpper(line), []byte("POP")))
}

// isIMAP knows a greeting: "* OK", "* PREAUTH", "* BYE" (RFC 9051, section 7.1).
func isIMAP(b []byte, more bool) verdict {
	out := no
	for _, word := range []string{"* OK", "* PREAUTH", "* BYE"} {
		switch d := prefix(bytes.ToUpper(b[:min(len(b), len(word)+1)]), more, word); {
		case d == wait, d == yes && len(b) == len(word) && more:
			out = wait
		case d == yes && (len(b) == len(word) || b[len(word)] == ' ' || b[len(word)] == '\r' || b[len(word)] == '\n'):
			return yes
		}
	}
	return out
}

// isNNTP knows a greeting, 200 or 201, that names news or a server of it (RFC
// 3977, section 5.1).
func isNNTP(b []byte, more bool) verdict {
	for i, want := range []string{"2", "0", "01"} {
		if i < len(b) && bytes.IndexByte([]byte(want), b[i]) < 0 {
			return no
		}
	}
	if d := isReply(b, more); d != yes {
		return d
	}
	line, ok := firstLine(b, more)
	if !ok {
		return wait
	}
	line = bytes.ToUpper(line)
	return is(bytes.Contains(line, []byte("NNTP")) || bytes.Contains(line, []byte("NNRP")) || bytes.Contains(line, []byte("INTERNETNEWS")))
}

// isHello knows what a client of SMTP or LMTP says first.
func isHello(b []byte, more bool) verdict {
	line, ended := firstLine(b, more)
	verb := line
	if before, _, ok := bytes.Cut(line, []byte{' '}); ok {
		verb, ended = before, true
	}
	verb = bytes.ToUpper(verb)
	for _, word := range []string{"EHLO", "HELO", "LHLO"} {
		switch {
		case string(verb) == word && ended:
			return yes
		case !ended && bytes.HasPrefix([]byte(word), verb):
			return wait
		}
	}
	return no
}
