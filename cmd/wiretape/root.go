package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/session/console"
	"wiretape/session/curl"
	"wiretape/wire"
	"wiretape/wire/detect"
)

// plainFlags are those of the plain command: a session, a script or a pipe.
type plainFlags struct {
	dial   dialFlags
	record recordFlags
	limits limitFlags

	nc ncFlags

	lines     []string
	h2        []string
	as        string
	file      string
	reply     string
	starttls  string
	showCerts bool
	idle      seconds
	maxTime   seconds
	eol       string
	escape    string
	noKeep    bool
	curl      *curl.Request // in place of a target; nil for none
	plain     bool
}

func (a *app) root() *cobra.Command {
	var f plainFlags
	cmd := &cobra.Command{
		Use:   "wiretape [flags] [HOST PORT | TARGET]",
		Short: "type raw protocol lines, see every reply explained, keep it as a tape.",
		Long: `Wiretape opens a plain or TLS connection and gives a prompt: what you type is
sent as it is, what comes back is shown as it came, and explained. Where stdin
is not a terminal it is a netcat that knows when the reply is complete.

TARGET is host:port or a URL: tcp tls http https h2 udp unix smtp ftp redis …;
open, tls, udp, unix and h2 with their arguments serve as well.`,
		Example: `  wiretape www.example.com 80
  wiretape tls localhost 8443 --alpn h2,http/1.1
  printf 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n' | wiretape localhost 8000
  wiretape -c 'GET /cookie HTTP/1.0' -c '' localhost 8000`,
		Args:                       cobra.ArbitraryArgs,
		SilenceErrors:              true,
		SilenceUsage:               true,
		DisableSuggestions:         true,
		CompletionOptions:          cobra.CompletionOptions{DisableDefaultCmd: true},
		TraverseChildren:           false,
		SuggestionsMinimumDistance: 2, // two letters that changed places

		RunE: func(cmd *cobra.Command, args []string) error {
			err := a.runPlain(cmd.Context(), args, &f)
			_, told := errors.AsType[*hinted](err)
			if err != nil && session.StatusOf(err) == session.StatusUsage && !told && len(args) > 0 {
				if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
					return &hinted{err, fmt.Sprintf("did you mean wiretape %s?", like[0])}
				}
			}
			return err
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &hinted{usagef("%v", err), "wiretape --help lists the flags"}
	})
	a.color = "auto"
	cmd.PersistentFlags().Var((*colorMode)(&a.color), "color", "colour: `WHEN` is auto, always or never")
	fs := cmd.Flags()
	f.dial.register(fs)
	f.record.register(fs)
	f.limits.register(fs)
	fs.StringArrayVarP(&f.lines, "command", "c", nil, "type `LINE`, as at the prompt; may be repeated")
	fs.StringVarP(&f.file, "file", "f", "", "type the lines of `FILE`; - is stdin")
	f.nc.register(fs)
	fs.StringVar(&f.reply, "reply", "", "with -l: answer every request with a status or a file (`STATUS|FILE`), until ^C")
	fs.StringVar(&f.starttls, "starttls", "", "begin TLS after the plain part of `PROTO`: "+joinComma(session.StartTLSProtocols()))
	fs.BoolVar(&f.showCerts, "showcerts", false, "show the peer's certificates, as PEM too")
	fs.Var(&f.idle, "idle", "in a pipe: stop after `SECONDS` of silence")
	fs.Var(&f.maxTime, "max-time", "in a pipe or a script: stop after `SECONDS` altogether (status 6)")
	fs.StringVar(&f.eol, "eol", "crlf", "`END` of typed lines: crlf, lf, cr, none or nul")
	fs.StringArrayVar(&f.h2, "h2", nil, "set an `OPTION` of HTTP/2 as .h2 does, such as 'ack off'; may be repeated")
	fs.StringVar(&f.escape, "escape", "^]", "`KEY` that opens a command line in the middle of anything; none for none")
	fs.BoolVar(&f.noKeep, "no-keep", false, "do not keep the session for wiretape show last")
	fs.StringVar(&f.as, "as", "", "read the bytes as `PROTO` instead of finding out: "+joinComma(detect.Protos()))
	fs.BoolVar(&f.plain, "plain", false, "ASCII marks, no colour")
	cmd.AddCommand(a.curlCommand(&f, fs), a.show(), a.replay(), a.serve(), a.recordCommand(), a.test(), a.format(), a.diff(), a.lint(), a.sessions(), a.auto(), a.importCommand(), a.exportCommand(), a.demo(), a.completion(), a.man(), a.version())
	completeArguments(cmd)
	return cmd
}

// runPlain connects where a target is given, and takes bytes or lines, for as long
// as --max-time says.
func (a *app) runPlain(ctx context.Context, args []string, f *plainFlags) error {
	if f.maxTime == 0 || a.prompts(f) {
		return a.runUnlimited(ctx, args, f)
	}
	ctx, stop := context.WithTimeout(ctx, time.Duration(f.maxTime))
	defer stop()
	err := a.runUnlimited(ctx, args, f)
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	late := &session.Failure{Status: session.StatusTimeout, Err: fmt.Errorf("stopped by --max-time %v: %w", &f.maxTime, err)}
	if stopped, ok := errors.AsType[*session.Failure](err); ok && stopped.Status == session.StatusInterrupted {
		late.Pos, late.Err = stopped.Pos, fmt.Errorf("stopped by --max-time %v, reply may be incomplete", &f.maxTime)
	}
	return late
}

// prompts reports whether a person is asked for lines.
func (a *app) prompts(f *plainFlags) bool {
	return terminalOf(a.stdin) != nil && terminalOf(a.stdout) != nil && len(f.lines) == 0 && f.file == "" && f.reply == "" && !f.nc.scan
}

// runUnlimited is runPlain without an end.
func (a *app) runUnlimited(ctx context.Context, args []string, f *plainFlags) error {
	var target wire.Target
	var connect bool
	if !f.nc.listen && !f.nc.scan {
		var err error
		if target, connect, err = plainTarget(args, f); err != nil {
			return err
		}
	}
	opts, err := a.plainOptions(f)
	if err != nil {
		return err
	}
	defer f.dial.close()
	switch {
	case f.nc.listen:
		return a.runListen(ctx, args, opts, f)
	case f.reply != "":
		return usagef("--reply goes with -l")
	case f.nc.scan:
		return a.runScan(ctx, args, opts.Dialer, f)
	}
	var start opening
	if connect {
		start = func(ctx context.Context, s *session.Session) error { return s.Open(ctx, target) }
	}
	if f.curl != nil {
		start = func(ctx context.Context, s *session.Session) error { return s.Curl(ctx, f.curl, false) }
	}
	if a.prompts(f) {
		return a.runREPL(ctx, opts, start, f)
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	// Nobody is there to press ^C.
	if opts.Dialer.Timeout == 0 {
		opts.Dialer.Timeout = unattendedDial
	}
	switch {
	case f.curl != nil && f.curl.HTTP == "2 alone":
		opts.Lines = session.NewLines()
		return runLines(ctx, opts, start) // a pipe has no frames
	case f.curl != nil:
		return a.pipeCurl(ctx, opts.Dialer, f)
	case len(f.lines) > 0 && f.file != "":
		return usagef("-c and -f exclude each other")
	case len(f.lines) > 0 || f.file != "" || !connect && terminalOf(a.stdin) == nil:
		lines, done, err := a.scriptLines(f)
		if err != nil {
			return err
		}
		defer done()
		opts.Lines = lines
		return withUpgradeHint(runLines(ctx, opts, start), target, f.lines)
	case !connect:
		return usagef("no target, and stdout is no terminal to give a prompt on")
	}
	switch isWS := target.Scheme == "ws" || target.Scheme == "wss"; {
	case target.Path == "" || target.Path == "/" && !isWS:
	case isWS:
		fmt.Fprintf(a.stderr, "* a pipe asks for no upgrade: .ws %s at a prompt, or of a script, does\n", escape(target.Path))
	default:
		fmt.Fprintf(a.stderr, "* the path %s is not asked for: .get %[1]s at a prompt, or wiretape curl, does\n", escape(target.Path))
	}
	return a.pipe(f, func(o session.PipeOptions) error {
		o.Record = both(o.Record, tellFrames(o.Notes, target.Proto == "h2"))
		return session.Pipe(ctx, opts.Dialer, target, o)
	})
}

// tellFrames returns a sink that says at once that text goes where HTTP/2 wants
// frames, which may never be answered. h2 says that it is spoken without ALPN.
func tellFrames(to io.Writer, h2 bool) wire.Sink {
	const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113, section 3.4
	sent := false
	return func(e wire.Event) {
		switch {
		case e.Kind == wire.KindSecure:
			h2 = e.TLS.ALPN == "h2"
		case e.Kind == wire.KindData && e.Dir == wire.ClientToServer && !sent:
			sent = true
			n := min(len(e.Data), len(preface))
			if h2 && string(e.Data[:n]) != preface[:n] {
				fmt.Fprintln(to, "hint: a pipe sends bytes as they are, and HTTP/2 wants frames: -c composes them of a request in text")
			}
		}
	}
}

// withUpgradeHint adds to the error of lines that went to a target of WebSocket
// what opens it there.
func withUpgradeHint(err error, t wire.Target, lines []string) error {
	s := session.StatusOf(err)
	asked := slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, ".") || strings.HasPrefix(l, "GET ") })
	if t.Scheme != "ws" && t.Scheme != "wss" || len(lines) == 0 || asked || s != session.StatusUsage && s != session.StatusProtocol && s != session.StatusTimeout {
		return err
	}
	return &hinted{err, "the upgrade is not asked for by itself: -c '" + strings.TrimSpace(".ws "+t.Path) + "' first"}
}

// plainOptions returns what the flags say of a session. The caller closes f.dial.
func (a *app) plainOptions(f *plainFlags) (o session.Options, err error) {
	if _, _, err := escapeKey(f.escape); err != nil {
		return o, err
	}
	if err := checkProto(f.as); err != nil {
		return o, err
	}
	eol, err := session.ParseEOL(f.eol)
	if err != nil {
		return o, usagef("--eol: %v", err)
	}
	if f.starttls != "" {
		if err := session.ParseStartTLS(f.starttls); err != nil {
			return o, err
		}
	}
	rd, err := f.record.redaction()
	if err != nil {
		return o, err
	}
	dialer, err := f.dial.dialer()
	if err != nil {
		return o, err
	}
	if err := f.nc.dialer(&dialer); err != nil {
		f.dial.close()
		return o, err
	}
	o = session.Options{
		Dialer: dialer, Out: a.stdout, EOL: eol, Timeout: time.Duration(f.dial.wait),
		Style: a.style(f.plain), Proto: f.as, H2: f.h2, Limits: f.limits.Parse,
		StartTLS: f.starttls, ShowCerts: f.showCerts,
		Record: session.RecordOptions{
			Tape: f.record.tape, Force: f.record.force, NoRedact: f.record.noRedact,
			Redact: rd, Tool: toolName(),
		},
		Auto: func(ctx context.Context, args []string, env session.Env) error {
			return a.autoWord(ctx, args, env, f)
		},
		Demo: a.demoWord,
	}
	o.Style.Decoded = f.limits.Decoded
	return o, nil
}

// An opening connects a session before its first line; nil leaves that to the
// lines.
type opening func(context.Context, *session.Session) error

// scriptLines returns the lines of -c, of -f or of stdin. done is to be called
// when they are read.
func (a *app) scriptLines(f *plainFlags) (lines session.LineReader, done func(), err error) {
	switch {
	case len(f.lines) > 0:
		return session.NewLines(f.lines...), func() {}, nil
	case f.file == "" || f.file == "-":
		return session.NewScript(a.stdin, "stdin"), func() {}, nil
	}
	file, err := os.Open(f.file)
	if err != nil {
		return nil, nil, usagef("script: %v", err)
	}
	return session.NewScript(file, f.file), func() { file.Close() }, nil
}

// unattendedDial is how long each phase of connecting may take where no person
// waits for it and -w says nothing.
const unattendedDial = 30 * time.Second

// plainTarget reads the target of the plain command.
func plainTarget(args []string, f *plainFlags) (t wire.Target, connect bool, err error) {
	if len(args) == 0 {
		if f.nc.unix || f.nc.udp {
			return t, false, usagef("-u and -U want a target")
		}
		return t, false, nil
	}
	switch word := args[0]; {
	case f.nc.unix && f.nc.udp:
		return t, false, usagef("-U with -u: datagrams over Unix sockets are not spoken here")
	case f.nc.unix:
		if len(args) != 1 {
			return t, false, usagef("-U wants one path")
		}
		t, err = session.ParseOpen("unix", args)
	case session.IsOpener(word) && len(args) > 1:
		t, err = session.ParseOpen(word, args[1:])
	case f.nc.udp:
		t, err = session.ParseOpen("udp", args)
	default:
		t, err = session.ParseOpen("open", args)
	}
	return t, err == nil, err
}

// runLines runs a script.
func runLines(ctx context.Context, opts session.Options, start opening) (err error) {
	s, err := session.New(opts)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	if start != nil {
		if err := start(ctx, s); err != nil {
			return err
		}
	}
	return s.Run(ctx)
}

// runREPL gives a person a prompt.
func (a *app) runREPL(ctx context.Context, opts session.Options, start opening, f *plainFlags) (err error) {
	key, name, err := escapeKey(f.escape)
	if err != nil {
		return err
	}
	var s *session.Session
	con, err := console.Open(console.Config{
		In: terminalOf(a.stdin), Out: terminalOf(a.stdout), Escape: key, History: historyFile(f.noKeep),
		Secret:   func(line string) bool { return s.Secret(line) },
		Hidden:   func() bool { return s.Hidden() },
		Fleeting: func(line string) bool { return s.Fleeting(line) },
		Complete: func(line string, pos int) []string { return s.Complete(line, pos) },
	})
	if err != nil {
		return err
	}
	// The terminal is put back on every way out, a panic's and a signal's too.
	defer con.Close()
	defer func() {
		if p := recover(); p != nil {
			con.Close()
			os.Stderr.Write(debug.Stack())
			panic(p)
		}
	}()
	defer context.AfterFunc(ctx, func() { con.Close() })()
	if f.maxTime != 0 {
		fmt.Fprintln(con, "! --max-time is for pipes and scripts: at a prompt ^C stops a wait")
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)

	opts.Out, opts.Lines, opts.Interactive, opts.Interrupts = con, con, true, interrupts
	opts.Style.EscapeKey = name
	opts.Style.Size = func() (width, height int) { return con.Width(), con.Height() }
	opts.Record.Keep = !f.noKeep
	if s, err = session.New(opts); err != nil {
		return err
	}
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	if start != nil {
		// A target that cannot be reached ends the program, as with telnet. After a
		// certificate that was refused .cert may follow.
		err := start(ctx, s)
		if _, refused := errors.AsType[*wire.VerifyError](err); err != nil && !refused {
			return err
		}
	} else {
		greet(con)
	}
	return s.Run(ctx)
}

// greet says what the prompt is for.
func greet(c *console.Console) {
	const what = "wiretape: type raw protocol lines, see every reply explained, keep it as a tape."
	const try, help, leave = "try: open www.google.ca 80 | tls example.com 443 | auto example.com | demo", " | help", "       (.quit or ^D leaves)"
	end := help + leave
	if c.Width() <= len(try+end) {
		end = "\nhelp lists the words; .quit or ^D leaves"
	}
	io.WriteString(c, what+"\n"+try+end+"\n")
}

// colorMode is the flag --color.
type colorMode string

func (c *colorMode) Set(s string) error {
	if s != "auto" && s != "always" && s != "never" {
		return errors.New("want auto, always or never")
	}
	*c = colorMode(s)
	return nil
}

func (c *colorMode) String() string { return string(*c) }
func (c *colorMode) Type() string   { return "when" }

// escapeKey reads --escape.
func escapeKey(s string) (key byte, name string, err error) {
	if key, name, err = session.ParseEscape(s); err != nil {
		err = usagef("--%w", err)
	}
	return key, name, err
}

// historyFile returns where typed lines are remembered, "" for nowhere.
func historyFile(off bool) string {
	if off {
		return ""
	}
	dir, err := session.StateDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "history")
}
