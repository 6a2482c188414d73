package tape

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wiretape/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// format formats a valid tape.
func format(t testing.TB, tape string, commit bool) (string, FormatResult) {
	t.Helper()
	var b bytes.Buffer
	res, err := Format(&b, strings.NewReader(tape), FormatOptions{Name: "x.tape", Commit: commit})
	if err != nil {
		t.Fatalf("%v in\n%s", err, tape)
	}
	if n := strings.Count(b.String(), "\n"); n != res.Lines {
		t.Fatalf("Lines = %d, want %d", res.Lines, n)
	}
	return b.String(), res
}

func TestCanonicalTapesStayAsTheyAre(t *testing.T) {
	files, err := filepath.Glob("testdata/*.tape")
	if err != nil || len(files) < 2 {
		t.Fatalf("tapes: %q, %v", files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := format(t, string(b), strings.Contains(string(b), "; profile commit"))
		if diff := cmp.Diff(string(b), got); diff != "" {
			t.Errorf("%s (-file +formatted):\n%s", file, diff)
		}
	}
}

// Each testdata/NAME.in becomes NAME.out, and NAME.commit in the commit profile.
func TestFormatGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.in")
	if err != nil || len(files) == 0 {
		t.Fatalf("tapes: %q, %v", files, err)
	}
	for _, file := range files {
		in, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for ext, commit := range map[string]bool{".out": false, ".commit": true} {
			golden := strings.TrimSuffix(file, ".in") + ext
			got, _ := format(t, string(in), commit)
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
			if again, _ := format(t, got, commit); again != got {
				t.Errorf("%s formatted again:\n%s", golden, cmp.Diff(got, again))
			}
		}
	}
}

func TestFormatTellsOfSecrets(t *testing.T) {
	in, err := os.ReadFile("testdata/session.in")
	if err != nil {
		t.Fatal(err)
	}
	_, res := format(t, string(in), true)
	if diff := cmp.Diff([]string{"LOGIN", "OLD"}, res.Secrets); diff != "" {
		t.Error(diff)
	}
}

// What a Writer writes is canonical.
func TestWrittenTapesAreCanonical(t *testing.T) {
	tape := string(write(t, conversation()...))
	if got, _ := format(t, tape, false); got != tape {
		t.Error(cmp.Diff(tape, got))
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		tape := string(write(t, opened(randomEvents(rnd, 10))...))
		if got, _ := format(t, tape, false); got != tape {
			t.Fatal(cmp.Diff(tape, got))
		}
	}
}

func TestLongRunsOfACommitTapeKeepTheirBytes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var events []wire.Event
	for range 8 {
		e := randomEvents(rnd, 1)[0]
		e.Conn, e.Dir, e.At = 1, wire.ServerToClient, 0
		e.Data = bytes.Repeat(append(e.Data, 'x'), 1+100000/(1+len(e.Data)))
		events = append(events, e)
	}
	tape := string(write(t, opened(events)...))
	got, _ := format(t, tape, true)
	if strings.Contains(got, "<@") {
		t.Error("a commit tape has a raw block")
	}
	want := streams(events)
	if diff := cmp.Diff(want, streams(read(t, NewReader(strings.NewReader(got), "x")))); diff != "" {
		t.Error("bytes differ")
	}
	if again, _ := format(t, got, true); again != got {
		t.Error("formatted again it differs")
	}
}

func TestDatagramsStayApart(t *testing.T) {
	tape := "wiretape 1\n= open udp a:1\n~ 1ms\n> a\n~ 1ms\n>\n~ 1ms\n> b\n~ 1ms\n< c\n~ 1ms\n= close\n; end\n"
	got, _ := format(t, tape, true)
	want := "wiretape 1\n; profile commit\n= open udp a:1\n> a\n~ 0s\n>\n~ 0s\n> b\n< c\n= close\n; end\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A run may have very many lines between its own.
func TestManyLinesWithinARun(t *testing.T) {
	tape := "wiretape 1\n= open tcp a:1\n~ 0s\n" + strings.Repeat("> a\\n\n\n# c\n", 50000) + "> \\{secret S 3}\\n\n~ 0s\n= close\n; end\n"
	for _, commit := range []bool{false, true} {
		got, res := format(t, tape, commit)
		if again, _ := format(t, got, commit); again != got {
			t.Error("formatted again it differs")
		}
		if n := strings.Count(got, "# c\n"); n != 50000 || len(res.Secrets) != 1 {
			t.Errorf("%d comments of 50000, secrets %q", n, res.Secrets)
		}
	}
}

// seeds are tapes for fuzzing.
func seeds(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.*")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(write(f, conversation()[:11]...))
	f.Add([]byte("wiretape 1\n= open tcp a:1\n> \\{id=any|}\n>@ 5\n"))
	f.Add([]byte("wiretape 1\n= open tcp a:1\n>@ 5\n"))
	f.Add([]byte("wiretape 1\n= open tcp a:1\n> a\\{any|}\n# c\n>b YWJj\n>\n; x\n>x 00 ff\n>@ 3\na\nb\n>  \\x20\n; end"))
}
