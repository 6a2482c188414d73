package suite

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/wire"
)

// write writes tapes into a new folder and returns it.
func write(t *testing.T, tapes map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range tapes {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func echoTape(line string) string {
	return "wiretape 1\n! proto bytes\n= open tcp 127.0.0.1:7\n> " + line + "\\n\n< " + line + "\\n\n= close\n; end\n"
}

// echo starts a server that sends back what it gets, but for a line "other".
func echo(t *testing.T) wire.Target {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				nc.SetDeadline(time.Now().Add(10 * time.Second))
				buf := make([]byte, 100)
				for {
					n, err := nc.Read(buf)
					if err != nil {
						return
					}
					switch string(buf[:n]) {
					case "other\n":
						copy(buf, "OTHER\n")
					case "silent\n":
						continue
					}
					nc.Write(buf[:n])
				}
			}()
		}
	}()
	return wire.Target{Network: "tcp", Host: "127.0.0.1", Port: uint16(ln.Addr().(*net.TCPAddr).Port)}
}

func runner(target wire.Target) *Runner {
	return &Runner{Dial: func(*match.Tape) (replay.Dial, string, error) {
		return replay.To(wire.Dialer{}, target), target.Address(), nil
	}}
}

// statuses runs tapes and returns a line for each, as they were given.
func statuses(ctx context.Context, r *Runner, names []string) (got []string) {
	r.Run(ctx, names, func(res *Result) {
		got = append(got, shorten(res.Name)+" "+string(res.Status()))
	})
	return got
}

func shorten(name string) string { return strings.TrimSuffix(filepath.Base(name), Suffix) }

func TestTapesAreFoundInOrder(t *testing.T) {
	dir := write(t, map[string]string{"b.tape": "", "a/z.tape": "", "a/y.tape": "", ".git/x.tape": "", "c.txt": "", ".hidden.tape": "", "single": ""})
	got, err := Find(dir, filepath.Join(dir, "single"), filepath.Join(dir, "b.tape"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i], _ = filepath.Rel(dir, got[i])
	}
	if want := []string{"a/y.tape", "a/z.tape", "b.tape", "single"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if _, err := Find(filepath.Join(dir, ".git", "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of a folder that is not there: %v", err)
	}
	if _, err := Find(t.TempDir()); !errors.Is(err, ErrNone) {
		t.Errorf("of an empty folder: %v, want ErrNone", err)
	}
}

func TestShardsMakeUpTheWhole(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	for n := 1; n <= 9; n++ {
		var all []string
		for i := 1; i <= n; i++ {
			part := Shard(names, i, n)
			if most := (len(names) + n - 1) / n; len(part) > most {
				t.Errorf("part %d of %d has %d tapes", i, n, len(part))
			}
			all = append(all, part...)
		}
		slices.Sort(all)
		if !slices.Equal(all, names) {
			t.Errorf("%d parts make up %q", n, all)
		}
	}
}

func TestResultsComeInOrderWhateverTheJobs(t *testing.T) {
	tapes := map[string]string{"x-torn.tape": "wiretape 1\n= open tcp h:1\n> a", "y-bad.tape": "wiretape 1\nrubbish\n", "z-other.tape": echoTape("other")}
	want := []string{}
	for i := range 20 {
		name := fmt.Sprintf("t%02d", i)
		tapes[name+Suffix] = echoTape(name)
		want = append(want, name+" ok")
	}
	want = append(want, "x-torn error", "y-bad error", "z-other failed")
	names, err := Find(write(t, tapes))
	if err != nil {
		t.Fatal(err)
	}
	target := echo(t)
	for _, jobs := range []int{0, 1, 4, 100} {
		r := runner(target)
		r.Jobs = jobs
		if got := statuses(t.Context(), r, names); !slices.Equal(got, want) {
			t.Errorf("%d jobs:\n%q, want\n%q", jobs, got, want)
		}
	}
}

func TestFailFastSkipsTheRest(t *testing.T) {
	names, err := Find(write(t, map[string]string{"a.tape": echoTape("a"), "b.tape": echoTape("other"), "c.tape": echoTape("c"), "d.tape": echoTape("d")}))
	if err != nil {
		t.Fatal(err)
	}
	r := runner(echo(t))
	r.FailFast = true
	if got, want := statuses(t.Context(), r, names), []string{"a ok", "b failed", "c skipped", "d skipped"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTimeoutIsOfEachTape(t *testing.T) {
	names, err := Find(write(t, map[string]string{"a.tape": echoTape("silent"), "b.tape": echoTape("b")}))
	if err != nil {
		t.Fatal(err)
	}
	r := runner(echo(t))
	r.Timeout = 100 * time.Millisecond
	var first error
	var got []string
	r.Run(t.Context(), names, func(res *Result) {
		got = append(got, string(res.Status()))
		if first == nil {
			first = res.Err
		}
	})
	if !errors.Is(first, ErrTimeout) || !slices.Equal(got, []string{"error", "ok"}) {
		t.Errorf("%q, %v; want the first to time out", got, first)
	}
}

func TestInterruptedSuiteBlamesNoTape(t *testing.T) {
	names, err := Find(write(t, map[string]string{"a.tape": echoTape("a"), "b.tape": echoTape("silent"), "c.tape": echoTape("c")}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var got []string
	var once sync.Once
	r := runner(echo(t))
	r.Client.Record = func(e wire.Event) {
		if e.Kind == wire.KindData && string(e.Data) == "silent\n" {
			once.Do(stop)
		}
	}
	r.Run(ctx, names, func(res *Result) { got = append(got, string(res.Status())) })
	if want := []string{"ok", "skipped", "skipped"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPartialTakesACutTape(t *testing.T) {
	dir := write(t, map[string]string{"a.tape": strings.TrimSuffix(echoTape("a"), "\n= close\n; end\n") + " # torn"})
	names, err := Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	target := echo(t)
	r := runner(target)
	r.Run(t.Context(), names, func(res *Result) {
		if cut, ok := errors.AsType[*CutError](res.Err); !ok || cut.Name != names[0] {
			t.Errorf("of a tape that is cut off: %v", res.Err)
		}
	})
	r.Partial = true
	r.Run(t.Context(), names, func(res *Result) {
		if res.Err != nil {
			t.Errorf("with Partial: %v", res.Err)
		}
	})
}

func needShell(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no sh on Windows")
	}
}

func TestServiceIsReadyAndStopped(t *testing.T) {
	needShell(t)
	s := Service{Command: `trap 'echo bye; exit 0' TERM; echo "up at $PORT {PORT}"; while :; do sleep 0.05; done`,
		Ready: Ready{Log: regexp.MustCompile(`up at \d+`)}}
	r, err := s.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if gone, why := r.Exited(); gone {
		t.Errorf("it is gone: %v", why)
	}
	r.Stop()
	// Between the two stands what the shell says of its sleep.
	if log, up := string(r.Log()), fmt.Sprintf("up at %d %[1]d\n", r.Port); !strings.HasPrefix(log, up) || !strings.HasSuffix(log, "bye\n") {
		t.Errorf("log %q, want %q first and bye last", log, up)
	}
	if gone, _ := r.Exited(); !gone {
		t.Error("it runs after Stop")
	}
}

func TestServiceThatDoesNotComeUp(t *testing.T) {
	needShell(t)
	for _, c := range []struct {
		s    Service
		want []string // in the error
		log  []string
	}{
		{Service{Command: "echo no; echo such table; exit 3"}, []string{"exit status 3"}, []string{"no", "such table"}},
		{Service{Command: "sleep 5", Patience: 100 * time.Millisecond}, []string{"not ready", "refused", "it wrote nothing"}, nil},
		{Service{Command: "sleep 5", Patience: 100 * time.Millisecond, Ready: Ready{Log: regexp.MustCompile("up")}}, []string{`does not write "up"`}, nil},
	} {
		r, err := c.s.Start(t.Context())
		if err == nil {
			r.Stop()
			t.Errorf("%q came up", c.s.Command)
			continue
		}
		start, ok := errors.AsType[*StartError](err)
		if !ok {
			t.Errorf("%q: %v, want a StartError", c.s.Command, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v, want %q in it", c.s.Command, err, want)
			}
		}
		if !slices.Equal(start.Log, c.log) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %q, with the lines %q, want %q", c.s.Command, err, start.Log, c.log)
		}
	}
}

func TestParseReady(t *testing.T) {
	for _, good := range []string{"", "tcp", "http:/healthz", "log:listening on"} {
		if _, err := ParseReady(good); err != nil {
			t.Errorf("ParseReady(%q): %v", good, err)
		}
	}
	for _, bad := range []string{"udp", "http:", "http:healthz", "log:", "log:(", "tcp:80"} {
		if _, err := ParseReady(bad); err == nil {
			t.Errorf("ParseReady(%q) has no error", bad)
		}
	}
}
