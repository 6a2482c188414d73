package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/wire"
)

// serveFlags say how a tape is replayed as the server.
type serveFlags struct {
	record    recordFlags
	listen    string
	match     bool
	loop      bool
	stickLast bool
	strict    bool
	tls       bool
	caOut     string
	unmatched string
	to        string
	insecure  bool
	once      bool
	readyFile string
	json      bool
	partial   bool
}

func (a *app) serve() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve TAPE…",
		Short: "play a tape's server to real clients",
		Long: `Serve answers clients with the server's half of a tape: in the order of the
tape, or with --match by looking each request up. What a client asks for and the
tape does not have, and what the tape has and nobody asks for, are differences
with status 1. Several tapes are one, each after the other. Over TLS the
certificate is made for the run.`,
		Args: takes(1, -1),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			return a.runServe(ctx, args, &f)
		}),
	}
	fs := cmd.Flags()
	fs.StringVarP(&f.listen, "listen", "l", "127.0.0.1:0", "listen on `ADDR`: a port (of this machine only), host:port, udp:PORT or unix:PATH")
	fs.BoolVar(&f.match, "match", false, "look requests up, for any number of clients, until ^C; what is not on the tape is told then, with status 1")
	fs.BoolVar(&f.loop, "loop", false, "begin again at what was played")
	fs.BoolVar(&f.stickLast, "stick-last", false, "with --match: repeat the last answer to a request")
	fs.BoolVar(&f.strict, "strict", false, "fail at every difference of a client, not only in what it asks for")
	fs.BoolVar(&f.tls, "tls", false, "TLS, also where the tape has none")
	fs.StringVar(&f.caOut, "ca-out", "", "write the authority of the certificate to `FILE` (PEM)")
	fs.StringVar(&f.unmatched, "unmatched", "fail", "what answers a request that is not on the tape: fail (end serving, with --match close the connection), close, rst, forward (to --to) or record (and to the tape of --save)")
	fs.StringVar(&f.to, "to", "", "with --unmatched forward or record: the server's `TARGET`")
	fs.BoolVarP(&f.insecure, "insecure", "k", false, "take any certificate of the server of --to")
	fs.BoolVar(&f.once, "once", false, "end when the clients have gone")
	fs.StringVar(&f.readyFile, "ready-file", "", "write the bound address to `FILE` when connections are accepted")
	fs.BoolVar(&f.json, "json", false, "the report as JSON")
	fs.BoolVar(&f.partial, "partial", false, "take a tape that is cut off")
	fs.StringVar(&f.record.tape, "save", "", "record what happens to `FILE`")
	f.record.registerManners(fs)
	return cmd
}

func (a *app) runServe(ctx context.Context, args []string, f *serveFlags) (err error) {
	policies := map[string]replay.Unmatched{"fail": replay.Fail, "close": replay.CloseConn, "rst": replay.ResetConn, "forward": replay.Forward, "record": replay.Forward}
	policy, ok := policies[f.unmatched]
	if !ok {
		return usagef("--unmatched %q: want fail, close, rst, forward or record", f.unmatched)
	}
	dial, err := f.forward(policy)
	if err != nil {
		return err
	}
	var tapes []*match.Tape
	for _, arg := range args {
		t, err := a.loadTape(ctx, arg, f.partial)
		if err != nil {
			return err
		}
		tapes = append(tapes, t)
	}
	t := match.Merge(tapes...)
	server := replay.Server{Dial: dial, Match: f.match, Loop: f.loop, StickLast: f.stickLast, Strict: f.strict, Unmatched: policy, Once: f.once}
	ln, err := listen(ctx, f.listen, network(t))
	if err != nil {
		return err
	}
	defer ln.Close()
	ca, options, err := serverTLS(t)
	if err != nil {
		return err
	}
	server.TLS = options
	if f.tls || replay.Secure(t) {
		ln.TLS = options
	}
	if f.caOut != "" {
		if err := tape.ReplaceFile(f.caOut, ca.PEM(), 0o644); err != nil {
			return usagef("--ca-out: %w", err)
		}
	}
	rec, err := f.record.open(time.Now())
	if err != nil {
		return err
	}
	defer a.endRecording(rec, &err)
	if server.Record = rec.sink(); f.unmatched == "record" {
		server.Record, server.Forwarded = nil, rec.sink()
	}
	if f.readyFile != "" {
		if err := writeReady(f.readyFile, ln.Addr().String()); err != nil {
			return err
		}
	}
	where, warning := "", "! reachable from other machines\n"
	if onlyHere(ln.Addr()) {
		where, warning = " (this machine only)", ""
	}
	fmt.Fprintf(a.stderr, "* serving %s on %s%s; ^C stops\n%s", escape(joinComma(args)), ln.Addr(), where, warning)
	report, err := server.Serve(ctx, ln, t)
	if err != nil {
		return err
	}
	return a.report(&report, f.json)
}

// onlyHere reports whether none but this machine reaches an address.
func onlyHere(addr net.Addr) bool {
	switch a := addr.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UDPAddr:
		return a.IP.IsLoopback()
	}
	return true
}

// forward returns how a server is reached to which requests are passed on, nil
// where none are.
func (f *serveFlags) forward(policy replay.Unmatched) (func(context.Context, *wire.Tap) (*wire.Conn, error), error) {
	switch {
	case policy != replay.Forward && f.to != "":
		return nil, usagef("--to is for --unmatched forward and record")
	case policy != replay.Forward:
		return nil, nil
	case os.Getenv("CI") != "":
		return nil, usagef("--unmatched %s where CI is set: what is not on the tape fails there", f.unmatched)
	case f.to == "":
		return nil, usagef("--unmatched %s wants --to TARGET", f.unmatched)
	case f.unmatched == "record" && f.record.tape == "":
		return nil, &hinted{usagef("--unmatched record wants --save FILE"), "serve plays several tapes as one: the old and FILE"}
	}
	target, err := wire.ParseTarget(f.to)
	if err != nil {
		return nil, usagef("--to: %w", err)
	}
	d := wire.Dialer{Timeout: unattendedDial, TLS: &wire.TLSOptions{Insecure: f.insecure}}
	return func(ctx context.Context, tap *wire.Tap) (*wire.Conn, error) { return d.Dial(ctx, target, tap) }, nil
}

// network returns what the connections of a tape are of: "tcp" or "udp".
func network(t *match.Tape) string {
	for _, c := range t.Convs {
		if c.Facts != nil && c.Facts.Network == "udp" {
			return "udp"
		}
	}
	return "tcp"
}

// listen opens the address of a -l flag, of another network where it names one.
func listen(ctx context.Context, addr, network string) (*wire.Listener, error) {
	for _, n := range []string{"unix", "udp", "tcp"} {
		if rest, ok := strings.CutPrefix(addr, n+":"); ok {
			return wire.Listen(ctx, n, strings.TrimPrefix(rest, "//"))
		}
	}
	return wire.Listen(ctx, network, addr)
}

// serverTLS makes an authority for the run, and of it a certificate for the names
// that the tape's clients asked for. ALPN is the tape's.
func serverTLS(t *match.Tape) (*wire.Authority, *wire.TLSOptions, error) {
	ca, err := wire.NewAuthority()
	if err != nil {
		return nil, nil, fmt.Errorf("serve %s: %w", t.Name, err)
	}
	cert, err := ca.Issue(slices.Concat([]string{"localhost", "127.0.0.1", "::1"}, replay.ServerNames(t))...)
	if err != nil {
		return nil, nil, fmt.Errorf("serve %s: %w", t.Name, err)
	}
	return ca, &wire.TLSOptions{Certificates: []tls.Certificate{cert}, ALPN: replay.ALPN(t)}, nil
}

// writeReady writes the address, all of it or nothing, for who waits for the
// file.
func writeReady(path, addr string) error {
	if err := tape.ReplaceFile(path, []byte(addr+"\n"), 0o644); err != nil {
		return usagef("--ready-file: %w", err)
	}
	return nil
}
