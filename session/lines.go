package session

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A LineReader gives the lines of a session, without their line ends. Its errors
// are io.EOF (of a terminal: ^D on an empty line, after which more lines may be
// asked for), an error that is an [Interrupted], and whatever else ends the
// session.
//
// A line whose first byte is 0x1d (^]) is a command, its dot optional; one whose
// first byte is 0x16 (^V) is data, that byte taken off. A line may hold several,
// parted by "\n".
type LineReader interface {
	ReadLine() (string, error)
}

// Interrupted is what the error of a LineReader satisfies when ^C was pressed.
type Interrupted interface {
	error
	// Interrupted returns what was typed on the line so far.
	Interrupted() string
}

// What a LineReader may be able to do as well. A terminal does; a file does not.
type (
	// prompter shows a prompt before the next line, in printable ASCII. It may be
	// set while a line is being read, from any goroutine.
	prompter interface{ SetPrompt(prompt string) }
	// prefiller gives the next line a text to start from, to be edited. It may
	// hold "\n".
	prefiller interface{ Prefill(text string) }
	// rememberer takes the lines of a request for one entry of its history.
	rememberer interface{ Remember(text string) }
	// withdrawer gives back what was being typed when a command was given in front
	// of it, which otherwise is edited on.
	withdrawer interface{ Withdraw() string }
	// paster gives, and drops, the lines that were pasted or composed together with
	// the last and were not read yet.
	paster interface{ Rest() []string }
	// interrupter has a token when ^] was pressed while no line was being read, which
	// ends a wait: the next line is a command.
	interrupter interface{ Escaped() <-chan struct{} }
	// lender gives the terminal to what f runs, and takes it back.
	lender interface{ Lend(f func() error) error }
	// positioner tells where the last line stood, as file:line.
	positioner interface{ Pos() string }
)

// maxScriptLine bounds a line of a script, octets.
const maxScriptLine = 16 << 20 // 16 MiB

// A Script gives the lines of a file. Lines end in LF or CRLF.
type Script struct {
	name string
	line int
	r    *bufio.Scanner
}

// NewScript returns the lines of r; name stands in errors.
func NewScript(r io.Reader, name string) *Script {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxScriptLine)
	return &Script{name: name, r: s}
}

// ReadLine returns the next line, or io.EOF.
func (s *Script) ReadLine() (string, error) {
	if s.r.Scan() {
		s.line++
		return s.r.Text(), nil
	}
	err := s.r.Err()
	switch {
	case err == nil:
		return "", io.EOF
	case errors.Is(err, bufio.ErrTooLong):
		err = fmt.Errorf("line is longer than %d MiB", maxScriptLine>>20)
	}
	return "", &Failure{StatusUsage, fmt.Sprintf("%s:%d", s.name, s.line+1), err}
}

// Pos returns the place of the line last read.
func (s *Script) Pos() string { return fmt.Sprintf("%s:%d", s.name, s.line) }

// Lines gives the lines of a list: the arguments of -c.
type Lines struct {
	lines []string
	next  int
}

// NewLines returns the given lines, each of them one line.
func NewLines(lines ...string) *Lines { return &Lines{lines: lines} }

// ReadLine returns the next line, or io.EOF.
func (l *Lines) ReadLine() (string, error) {
	if l.next == len(l.lines) {
		return "", io.EOF
	}
	l.next++
	return l.lines[l.next-1], nil
}

// Pos returns the place of the line last read, as -c:N.
func (l *Lines) Pos() string { return fmt.Sprintf("-c:%d", l.next) }
