package view

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// styles are the screens that each conversation is shown on.
var styles = []struct {
	name  string
	style Style
}{
	{"80x24", Style{Width: 80, Height: 24, EscapeKey: "^]"}},
	{"80x24 colour", Style{Width: 80, Height: 24, Color: true, EscapeKey: "^]"}},
	{"80x24 live", Style{Width: 80, Height: 24, Live: true, EscapeKey: "^]"}},
	{"200x50", Style{Width: 200, Height: 50}},
	{"200x50 colour plain", Style{Width: 200, Height: 50, Color: true, ASCII: true}},
	{"file", Style{}},
}

// TestConversations holds what people see of each kind of conversation. In the
// golden files ESC stands as ␛.
func TestConversations(t *testing.T) {
	talks := conversations(t)
	for _, name := range slices.Sorted(maps.Keys(talks)) {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			for _, s := range styles {
				s.style.Start = start
				fmt.Fprintf(&b, "-- %s --\n%s", s.name, strings.ReplaceAll(view(s.style, talks[name].events), "\x1b", "␛"))
			}
			fmt.Fprintf(&b, "-- json --\n%s", asJSON(talks[name].events))
			golden(t, name, b.String())
		})
	}
}

// golden compares got with testdata/name.golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if got == string(want) {
		return
	}
	gots, wants := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gots), len(wants)) {
		g, w := "(end)", "(end)"
		if i < len(gots) {
			g = gots[i]
		}
		if i < len(wants) {
			w = wants[i]
		}
		if g != w {
			t.Fatalf("%s:%d: got\n%s\nwant\n%s\n-update accepts it", path, i+1, g, w)
		}
	}
}
