package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"wiretape/session/demo"
)

// The scripts of testdata/script run with the practice servers up: $HTTP, $HTTPS,
// $SMTP, $POP3 and $ECHO are their addresses, ca.pem is their authority. "status N wiretape …"
// runs the program, which has to end with status N.
func TestScripts(t *testing.T) {
	s, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close) // after the scripts, which run in parallel
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			_, httpPort, _ := strings.Cut(s.HTTP, ":")
			_, httpsPort, _ := strings.Cut(s.HTTPS, ":")
			env.Setenv("HTTP", s.HTTP)
			env.Setenv("HTTPS", s.HTTPS)
			env.Setenv("HTTP_PORT", httpPort)
			env.Setenv("HTTPS_PORT", httpsPort)
			for name, addr := range map[string]string{"SMTP": s.SMTP, "POP3": s.POP3, "ECHO": s.Echo} {
				_, port, _ := strings.Cut(addr, ":")
				env.Setenv(name, addr)
				env.Setenv(name+"_PORT", port)
			}
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			return os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), s.CA(), 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: status N command [args…]")
				}
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				err = ts.Exec(args[1], args[2:]...)
				got := 0
				if exit, ok := errors.AsType[*exec.ExitError](err); ok {
					got = exit.ExitCode()
				} else if err != nil {
					ts.Fatalf("%v", err)
				}
				if got != want {
					ts.Fatalf("status %d, want %d", got, want)
				}
			},
		},
	})
}
