package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

func TestSuiteUpdate(t *testing.T) {
	t.Setenv("CI", "")
	dir := suiteTapes(t)
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	login, me := read("tests/login.tape"), read("tests/sub/me.tape")
	stdout, stderr, status := wiretape(t, dir, "", "test", "tests", "--serve", goodApp, "--update")
	if status != 0 || read("tests/login.tape") != login || read("tests/sub/me.tape") != me {
		t.Errorf("what passes is not as it was: status %d\n%s%s", status, stdout, stderr)
	}
	stdout, stderr, status = wiretape(t, dir, "", "test", "tests", "--serve", worseApp, "--update")
	want := strings.Replace(login, "; HttpOnly", "", 1)
	if status != 0 || read("tests/login.tape") != want || read("tests/sub/me.tape") != me ||
		!strings.Contains(stderr, "* tests/login.tape: updated\n") || !strings.Contains(stdout, "1 ok, 0 failed, 1 updated") {
		t.Errorf("status %d\n%s%s%s\nwant\n%s", status, stdout, stderr, read("tests/login.tape"), want)
	}
	wants(t, dir, 0, nil, "test", "tests", "--serve", worseApp)
	if left, err := filepath.Glob(filepath.Join(dir, "tests", ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSuiteUpdateInCI(t *testing.T) {
	t.Setenv("CI", "true")
	dir := suiteTapes(t)
	if _, stderr, status := wiretape(t, dir, "", "test", "tests", "--serve", worseApp, "--update"); status != 2 || !strings.Contains(stderr, "CI is set") {
		t.Errorf("status %d\n%s", status, stderr)
	}
}

// A tape of HTTP/2 is accepted frame by frame: what did not change stays as it is.
func TestSuiteUpdateHTTP2(t *testing.T) {
	t.Setenv("CI", "")
	var text atomic.Value
	text.Store("hello\n")
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "app")
		if r.URL.Path == "/b" {
			io.WriteString(w, text.Load().(string))
			return
		}
		io.WriteString(w, "always\n")
	}))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	defer srv.Close()
	dir, target := t.TempDir(), "h2c://"+srv.Listener.Addr().String()
	args := typing(append(append(request("GET", "/a"), request("GET", "/b")...), request("GET", "/a")...)...)
	wants(t, dir, 0, nil, append(args, "--tape", "x.tape", target)...)
	wants(t, dir, 0, nil, "fmt", "--commit", "-w", "x.tape")
	read := func() string {
		b, err := os.ReadFile(filepath.Join(dir, "x.tape"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	was := read()
	wants(t, dir, 0, []string{"1 ok, 0 failed,"}, "test", "x.tape", "--to", target, "--update")
	if now := read(); now != was {
		t.Errorf("nothing changed in meaning, but\n%s\nbecame\n%s", was, now)
	}
	text.Store("hello again\n")
	wants(t, dir, 0, []string{"0 ok, 0 failed, 1 updated"}, "test", "x.tape", "--to", target, "--update")
	wants(t, dir, 0, []string{"1 ok, 0 failed,"}, "test", "x.tape", "--to", target)
	if now := read(); now == was || strings.Count(now, "\n") > strings.Count(was, "\n")+3 {
		t.Errorf("\n%s\nbecame\n%s", was, now)
	}
	wants(t, dir, 0, []string{"hello again"}, "show", "x.tape")
}
