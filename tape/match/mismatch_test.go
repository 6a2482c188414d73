package match

import (
	"slices"
	"testing"
)

// A value is shown as it came where that tells what it is.
func TestShow(t *testing.T) {
	for in, want := range map[string]string{
		`Basic realm="a\b"`: `Basic realm="a\b"`,
		`"etag"`:            `"etag"`,
		"a\tb":              `"a\tb"`,
		`"a\tb"`:            `"\"a\\tb\""`,
		"":                  `""`,
		`""`:                `"\"\""`,
		" a":                `" a"`,
		"\x1b[2J":           `"\x1b[2J"`,
		"\xff":              `"\xff"`,
	} {
		if got := Show([]byte(in)); got != want {
			t.Errorf("Show(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestSortByLine(t *testing.T) {
	ms := []Mismatch{{TapeLine: 0}, {TapeLine: 15, Path: "a"}, {TapeLine: 11}, {TapeLine: 15, Path: "b"}}
	SortByLine(ms)
	if want := []Mismatch{{TapeLine: 11}, {TapeLine: 15, Path: "a"}, {TapeLine: 15, Path: "b"}, {}}; !slices.Equal(ms, want) {
		t.Errorf("sorted: %v, want %v", ms, want)
	}
}
