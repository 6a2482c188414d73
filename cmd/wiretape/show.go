package main

import (
	"bufio"
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"wiretape/wire"
	"wiretape/wire/detect"
)

// showFlags say what of a tape is shown.
type showFlags struct {
	part part

	json      bool
	frames    bool
	pretty    bool
	hex       bool
	timing    bool
	html      string
	follow    bool
	raw       string
	conn      int
	jar       string
	now       string
	cookiesAs string
	as        string
	plain     bool
	force     bool
	limits    limitFlags
}

func (a *app) show() *cobra.Command {
	var f showFlags
	cmd := &cobra.Command{
		Use:   "show TAPE [N | N..M]",
		Short: "show what a tape holds, parsed",
		Long: `Show reads a tape and shows the conversation: every line as it came, what the
parsers make of it, and why each reply was complete. TAPE is a file, "-" for
stdin, "last" for the session that was kept last, or the number that sessions
gives it. N is the number of an exchange, as the row that sums it up has it,
N..M are several; "#3" needs quotes in a shell.`,
		Example: `  wiretape show last
  wiretape show login.tape 2..3 --pretty
  wiretape show login.tape --grep 'Set-Cookie: sid'
  wiretape show login.tape --html login.html`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &hinted{usagef("show: which tape?"), "wiretape show last shows the session that was kept last, wiretape sessions lists them"}
			}
			if len(args) > 2 {
				return &hinted{usagef("show: %s after the tape: want one number or range", count(len(args)-1, "word")), "wiretape show TAPE 3..5"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("conn") && f.conn < 1 {
				return usagef("--conn %d: connections are numbered from 1", f.conn)
			}
			if cmd.Flags().Changed("jar") && f.jar == "" {
				return usagef("--jar wants a URL")
			}
			if cmd.Flags().Changed("html") && f.html == "" {
				return usagef("--html wants a file")
			}
			if err := f.part.exchanges(args[1:]); err != nil {
				return err
			}
			return a.runShow(cmd.Context(), args[0], &f)
		},
	}
	fs := cmd.Flags()
	f.part.register(fs)
	fs.BoolVar(&f.json, "json", false, "one JSON object a line for each message")
	fs.BoolVar(&f.frames, "frames", false, "of HTTP/2 every frame: how each field was coded, stream states, windows")
	fs.BoolVar(&f.pretty, "pretty", false, "lay bodies of JSON, XML, HTML and forms out anew")
	fs.BoolVar(&f.hex, "hex", false, "the octets of each message, as a dump with the offsets of their stream")
	fs.BoolVar(&f.timing, "timing", false, "what each exchange took its time with")
	fs.StringVar(&f.html, "html", "", "write a self-contained page for browsers to `FILE`; - is stdout")
	fs.BoolVar(&f.follow, "follow", false, "wait for more of a tape that is being written, until ^C")
	fs.StringVar(&f.raw, "raw", "", "the bytes of one `SIDE` (client or server), exactly")
	fs.IntVar(&f.conn, "conn", 0, "only connection `N`")
	fs.StringVar(&f.jar, "jar", "", "the Cookie header that a jar filled by the tape sends to `URL`")
	fs.StringVar(&f.now, "now", "", "judge cookies and certificates at `TIME` (RFC 3339) instead of the tape's own")
	fs.StringVar(&f.cookiesAs, "cookies-as", "", "judge cookies as if `URL` had been asked for")
	fs.StringVar(&f.as, "as", "", "read the bytes as `PROTO` instead of finding out")
	f.limits.register(fs)
	fs.BoolVar(&f.plain, "plain", false, "ASCII marks, no colour")
	fs.BoolVar(&f.force, "force", false, "with --raw: even to a terminal; with --html: over a file that is there")
	cmd.MarkFlagsMutuallyExclusive("json", "raw", "jar", "hex", "timing", "html")
	cmd.MarkFlagsMutuallyExclusive("frames", "raw", "jar", "hex", "timing")
	cmd.MarkFlagsMutuallyExclusive("pretty", "json", "raw", "jar", "hex", "timing")
	cmd.MarkFlagsMutuallyExclusive("follow", "html")
	for _, whole := range []string{"raw", "jar", "html"} {
		cmd.MarkFlagsMutuallyExclusive("grep", whole)
		cmd.MarkFlagsMutuallyExclusive("only", whole)
	}
	return cmd
}

func (a *app) runShow(ctx context.Context, arg string, f *showFlags) error {
	now, err := parseNow(f.now)
	if err != nil {
		return err
	}
	if err := checkProto(f.as); err != nil {
		return err
	}
	if f.part.ranged() && (f.raw != "" || f.jar != "" || f.html != "") {
		return usagef("show: --raw, --jar and --html take the whole tape, not exchange %s", f.part.String())
	}
	out := bufio.NewWriterSize(a.stdout, 64<<10)
	through := func(src io.Reader) io.Reader { return src }
	if f.follow {
		until, stop := a.interruptible(ctx)
		defer stop()
		through = func(src io.Reader) io.Reader { return &following{ctx: until, src: src, idle: out} }
		ctx = context.WithoutCancel(ctx) // what was recorded until then is shown
	}
	r, c, err := a.openTapeThrough(ctx, arg, through)
	if err != nil {
		return err
	}
	defer c.Close()
	if f.follow {
		r.Follow()
	}
	seen := false // of what --conn asks for
	only := func(sink wire.Sink) wire.Sink {
		return func(e wire.Event) {
			if f.conn == 0 || e.Conn == f.conn {
				seen = true
				sink(e)
			}
		}
	}
	events := func(sink wire.Sink) error { return a.events(r, arg, only(sink)) }
	switch {
	case f.raw != "":
		err = a.showRaw(f, events, out)
	case f.html != "":
		err = a.showPage(f, arg, now, r.Created, events, out)
	default:
		err = a.showParsed(f, now, r.Created, events, out)
	}
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	if err == nil && f.conn != 0 && !seen {
		err = usagef("--conn %d: no such connection on the tape", f.conn)
	}
	if err == nil && f.raw == "" && f.html == "" {
		err = f.part.missing()
	}
	return err
}

// showParsed shows the Messages of a tape.
func (a *app) showParsed(f *showFlags, now time.Time, created func() time.Time, events func(wire.Sink) error, out *bufio.Writer) error {
	stream := detect.New(detect.Options{Proto: f.as, Limits: f.limits.Parse})
	each, err := a.shower(f, now, created, stream, out)
	if err != nil {
		return err
	}
	err = events(func(e wire.Event) {
		each.before(e)
		for _, m := range stream.Feed(e) {
			each.message(&m)
		}
		each.event(e)
	})
	for _, m := range stream.Close() {
		each.message(&m)
	}
	each.end()
	return err
}

// showRaw writes the bytes of one direction.
func (a *app) showRaw(f *showFlags, events func(wire.Sink) error, out *bufio.Writer) error {
	var dir wire.Dir
	switch f.raw {
	case "client":
		dir = wire.ClientToServer
	case "server":
		dir = wire.ServerToClient
	default:
		return usagef("--raw %q: want client or server", f.raw)
	}
	if terminalOf(a.stdout) != nil && !f.force {
		return &hinted{usagef("--raw: stdout is a terminal, which would obey the peer's bytes"), "--force does it all the same"}
	}
	first := 0
	mixed := false
	err := events(func(e wire.Event) {
		if e.Kind != wire.KindData || e.Dir != dir {
			return
		}
		if first == 0 {
			first = e.Conn
		}
		if e.Conn != first {
			mixed = true // told at the end; two streams in one would be neither
			return
		}
		out.Write(e.Data)
	})
	if err != nil {
		return err
	}
	if mixed {
		return &hinted{usagef("--raw: the tape has several connections; connection %d was written", first), "--conn N chooses one"}
	}
	return nil
}

func parseNow(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, usagef("--now %q: want a time as 2026-11-23T10:00:00Z", s)
	}
	return t, nil
}
