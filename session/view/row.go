package view

import (
	"bytes"
	"strconv"
	"strings"
)

// rows appends a row with the mark for each line of text, which is this
// package's own with what peers gave in it. Conn is 0 for rows of no connection.
func (p *Printer) rows(conn int, m mark, text string) {
	if p.s.ASCII {
		text = asciiSigns.Replace(text)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if p.s.Width > 0 && (m == markInfo || m == markWarn || m == markClientFrame || m == markServerFrame) {
			p.wrapped(conn, m, []byte(line))
		} else {
			p.row(conn, m, []byte(line))
		}
	}
}

// wrapped appends a row of this package's own text, broken between words where
// the screen ends; what follows is indented by two. A word longer than a row is
// left to the terminal.
func (p *Printer) wrapped(conn int, m mark, text []byte) {
	c := p.c.paint(m)
	text = bytes.TrimRight(escape(nil, text, p.s.ASCII), " ")
	indent := 2
	if n := len(text) - len(bytes.TrimLeft(text, " ")); n > 0 {
		indent = max(indent, min(n+4, p.s.Width/8))
	}
	from := len(p.buf)
	p.lead(conn, m, c)
	room := p.s.Width - cells(p.buf[from:]) + len(c.on)
	if !wholeRow(m) {
		room += len(c.off)
	}
	for at := wordBreak(text, room); at < len(text); at = wordBreak(text, room) {
		p.buf = append(p.buf, text[:at]...)
		p.tail(m, c)
		if wholeRow(m) {
			p.buf = append(p.buf, c.on...)
		}
		p.buf = append(p.buf, strings.Repeat(" ", indent)...)
		text, room = bytes.TrimLeft(text[at:], " "), max(p.s.Width-indent, 1)
	}
	p.buf = append(p.buf, text...)
	p.tail(m, c)
}

// wordBreak returns where to break text for a row of room cells: at the last
// blank behind a word that fits, or at the first one if none does; len(text)
// where it fits as a whole or has no such blank.
func wordBreak(text []byte, room int) int {
	if cells(text) <= room {
		return len(text)
	}
	blanks := func(at int) int { return len(text[at:]) - len(bytes.TrimLeft(text[at:], " ")) }
	best, width := 0, 0
	for at := blanks(0); width <= room; at += blanks(at) {
		i := bytes.IndexByte(text[at:], ' ')
		if i < 0 {
			break // the last word
		}
		at += i
		if width = cells(text[:at]); width <= room || best == 0 {
			best = at
		}
	}
	if best == 0 {
		return len(text)
	}
	return best
}

// row appends one row: which connection, where several stand open; the mark; the
// text, escaped. Only warnings are coloured as a whole.
func (p *Printer) row(conn int, m mark, text []byte) {
	c := p.c.paint(m)
	p.lead(conn, m, c)
	p.buf = escape(p.buf, text, p.s.ASCII)
	p.tail(m, c)
}

// lead appends what stands before a row's text.
func (p *Printer) lead(conn int, m mark, c paint) {
	if p.numbered(conn) {
		p.buf = append(p.buf, '[')
		p.buf = strconv.AppendInt(p.buf, int64(conn), 10)
		p.buf = append(p.buf, "] "...)
	}
	p.buf = append(p.buf, c.on...)
	if p.s.ASCII {
		p.buf = append(p.buf, marks[m].ascii...)
	} else {
		p.buf = append(p.buf, marks[m].text...)
	}
	if !wholeRow(m) {
		p.buf = append(p.buf, c.off...)
	}
}

// numbered reports whether the rows of a connection have its number.
func (p *Printer) numbered(conn int) bool {
	if p.current != 0 { // while rows are held back another may become the current one
		return conn > 0 && (conn != p.current || p.held.on)
	}
	return conn > 0 && p.live > 1
}

// tail ends a row.
func (p *Printer) tail(m mark, c paint) {
	if wholeRow(m) {
		p.buf = append(p.buf, c.off...)
	}
	p.buf = append(p.buf, '\n')
}

// wholeRow reports whether the colour goes to the end of the row.
func wholeRow(m mark) bool { return m == markWarn }

// line appends a line as a peer sent it, its end taken off. A line longer than a
// third of the screen is cut, and says so.
func (p *Printer) line(conn int, m mark, line []byte) {
	line = trimEnd(line)
	room := p.third() * p.s.Width
	if room == 0 || len(line) <= room {
		p.row(conn, m, line)
		return
	}
	kept := p.cut(line, room)
	c := p.c.paint(m)
	p.lead(conn, m, c)
	p.buf = escape(p.buf, line[:kept], p.s.ASCII)
	p.tail(m, c)
	if kept < len(line) {
		p.rows(conn, markNone, "… "+about(int64(len(line)-kept))+" more of this line")
	}
}

// third returns how many rows of a body are shown: what was set, or a third of the
// screen; 0 for no screen.
func (p *Printer) third() int {
	if p.shown > 0 {
		return p.shown
	}
	if p.s.Height <= 0 {
		return 0
	}
	return max(p.s.Height/3, 3)
}

// cut returns how many octets of line, escaped, fit into room cells.
func (p *Printer) cut(line []byte, room int) int {
	text := escape(nil, line, p.s.ASCII)
	if cells(text) <= room {
		return len(line)
	}
	// An octet takes a cell at least, but for those of UTF-8 after the first, of
	// which there are three to a cell at most, and combining marks.
	lo, hi := 0, len(line)
	for lo < hi {
		mid := lo + (hi-lo+1)/2
		if cells(escape(text[:0], line[:mid], p.s.ASCII)) <= room {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return runeStart(line, lo)
}

// runeStart moves at back to where a character of b begins, unless b is not
// UTF-8 there.
func runeStart(b []byte, at int) int {
	for i := range min(4, at) {
		if at == len(b) || b[at-i]&0xc0 != 0x80 {
			return at - i
		}
	}
	return at
}

// trimEnd takes one line end off: CR LF, or LF.
func trimEnd(line []byte) []byte {
	line, found := bytes.CutSuffix(line, []byte("\n"))
	if found {
		line, _ = bytes.CutSuffix(line, []byte("\r"))
	}
	return line
}
