package view

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

const (
	shownBody = 64 << 10 // 64 KiB: no more of a body is written, whatever the screen
	shownDump = 16       // rows of a hexadecimal dump within a conversation
)

// bodyProgress is how far a body, or a raw run, has been written.
type bodyProgress struct {
	at   int  // octets written
	rows int  // rows of the screen that they took
	hex  bool // from at on, it is no text
	dump int  // rows of the dump
	full bool // no more is to be written
	dots bool // a dot was written that the body has not
}

// A bodyStyle says how a body's rows look.
type bodyStyle struct {
	mark   mark  // markNone for a body
	offset int64 // in a dump, that of the first octet
	room   int   // rows of the screen, 0 for no limit
	dotted bool  // on the wire a line that begins with a dot has one more
}

// body appends what is new of data, line by line. A line that is no text, and
// all after it, comes as a dump. Unless final, the last line of data may go on
// and is left for later. What is written does not depend on how often body was
// called on the way.
func (p *Printer) body(conn int, b *bodyProgress, data []byte, s bodyStyle, final bool) {
	data = data[:min(len(data), shownBody)]
	final = final || len(data) == shownBody
	for b.at < len(data) && !b.full {
		if b.hex {
			if !p.bodyDump(conn, b, data, s, final) {
				return
			}
			continue
		}
		line := data[b.at:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		} else if !final {
			return
		}
		if !isText(line) {
			b.hex = true
			continue
		}
		p.bodyLine(conn, b, line, s)
	}
}

// bodyLine appends one line of text.
func (p *Printer) bodyLine(conn int, b *bodyProgress, line []byte, s bodyStyle) {
	text := expandTabs(trimEnd(line))
	if s.dotted && line[0] == '.' {
		text = append([]byte("."), text...)
		b.dots = true
	}
	need := 1
	if s.room > 0 && p.s.Width > 0 {
		need = max(1, (cells(escape(nil, text, p.s.ASCII))+p.s.Width-1)/p.s.Width)
		if left := s.room - b.rows; need > left {
			b.full = true
			if left > 0 {
				kept := p.cut(text, left*p.s.Width)
				p.row(conn, s.mark, text[:kept])
				b.at += min(kept, len(line))
			}
			return
		}
	}
	if s.room > 0 && b.rows >= s.room {
		b.full = true
		return
	}
	p.row(conn, s.mark, text)
	b.rows += need
	b.at += len(line)
}

// bodyDump appends one row of a dump, and reports whether it did.
func (p *Printer) bodyDump(conn int, b *bodyProgress, data []byte, s bodyStyle, final bool) bool {
	row := data[b.at:]
	if len(row) > hexRow {
		row = row[:hexRow]
	}
	if len(row) < hexRow && !final {
		return false
	}
	if b.dump == shownDump || s.room > 0 && b.rows >= s.room {
		b.full = true
		return false
	}
	text := appendHexRow(nil, row, s.offset+int64(b.at))
	p.row(conn, s.mark, text[:len(text)-1])
	b.at += len(row)
	b.dump++
	b.rows++
	return true
}

// more appends how much of a body of size octets, of which kept are held, was
// not written.
func (p *Printer) more(conn int, b *bodyProgress, kept int, size int64) {
	left := size - int64(b.at)
	switch {
	case left <= 0:
	case b.at < kept:
		p.rows(conn, markNone, "… "+about(left)+" more: "+p.s.More)
	default:
		p.rows(conn, markNone, "… "+about(left)+" more, not kept")
	}
}

// isText reports whether a line, or several, are for reading as text: no NUL, and
// nine tenths of it printable UTF-8. A few octets of an old charset do not make
// it a dump.
func isText(line []byte) bool {
	good, all := 0, 0
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		switch {
		case r == 0:
			return false
		case r == utf8.RuneError && n == 1:
			// A character that the end cuts off is no fault.
			if !utf8.FullRune(line) && all > 0 {
				return good*10 >= all*9
			}
		case unicode.IsPrint(r) || r == '\t' || r == '\r' || r == '\n' || r == 0x1b:
			good++
		}
		all++
		line = line[n:]
	}
	return good*10 >= all*9
}

// expandTabs replaces each HTAB by spaces up to the next multiple of eight
// columns, as a terminal would show it.
func expandTabs(line []byte) []byte {
	if bytes.IndexByte(line, '\t') < 0 {
		return line
	}
	var out []byte
	column := 0
	for len(line) > 0 {
		r, n := utf8.DecodeRune(line)
		if r == '\t' {
			for next := column/8*8 + 8; column < next; column++ {
				out = append(out, ' ')
			}
		} else {
			out = append(out, line[:n]...)
			column += runeCells(r)
		}
		line = line[n:]
	}
	return out
}
