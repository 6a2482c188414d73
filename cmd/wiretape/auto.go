package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/session/analyze"
	"wiretape/session/view"
	"wiretape/wire"
)

// autoFlags say how sites are analysed.
type autoFlags struct {
	dial    dialFlags
	record  recordFlags
	classic bool
	json    bool
	from    string
	plain   bool

	env session.Env // of the session that it is a word of; zero for none
}

func (a *app) auto() *cobra.Command {
	return a.autoCommand(&autoFlags{env: session.Env{Out: a.stdout}})
}

func (a *app) autoCommand(f *autoFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auto URL…",
		Short: "analyse a web site: http2? cookies? password-protected?",
		Long: `Auto asks a web site, from raw sockets, what the classic report wants to know:
whether it speaks HTTP/2, which cookies it sets on the way to its last page, and
whether that asks for a password. URL may be without a scheme.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := a.interruptible(cmd.Context())
			defer stop()
			return a.runAuto(ctx, args, f)
		},
	}
	fs := cmd.Flags()
	f.dial.register(fs)
	f.record.register(fs)
	fs.BoolVar(&f.classic, "classic", false, "the classic block alone, always in the same form")
	fs.BoolVar(&f.json, "json", false, "the report as JSON, an array for several URLs")
	fs.StringVar(&f.from, "from", "", "analyse what `TAPE` holds instead of asking")
	fs.BoolVar(&f.plain, "plain", false, "ASCII marks, no colour")
	cmd.MarkFlagsMutuallyExclusive("classic", "json")
	cmd.MarkFlagsMutuallyExclusive("from", "tape")
	return cmd
}

// autoWord is the word auto in a session, which connects as the session does
// unless its own flags say otherwise.
func (a *app) autoWord(ctx context.Context, args []string, env session.Env, in *plainFlags) error {
	cmd := a.autoCommand(&autoFlags{env: env})
	if err := in.dial.lend(cmd.Flags()); err != nil {
		return err
	}
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(a.stdout)
	cmd.SetErr(a.stderr)
	return cmd.ExecuteContext(ctx)
}

func (a *app) runAuto(ctx context.Context, urls []string, f *autoFlags) error {
	var reports []analyze.Report
	var first error // of a site that gave no answer; the others are done all the same
	switch {
	case f.from != "" && len(urls) > 0:
		return usagef("auto: --from takes no URL")
	case f.from != "":
		r, err := a.autoFrom(f.from)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	case len(urls) == 0:
		return usagef("auto wants a URL")
	case len(urls) > 1 && f.record.tape != "":
		return usagef("auto --tape takes one URL: a tape is one analysis")
	default:
		start := time.Now()
		rec, err := f.record.open(start)
		if err != nil {
			return err
		}
		reports, first = a.ask(ctx, urls, f, start, rec.sink())
		// A recording that failed does not cost the analysis.
		if err := rec.close(a); first == nil {
			first = err
		}
	}
	out := bufio.NewWriter(f.env.Out)
	if err := a.printReports(out, reports, f); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return first
}

// ask analyses each URL in turn. It goes on after one that gave no answer, whose
// error it returns, and stops at one that is no URL.
func (a *app) ask(ctx context.Context, urls []string, f *autoFlags, start time.Time, sink wire.Sink) (reports []analyze.Report, first error) {
	dialer, err := f.dial.dialer()
	if err != nil {
		return nil, err
	}
	defer f.dial.close()
	for _, url := range urls {
		sink := sink
		if f.env.Record != nil {
			sink = both(sink, f.env.Record())
		}
		r, err := analyze.Run(ctx, url, analyze.Options{Dialer: dialer, Sink: sink, Created: start})
		if _, ok := errors.AsType[*analyze.URLError](err); ok {
			return reports, err
		}
		reports = append(reports, r)
		if err != nil && first == nil {
			first = autoFailure(err)
		}
		if ctx.Err() != nil {
			return reports, ctx.Err()
		}
	}
	return reports, first
}

// both gives events to two sinks, of which the first may be nil.
func both(a, b wire.Sink) wire.Sink {
	if a == nil {
		return b
	}
	return func(e wire.Event) { a(e); b(e) }
}

// autoFailure gives a server that was reached and gave no response its status.
func autoFailure(err error) error {
	r, ok := errors.AsType[*analyze.ResponseError](err)
	switch {
	case !ok:
		return err
	case r.Timeout():
		return &session.Failure{Status: session.StatusTimeout, Err: err}
	}
	return &session.Failure{Status: session.StatusProtocol, Err: err}
}

func (a *app) autoFrom(arg string) (analyze.Report, error) {
	r, c, err := a.openTape(arg)
	if err != nil {
		return analyze.Report{}, err
	}
	defer c.Close()
	// The tape's clock stands in its first lines: it is read before Analyze asks.
	next, stop := iter.Pull2(r.Events())
	defer stop()
	e, err, more := next()
	if !more {
		return analyze.Report{}, usagef("auto --from %s: nothing is on the tape", arg)
	}
	var bad error
	report := analyze.Analyze(func(yield func(wire.Event) bool) {
		for more && err == nil && yield(e) {
			e, err, more = next()
		}
		bad = err
	}, r.Created())
	if bad != nil {
		return report, bad
	}
	if cut, ok := r.Cut(); ok {
		fmt.Fprintf(a.stderr, "wiretape: %s is cut off: %s\n", escape(arg), escape(cut.String()))
	}
	return report, nil
}

func (a *app) printReports(out *bufio.Writer, reports []analyze.Report, f *autoFlags) error {
	if !f.json {
		for i := range reports {
			if i > 0 {
				fmt.Fprintln(out)
			}
			if err := a.printSite(out, &reports[i], f); err != nil {
				return err
			}
		}
		return nil
	}
	var line []byte
	for i := range reports {
		if i > 0 {
			line = append(line, ',')
		}
		var err error
		if line, err = view.ReportJSON(line, &reports[i]); err != nil {
			return err
		}
	}
	if len(reports) != 1 {
		line = append(append([]byte{'['}, line...), ']')
	}
	fmt.Fprintf(out, "%s\n", line)
	return nil
}

func (a *app) printSite(out *bufio.Writer, r *analyze.Report, f *autoFlags) error {
	if f.classic {
		return view.Classic(out, r)
	}
	return view.Report(out, r, a.style(f.plain))
}
