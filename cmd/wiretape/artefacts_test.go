package main

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"wiretape/session/demo"
)

// Nothing that the program leaves behind has a secret that redaction knows: no
// tape in either profile, no kept session, no history, no report.
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
