package view

import (
	"math"
	"os"
	"regexp"
	"strconv"
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

// Colours read on light and on dark: each has a contrast of 3 at least, as WCAG
// 2.2, section 1.4.11, asks of signs, with black and with white. What a colour says
// its signs say too.
func TestColoursReadOnLightAndDark(t *testing.T) {
	c := newPalette(true)
	number := regexp.MustCompile("^\x1b\\[38;5;([0-9]+)m$")
	for i, p := range append(c.tokens[tokenName:], c.client, c.server, c.info, c.warn) {
		m := number.FindStringSubmatch(p.on)
		if m == nil {
			t.Errorf("colour %d is %q, want one of the 256", i, p.on)
			continue
		}
		n, _ := strconv.Atoi(m[1])
		y := luminance(n)
		if light, dark := 1.05/(y+0.05), (y+0.05)/0.05; light < 3 || dark < 3 {
			t.Errorf("colour %d: contrast %.1f with white, %.1f with black", n, light, dark)
		}
	}
}

// luminance returns that of a colour of the 256 from 16 on, from 0 to 1 (WCAG 2.2).
func luminance(n int) float64 {
	level := func(i int) int { return [...]int{0, 95, 135, 175, 215, 255}[i] }
	r, g, b := 8+10*(n-232), 8+10*(n-232), 8+10*(n-232)
	if n < 232 {
		r, g, b = level((n-16)/36), level((n-16)/6%6), level((n-16)%6)
	}
	linear := func(v int) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}
