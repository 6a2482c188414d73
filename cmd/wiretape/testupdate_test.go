package main

import (
	"os"
	"path/filepath"
	"strings"
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
