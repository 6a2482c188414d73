package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/session/view"
	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/wire"
)

// replayFlags say how a tape is replayed as the client.
type replayFlags struct {
	dial    dialFlags
	record  recordFlags
	to      string
	pace    string
	timeout seconds
	json    bool
	partial bool
}

func (a *app) replay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay TAPE --to TARGET",
		Short: "play a tape's client against a server, and compare",
		Long: `Replay sends the client's half of a tape and compares what the server answers
with what the tape has. Each difference is a line that names the line of the
tape; the status is 1 if there are any. What differs from run to run by its
nature (dates, tokens) is compared by kind, and said.`,
		Args: takes(1, 1),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			return a.runReplay(ctx, args[0], &f)
		}),
	}
	fs := cmd.Flags()
	f.dial.register(fs)
	fs.StringVar(&f.to, "to", "", "the server's `TARGET`; original is the tape's own")
	fs.StringVar(&f.pace, "pace", "causal", "`PACE`: causal (as fast as replies come), timed (as recorded) or step (Enter sends)")
	fs.Var(&f.timeout, "timeout", "end the whole replay after `SECONDS`, with status 6")
	fs.BoolVar(&f.json, "json", false, "the report as JSON")
	fs.BoolVar(&f.partial, "partial", false, "take a tape that is cut off")
	fs.StringVar(&f.record.tape, "save", "", "record what happens to `FILE`")
	f.record.registerManners(fs)
	return cmd
}

func (a *app) runReplay(ctx context.Context, arg string, f *replayFlags) (err error) {
	if f.to == "" {
		return &hinted{usagef("replay wants --to TARGET"), "--to original goes where the tape went"}
	}
	t, err := a.loadTape(ctx, arg, f.partial)
	if err != nil {
		return err
	}
	target, err := replayTarget(f.to, t)
	if err != nil {
		return err
	}
	client := replay.Client{Silence: time.Duration(f.dial.wait)}
	switch f.pace {
	case "causal":
	case "timed":
		client.Pace = replay.Timed
	case "step":
		client.Step = a.stepper()
	default:
		return usagef("--pace %q: want causal, timed or step", f.pace)
	}
	dialer, err := f.dial.dialer()
	if err != nil {
		return err
	}
	defer f.dial.close()
	if dialer.Timeout == 0 {
		dialer.Timeout = unattendedDial
	}
	client.TLS = dialer.TLS
	client.Host = target.Address()
	rec, err := f.record.open(time.Now())
	if err != nil {
		return err
	}
	defer a.endRecording(rec, &err)
	client.Record = rec.sink()
	if f.timeout > 0 {
		var cancel context.CancelFunc
		over := &session.Failure{Status: session.StatusTimeout, Err: fmt.Errorf("replay %s: not over after %v", t.Name, time.Duration(f.timeout))}
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(f.timeout), over)
		defer cancel()
	}
	report, err := client.Run(ctx, t, replay.To(dialer, target))
	if ctx.Err() != nil || errors.Is(err, errStepEnd) {
		// What was found up to here is worth as much as ever.
		a.report(&report, f.json)
		if err == nil {
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		return err
	}
	return a.report(&report, f.json)
}

// replayTarget reads --to.
func replayTarget(to string, t *match.Tape) (wire.Target, error) {
	if to == "original" {
		if len(t.Convs) == 0 || t.Convs[0].Facts == nil {
			return wire.Target{}, usagef("--to original: %s names no target", t.Name)
		}
		to = t.Convs[0].Facts.Target
		if t.Convs[0].Facts.Network == "unix" {
			to = "unix:" + to
		}
	}
	target, err := wire.ParseTarget(to)
	if err != nil {
		return target, usagef("--to: %w", err)
	}
	return target, nil
}

// loadTape reads a tape. It stays open as long as the command runs: of a long one the
// bodies are read again when they are needed.
func (a *app) loadTape(ctx context.Context, arg string, partial bool) (*match.Tape, error) {
	src, name, err := a.openFile(ctx, arg)
	if err != nil {
		return nil, err
	}
	f, err := rereadable(ctx, src)
	if err != nil {
		return nil, usagef("tape %s: %w", name, err)
	}
	t, err := match.Load(f, name)
	if err != nil {
		return nil, err
	}
	return t, refuseCut(name, t.Cut, partial)
}

// maxPiped is how much of what can be read only once is read into memory; what is
// longer goes to a file.
const maxPiped = 8 << 20

// rereadable returns src, or what it has where it can be read only once.
func rereadable(ctx context.Context, src io.Reader) (io.Reader, error) {
	if f, ok := src.(*fileSource); ok {
		return f, nil
	}
	first, err := io.ReadAll(io.LimitReader(src, maxPiped))
	if err != nil || len(first) < maxPiped {
		return bytes.NewReader(first), err
	}
	return seekable(ctx, io.MultiReader(bytes.NewReader(first), src))
}

// errStepEnd is the end of stdin where each step wants Enter.
var errStepEnd = usagef("step: end of input")

// stepper returns what waits for Enter before a message is sent. Connections ask
// in turn; ^C ends a wait.
func (a *app) stepper() func(context.Context, *match.Item) error {
	in := bufio.NewReader(a.stdin)
	var turn sync.Mutex
	return func(ctx context.Context, item *match.Item) error {
		turn.Lock()
		defer turn.Unlock()
		if err := ctx.Err(); err != nil {
			return err // who asked before may still be reading
		}
		fmt.Fprintf(a.stderr, "Enter sends line %d ", item.Line)
		entered := make(chan error, 1)
		go func() {
			s, err := in.ReadString('\n')
			if err == io.EOF && s != "" {
				err = nil
			}
			entered <- err
		}()
		select {
		case err := <-entered:
			if err == io.EOF {
				return errStepEnd
			}
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// endRecording ends a command's tape on every way out. That it could not is the
// command's error, unless another came first.
func (a *app) endRecording(rec *recording, err *error) {
	cerr := rec.close(a)
	if _, told := errors.AsType[statusError](*err); *err == nil || told && cerr != nil {
		*err = cerr
	}
}

// report prints what a replay found. Differences that fail it are the status.
func (a *app) report(r *replay.Report, asJSON bool) error {
	if asJSON {
		line, err := view.ReportJSON(nil, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.stdout, "%s\n", line)
	} else {
		a.printReport(r)
	}
	if !r.OK() {
		return statusError(session.StatusDiffers)
	}
	return nil
}

// printMismatch prints a mismatch, and below it its detail.
func (a *app) printMismatch(m match.Mismatch) {
	fmt.Fprintln(a.stdout, escape(m.String()))
	for l := range strings.Lines(m.Detail) {
		fmt.Fprintln(a.stdout, "    "+escape(strings.TrimSuffix(l, "\n")))
	}
}

func (a *app) printReport(r *replay.Report) {
	for _, m := range r.Mismatches {
		a.printMismatch(m)
	}
	for _, m := range r.Differences {
		fmt.Fprintln(a.stdout, "* "+escape(m.String()))
	}
	for _, n := range r.Notes {
		fmt.Fprintln(a.stdout, "* "+escape(n))
	}
	fmt.Fprintf(a.stdout, "%s: %d difference%s; connections %v, sent %v, received %v", escape(r.Tape),
		len(r.Mismatches), plural(len(r.Mismatches)), r.Conns, r.Sent, r.Received)
	for _, list := range []struct {
		what  string
		names []string
	}{{"compared by kind", r.ByKind}, {"ignored", r.Ignored}} {
		if len(list.names) > 0 {
			fmt.Fprintf(a.stdout, "; %s: %s", list.what, escape(joinComma(list.names)))
		}
	}
	fmt.Fprintln(a.stdout)
}
