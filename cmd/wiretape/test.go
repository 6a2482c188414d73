package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/tape/suite"
	"wiretape/wire"
)

// testFlags say how tapes are run as a regression suite.
type testFlags struct {
	dial     dialFlags
	to       string
	serve    string
	ready    string
	live     bool
	jobs     int
	run      string
	failFast bool
	timeout  seconds
	list     bool
	shard    string
	partial  bool
	update   bool

	junit  string
	tap    bool
	json   bool
	github bool
}

func (a *app) test() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test TAPE|DIR…",
		Short: "run tapes as a regression suite",
		Long: `Test replays each tape, and each of a folder, against a server and compares.
The server is --to, or is started for the run by --serve: in its command {PORT}
is a free port, and --ready says how it tells that it is up. --live goes where
each tape went. The status is 1 if any tape differs.`,
		Example: "  wiretape test tests --serve './app -p {PORT}' --ready http:/healthz --junit report.xml",
		Args:    takes(1, -1),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			return a.runTest(ctx, args, &f)
		}),
	}
	fs := cmd.Flags()
	f.dial.register(fs)
	fs.StringVar(&f.to, "to", "", "the server's `TARGET`")
	fs.StringVar(&f.serve, "serve", "", "start `COMMAND` for the run; {PORT} in it is a free port")
	fs.StringVar(&f.ready, "ready", "tcp", "`HOW` the server tells that it is up: tcp, http:/PATH or log:RE")
	fs.BoolVar(&f.live, "live", false, "go where each tape went")
	fs.IntVarP(&f.jobs, "jobs", "j", 1, "play `N` tapes at a time; 0 for one per processor")
	fs.StringVar(&f.run, "run", "", "only tapes whose names match `RE`")
	fs.BoolVar(&f.failFast, "fail-fast", false, "stop at the first that fails")
	fs.Var(&f.timeout, "timeout", "give each tape `SECONDS`")
	fs.BoolVar(&f.list, "list", false, "list the tapes and play none")
	fs.StringVar(&f.shard, "shard", "", "only part `I/N` of the tapes")
	fs.BoolVar(&f.partial, "partial", false, "take tapes that are cut off")
	fs.BoolVar(&f.update, "update", false, "accept: rewrite the tapes that fail to what the server says now")
	fs.StringVar(&f.junit, "junit", "", "write a JUnit report to `FILE`")
	fs.BoolVar(&f.tap, "tap", false, "print TAP version 14")
	fs.BoolVar(&f.json, "json", false, "print an object for each tape")
	fs.BoolVar(&f.github, "github", false, "print annotations for GitHub Actions too")
	return cmd
}

func (a *app) runTest(ctx context.Context, args []string, f *testFlags) error {
	names, err := f.names(args)
	if err != nil {
		return err
	}
	if f.list {
		for _, n := range names {
			fmt.Fprintln(a.stdout, escape(n))
		}
		return nil
	}
	ways := 0
	for _, given := range []bool{f.to != "", f.serve != "", f.live} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return &hinted{usagef("test wants one of --to TARGET, --serve 'COMMAND' and --live"), "wiretape test " + args[0] + " --serve './app -p {PORT}'"}
	}
	if f.tap && f.json {
		return usagef("--tap and --json exclude each other")
	}
	if f.update && os.Getenv("CI") != "" {
		return usagef("test --update: CI is set, and nothing is recorded there")
	}
	dialer, err := f.dial.dialer()
	if err != nil {
		return err
	}
	defer f.dial.close()
	if dialer.Timeout == 0 {
		dialer.Timeout = unattendedDial
	}
	r := suite.Runner{
		Client: replay.Client{Silence: time.Duration(f.dial.wait), TLS: dialer.TLS},
		Jobs:   f.jobs, Timeout: time.Duration(f.timeout), FailFast: f.failFast, Partial: f.partial,
	}
	if f.jobs == 0 {
		r.Jobs = runtime.GOMAXPROCS(0)
	}
	out := newTestOutput(a, f, names, args)
	// What cannot be written is said before anything is played.
	if err := out.open(); err != nil {
		return err
	}
	defer out.drop()
	var server *suite.Running
	switch {
	case f.serve != "":
		if server, err = f.start(ctx); err != nil {
			if start, ok := errors.AsType[*suite.StartError](err); ok && len(start.Log) > 0 {
				a.serverSaid(start.Log)
			}
			return err
		}
		defer server.Stop()
		r.Dial = dialPort(dialer, server.Port)
	case f.to != "":
		target, err := wire.ParseTarget(f.to)
		if err != nil {
			return usagef("--to: %w", err)
		}
		r.Dial = func(*match.Tape) (replay.Dial, string, error) {
			return replay.To(dialer, target), target.Address(), nil
		}
	default:
		r.Dial = func(t *match.Tape) (replay.Dial, string, error) {
			target, err := replayTarget("original", t)
			return replay.To(dialer, target), target.Address(), err
		}
	}
	out.begin()
	if f.update {
		out.accept = newAcceptor()
		r.Record = out.accept.sink
	}
	began := time.Now()
	r.Run(ctx, names, out.result)
	return a.endTest(ctx, out, server, time.Since(began))
}

// endTest writes the reports and returns what the status hangs on.
func (a *app) endTest(ctx context.Context, out *testOutput, server *suite.Running, took time.Duration) error {
	out.finish(took)
	if server != nil && out.failed > 0 {
		gone, why := server.Exited()
		if log := server.Log(); len(log) > 0 {
			a.serverSaid(strings.Split(strings.TrimRight(string(log), "\n"), "\n"))
		}
		if gone {
			fmt.Fprintf(a.stderr, "! the server: %s\n", escape(why.Error()))
		}
	}
	switch err := out.write(); {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case out.status != session.StatusOK:
		return statusError(out.status)
	}
	return nil
}

// serverSaid shows lines that the server of --serve wrote.
func (a *app) serverSaid(lines []string) {
	fmt.Fprintf(a.stderr, "* the server's last lines:\n")
	for _, line := range lines {
		fmt.Fprintf(a.stderr, "  %s\n", escape(line))
	}
}

// names returns the tapes to play.
func (f *testFlags) names(args []string) ([]string, error) {
	for _, path := range args {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			err := usagef("test %s: no such tape or folder", path)
			if len(args) == 1 {
				return nil, &hinted{err, `host called "test"? wiretape open test ` + path}
			}
			return nil, err
		}
	}
	names, err := suite.Find(args...)
	if errors.Is(err, suite.ErrNone) {
		return nil, &hinted{usagef("test: %w", err), "wiretape record -l :9000 --to TARGET DIR/NAME.tape makes one"}
	}
	if err != nil {
		return nil, usagef("test: %w", err)
	}
	if f.run != "" {
		re, err := regexp.Compile(f.run)
		if err != nil {
			return nil, usagef("--run: %w", err)
		}
		kept := names[:0]
		for _, n := range names {
			if re.MatchString(n) {
				kept = append(kept, n)
			}
		}
		if names = kept; len(names) == 0 {
			return nil, usagef("--run %s: no tape has such a name", f.run)
		}
	}
	if f.shard != "" {
		part, of, ok := strings.Cut(f.shard, "/")
		i, err1 := strconv.Atoi(part)
		n, err2 := strconv.Atoi(of)
		if !ok || err1 != nil || err2 != nil || i < 1 || i > n {
			return nil, usagef("--shard %q: want I/N, from 1/N to N/N", f.shard)
		}
		names = suite.Shard(names, i, n)
	}
	return names, nil
}

// start starts the server of --serve.
func (f *testFlags) start(ctx context.Context) (*suite.Running, error) {
	ready, err := suite.ParseReady(f.ready)
	if err != nil {
		return nil, usagef("--ready %w", err)
	}
	s := suite.Service{Command: f.serve, Ready: ready}
	r, err := s.Start(ctx)
	if err != nil {
		return nil, &hinted{&session.Failure{Status: session.StatusConnection, Err: err}, "{PORT} in the command is the port that it is to listen on; PORT is in its environment too"}
	}
	return r, nil
}

// dialPort returns how tapes reach a port of this machine, with TLS where they
// have it. The certificate is for the name that each tape went to.
func dialPort(d wire.Dialer, port int) func(*match.Tape) (replay.Dial, string, error) {
	return func(t *match.Tape) (replay.Dial, string, error) {
		target := wire.Target{Network: "tcp", Host: "127.0.0.1", Port: uint16(port)}
		d := d
		if replay.Secure(t) {
			target.TLS = true
			if names := replay.ServerNames(t); len(names) > 0 && (d.TLS == nil || d.TLS.ServerName == "") {
				o := wire.TLSOptions{}
				if d.TLS != nil {
					o = *d.TLS
				}
				o.ServerName = names[0]
				d.TLS = &o
			}
		}
		return replay.To(d, target), target.Address(), nil
	}
}

// shortName returns what --run takes to play one tape alone.
func shortName(name string) string {
	return strings.TrimSuffix(filepath.Base(name), suite.Suffix)
}
