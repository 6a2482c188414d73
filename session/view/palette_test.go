package view

import (
	"os"
	"testing"
)

func TestColorWanted(t *testing.T) {
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer w.Close()
	env := func(pairs map[string]string) func(string) string {
		return func(key string) string { return pairs[key] }
	}
	tests := []struct {
		mode string
		env  map[string]string
		want bool
	}{
		{"always", nil, true},
		{"always", map[string]string{"NO_COLOR": "1"}, true}, // the option is the newer wish
		{"never", nil, false},
		{"auto", nil, false}, // a pipe
		{"auto", map[string]string{"NO_COLOR": "1"}, false},
	}
	for _, tt := range tests {
		if got := ColorWanted(tt.mode, w, env(tt.env)); got != tt.want {
			t.Errorf("ColorWanted(%q, pipe, %v) = %v, want %v", tt.mode, tt.env, got, tt.want)
		}
	}
	if ColorWanted("auto", nil, env(nil)) {
		t.Error("ColorWanted without a file = true, want false")
	}
}

func TestPaletteDoesNotAskTheProcess(t *testing.T) {
	t.Setenv("NO_COLOR", "1") // which the library would take for itself
	if c := newPalette(true); c.server.on == "" || c.server.off == "" {
		t.Error("a palette with colours has none")
	}
	if c := newPalette(false); c.server.on != "" || c.warn.off != "" {
		t.Error("a palette without colours has some")
	}
}
