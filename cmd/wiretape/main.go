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
	stdin          io.Reader
	stdout, stderr io.Writer
	color          string // --color: auto, always or never
}

// run runs one command line and returns its exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	args, err := adoptOtherTools(args)
	if err == nil {
		root.SetArgs(args)
		root.SetIn(stdin)
		root.SetOut(stdout)
		root.SetErr(stderr)
		err = root.ExecuteContext(ctx)
	}
	return a.exit(ctx, err)
}

// interruptible returns a context that ^C ends. Every command uses it but the
// session on a terminal, in which ^C stops a wait and not the program.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
