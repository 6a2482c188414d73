package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// body returns what a page answers, "" and the error where none does.
func body(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

// What is not on the tape is passed on, and may be recorded for the next time.
func TestServeForwardsWhatIsNotOnTheTape(t *testing.T) {
	t.Setenv("CI", "")
	dir := t.TempDir()
	one := tapeOf(t, dir, "one.tape", "/1")
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "live %s", r.URL.Path) }))
	defer site.Close()
	for _, policy := range []string{"forward", "record"} {
		addr, end := serving(t, dir, "--once", "--unmatched", policy, "--to", site.URL, "--save", policy+".tape", one)
		c := &http.Client{}
		for _, page := range [][2]string{{"/other", "live /other"}, {"/1", "a"}} { // which ends serving
			path, want := page[0], page[1]
			res, err := c.Get("http://" + addr + path)
			if err != nil {
				t.Fatal(err)
			}
			b, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if string(b) != want {
				t.Errorf("%s: %s is %q, want %q", policy, path, b, want)
			}
		}
		c.CloseIdleConnections()
		if status, out := end(); status != 0 || !strings.Contains(out, "request: passed on GET /other") {
			t.Errorf("%s: status %d\n%s", policy, status, out)
		}
	}
	addr, end := serving(t, dir, "--once", one, "record.tape")
	if got := body(t, "http://"+addr+"/other") + body(t, "http://"+addr+"/1"); got != "live /othera" {
		t.Errorf("with the new tape: %q", got)
	}
	if status, out := end(); status != 0 {
		t.Errorf("with the new tape: status %d\n%s", status, out)
	}
}

func TestServeRefusesToForward(t *testing.T) {
	dir := t.TempDir()
	one := tapeOf(t, dir, "one.tape", "/1")
	t.Setenv("CI", "")
	refused := func(want string, args ...string) {
		t.Helper()
		if _, said, status := wiretape(t, dir, "", args...); status != 2 || !strings.Contains(said, want) {
			t.Errorf("%q: status %d, said %q, want %q", args, status, said, want)
		}
	}
	refused("--unmatched forward wants --to TARGET", "serve", "--unmatched", "forward", one)
	refused("--unmatched record wants --save FILE", "serve", "--unmatched", "record", "--to", "localhost:1", one)
	refused("--to is for --unmatched forward and record", "serve", "--to", "localhost:1", one)
	t.Setenv("CI", "true")
	refused("--unmatched forward where CI is set", "serve", "--unmatched", "forward", "--to", "localhost:1", one)
}

// A server that never stops is left after the time for the whole.
func TestReplayIsOverInTime(t *testing.T) {
	dir := t.TempDir()
	one := tapeOf(t, dir, "one.tape", "/1")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	out, said, status := wiretape(t, dir, "", "replay", "--timeout", "0.3", "--to", ln.Addr().String(), one)
	if status != 6 || !strings.Contains(out, "received 0 of 1") || !strings.Contains(said, "replay one.tape: not over after 300ms") {
		t.Errorf("status %d\n%s%s", status, out, said)
	}
}
