package main

import (
	"context"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/session/analyze"
	"wiretape/session/expr"
	"wiretape/wire"
)

// autoFlags say how sites are analysed.
type autoFlags struct {
	dial   dialFlags
	record recordFlags

	full         bool
	passive      bool
	soft         bool
	h2cCounts    bool
	maxRedirects int
	auth         string
	nameserver   string
	userAgent    string

	input string
	jobs  int
	from  string

	classic bool
	json    bool
	jsonl   bool
	html    string
	expect  string
	plain   bool

	expr *expr.Expr   // of expect; nil for none
	env  session.Env  // of the session that it is a word of; zero for none
	done func() error // puts the page of html in its place; nil for none
}

// autoJobs is how many sites are analysed at a time unless -j says.
const autoJobs = 8

// maxAutoJobs bounds -j: each job has up to a dozen connections.
const maxAutoJobs = 1024

func (a *app) auto() *cobra.Command {
	return a.autoCommand(&autoFlags{env: session.Env{Out: a.stdout}})
}

func (a *app) autoCommand(f *autoFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "auto URL…",
		Short: "analyse a web site: http2? cookies? password-protected?",
		Long: `Auto asks a web site, from raw sockets, what the classic report wants to know:
whether it speaks HTTP/2, which cookies it sets on the way to its last page, and
whether that asks for a password. URL may be without a scheme; - reads a list of
URLs from stdin, one a line. --full asks all that a specialist would.

--expect checks each report, by its JSON names, and ends with status 1 where one
is not as expected:

  http2 == "yes" && hsts.max_age >= 180d && !(cookies.secure == false)`,
		Example: `  wiretape auto www.example.com
  wiretape auto --expect 'http2 == "yes"' --full https://www.example.com
  wiretape auto --jsonl -j 32 --input sites.txt > sites.jsonl`,
		Args: cobra.ArbitraryArgs,
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			return a.runAuto(ctx, args, f)
		}),
	}
	fs := cmd.Flags()
	f.dial.register(fs)
	f.record.register(fs)
	fs.BoolVar(&f.full, "full", false, "ask all that there is to know, over up to a dozen connections")
	fs.BoolVar(&f.passive, "passive", false, "with --full: only what the classic report asks, and a name server")
	fs.BoolVar(&f.soft, "soft", false, "follow Refresh fields and meta elements too")
	fs.BoolVar(&f.h2cCounts, "h2c-counts", false, "with --full: HTTP/2 in the clear counts as HTTP/2")
	fs.IntVar(&f.maxRedirects, "max-redirects", 0, "follow `N` redirects, 10 unless given")
	fs.StringVar(&f.auth, "auth", "", "try `USER:PASSWORD`, or a token for Bearer, where a password is wanted")
	fs.StringVar(&f.nameserver, "nameserver", "", "with --full: ask `HOST:PORT` for the site's records; none asks nobody")
	fs.StringVar(&f.userAgent, "user-agent", "", "the User-Agent `TEXT` of the requests")
	fs.StringVar(&f.input, "input", "", "analyse the URLs in `FILE`, one a line; - is stdin, # begins a comment")
	fs.IntVarP(&f.jobs, "jobs", "j", autoJobs, "analyse `N` sites at a time")
	fs.BoolVar(&f.classic, "classic", false, "the classic block alone, always in the same form")
	fs.BoolVar(&f.json, "json", false, "the report as JSON, an array for several URLs")
	fs.BoolVar(&f.jsonl, "jsonl", false, "one line of JSON a URL, as each is done")
	fs.Var((*fileName)(&f.html), "html", "write a page to `FILE` that needs nothing else")
	fs.StringVar(&f.expect, "expect", "", "end with status 1 unless `EXPR` holds of each report")
	fs.StringVar(&f.from, "from", "", "analyse what `TAPE` holds instead of asking")
	fs.BoolVar(&f.plain, "plain", false, "ASCII marks, no colour")
	cmd.MarkFlagsMutuallyExclusive("classic", "json", "jsonl")
	cmd.MarkFlagsMutuallyExclusive("from", "tape")
	cmd.MarkFlagsMutuallyExclusive("from", "input")
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

func (a *app) runAuto(ctx context.Context, urls []string, f *autoFlags) (err error) {
	if f.expect != "" {
		if f.expr, err = expr.Parse(f.expect); err != nil {
			return usagef("--expect %s: %w", f.expect, err)
		}
	}
	switch {
	case f.from != "" && len(urls) > 0:
		return usagef("auto: --from takes no URL")
	case f.from == "" && f.input == "" && len(urls) == 0:
		return usagef("auto wants a URL")
	case f.jobs < 1 || f.jobs > maxAutoJobs:
		return usagef("auto -j %d: want 1 to %d", f.jobs, maxAutoJobs)
	case f.maxRedirects < 0:
		return usagef("auto --max-redirects %d: want 1 or more", f.maxRedirects)
	}
	var page io.Writer
	if f.html != "" {
		file, ferr := replaceWhenDone(f.html, 0o600)
		if ferr != nil {
			return usagef("--html: %w", ferr)
		}
		page = file
		// What nothing was asked for leaves the page of before as it is.
		defer file.drop()
		f.done = file.done
	}
	if f.from != "" {
		return a.autoFrom(ctx, f, page)
	}
	sites, err := a.openSites(ctx, urls, f.input)
	if err != nil {
		return err
	}
	defer sites.close()
	dialer, err := f.dial.dialer()
	if err != nil {
		return err
	}
	defer f.dial.close()
	dialer.TLS.Findings = new(wire.Findings)
	// Little lives long and much is made: with more of it in between, a
	// tenth of the time is not spent on collecting it.
	defer debug.SetGCPercent(debug.SetGCPercent(250))
	start := time.Now()
	rec, err := f.record.begin(start, true)
	if err != nil {
		return err
	}
	// A recording that failed does not cost the analysis.
	defer func() {
		if rerr := rec.close(a); err == nil {
			err = rerr
		}
	}()
	out := newAutoOutput(a, f, sites.several(), page)
	run := autoRun{
		app: a, flags: f, out: out, sites: sites, rec: rec, start: start,
		options: analyze.Options{
			Dialer: dialer, Created: start, Full: f.full, Passive: f.passive, Soft: f.soft,
			MaxRedirects: f.maxRedirects, Auth: f.auth, Nameserver: f.nameserver, UserAgent: f.userAgent,
		},
	}
	return run.all(ctx)
}
