package main

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"wiretape/session/demo"
)

// Nothing that the program leaves behind has a secret that redaction knows: no
// tape in either profile, no kept session, no history, no report, no export.
func TestNoArtefactHasASecret(t *testing.T) {
	const secret = "correct+horse/battery"
	s, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	dir := t.TempDir()
	request := strings.NewReplacer("SECRET", secret, "BASIC", base64.StdEncoding.EncodeToString([]byte("admin:"+secret))).Replace(
		`POST /echo?token=SECRET HTTP/1.1
Host: localhost
Authorization: Basic BASIC
Cookie: sid=SECRET
Referer: http://admin:SECRET@localhost/
Content-Type: application/json
Content-Length: 36

{"password":"SECRET"}

`)
	body := `{"password":"` + secret + `"}`
	request = strings.Replace(request, "36", strconv.Itoa(len(body)), 1)
	request = strings.TrimSuffix(request, "\n")
	for i, args := range [][]string{{"http://" + s.HTTP}, {"-k", "https://" + s.HTTPS}, {"-k", "h2://" + s.HTTPS}} {
		stdout, stderr, status := wiretape(t, dir, request, append([]string{"-f", "-", "--tape", "s" + strconv.Itoa(i) + ".tape"}, args...)...)
		if status != 0 || !strings.Contains(stdout, secret) {
			t.Fatalf("%q: status %d, want 0 and the secret in what is shown\n%s%s", args, status, stdout, stderr)
		}
		wants(t, dir, 0, nil, "fmt", "--commit", "-w", "s"+strconv.Itoa(i)+".tape")
		wants(t, dir, 0, nil, "lint", "s"+strconv.Itoa(i)+".tape")
	}
	// On a terminal: a kept session and the history of what was typed.
	cmd := exec.Command("wiretape", "http://"+s.HTTP)
	cmd.Dir, cmd.Env = dir, terminalEnv(dir)
	prompt := s.HTTP + " http>"
	more := strings.Repeat(" ", len(prompt)-1) + "|"
	onTerminal(t, cmd, consoleStep{command: "wiretape", want: []string{
		prompt + " GET /echo?token=" + secret + " HTTP/1.1", more + " Host: localhost", more + " Cookie: sid=" + secret, more, prompt + " .quit",
	}})
	if kept, err := filepath.Glob(filepath.Join(dir, "state", "*", "*")); err != nil || len(kept) == 0 {
		t.Errorf("nothing was kept: %v, %v", kept, err)
	}
	exported(t, dir, s, secret)
	forms := []string{secret, hex.EncodeToString([]byte(secret)), "correct%2Bhorse", base64.StdEncoding.EncodeToString([]byte("admin:" + secret))[12:30]}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, f := range forms {
			if strings.Contains(string(b), f) {
				t.Errorf("%s has %q:\n%s", path, f, b)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// exported leaves all that is made of the tapes s0 to s2 in dir, and of a site whose
// URL has the secret.
func exported(t *testing.T, dir string, s *demo.Servers, secret string) {
	t.Helper()
	keep := func(name string, args ...string) {
		stdout, stderr, status := wiretape(t, dir, "", args...)
		if status > 1 {
			t.Errorf("%q: status %d\n%s%s", args, status, stdout, stderr)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(stdout+stderr), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	span := regexp.MustCompile(`secret (\w+)`)
	targets := []string{"http://" + s.HTTP, "https://" + s.HTTPS, "h2://" + s.HTTPS}
	for i, target := range targets {
		name := "s" + strconv.Itoa(i)
		for _, format := range []string{"har", "pcapng", "curl", "script"} {
			wants(t, dir, 0, nil, "export", format, name+".tape", "-o", name+"."+format)
		}
		keep(name+".show", "show", name+".tape")
		keep(name+".json", "show", "--json", name+".tape")
		keep(name+".diff", "diff", name+".tape", "s0.tape")
		// Played with the true values against a server that says them again, as it is
		// and where every answer differs.
		b, err := os.ReadFile(filepath.Join(dir, name+".tape"))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range span.FindAllSubmatch(b, -1) {
			t.Setenv("WIRETAPE_SECRET_"+string(id[1]), secret)
		}
		t.Setenv("WIRETAPE_SECRET_LOGIN", "admin:"+secret)
		suite := filepath.Join(dir, "suite"+strconv.Itoa(i))
		if err := os.Mkdir(suite, 0o700); err != nil {
			t.Fatal(err)
		}
		other := strings.NewReplacer("HTTP/1.1 200 OK", "HTTP/1.1 500 No", "Content-Type: ", "Content-Tape: ").Replace(string(b))
		body := strings.ReplaceAll(string(b), `< {"password"`, `< {"passw0rd"`)
		for file, text := range map[string]string{"same.tape": string(b), "other.tape": other, "body.tape": body} {
			if err := os.WriteFile(filepath.Join(suite, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		keep(name+".test", "test", suite, "-k", "--to", target, "--junit", name+".xml", "--github")
		keep(name+".tap", "test", suite, "-k", "--to", target, "--tap")
		keep(name+".test.json", "test", suite, "-k", "--to", target, "--json")
		keep(name+".replay", "replay", filepath.Join(suite, "other.tape"), "-k", "--to", target)
	}
	for i, target := range targets[:2] {
		name := "auto" + strconv.Itoa(i)
		wants(t, dir, 0, nil, "auto", "-k", "--full", "--nameserver", "none", "--auth", "admin:"+secret,
			"--html", name+".html", "--tape", name+".tape", target+"/echo?token="+secret)
	}
}
