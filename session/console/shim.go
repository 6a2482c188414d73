package console

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

const (
	maxPaste    = 8 << 20 // 8 MiB; the rest of a longer paste is dropped
	maxSequence = 32      // bytes of an escape sequence; a longer one is none
)

var pasteEnd = []byte("\x1b[201~")

type shimState uint8

const (
	ground  shimState = iota
	escaped           // after ESC
	csi               // after ESC [
	ss3               // after ESC O
	linuxFn           // after ESC [ [, the Linux console's F1 to F5
	pasting           // between ESC[200~ and ESC[201~
)

// A shim turns the bytes that terminals send into the few that the line editor
// behind it reads well: control bytes, UTF-8, ESC b f d DEL, and the private
// runes of keys it does not know. It is pure: what comes out depends on the
// bytes and on the idle calls alone, never on how the bytes were cut.
type shim struct {
	state   shimState
	seq     []byte // an unfinished sequence or rune; in pasting, of pasteEnd
	afterCR bool   // the next LF belongs to a CR that was passed on
	quoted  bool   // after ^V: the next byte is text
	stale   bool   // nothing came for a while inside a paste
	paste   paste
	pastes  []paste // whole ones, one for each keyPaste in the output
}

// pending reports whether the passing of time would mean something.
func (s *shim) pending() bool {
	return s.state != ground && !s.stale || len(s.seq) > 0 && s.state == ground || s.afterCR
}

// idle tells that no byte followed for a moment. An ESC was the key of that
// name, half a rune will not be completed, and a later LF is a key of its own.
func (s *shim) idle(dst []byte) []byte {
	s.afterCR = false
	switch s.state {
	case pasting:
		// A slow line may pause inside a paste, so this is not its end. But
		// if the end mark got lost, a ^C now gives the keyboard back.
		s.stale = true
		return dst
	case escaped:
		dst = utf8.AppendRune(dst, keyEscape)
	case ground:
		for _, b := range s.seq {
			dst = utf8.AppendRune(dst, rawRune(b))
		}
	}
	s.state, s.seq = ground, s.seq[:0]
	return dst
}

// feed appends to dst what src means.
func (s *shim) feed(dst, src []byte) []byte {
	for _, b := range src {
		dst = s.step(dst, b)
	}
	return dst
}

func (s *shim) step(dst []byte, b byte) []byte {
	switch s.state {
	case escaped:
		return s.escape(dst, b)
	case csi:
		return s.control(dst, b)
	case ss3:
		s.state = ground
		return s.cursorKey(dst, b, false)
	case linuxFn:
		s.state = ground
		return dst
	case pasting:
		return s.pasteByte(dst, b)
	}
	return s.text(dst, b)
}

func (s *shim) text(dst []byte, b byte) []byte {
	if len(s.seq) > 0 || b >= utf8.RuneSelf {
		return s.runeByte(dst, b)
	}
	afterCR := s.afterCR
	s.afterCR = false
	switch {
	case s.quoted:
		s.quoted = false
		return utf8.AppendRune(dst, rawRune(b))
	case b == 0x1b:
		s.state = escaped
		return dst
	case b == '\r':
		s.afterCR = true
		return append(dst, '\r')
	case b == '\n':
		if afterCR {
			return dst
		}
		return append(dst, '\r')
	case b == 0x16: // ^V
		s.quoted = true
		return dst
	case b == 0: // would read as the end of input
		return dst
	}
	return append(dst, b)
}

// runeByte collects the bytes of a rune. What turns out to be no UTF-8 is
// passed on as raw runes, so that it can be seen, edited and sent.
func (s *shim) runeByte(dst []byte, b byte) []byte {
	s.afterCR, s.quoted = false, false
	s.seq = append(s.seq, b)
	if !utf8.FullRune(s.seq) {
		return dst
	}
	r, n := utf8.DecodeRune(s.seq)
	rest := bytes.Clone(s.seq[n:])
	if r == utf8.RuneError && n == 1 || isOurs(r) || unicode.IsControl(r) {
		for _, c := range s.seq[:n] {
			dst = utf8.AppendRune(dst, rawRune(c))
		}
	} else {
		dst = append(dst, s.seq...)
	}
	s.seq = s.seq[:0]
	return s.feed(dst, rest)
}

func (s *shim) escape(dst []byte, b byte) []byte {
	s.state = ground
	switch b {
	case '[':
		s.state = csi
	case 'O':
		s.state = ss3
	case 0x1b: // some terminals send Alt as one more ESC
		s.state = escaped
	case '\r', '\n': // Alt-Enter
		s.afterCR = b == '\r'
		return utf8.AppendRune(dst, softNewline)
	case 'b', 'f', 'd', 0x7f:
		return append(dst, 0x1b, b)
	case 0x08:
		return append(dst, 0x1b, 0x7f)
	case 0x03: // Esc, then ^C: the second must not get lost
		return append(dst, b)
	}
	return dst
}

// control reads the parameters of a control sequence up to its final byte
// (ECMA-48, section 5.4).
func (s *shim) control(dst []byte, b byte) []byte {
	switch {
	case b == 0x1b: // broken off by the next one
		s.state, s.seq = escaped, s.seq[:0]
		return dst
	case b == '[' && len(s.seq) == 0:
		s.state = linuxFn
		return dst
	case b < 0x20 || b > 0x7e || len(s.seq) >= maxSequence:
		s.state, s.seq = ground, s.seq[:0]
		return s.text(dst, b)
	case b < 0x40:
		s.seq = append(s.seq, b)
		return dst
	}
	args := string(s.seq)
	s.state, s.seq = ground, s.seq[:0]
	if b != '~' && b != 'u' {
		// Shift, Alt and Ctrl come as a second parameter, or in rxvt as the only one.
		return s.cursorKey(dst, b, args != "" && args != "1")
	}
	switch args {
	case "1", "7":
		return append(dst, 0x01)
	case "4", "8":
		return append(dst, 0x05)
	case "3":
		return utf8.AppendRune(dst, keyDelete)
	case "3;3", "3;5":
		return append(dst, 0x1b, 'd')
	case "13;2", "13;3", "13;5", "27;2;13", "27;3;13", "27;5;13": // Enter with Shift, Alt, Ctrl
		return utf8.AppendRune(dst, softNewline)
	case "200":
		s.state, s.stale = pasting, false
		s.paste = paste{}
	}
	return dst
}

func (s *shim) cursorKey(dst []byte, b byte, word bool) []byte {
	switch b {
	case 'A':
		return append(dst, 0x10)
	case 'B':
		return append(dst, 0x0e)
	case 'C':
		if word {
			return append(dst, 0x1b, 'f')
		}
		return append(dst, 0x06)
	case 'D':
		if word {
			return append(dst, 0x1b, 'b')
		}
		return append(dst, 0x02)
	case 'H':
		return append(dst, 0x01)
	case 'F':
		return append(dst, 0x05)
	case 'M': // Enter of the keypad
		return append(dst, '\r')
	}
	return dst
}

// pasteByte collects a paste. ESC and ^C are dropped from it: a paste must not
// be able to press keys.
func (s *shim) pasteByte(dst []byte, b byte) []byte {
	if s.stale && b == 0x03 {
		s.state, s.seq, s.paste, s.stale = ground, s.seq[:0], paste{}, false
		return append(dst, b)
	}
	s.stale = false
	s.seq = append(s.seq, b)
	switch {
	case len(s.seq) == len(pasteEnd) && bytes.Equal(s.seq, pasteEnd):
		s.pastes = append(s.pastes, s.paste)
		s.state, s.seq, s.paste = ground, s.seq[:0], paste{}
		return utf8.AppendRune(dst, keyPaste)
	case bytes.HasPrefix(pasteEnd, s.seq):
		return dst
	}
	tail := s.seq
	restart := b == 0x1b && len(s.seq) > 1
	if restart {
		tail = s.seq[:len(s.seq)-1]
	}
	for _, c := range tail {
		switch {
		case c == 0x1b || c == 0x03:
		case len(s.paste.text) >= maxPaste:
			s.paste.cut = true
		default:
			s.paste.text = append(s.paste.text, c)
		}
	}
	s.seq = s.seq[:0]
	if restart {
		s.seq = append(s.seq, b)
	}
	return dst
}
