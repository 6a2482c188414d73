package console

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	partialDelay = 80 * time.Millisecond // of silence before an unfinished line is shown
	maxPartial   = 64 << 10              // 64 KiB; a longer line is cut in two
)

// A view is what the editor wants to be seen.
type view struct {
	prompt string // "" for the prompt in force
	text   []rune
	pos    int
}

// A screen is the one writer of the terminal. It keeps an area at the bottom,
// unfinished output and the line being typed, which it takes away before each
// piece of output and draws again below it, all in one write.
//
// It is in one of two states. Idle: nobody reads a line, the area holds
// unfinished output and what is typed ahead at most. Editing: the area holds the prompt and the view,
// be it a line, a search or a question about a paste. In both it may be away,
// suspended or closed: nothing is drawn then; output goes out as it comes.
type screen struct {
	out  io.Writer
	size func() (width, height int)

	mu      sync.Mutex // guards what follows
	state   screenState
	away    bool
	prompt  string
	view    view
	ahead   []rune // typed while nobody reads a line
	partial []byte // output without its line end yet
	lead    bool   // partial is part of the area
	joined  bool   // partial's first half scrolled away with a submitted line
	drawn   *layout
	timer   *time.Timer
	epoch   int // of the timer; an older one that fires means nothing
}

type screenState uint8

const (
	idle screenState = iota
	editing
)

const (
	pasteOn  = "\x1b[?2004h" // xterm's bracketed paste
	pasteOff = "\x1b[?2004l"
)

// Write shows p above the line being typed. It takes whole lines at once; an
// unfinished one waits for its rest.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(p)
	if s.joined {
		p = s.join(p)
	}
	rest := bytes.LastIndexByte(p, '\n') + 1
	var buf []byte
	if rest > 0 {
		line := p[:rest]
		if len(s.partial) > 0 {
			line = append(s.partial, line...)
		}
		buf = s.appendErase(buf)
		buf = s.appendLines(buf, line)
		s.partial, s.lead = nil, false
	}
	s.partial = append(s.partial, p[rest:]...)
	if len(s.partial) > maxPartial {
		buf = s.appendErase(buf)
		buf = s.appendLines(buf, append(s.partial, '\n'))
		s.partial, s.lead = nil, false
	}
	switch {
	case s.away:
		// Nobody will draw the rest later.
		buf = append(buf, sanitize(nil, string(s.partial))...)
		s.partial = nil
	case s.lead && rest == 0:
		buf = s.appendErase(buf)
	case len(s.partial) > 0:
		s.arm()
	}
	if len(buf) > 0 {
		if _, err := s.out.Write(s.appendArea(buf)); err != nil {
			return 0, fmt.Errorf("write terminal: %w", err)
		}
	}
	return n, nil
}

// join drops the line end of unfinished output that scrolled away with a
// submitted line. Other whole lines may come before it.
func (s *screen) join(p []byte) []byte {
	rest, ok := bytes.CutPrefix(bytes.TrimPrefix(p, []byte("\r")), []byte("\n"))
	if ok {
		s.joined = false
		return rest
	}
	return p
}

// arm starts the wait for an unfinished line's rest.
func (s *screen) arm() {
	s.epoch++
	epoch := s.epoch
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(partialDelay, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if epoch == s.epoch && len(s.partial) > 0 && !s.away {
			s.lead, s.joined = true, false
			s.redraw()
		}
	})
}

// appendLines appends whole lines, ready for the terminal.
func (s *screen) appendLines(dst, text []byte) []byte {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
		dst = append(sanitize(dst, string(line)), "\r\n"...)
	}
	return dst
}

// appendErase appends what takes the area away. The cursor is then at the
// start of the row where it began.
func (s *screen) appendErase(dst []byte) []byte {
	if s.drawn == nil {
		return dst
	}
	width, _ := s.size()
	if up := s.drawn.above(width); up > 0 {
		dst = fmt.Appendf(dst, "\x1b[%dA", up)
	}
	s.drawn = nil
	return append(dst, "\r\x1b[J"...)
}

// appendArea appends the area as it should be now.
func (s *screen) appendArea(dst []byte) []byte {
	width, height := s.size()
	l := s.layout(width)
	if l == nil || s.away {
		return dst
	}
	l.window(max(height-1, 1))
	s.drawn = l
	return l.appendTo(dst)
}

// layout returns the area, nil if it is empty.
func (s *screen) layout(width int) *layout {
	lead := ""
	if s.lead {
		lead = string(s.partial)
	}
	switch {
	case s.state == editing:
		prompt := s.view.prompt
		if prompt == "" {
			prompt = s.prompt
		}
		return lay(width, lead, prompt, s.view.text, s.view.pos)
	case s.state == idle && (lead != "" || len(s.ahead) > 0):
		return lay(width, lead, "", s.ahead, len(s.ahead))
	}
	return nil
}

// redraw draws the area anew, in one write. A failed write is the terminal
// gone; the next read says so.
func (s *screen) redraw() {
	buf := s.appendErase(nil)
	if buf = s.appendArea(buf); len(buf) > 0 {
		s.out.Write(buf)
	}
}

// setPrompt sets the prompt in force: one line, nothing but text and colours.
func (s *screen) setPrompt(p string) {
	p, _, _ = strings.Cut(p, "\n")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.prompt == p {
		return
	}
	s.prompt = p
	if s.state == editing && s.view.prompt == "" {
		s.redraw()
	}
}

// show draws v, if a line is being read.
func (s *screen) show(v view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	same := s.view.prompt == v.prompt && s.view.pos == v.pos && slices.Equal(s.view.text, v.text)
	s.view = v
	if s.state == editing && (!same || s.drawn == nil) {
		s.redraw()
	}
}

// setAhead shows what is typed while no line is being read.
func (s *screen) setAhead(text []rune) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != idle || slices.Equal(s.ahead, text) {
		return
	}
	s.ahead = text
	s.redraw()
}

// begin starts the editing of a line. The caller shows the first view.
func (s *screen) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.ahead = editing, nil
	if !s.away {
		io.WriteString(s.out, pasteOn)
	}
}

// end leaves the line as it was submitted, whole, with tail behind it ("^C"),
// in the output.
func (s *screen) end(tail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != editing {
		return
	}
	if !s.away {
		s.out.Write(s.appendFinal(nil, tail))
	}
	s.state, s.view = idle, view{}
	if s.lead {
		s.partial, s.lead, s.joined = nil, false, true
	}
}

// vanish takes the line away as if nobody had typed it.
func (s *screen) vanish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != editing {
		return
	}
	buf := s.appendErase(nil)
	s.state, s.view = idle, view{}
	if buf = s.appendArea(buf); len(buf) > 0 && !s.away {
		s.out.Write(buf)
	}
}

// appendFinal draws the whole area with tail behind it and leaves it behind.
func (s *screen) appendFinal(dst []byte, tail string) []byte {
	dst = s.appendErase(dst)
	width, _ := s.size()
	s.view.text = append(s.view.text[:len(s.view.text):len(s.view.text)], []rune(tail)...)
	s.view.pos = len(s.view.text)
	l := s.layout(width)
	if l == nil {
		return dst
	}
	if n := len(s.view.text); n > 0 && s.view.text[n-1] == softNewline {
		l.rows = l.rows[:len(l.rows)-1] // nothing was typed on it
		l.mark()
	}
	return append(l.appendTo(dst), "\r\n"...)
}

// clear empties the screen and draws the area at its top.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = nil
	s.out.Write(s.appendArea([]byte("\x1b[H\x1b[2J")))
}

// resized draws the area for the terminal's new width.
func (s *screen) resized() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.redraw()
}

// leave gives the screen up, with the area left in the output.
func (s *screen) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return
	}
	v := s.view
	s.ahead = nil
	buf := s.appendFinal(nil, "")
	s.view, s.away = v, true
	if s.lead {
		s.partial, s.lead, s.joined = nil, false, true
	}
	if len(s.partial) > 0 {
		buf = append(sanitize(buf, string(s.partial)), "\r\n"...)
		s.partial = nil
	}
	s.out.Write(append(buf, pasteOff...))
}

// back takes the screen again.
func (s *screen) back() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = false
	io.WriteString(s.out, pasteOn)
	s.redraw()
}

func (s *screen) bell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	io.WriteString(s.out, "\a")
}
