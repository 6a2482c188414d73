package console

import (
	"strings"
	"testing"
)

func TestLayout(t *testing.T) {
	for _, tt := range []struct {
		name         string
		width        int
		lead, prompt string
		text         string // | is the cursor
		want         string // rows, █ where the cursor is, ↩ where a row ends in a line end
	}{
		{"short", 20, "", "> ", "abc|", "> abc█"},
		{"cursor inside", 20, "", "> ", "a|bc", "> a█bc"},
		{"wrap", 5, "", "> ", "abcd|", "> abc/d█"},
		{"a full row", 5, "", "> ", "abc|", "> abc/█"},
		{"cursor at the edge", 5, "", "> ", "abc|d", "> abc/█d"},
		{"wide", 10, "", "> ", "世|界", "> 世█界"},
		{"wide at the edge", 5, "", "> ", "世世|", "> 世 /世█"},
		{"combining", 10, "", "> ", "e\u0301|x", "> e\u0301█x"},
		{"colours take no room", 5, "", "\x1b[1;32m>\x1b[0m ", "ab|", "\x1b[1;32m>\x1b[0m ab█"},
		{"soft newline", 20, "", "> ", "a⏎b|", "> a⏎↩/  b█"},
		{"soft newline at the edge", 5, "", "> ", "ab⏎|", "> ab⏎↩/█"},
		{"a prompt too long to align to", 5, "", ">>> ", "⏎b|", ">>> ⏎↩/b█"},
		{"unfinished output", 40, "login: ", "h> ", "me|", "login: h> me█"},
		{"long unfinished output", 20, "user name please: ", "h> ", "me|", "user name please: ↩/h> me█"},
		{"an escape in the prompt is shown", 40, "", "\x1b]8;;x\x07\x1b", "|", `\x1b]8;;x\x07\x1b█`},
		{"bidi controls are shown", 40, "", "> ", "\u202e|", "> <U+202E>█"},
		{"bytes", 40, "", "> ", string(rawRune(0xff)) + string(rawRune(9)) + "|", `> \xff⇥█`},
		{"two columns", 2, "", "", "世|界", "世/█界/"},
		{"one column", 1, "", "> ", string(rawRune(0xff)) + "|", `>/ /\/x/f/f/█`},
		{"one column, wide", 1, "", "", "世|", " /世/█"},
	} {
		d := at(tt.text)
		l := lay(tt.width, tt.lead, tt.prompt, d.text, d.pos)
		var rows []string
		for y, r := range l.rows {
			s := r.s.String()
			if y == l.cy {
				s = withCursor(s, l.cx)
			}
			if r.hard {
				s += "↩"
			}
			rows = append(rows, s)
		}
		if got := strings.Join(rows, "/"); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// withCursor inserts the cursor behind the first col columns of s.
func withCursor(s string, col int) string {
	out, w, done := "", 0, false
	glyphs(s, func(g glyph) {
		if w >= col && g.width > 0 && !done {
			out, done = out+"█", true
		}
		out, w = out+g.s, w+g.width
	})
	if !done {
		out += "█"
	}
	return out
}

func TestWindowHoldsTheCursor(t *testing.T) {
	text := []rune(strings.Repeat("0123456789", 100))
	for pos := range len(text) + 1 {
		for height := 1; height < 5; height++ {
			l := lay(10, "", "> ", text, pos)
			l.window(height)
			if len(l.rows) != height || l.cy < 0 || l.cy >= height {
				t.Fatalf("at %d of %d, %d rows high: %d rows, cursor in row %d", pos, len(text), height, len(l.rows), l.cy)
			}
		}
	}
}

func TestRowsAboveAfterResize(t *testing.T) {
	for _, tt := range []struct {
		text          string
		before, after int
		want          int
	}{
		{strings.Repeat("x", 98) + "|", 80, 80, 1},
		{strings.Repeat("x", 98) + "|", 80, 40, 2},
		{strings.Repeat("x", 98) + "|", 80, 200, 0},
		{"|" + strings.Repeat("x", 98), 80, 40, 0},
		{strings.Repeat("x", 47) + "⏎b|", 80, 40, 2},
		{"⏎⏎b|", 80, 40, 2},
	} {
		d := at(tt.text)
		if got := lay(tt.before, "", "> ", d.text, d.pos).above(tt.after); got != tt.want {
			t.Errorf("%s: from %d to %d columns: %d rows above the cursor, want %d", tt.text, tt.before, tt.after, got, tt.want)
		}
	}
}

func TestSanitize(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"plain\ttext", "plain\ttext"},
		{"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"},
		{"\x1b[38:2::1:2:3mred\x1b[m", "\x1b[38:2::1:2:3mred\x1b[m"},
		{"\x1b[2J\x1b]0;title\x07\x1b", `\x1b[2J\x1b]0;title\x07\x1b`},
		{"a\rb\x00\x7f", `a\x0db\x00\x7f`},
		{"\u009b2J\u202e\xff", `<U+009B>2J<U+202E>\xff`},
		{"世界 é ✓", "世界 é ✓"},
		{"\x1b[31", `\x1b[31`},
		{"é\x1b[31mé", "é\x1b[31mé"},
	} {
		if got := string(sanitize(nil, tt.in)); got != tt.want {
			t.Errorf("sanitize(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
