package console

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// widths counts East Asian ambiguous characters as narrow, whatever the
// locale: terminals do, and a golden screen must not depend on who runs it.
var widths = runewidth.Condition{}

// A glyph is what one thing is drawn as.
type glyph struct {
	s     string
	width int
}

func shown(r rune) bool {
	return r != utf8.RuneError && (unicode.IsPrint(r) || unicode.In(r, unicode.Mn, unicode.Me))
}

// draw returns how a rune of a draft looks. Only what was quoted is in reverse
// video, so that a quoted dot differs from a dot.
func draw(r rune) glyph {
	switch {
	case r == softNewline:
		return glyph{"⏎", 1}
	case r == rawRune('\t'):
		return glyph{"⇥", 1}
	case isRaw(r) && r > rawRune(0x1f) && r < rawRune(0x7f):
		return glyph{"\x1b[7m" + string(r-rawFirst) + "\x1b[27m", 1}
	case isRaw(r):
		return glyph{fmt.Sprintf("\\x%02x", r-rawFirst), 4}
	case !shown(r):
		s := fmt.Sprintf("<U+%04X>", r)
		return glyph{s, len(s)}
	}
	return glyph{string(r), widths.RuneWidth(r)}
}

// sgrLen returns the length of the colour sequence (ESC [ … m) that s starts
// with, 0 if it starts with none.
func sgrLen(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && c != ':' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// glyphs cuts text into what can be drawn. Colours pass, with width 0; any
// other control sequence or character is shown, not obeyed.
func glyphs(text string, emit func(glyph)) {
	for len(text) > 0 {
		if n := sgrLen(text); n > 0 {
			emit(glyph{text[:n], 0})
			text = text[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1, r < 0x20, r == 0x7f:
			emit(glyph{fmt.Sprintf("\\x%02x", text[0]), 4})
		case !shown(r):
			s := fmt.Sprintf("<U+%04X>", r)
			emit(glyph{s, len(s)})
		default:
			emit(glyph{text[:n], widths.RuneWidth(r)})
		}
		text = text[n:]
	}
}

// sanitize appends text to dst with its colours and tabs, and with everything
// else that a terminal might obey spelled out.
func sanitize(dst []byte, text string) []byte {
	for len(text) > 0 {
		// The common case, plain ASCII, goes in one piece.
		n := 0
		for n < len(text) && (text[n] >= 0x20 && text[n] < 0x7f || text[n] == '\t') {
			n++
		}
		dst = append(dst, text[:n]...)
		text = text[n:]
		m := 0
		for m < len(text) && !(text[m] >= 0x20 && text[m] < 0x7f || text[m] == '\t') {
			m += max(sgrLen(text[m:]), 1)
		}
		glyphs(text[:m], func(g glyph) { dst = append(dst, g.s...) })
		text = text[m:]
	}
	return dst
}

// plainWidth returns the columns that text takes on an endless row.
func plainWidth(text string) int {
	w := 0
	glyphs(text, func(g glyph) { w += g.width })
	return w
}

// A row is one row of the screen.
type row struct {
	s    strings.Builder
	w    int
	hard bool // ends in a line end of its own, not in the terminal's wrap
}

// A layout is the area at the bottom of the screen that is drawn anew with
// every key: unfinished output, the prompt, the line being typed.
type layout struct {
	width  int
	rows   []*row
	cy, cx int // where the cursor belongs
}

// lay fits lead, prompt and text to the width. pos is the cursor's place in
// text.
func lay(width int, lead, prompt string, text []rune, pos int) *layout {
	l := &layout{width: width, rows: []*row{{}}}
	if lead != "" {
		glyphs(lead, l.put)
		if prompt != "" && plainWidth(lead)+plainWidth(prompt) > width/2 {
			l.newline()
		}
	}
	glyphs(prompt, l.put)
	indent := 0
	if len(l.rows) == 1 && l.rows[0].w < width/2 {
		indent = l.rows[0].w
	}
	for i, r := range text {
		if i == pos {
			l.mark()
		}
		l.put(draw(r))
		if r == softNewline {
			l.newline()
			l.put(glyph{strings.Repeat(" ", indent), indent})
		}
	}
	if l.last().w >= width {
		l.rows = append(l.rows, &row{})
	}
	if pos >= len(text) {
		l.mark()
	}
	if l.cx >= width { // the cursor's character begins the next row
		l.cy, l.cx = l.cy+1, 0
	}
	return l
}

func (l *layout) last() *row { return l.rows[len(l.rows)-1] }

func (l *layout) mark() { l.cy, l.cx = len(l.rows)-1, l.last().w }

func (l *layout) newline() {
	l.last().hard = true
	l.rows = append(l.rows, &row{})
}

func (l *layout) put(g glyph) {
	// Long glyphs (an escaped byte at the edge) are cut like text.
	for g.width > l.width && g.width == len(g.s) {
		l.put(glyph{g.s[:l.width], l.width})
		g = glyph{g.s[l.width:], g.width - l.width}
	}
	r := l.last()
	if r.w+g.width > l.width {
		// The terminal wraps by itself only from a full row.
		r.s.WriteString(strings.Repeat(" ", max(l.width-r.w, 0)))
		r.w = l.width
		r = &row{}
		l.rows = append(l.rows, r)
	}
	r.s.WriteString(g.s)
	r.w += g.width
}

// window keeps at most height rows, those around the cursor.
func (l *layout) window(height int) {
	if len(l.rows) <= height {
		return
	}
	from := min(max(l.cy-height+1, 0), len(l.rows)-height)
	l.rows = l.rows[from : from+height]
	l.cy -= from
}

// appendTo appends the bytes that draw the area and place the cursor.
func (l *layout) appendTo(dst []byte) []byte {
	for i, r := range l.rows {
		dst = append(dst, r.s.String()...)
		if i == len(l.rows)-1 {
			if i > 0 && r.w == 0 && !l.rows[i-1].hard {
				dst = append(dst, " \r"...) // make the terminal wrap now
			}
		} else if r.hard {
			dst = append(dst, "\r\n"...)
		}
	}
	if up := len(l.rows) - 1 - l.cy; up > 0 {
		dst = fmt.Appendf(dst, "\x1b[%dA", up)
	}
	dst = append(dst, '\r')
	if l.cx > 0 {
		dst = fmt.Appendf(dst, "\x1b[%dC", l.cx)
	}
	return dst
}

// above returns how many rows stand above the cursor after the terminal has
// wrapped the area anew for another width.
func (l *layout) above(width int) int {
	if width == l.width {
		return l.cy
	}
	up, run := 0, 0
	for _, r := range l.rows[:l.cy] {
		run += r.w
		if r.hard {
			up += max((run+width-1)/width, 1)
			run = 0
		}
	}
	return up + (run+l.cx)/width
}
