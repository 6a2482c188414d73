package tape

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"wiretape/wire"
)

const (
	softLine  = 4 << 10  // bytes of a run in one line of text
	hexLine   = 32       // bytes in one line of hex
	b64Line   = 57       // bytes in one line of base64: 76 characters
	bigBinary = 4 << 10  // from here on binary is a raw block, or base64
	bigRun    = 64 << 10 // above this a run is a raw block in a capture
)

// formOf chooses how a run is written.
func formOf(profile profile, data []byte, spans []Span) Form {
	switch {
	case len(spans) > 0:
		return Text
	case profile == capture && len(data) > bigRun:
		return Raw
	case !isBinary(data):
		return Text
	case len(data) < bigBinary:
		return Hex
	case profile == capture:
		return Raw
	}
	return Base64
}

// appendConn appends the number that a record of a connection begins with.
func appendConn(dst []byte, conn int) []byte {
	if conn > 1 {
		dst = strconv.AppendInt(dst, int64(conn), 10)
	}
	return dst
}

// dirMark returns the byte that a data line of d begins with.
func dirMark(d wire.Dir) byte {
	if d == wire.ServerToClient {
		return '<'
	}
	return '>'
}

// A layout is what the lines of one run have in common.
type layout struct {
	head   []byte // "2>"
	breaks bool   // JSON breaks after "," and "{"
}

// appendRun appends a run of bytes in the form that suits it.
func appendRun(dst []byte, profile profile, conn int, dir wire.Dir, data []byte, spans []Span) []byte {
	return appendForm(dst, formOf(profile, data, spans), profile, conn, dir, data, spans)
}

// appendForm appends a run of bytes in a given form.
func appendForm(dst []byte, form Form, profile profile, conn int, dir wire.Dir, data []byte, spans []Span) []byte {
	var room [24]byte
	l := layout{head: append(appendConn(room[:0], conn), dirMark(dir)), breaks: profile == commit}
	if len(data) == 0 && len(spans) == 0 {
		return append(append(dst, l.head...), '\n')
	}
	switch form {
	case Raw:
		dst = append(append(dst, l.head...), '@', ' ')
		dst = append(strconv.AppendInt(dst, int64(len(data)), 10), '\n')
		return append(append(dst, data...), '\n')
	case Hex:
		for len(data) > 0 {
			n := min(len(data), hexLine)
			dst = append(append(dst, l.head...), 'x')
			for _, c := range data[:n] {
				dst = append(dst, ' ', hexDigits[c>>4], hexDigits[c&15])
			}
			dst, data = append(dst, '\n'), data[n:]
		}
		return dst
	case Base64:
		for len(data) > 0 {
			n := min(len(data), b64Line)
			dst = append(append(dst, l.head...), 'b', ' ')
			dst = append(base64.StdEncoding.AppendEncode(dst, data[:n]), '\n')
			data = data[n:]
		}
		return dst
	}
	return l.appendText(dst, data, spans)
}

// appendText appends a run as lines of text. A line ends after each \n, and
// before what would make it longer than softLine bytes of the run.
func (l layout) appendText(dst, data []byte, spans []Span) []byte {
	for i := 0; i < len(data) || len(spans) > 0; {
		dst = append(append(dst, l.head...), ' ')
		if l.breaks && len(spans) == 0 && beginsJSON(data[i:]) {
			dst, i = l.appendJSON(dst, data, i)
			continue
		}
		dst, i, spans = appendLine(dst, data, i, spans)
		dst = append(dst, '\n')
	}
	return dst
}

// appendLine appends the text of one line, from data[i] on, and returns where
// the next line begins and the spans left.
func appendLine(dst, data []byte, i int, spans []Span) ([]byte, int, []Span) {
	limit := i + softLine
	for {
		stop := min(len(data), limit)
		if len(spans) > 0 {
			if s := spans[0]; s.From <= i {
				dst = appendSpan(dst, s, data[s.From:s.To])
				i, spans = s.To, spans[1:]
				continue
			}
			stop = min(stop, spans[0].From)
		}
		n := literal(data[i:max(stop, i)])
		dst = append(dst, data[i:i+n]...)
		i += n
		if i >= stop {
			if len(spans) > 0 && spans[0].From == i && (i < limit || i == len(data)) {
				continue
			}
			return finalSpace(dst, n), i, spans
		}
		switch c := data[i]; {
		case c == '\r' && i+1 < stop && data[i+1] == '\n':
			return append(dst, '\\', 'r', '\\', 'n'), i + 2, spans
		case c == '\n':
			return append(dst, '\\', 'n'), i + 1, spans
		case c >= utf8.RuneSelf:
			end := len(data)
			if len(spans) > 0 {
				end = spans[0].From
			}
			if n := printable(data[i:end]); n > 0 {
				if i+n > limit {
					return finalSpace(dst, 1), i, spans
				}
				dst = append(dst, data[i:i+n]...)
				i += n
				continue
			}
			fallthrough
		default:
			dst = appendEscape(dst, c)
			i++
		}
	}
}

// finalSpace writes a space at the end of a line as an escape, if the line has
// at least n > 0 bytes after its blank.
func finalSpace(dst []byte, n int) []byte {
	if n > 0 && dst[len(dst)-1] == ' ' {
		dst = append(dst[:len(dst)-1], `\x20`...)
	}
	return dst
}

// beginsJSON reports whether a line of text that begins with b is taken for a
// JSON value that is worth breaking. A wrong guess costs nothing but beauty.
func beginsJSON(b []byte) bool {
	return bytes.HasPrefix(b, []byte(`{"`)) || bytes.HasPrefix(b, []byte(`[{"`))
}

// appendJSON appends data from i up to the end of the line of the run that it
// stands in, in lines that end after "," and "{" where these are not in a
// string.
func (l layout) appendJSON(dst, data []byte, i int) ([]byte, int) {
	end := len(data)
	if n := bytes.IndexByte(data[i:], '\n'); n >= 0 {
		end = i + n + 1
	}
	inString := false
	for first := true; i < end; first = false {
		if !first {
			dst = append(append(dst, l.head...), ' ')
		}
		stop := i
		for stop < end {
			c := data[stop]
			stop++
			if c == '\\' && inString {
				stop = min(stop+1, end)
			} else if c == '"' {
				inString = !inString
			} else if !inString && (c == ',' || c == '{') {
				break
			}
		}
		// A piece longer than a line goes on in lines of its own.
		for from := i; i < stop; {
			if i > from {
				dst = append(append(dst, l.head...), ' ')
			}
			dst, i, _ = appendLine(dst, data[:stop], i, nil)
			dst = append(dst, '\n')
		}
	}
	return dst, i
}
