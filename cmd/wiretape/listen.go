package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"wiretape/session"
	"wiretape/session/view"
	"wiretape/wire"
)

// listenTarget reads what the plain command is to listen on: PORT or ADDR PORT,
// -s ADDR and -p PORT, or with -U a path.
func listenTarget(args []string, f *plainFlags) (session.ListenOptions, error) {
	if f.nc.source != "" || f.nc.port != "" {
		if len(args) > 1 || len(args) == 1 && f.nc.port != "" && f.nc.source != "" {
			return session.ListenOptions{}, usagef("-l: %q is one too many beside -s and -p", args[len(args)-1])
		}
		addr, port := f.nc.source, f.nc.port
		switch {
		case len(args) == 1 && port == "":
			port = args[0]
		case len(args) == 1:
			addr = args[0]
		}
		args = []string{port}
		if addr != "" {
			args = []string{addr, port}
		}
	}
	switch {
	case f.nc.scan:
		return session.ListenOptions{}, usagef("-l and -z exclude each other")
	case len(args) == 0 || args[len(args)-1] == "":
		return session.ListenOptions{}, usagef("-l wants a port: wiretape -l 8080")
	case f.nc.unix && f.nc.udp:
		return session.ListenOptions{}, usagef("-U with -u: datagrams over Unix sockets are not spoken here")
	case f.nc.unix && len(args) == 1:
		return session.ListenOptions{Network: "unix", Address: args[0]}, nil
	case f.nc.udp && len(args) == 1:
		return session.ParseListen([]string{"udp:" + args[0]})
	}
	o, err := session.ParseListen(args)
	if err == nil && f.nc.udp {
		o.Network = "udp"
	}
	return o, err
}

// runListen waits for a connection and takes bytes or lines for it.
func (a *app) runListen(ctx context.Context, args []string, opts session.Options, f *plainFlags) error {
	o, err := listenTarget(args, f)
	if err != nil {
		return err
	}
	o.Keep = f.dial.insecure // -k is nc's with -l
	if t := opts.Dialer.TLS; len(t.Certificates) > 0 {
		o.TLS = t
	}
	switch {
	case len(f.lines) > 0 && f.file != "":
		return usagef("-c and -f exclude each other")
	case f.reply == "" && (len(f.lines) > 0 || f.file != ""):
		ctx, stop := a.interruptible(ctx)
		defer stop()
		return a.runListenLines(ctx, opts, o, f)
	case a.prompts(f):
		return a.runREPL(ctx, opts, func(ctx context.Context, s *session.Session) error { return s.Listen(ctx, o) }, f)
	}
	ctx, stop := a.interruptible(ctx)
	defer stop()
	l, err := wire.Listen(ctx, o.Network, o.Address)
	if err != nil {
		return err
	}
	defer l.Close()
	l.TLS = o.TLS
	fmt.Fprintln(a.stderr, "* "+escape(session.SayListening(l)))
	if f.reply != "" {
		return a.runBin(ctx, l, opts, f)
	}
	return a.pipe(f, func(p session.PipeOptions) error {
		p.Idle, p.IdleFlag = time.Duration(f.idle), "" // as with nc, -w is not for -l
		return session.PipeListener(ctx, l, o.Keep, p)
	})
}

// runListenLines runs a script for whoever connects.
func (a *app) runListenLines(ctx context.Context, opts session.Options, o session.ListenOptions, f *plainFlags) error {
	lines, done, err := a.scriptLines(f)
	if err != nil {
		return err
	}
	defer done()
	opts.Lines = lines
	return runLines(ctx, opts, func(ctx context.Context, s *session.Session) error { return s.Listen(ctx, o) })
}

// runBin answers every request with the same reply until ^C.
func (a *app) runBin(ctx context.Context, l *wire.Listener, opts session.Options, f *plainFlags) error {
	if len(f.lines) > 0 || f.file != "" {
		return usagef("--reply answers by itself: -c and -f have no place")
	}
	status, file := 200, []byte(nil)
	if n, err := strconv.Atoi(f.reply); err == nil {
		if n < 200 || n > 599 {
			return usagef("--reply %d: want a final status, 200 to 599, or a file", n)
		}
		status = n
	} else if file, err = os.ReadFile(f.reply); err != nil {
		return usagef("--reply: %v", err)
	}
	rec, err := f.record.open(time.Now())
	if err != nil {
		return err
	}
	style := opts.Style
	style.Live = false
	err = session.Bin(ctx, l, session.BinOptions{
		Reply: session.BinReply(status, file), Out: a.stdout, Style: style, Record: rec.sink(), Limits: opts.Limits,
	})
	if cerr := rec.close(a); err == nil {
		err = cerr
	}
	return err
}

// pipe runs a pipe with the streams and flags that every pipe has.
func (a *app) pipe(f *plainFlags, run func(session.PipeOptions) error) error {
	rec, err := f.record.open(time.Now())
	if err != nil {
		return err
	}
	// A reader of stdout that goes away ends the pipe, and the tape in order.
	signal.Ignore(syscall.SIGPIPE)
	o := session.PipeOptions{
		In: a.stdin, Out: a.stdout, CRLF: f.nc.crlf, HalfClose: f.nc.halfShut || f.nc.quit.set,
		Interval: time.Duration(f.nc.interval), Linger: f.nc.quit.linger(),
		Idle: time.Duration(f.idle), Record: rec.sink(), Notes: a.stderr,
		StartTLS: f.starttls, Proto: f.as, Limits: f.limits.Parse,
	}
	if o.Idle == 0 { // nc's -w is for both
		o.Idle, o.IdleFlag = time.Duration(f.dial.wait), "-w"
	}
	if terminalOf(a.stdout) != nil {
		out := &escaper{w: a.stdout}
		o.Out, o.Notes = out, freshLine{a.stderr, out}
	}
	if f.showCerts {
		p := view.New(o.Notes, view.Style{ASCII: f.plain})
		o.Record = both(o.Record, func(e wire.Event) {
			if e.Kind == wire.KindSecure {
				p.Certificate(e.TLS, time.Now())
			}
		})
	}
	if f.nc.verbose {
		p := view.New(o.Notes, view.Style{ASCII: f.plain})
		o.Record = both(o.Record, p.Event)
	}
	err = run(o)
	if out, ok := o.Out.(*escaper); ok && err != nil {
		out.endLine()
	}
	if cerr := rec.close(a); err == nil {
		err = cerr
	}
	return err
}
