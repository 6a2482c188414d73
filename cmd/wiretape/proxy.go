package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"wiretape/session/view"
	"wiretape/tape"
	"wiretape/tape/record"
	"wiretape/tape/replay"
	"wiretape/wire"
	"wiretape/wire/detect"
)

// proxyFlags say how a conversation between others is recorded.
type proxyFlags struct {
	dial      dialFlags
	record    recordFlags
	listen    string
	to        string
	tls       bool
	caOut     string
	readyFile string
	capture   bool
}

func (a *app) recordCommand() *cobra.Command {
	var f proxyFlags
	cmd := &cobra.Command{
		Use:   "record -l ADDR --to TARGET TAPE",
		Short: "record what any client and any server say to each other",
		Long: `Record stands between clients and a server and passes on what each says. ^C
finishes the tape in the form for people and version control. --tls has the
clients use TLS, under a certificate made for the run; a TARGET of https:// or
tls:// has the server's side use it. TLS that clients begin in mid-connection
(STARTTLS) is recorded in the clear.`,
		Args: takes(1, 1),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			return a.runRecord(ctx, args[0], &f)
		}),
	}
	fs := cmd.Flags()
	f.dial.register(fs)
	fs.StringVarP(&f.listen, "listen", "l", "127.0.0.1:0", "listen on `ADDR`: a port (of this machine only), host:port, or unix:PATH")
	fs.StringVar(&f.to, "to", "", "the server's `TARGET`")
	fs.BoolVar(&f.tls, "tls", false, "clients connect with TLS")
	fs.StringVar(&f.caOut, "ca-out", "", "write the authority of our certificate to `FILE` (PEM)")
	fs.StringVar(&f.readyFile, "ready-file", "", "write the bound address to `FILE` when connections are accepted")
	fs.BoolVar(&f.capture, "capture", false, "leave the tape as it was recorded, with all times and boundaries")
	f.record.registerManners(fs)
	return cmd
}

func (a *app) runRecord(ctx context.Context, path string, f *proxyFlags) (err error) {
	if f.to == "" {
		return &hinted{usagef("record wants --to TARGET"), "wiretape record -l :9000 --to http://localhost:3000 login.tape"}
	}
	target, err := wire.ParseTarget(f.to)
	if err != nil {
		return usagef("--to: %w", err)
	}
	if target.Port == 0 && target.Network != "unix" {
		return usagef("--to %s: which port?", f.to)
	}
	dialer, err := f.dial.dialer()
	if err != nil {
		return err
	}
	defer f.dial.close()
	if dialer.Timeout == 0 {
		dialer.Timeout = unattendedDial
	}
	options, err := proxyTLS(target, &f.dial, f.caOut)
	if err != nil {
		return err
	}
	ln, err := listen(ctx, f.listen, "tcp")
	if err != nil {
		return err
	}
	defer ln.Close()
	if f.tls {
		ln.TLS = options
	}
	f.record.tape = path
	watch := watcher{a: a, stream: detect.New(detect.Options{})}
	// The tape's clock is the tap's, which starts first.
	var rec *recording
	tap := wire.NewTap(func(e wire.Event) {
		rec.sink()(e)
		watch.event(e)
		if err := rec.w.Err(); err != nil {
			watch.failed(err)
		}
	})
	if rec, err = f.record.open(tap.Start()); err != nil {
		return err
	}
	if f.readyFile != "" {
		if err := writeReady(f.readyFile, ln.Addr().String()); err != nil {
			return err
		}
	}
	scheme := "tcp"
	if f.tls {
		scheme = "tls"
	}
	if target.Proto == "http" {
		scheme = map[bool]string{false: "http", true: "https"}[f.tls]
	}
	where, warning := "", "! reachable from other machines\n"
	if onlyHere(ln.Addr()) {
		where, warning = " (this machine only)", ""
	}
	fmt.Fprintf(a.stderr, "* %s://%s -> %s%s; ^C finishes the tape\n%s", scheme, ln.Addr(), escape(target.Address()), where, warning)

	p := record.Proxy{To: target, Dialer: dialer, TLS: options, Trouble: watch.trouble}
	err = p.Serve(ctx, ln, tap)
	secrets, cerr := rec.end()
	if err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	if st, serr := os.Stat(path); f.capture || serr != nil || !st.Mode().IsRegular() {
		fmt.Fprintf(a.stderr, "* %s: %s, as recorded; wiretape fmt --commit makes it ready for version control\n", escape(path), count(watch.exchanges(), "exchange"))
		return nil
	}
	return a.commitTape(path, watch.exchanges(), secrets)
}

// proxyTLS makes the clients' side of TLS: a certificate for the run, which also
// is for the server's name, so that clients may be sent here by their hosts file.
func proxyTLS(target wire.Target, d *dialFlags, caOut string) (*wire.TLSOptions, error) {
	ca, err := wire.NewAuthority()
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	names := []string{"localhost", "127.0.0.1", "::1"}
	if target.Host != "" && !slices.Contains(names, target.Host) {
		names = append(names, target.Host)
	}
	cert, err := ca.Issue(names...)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	if caOut != "" {
		if err := tape.ReplaceFile(caOut, ca.PEM(), 0o644); err != nil {
			return nil, usagef("--ca-out: %w", err)
		}
	}
	o := &wire.TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: target.ALPN}
	if d.flags.Changed("alpn") {
		o.ALPN = splitList(d.alpn)
	}
	return o, nil
}

// commitTape rewrites a finished capture in the commit profile and says what is
// on it, and what to do next.
func (a *app) commitTape(path string, exchanges int, secrets []string) error {
	// A ^C that ended the recording does not end this.
	if err := a.formatInPlace(context.Background(), path, &formatFlags{commit: true}); err != nil {
		return err
	}
	on, err := survey(path)
	if err != nil {
		return err
	}
	volatile := on.volatile
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(id string) bool { return slices.Contains(on.captured, id) })
	text := fmt.Sprintf("%s: %s, %s, commit form", path, count(exchanges, "exchange"), count(on.lines, "line"))
	if len(secrets) > 0 {
		text += fmt.Sprintf("; %s (%s)", count(len(secrets), "secret"), joinComma(secrets))
	}
	if len(volatile) > 0 {
		shown := volatile
		more := ""
		if len(shown) > maxVolatile {
			shown, more = shown[:maxVolatile], ", …"
		}
		text += fmt.Sprintf("%s %s (line %s%s)", map[bool]string{false: ";", true: ","}[len(secrets) > 0],
			count(len(volatile), "volatile value"), joinComma(shown), more)
	}
	next := fmt.Sprintf("wiretape test %s --serve './app -p {PORT}'", filepath.Dir(path))
	if len(on.sent) > 0 {
		// Without them a replay sends nothing.
		fmt.Fprintf(a.stderr, "%s\nnext: export %s\n      %s\n", escape(text), escape(strings.Join(on.sent, " ")), escape(next))
		return nil
	}
	fmt.Fprintf(a.stderr, "%s\nnext: %s\n", escape(text), escape(next))
	return nil
}

// maxVolatile is how many volatile values are named.
const maxVolatile = 8

// surveyed is what there is to say of a finished recording.
type surveyed struct {
	lines    int
	volatile []string // the values that differ from run to run, with their lines
	captured []string // secrets of which nothing but captures is left: a cookie that the server gives and the client sends back
	sent     []string // what is to be exported for a replay, such as WIRETAPE_SECRET_LOGIN=user:password
}

// survey reads a tape for what there is to say of it.
func survey(path string) (on surveyed, err error) {
	src, err := os.Open(path)
	if err != nil {
		return on, err
	}
	defer src.Close()
	kept := make(map[string]bool)
	for r, err := range tape.NewReader(bufio.NewReader(src), path).Records() {
		if err != nil {
			return on, err
		}
		on.lines = r.Line
		for _, s := range r.Spans {
			name := s.ID
			switch {
			case s.Kind == tape.SpanSecret:
				kept[s.ID] = true
				if export := replay.Export(s, r.Event.Data); r.Event.Dir == wire.ClientToServer && !slices.Contains(on.sent, export) {
					on.sent = append(on.sent, export)
				}
				continue
			case s.Kind == tape.SpanRef:
				continue
			case name != "":
				on.captured = append(on.captured, strings.ToUpper(name))
			default:
				name, _, _ = strings.Cut(string(r.Event.Data[:s.From]), ":")
			}
			on.volatile = append(on.volatile, fmt.Sprintf("%d %s", r.Line, name))
		}
	}
	on.captured = slices.DeleteFunc(on.captured, func(id string) bool { return kept[id] })
	return on, nil
}

// A watcher says on stderr what goes on between others.
type watcher struct {
	a *app

	mu     sync.Mutex
	stream *detect.Stream
	brief  view.Brief
	n      int
	stop   bool // the recording has failed, and that was said
}

// event takes an event from the tap.
func (w *watcher) event(e wire.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.stream.Feed(e) {
		w.n = max(w.n, m.N)
		if row := w.brief.Row(&m); row != "" {
			fmt.Fprintln(w.a.stderr, row)
		}
	}
}

func (w *watcher) exchanges() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

func (w *watcher) trouble(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(w.a.stderr, "! %s\n", escape(err.Error()))
}

// failed says that nothing is recorded any more. The proxy goes on: the clients
// did nothing wrong.
func (w *watcher) failed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stop {
		w.stop = true
		fmt.Fprintf(w.a.stderr, "! %s; what follows is not recorded\n", escape(err.Error()))
	}
}
