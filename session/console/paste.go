package console

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

const (
	askPasteBytes = 1 << 10 // 1 KiB; a longer paste is asked about
	askPasteLines = 20      // so is one of more lines
)

// A paste is what came between the marks of a bracketed paste.
type paste struct {
	text []byte
	cut  bool // it was longer than maxPaste
}

// draft returns the paste as text to edit.
func (p paste) draft() []rune {
	if doubled(p.text) {
		return encodeDraft(bytes.ReplaceAll(p.text, []byte("\r\r"), []byte("\n")))
	}
	return encodeDraft(p.text)
}

// doubled reports whether each line end of a head that was copied as CRLF has
// become two CR: tmux and xterm put a CR for the LF of a paste. A text with
// that many blank lines of its own does not also end in three of them.
func doubled(text []byte) bool {
	if bytes.IndexByte(text, '\n') >= 0 || !bytes.HasSuffix(text, []byte("\r\r\r\r")) {
		return false
	}
	lines := bytes.Split(bytes.TrimRight(text, "\r"), []byte("\r\r"))
	return len(lines) > 1 && !slices.ContainsFunc(lines, func(line []byte) bool {
		return bytes.IndexByte(line, '\r') >= 0
	})
}

func (p paste) lines() int {
	return len(splitDraft(p.draft()))
}

func (p paste) String() string {
	unit := "lines"
	if p.lines() == 1 {
		unit = "line"
	}
	s := fmt.Sprintf("[paste: %s %s, %s B]", grouped(p.lines()), unit, grouped(len(p.text)))
	if p.cut {
		s += " (cut, it was longer)"
	}
	return s
}

// grouped spells n with a comma before each three digits.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// pasted takes the next paste: into the draft if it is small, otherwise after
// a question.
func (e *editor) pasted() action {
	for _, p := range e.pastes() {
		e.paste.text = append(e.paste.text, p.text...)
		e.paste.cut = e.paste.cut || p.cut
	}
	if len(e.paste.text) <= askPasteBytes && e.paste.lines() <= askPasteLines {
		return e.insertPaste()
	}
	e.mode = askPaste
	return swallow
}

func (e *editor) insertPaste() action {
	text := e.paste.draft()
	e.paste = paste{}
	return e.change(func(d draft) draft { return d.insert(text) })
}

func (e *editor) pasteKey(r rune) action {
	switch r {
	case keyPaste:
		e.mode = typing
		return e.pasted()
	case enter:
		e.mode = typing
		e.override = e.now.insert(e.paste.draft()).text
		e.screen.show(e.view())
		return action{pass: enter}
	case 'e', 'E':
		e.mode = typing
		return e.insertPaste()
	case ctrlC, ctrlD, ctrlG, keyEscape:
		e.mode, e.paste = typing, paste{}
		return swallow
	}
	e.screen.bell()
	return swallow
}
