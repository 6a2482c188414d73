package main

import (
	"bufio"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/cookie"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// showFlags say what of a tape is shown.
type showFlags struct {
	json      bool
	frames    bool
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
		Use:   "show TAPE",
		Short: "show what a tape holds, parsed",
		Long: `Show reads a tape and shows the conversation: every line as it came, what the
parsers make of it, and why each reply was complete. TAPE is a file, "-" for
stdin, "last" for the session that was kept last, or the number that sessions
gives it.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &hinted{usagef("show: which tape?"), "wiretape show last shows the session that was kept last, wiretape sessions lists them"}
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("conn") && f.conn < 1 {
				return usagef("--conn %d: connections are numbered from 1", f.conn)
			}
			if cmd.Flags().Changed("jar") && f.jar == "" {
				return usagef("--jar wants a URL")
			}
			return a.runShow(args[0], f)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.json, "json", false, "one JSON object a line for each message")
	fs.BoolVar(&f.frames, "frames", false, "of HTTP/2 every frame: how each field was coded, stream states, windows")
	fs.StringVar(&f.raw, "raw", "", "the bytes of one `SIDE` (client or server), exactly")
	fs.IntVar(&f.conn, "conn", 0, "only connection `N`")
	fs.StringVar(&f.jar, "jar", "", "the Cookie header that a jar filled by the tape sends to `URL`")
	fs.StringVar(&f.now, "now", "", "judge cookies and certificates at `TIME` (RFC 3339) instead of the tape's own")
	fs.StringVar(&f.cookiesAs, "cookies-as", "", "judge cookies as if `URL` had been asked for")
	fs.StringVar(&f.as, "as", "", "read the bytes as `PROTO` instead of finding out")
	f.limits.register(fs)
	fs.BoolVar(&f.plain, "plain", false, "ASCII marks, no colour")
	fs.BoolVar(&f.force, "force", false, "with --raw: even to a terminal")
	cmd.MarkFlagsMutuallyExclusive("json", "raw", "jar")
	cmd.MarkFlagsMutuallyExclusive("frames", "raw", "jar")
	return cmd
}

func (a *app) runShow(arg string, f showFlags) error {
	now, err := parseNow(f.now)
	if err != nil {
		return err
	}
	if err := checkProto(f.as); err != nil {
		return err
	}
	r, c, err := a.openTape(arg)
	if err != nil {
		return err
	}
	defer c.Close()
	seen := false // of what --conn asks for
	out := bufio.NewWriterSize(a.stdout, 64<<10)
	only := func(sink wire.Sink) wire.Sink {
		return func(e wire.Event) {
			if f.conn == 0 || e.Conn == f.conn {
				seen = true
				sink(e)
			}
		}
	}
	if f.raw != "" {
		err := a.showRaw(f, func(sink wire.Sink) error { return a.events(r, arg, only(sink)) }, out)
		if ferr := out.Flush(); err == nil {
			err = ferr
		}
		if err == nil && f.conn != 0 && !seen {
			err = usagef("--conn %d: no such connection on the tape", f.conn)
		}
		return err
	}

	stream := detect.New(detect.Options{Proto: f.as, Limits: f.limits.parse})
	each, err := a.shower(f, now, r.Created, stream, out)
	if err != nil {
		return err
	}
	err = a.events(r, arg, only(func(e wire.Event) {
		for _, m := range stream.Feed(e) {
			each.message(&m)
		}
		each.event(e)
	}))
	for _, m := range stream.Close() {
		each.message(&m)
	}
	each.end()
	if ferr := out.Flush(); err == nil {
		err = ferr
	}
	if err == nil && f.conn != 0 && !seen {
		err = usagef("--conn %d: no such connection on the tape", f.conn)
	}
	return err
}

// shower is one way to show a conversation.
type shower struct {
	message func(*proto.Message)
	event   wire.Sink
	end     func()
}

func (a *app) shower(f showFlags, now time.Time, created func() time.Time, stream *detect.Stream, out *bufio.Writer) (shower, error) {
	s := shower{event: func(wire.Event) {}, end: func() {}}
	switch {
	case f.json:
		left, noted := 0, 0
		s.end = func() {
			of := ""
			if noted > 0 {
				of = fmt.Sprintf(", %d of them with notes", noted)
			}
			if left > 0 {
				fmt.Fprintf(a.stderr, "* %s of HTTP/2 left out%s; --frames gives them\n", count(left, "frame"), of)
			}
		}
		o := view.JSONOptions{Frames: f.frames, Now: now, Decoded: f.limits.decoded}
		if f.cookiesAs != "" {
			origin, err := cookie.ParseOrigin(f.cookiesAs)
			if err != nil {
				return s, usagef("--cookies-as: %v", err)
			}
			o.CookiesAs = &origin
		}
		var line []byte
		s.message = func(m *proto.Message) {
			o.Start = created()
			line = view.JSON(line[:0], m, o)
			if m.Kind == proto.KindFrame && m.Proto == detect.HTTP2 && !f.frames {
				left++
				if len(m.Notes) > 0 {
					noted++
				}
			}
			out.Write(line)
		}
	case f.jar != "":
		origin, err := cookie.ParseOrigin(f.jar)
		if err != nil {
			return s, usagef("--jar: %v", err)
		}
		var jar cookie.Jar
		var last time.Time
		s.message = func(m *proto.Message) {
			last = created().Add(m.Last)
			view.Keep(&jar, m, last)
		}
		s.end = func() {
			if !now.IsZero() {
				last = now
			}
			fmt.Fprintf(out, "%s\n", jar.Header(origin, last))
		}
	default:
		// Made at the first event: the tape's own clock stands before it.
		var p *view.Printer
		printer := func() *view.Printer {
			if p == nil {
				style := a.style(f.plain)
				style.Start, style.Now, style.Frames, style.Decoded = created(), now, f.frames, f.limits.decoded
				p = view.New(out, style)
			}
			return p
		}
		s.message = func(m *proto.Message) { printer().Message(m) }
		s.event = func(e wire.Event) {
			printer().Event(e)
			printer().Partial(e.Conn, stream.State(e.Conn))
		}
	}
	return s, nil
}

// showRaw writes the bytes of one direction.
func (a *app) showRaw(f showFlags, events func(wire.Sink) error, out *bufio.Writer) error {
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
