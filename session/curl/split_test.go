package curl

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"wiretape/tape/script"
)

// What bash makes of the same line is what is wanted, wherever there is a bash.
func TestSplitIsThatOfBash(t *testing.T) {
	bash, _ := exec.LookPath("bash")
	for _, row := range []struct {
		line string
		want []string
	}{
		{"", nil},
		{"  a\tb  ", []string{"a", "b"}},
		{`a'b c'd "e f"`, []string{"ab cd", "e f"}},
		{`'' ""`, []string{"", ""}},
		{`'it'\''s' "a\"b\\c\d"`, []string{"it's", `a"b\c\d`}},
		{`a\ b \'`, []string{"a b", "'"}},
		{"curl 'http://h/?a=1&b=2' \\\n  -H 'X: y' \\\n", []string{"curl", "http://h/?a=1&b=2", "-H", "X: y"}},
		{"a\\\nb \"c\\\nd\"", []string{"ab", "cd"}},
		{`$'a\nb\x41\u00e9\'\\' $'\101\0012' $'\q' $'\x'`, []string{"a\nbAé'\\", "A\x012", `\q`, `\x`}},
		{`$'{"a":"b\u0021"}' x$'\t'y`, []string{`{"a":"b!"}`, "x\ty"}},
		{`$'\cA\e'`, []string{"\x01\x1b"}},
		{"'a\nb'", []string{"a\nb"}},
	} {
		got, err := Split(row.line)
		if err != nil || !slices.Equal(got, row.want) {
			t.Errorf("Split(%q) = %q, %v, want %q", row.line, got, err, row.want)
		}
		if bash == "" {
			continue
		}
		cmd := exec.Command(bash, "-c", "for w in "+row.line+"\ndo printf '%s\\0' \"$w\"; done")
		cmd.Env = []string{"LC_ALL=C.UTF-8"}
		out, err := cmd.Output()
		if want := strings.Join(row.want, "\x00"); err != nil || strings.TrimSuffix(string(out), "\x00") != want {
			t.Errorf("bash makes %q of %q (%v)", out, row.line, err)
		}
	}
}

func TestSplitSaysWhatIsOpen(t *testing.T) {
	for _, line := range []string{`'a`, `"a`, `"a\"`, `$'a`, `$'a\'`, `a\`, `a 'b' \`} {
		if _, err := Split(line); !errors.Is(err, ErrOpen) {
			t.Errorf("Split(%q): %v", line, err)
		}
	}
	if _, err := Split(`$'\ud800'`); err == nil || errors.Is(err, ErrOpen) {
		t.Errorf("half a character: %v", err)
	}
}

// What export curl quotes is read back as it was.
func FuzzSplit(f *testing.F) {
	f.Add(`a 'b' $'c\n' "d"`, "x y\x00")
	f.Add("a\\\nb", "it's \xff\x1b")
	f.Fuzz(func(t *testing.T, line, word string) {
		Split(line)
		got, err := Split(script.Quote(word) + " x")
		if err != nil || !slices.Equal(got, []string{word, "x"}) {
			t.Fatalf("%s gives %q, %v, want %q", script.Quote(word), got, err, word)
		}
	})
}
