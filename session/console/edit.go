package console

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A draft is the text being edited and the cursor's place in it.
type draft struct {
	text []rune
	pos  int
}

func (d draft) insert(what []rune) draft {
	return draft{slices.Concat(d.text[:d.pos], what, d.text[d.pos:]), d.pos + len(what)}
}

func (d draft) cut(from, to int) draft {
	return draft{slices.Concat(d.text[:from], d.text[to:]), from}
}

func (d draft) deleteRight() draft {
	if d.pos == len(d.text) {
		return d
	}
	return d.cut(d.pos, d.pos+1)
}

// blank reports whether r ends a word: white space, or a line end.
func blank(r rune) bool { return unicode.IsSpace(r) || r == softNewline || r == rawRune('\t') }

// wordStart returns where the word before the cursor begins.
func (d draft) wordStart() int {
	i := d.pos
	for i > 0 && !blank(d.text[i-1]) {
		i--
	}
	return i
}

// rubWord removes the word before the cursor, and the blanks behind that word.
func (d draft) rubWord() draft {
	i := d.pos
	for i > 0 && blank(d.text[i-1]) {
		i--
	}
	return d.cut(draft{d.text, i}.wordStart(), d.pos)
}

func (d draft) transpose() draft {
	if len(d.text) < 2 || d.pos == 0 {
		return d
	}
	i := min(d.pos, len(d.text)-1)
	text := slices.Clone(d.text)
	text[i-1], text[i] = text[i], text[i-1]
	return draft{text, i + 1}
}

// line returns the bounds of the line of the draft that holds the cursor.
func (d draft) line() (from, to int) {
	from = d.pos
	for from > 0 && d.text[from-1] != softNewline {
		from--
	}
	to = d.pos
	for to < len(d.text) && d.text[to] != softNewline {
		to++
	}
	return from, to
}

// up moves the cursor to the line above; ok is false in the first one.
func (d draft) up() (moved draft, ok bool) {
	from, _ := d.line()
	if from == 0 {
		return d, false
	}
	above, _ := draft{d.text, from - 1}.line()
	return draft{d.text, min(above+d.pos-from, from-1)}, true
}

// down moves the cursor to the line below; ok is false in the last one.
func (d draft) down() (moved draft, ok bool) {
	from, to := d.line()
	if to == len(d.text) {
		return d, false
	}
	_, end := draft{d.text, to + 1}.line()
	return draft{d.text, min(to+1+d.pos-from, end)}, true
}

// complete replaces the word before the cursor with what its candidates have
// in common. When that adds nothing, list holds the candidates to choose from.
func (d draft) complete(candidates []string) (done draft, list []string) {
	if len(candidates) == 0 {
		return d, nil
	}
	start := d.wordStart()
	word := decodeDraft(d.text[start:d.pos])
	common := candidates[0]
	for _, c := range candidates[1:] {
		for !strings.HasPrefix(c, common) {
			_, n := utf8.DecodeLastRuneInString(common)
			common = common[:len(common)-n]
		}
	}
	if len(candidates) == 1 && d.pos == len(d.text) {
		if r, _ := utf8.DecodeLastRuneInString(common); unicode.IsLetter(r) || unicode.IsDigit(r) {
			common += " "
		}
	}
	if len(candidates) > 1 && len(common) <= len(word) {
		return d, candidates
	}
	return d.cut(start, d.pos).insert(encodeDraft([]byte(common))), nil
}

// columns lays candidates out in columns, at most rows of them.
func columns(words []string, width, rows int) string {
	cell := 0
	for _, w := range words {
		cell = max(cell, plainWidth(w)+2)
	}
	per := max(width/cell, 1)
	high := (len(words) + per - 1) / per
	left := 0
	if high > rows {
		high = rows
		left = len(words) - high*per
		words = words[:high*per]
	}
	var b strings.Builder
	for y := range high {
		for x := y; x < len(words); x += high {
			b.WriteString(words[x])
			if x+high < len(words) {
				b.WriteString(strings.Repeat(" ", cell-plainWidth(words[x])))
			}
		}
		b.WriteByte('\n')
	}
	if left > 0 {
		b.WriteString("… " + grouped(left) + " more\n")
	}
	return b.String()
}
