package console

import (
	"slices"
	"strings"
	"testing"
)

// at makes a draft of text in which | is the cursor and ⏎ a soft newline.
func at(text string) draft {
	runes := []rune(strings.ReplaceAll(text, "⏎", lineBreak))
	i := slices.Index(runes, '|')
	return draft{slices.Delete(runes, i, i+1), i}
}

func (d draft) String() string {
	s := string(d.text[:d.pos]) + "|" + string(d.text[d.pos:])
	return strings.ReplaceAll(s, lineBreak, "⏎")
}

func TestEdits(t *testing.T) {
	upward := func(d draft) draft { d, _ = d.up(); return d }
	downward := func(d draft) draft { d, _ = d.down(); return d }
	for _, tt := range []struct {
		name     string
		edit     func(draft) draft
		in, want string
	}{
		{"Delete", draft.deleteRight, "a|bc", "a|c"},
		{"Delete at the end", draft.deleteRight, "abc|", "abc|"},
		{"Delete on an empty line", draft.deleteRight, "|", "|"},
		{"^W", draft.rubWord, "one two  |three", "one |three"},
		{"^W in the first word keeps what follows", draft.rubWord, "foo| bar", "| bar"},
		{"^W takes dots and slashes along", draft.rubWord, "GET /a/b.c|", "GET |"},
		{"^W stays in its line", draft.rubWord, "a⏎b|", "a⏎|"},
		{"^W at the start", draft.rubWord, "|a", "|a"},
		{"^T", draft.transpose, "ab|c", "acb|"},
		{"^T at the end", draft.transpose, "abc|", "acb|"},
		{"^T on one character", draft.transpose, "a|", "a|"},
		{"^T on nothing", draft.transpose, "|", "|"},
		{"Up", upward, "abc⏎de|f", "ab|c⏎def"},
		{"Up to a shorter line", upward, "a⏎def|", "a|⏎def"},
		{"Up in the first line", upward, "ab|c⏎d", "ab|c⏎d"},
		{"Down", downward, "a|bc⏎def", "abc⏎d|ef"},
		{"Down to a shorter line", downward, "abc|⏎d⏎e", "abc⏎d|⏎e"},
		{"Down in the last line", downward, "a⏎|b", "a⏎|b"},
	} {
		if got := tt.edit(at(tt.in)).String(); got != tt.want {
			t.Errorf("%s: %s becomes %s, want %s", tt.name, tt.in, got, tt.want)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, tt := range []struct {
		name, in   string
		candidates []string
		want       string
		list       bool
	}{
		{"none", "x|", nil, "x|", false},
		{"one", ".sh|", []string{".show"}, ".show |", false},
		{"one that brings its own end", "Ho|", []string{"Host: "}, "Host: |", false},
		{"one in the middle of a line", "a .sh| b", []string{".show"}, "a .show| b", false},
		{"what they share", ".s|", []string{".send file", ".send hex"}, ".send |", false},
		{"nothing more in common", ".s|", []string{".send", ".show"}, ".s|", true},
		{"shared up to half a character", "|", []string{"é", "è"}, "|", true},
		{"other case", "ho|", []string{"Host: "}, "Host: |", false},
	} {
		got, list := at(tt.in).complete(tt.candidates)
		if got.String() != tt.want || len(list) > 0 != tt.list {
			t.Errorf("%s: %s becomes %s with list %q, want %s", tt.name, tt.in, got, list, tt.want)
		}
	}
}

func TestColumns(t *testing.T) {
	words := []string{"a", "bb", "ccc", "d", "e"}
	for _, tt := range []struct {
		width, rows int
		want        string
	}{
		{80, 5, "a    bb   ccc  d    e\n"},
		{10, 5, "a    d\nbb   e\nccc\n"},
		{1, 3, "a\nbb\nccc\n… 2 more\n"},
	} {
		if got := columns(words, tt.width, tt.rows); got != tt.want {
			t.Errorf("columns of %d in %d rows:\n%s\nwant\n%s", tt.width, tt.rows, got, tt.want)
		}
	}
}
