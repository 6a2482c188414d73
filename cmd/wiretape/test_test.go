package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// suiteTapes writes a folder of two tapes and the one that plays their server.
func suiteTapes(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	login := `wiretape 1
; profile commit
= open tcp localhost:3000
> POST /login HTTP/1.1\r\n
> Host: localhost:3000\r\n
> Content-Length: 0\r\n
> \r\n
< HTTP/1.1 200 OK\r\n
< Date: \{date|Mon, 23 Nov 2026 10:00:00 GMT}\r\n
< Set-Cookie: \{sid=any|sid=9f8a7b}; Path=/; HttpOnly\r\n
< Content-Length: 5\r\n
< \r\n
< hello
= close
; end
`
	me := strings.NewReplacer("POST /login", "GET /me", `Set-Cookie: \{sid=any|sid=9f8a7b}; Path=/; HttpOnly`, "Server: app", "hello", "it me").Replace(login)
	for name, text := range map[string]string{
		"tests/login.tape": login, "tests/sub/me.tape": me, "app/login.tape": login, "app/me.tape": me,
		"worse/login.tape": strings.Replace(login, "; HttpOnly", "", 1), "worse/me.tape": me,
	} {
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

const (
	goodApp  = "wiretape serve --match app/login.tape app/me.tape -l 127.0.0.1:{PORT}"
	worseApp = "wiretape serve --match worse/login.tape worse/me.tape -l 127.0.0.1:{PORT}"
)

func TestSuitePasses(t *testing.T) {
	dir := suiteTapes(t)
	got := wants(t, dir, 0, nil, "test", "tests", "--serve", goodApp)
	if !regexp.MustCompile(`^2 ok, 0 failed, \d+\.\d s\.  compared by kind: Date, sid\.\n$`).MatchString(got) {
		t.Errorf("printed %q", got)
	}
}

func TestSuiteSaysWhatFails(t *testing.T) {
	dir := suiteTapes(t)
	got := wants(t, dir, 1, nil, "test", "tests", "--serve", worseApp, "--junit", "report.xml")
	for _, re := range []string{
		`(?m)^FAIL tests/login\.tape:10  #1 response Set-Cookie.*$`,
		`(?m)^     want .*; Path=/; HttpOnly$`, `(?m)^     got  .*; Path=/$`,
		`(?m)^1 ok, 1 failed, \d+\.\d s\..*  accept: --update   alone: --run login$`,
	} {
		if !regexp.MustCompile(re).MatchString(got) {
			t.Errorf("no %s in\n%s", re, got)
		}
	}
	var report struct {
		Suite struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Cases    []struct {
				Name    string `xml:"name,attr"`
				Failure struct {
					Text string `xml:",chardata"`
				} `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	b, err := os.ReadFile(filepath.Join(dir, "report.xml"))
	if err == nil {
		err = xml.Unmarshal(b, &report)
	}
	s := report.Suite
	if err != nil || s.Tests != 2 || s.Failures != 1 || len(s.Cases) != 2 || !strings.Contains(s.Cases[0].Failure.Text, "HttpOnly") {
		t.Errorf("JUnit: %v, %+v", err, s)
	}
}

func TestSuiteForOtherReaders(t *testing.T) {
	dir := suiteTapes(t)
	got := wants(t, dir, 1, nil, "test", "tests", "--serve", worseApp, "--tap")
	for _, re := range []string{
		`^TAP version 14\n1\.\.2\nnot ok 1 - tests/login\.tape\n  ---\n  message: \|\n    tests/login.tape:10  #1 response`,
		`\n  \.\.\.\nok 2 - tests/sub/me\.tape\n$`,
	} {
		if !regexp.MustCompile(re).MatchString(got) {
			t.Errorf("no %s in\n%s", re, got)
		}
	}
	got = wants(t, dir, 1, nil, "test", "tests", "--serve", worseApp, "--json")
	var lines []map[string]any
	for line := range strings.Lines(got) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		lines = append(lines, o)
	}
	if len(lines) != 2 || lines[0]["status"] != "failed" || lines[1]["status"] != "ok" || lines[0]["tape"] != "tests/login.tape" {
		t.Errorf("printed %v", lines)
	}
	got = wants(t, dir, 1, nil, "test", "tests", "--serve", worseApp, "--github", "--run", "login")
	if !strings.Contains(got, "::error file=tests/login.tape,line=10::tests/login.tape:10  #1 response Set-Cookie") || !strings.Contains(got, "%0A     want ") {
		t.Errorf("printed\n%s", got)
	}
}

// A tape's name is as foreign as what is on it.
func TestAnnotationEscapesNames(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a\x1b[31m.tape")
	if err := os.WriteFile(name, []byte("wiretape 1\n= open tcp a.example:80\n> PING\\n\n= close\n; end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := wants(t, dir, 3, nil, "test", ".", "--to", "127.0.0.1:1", "--github")
	if !strings.Contains(got, `::error file=a\x1b[31m.tape::`) || strings.Contains(got, "\x1b") {
		t.Errorf("printed %q", got)
	}
}

func TestSuiteUsage(t *testing.T) {
	dir := suiteTapes(t)
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		want   string // on stderr
		args   []string
	}{
		{2, "one of --to TARGET, --serve 'COMMAND' and --live", []string{"tests"}},
		{2, "one of --to TARGET", []string{"tests", "--live", "--to", "x:1"}},
		{2, `hint: host called "test"? wiretape open test 8080`, []string{"8080"}},
		{2, "no tape there", []string{"empty", "--live"}},
		{2, "no tape has such a name", []string{"tests", "--live", "--run", "nothing"}},
		{2, "--shard", []string{"tests", "--live", "--shard", "3/2"}},
		{2, "--ready", []string{"tests", "--serve", goodApp, "--ready", "soon"}},
		{3, "it has ended: exit status 7", []string{"tests", "--serve", "exit 7"}},
		{3, "* the server's last lines:\n  one\n  two\\x1b\nwiretape: start ", []string{"tests", "--serve", `printf 'one\ntwo\033\n'; exit 7`}},
		{2, "--junit: open none/report.xml: ", []string{"tests", "--live", "--junit", "none/report.xml"}},
		{3, "refused", []string{"tests", "--to", "127.0.0.1:1"}},
	} {
		stdout, stderr, status := wiretape(t, dir, "", append([]string{"test"}, c.args...)...)
		if status != c.status || !strings.Contains(stderr+stdout, c.want) {
			t.Errorf("test %q: status %d, want %d and %q\n%s%s", c.args, status, c.status, c.want, stdout, stderr)
		}
	}
	// What could not be played has nothing to accept, and what cannot be reported is not
	// played.
	if got := wants(t, dir, 3, nil, "test", "tests", "--to", "127.0.0.1:1"); !strings.Contains(got, "refused") || strings.Contains(got, "--update") {
		t.Errorf("printed %q", got)
	}
	if stdout, _, _ := wiretape(t, dir, "", "test", "tests", "--to", "127.0.0.1:1", "--junit", "none/report.xml"); stdout != "" {
		t.Errorf("played what it cannot report: %q", stdout)
	}
	if got := wants(t, dir, 0, nil, "test", "tests", "--list"); got != "tests/login.tape\ntests/sub/me.tape\n" {
		t.Errorf("--list printed %q", got)
	}
	if got := wants(t, dir, 0, nil, "test", "tests", "--list", "--shard", "2/2"); got != "tests/sub/me.tape\n" {
		t.Errorf("--list --shard 2/2 printed %q", got)
	}
}
