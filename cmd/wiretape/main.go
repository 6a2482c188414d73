// Wiretape is a record-and-replay protocol debugger: it opens plain or TLS
// sockets, lets a person type raw request lines, explains every reply, keeps the
// whole conversation on a tape, and replays the tape as the client or as the
// server.
//
// The commands are in the files named for them. main wires them to the
// libraries: what was asked for goes to stdout and everything else to stderr.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"wiretape/session/demo"
)

func main() {
	// The first signal ends things in order; a second one ends the process.
	// SIGINT is another matter: see interruptible.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what every command has at hand.
type app struct {
	stdin  io.Reader
	stdout *sticky
	stderr io.Writer
	color  string // --color: auto, always or never

	interrupted context.Context // see interruptible; nil before
	practice    *demo.Servers   // of the word demo in a session; nil before
}

// sticky is stdout. It remembers that it could not be written.
type sticky struct {
	w   io.Writer
	err error
}

func (s *sticky) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// run runs one command line and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: &sticky{w: stdout}, stderr: stderr}
	root := a.root()
	args, err := adoptOtherTools(root, args)
	if err == nil {
		root.SetArgs(args)
		root.SetIn(a.stdin)
		root.SetOut(a.stdout)
		root.SetErr(a.stderr)
		err = root.ExecuteContext(ctx)
	}
	if a.practice != nil {
		a.practice.Close()
	}
	if err == nil && a.stdout.err != nil {
		err = usagef("stdout: %w", a.stdout.err)
	}
	return a.exit(ctx, err)
}

// interruptible returns a context that ^C ends. Every command uses it but the
// session on a terminal, in which ^C stops a wait and not the program.
func (a *app) interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	context.AfterFunc(ctx, stop) // a second ^C ends the process
	a.interrupted = ctx
	return ctx, stop
}

// interruptibly makes of run what a command runs, with a context that an interrupt
// ends.
func (a *app) interruptibly(run func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, stop := a.interruptible(cmd.Context())
		defer stop()
		return run(ctx, args)
	}
}
