package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/session/demo"
	"wiretape/tape"
)

// demoFlags say what of the demonstration is wanted.
type demoFlags struct {
	serve    bool
	password bool
	listen   string
	caOut    string
}

func (a *app) demo() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "practice servers on loopback, and a guided tour of the main job",
		Long: `Demo starts practice servers on loopback and shows the main job on them, over
real sockets: raw request lines over TLS, the tape of it, the tape replayed as
the client and as the server, the analysis of the site, and a mail over STARTTLS.

The servers are a site over HTTP and HTTPS with WebSocket and an event stream,
SMTP with STARTTLS, POP3 with STLS, and an echo of datagrams; where a port is
taken, the next one that is free is used and said.`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := a.interruptible(cmd.Context())
			defer stop()
			switch {
			case f.password:
				return a.servePassword(ctx, f)
			case f.listen != "":
				return usagef("demo: -l goes with --password-server")
			case f.serve:
				return a.servePractice(ctx, f)
			case f.caOut != "":
				return usagef("demo: --ca-out goes with --serve")
			}
			return a.guide(ctx)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&f.serve, "serve", false, "only serve, until ^C")
	fs.BoolVar(&f.password, "password-server", false, "serve the classic site behind admin / password, until ^C")
	fs.StringVarP(&f.listen, "listen", "l", "", "listen on `ADDR` (127.0.0.1:8000 unless given)")
	fs.StringVar(&f.caOut, "ca-out", "", "write the authority of the site's certificate to `FILE` (PEM)")
	cmd.MarkFlagsMutuallyExclusive("serve", "password-server")
	return cmd
}

// demoWord is the word demo in a session. What it prints goes where the session's
// rows go, and its servers stay up until the program ends.
func (a *app) demoWord(ctx context.Context, args []string, env session.Env) error {
	if len(args) > 0 {
		return usagef("demo takes no arguments here")
	}
	if a.practice == nil {
		s, err := demo.Start(context.WithoutCancel(ctx))
		if err != nil {
			return err
		}
		a.practice = s
	}
	lent := &app{stdin: strings.NewReader(""), stdout: &sticky{w: env.Out}, stderr: env.Out}
	if err := lent.tour(ctx, a.practice); err != nil {
		return err
	}
	if err := env.Trust(a.practice.CA()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(env.Out, "The servers stay up until you leave, and the certificate of the site is trusted in this session: .open http://%s, .open https://%s\n", a.practice.HTTP, a.practice.HTTPS)
	return err
}

func (a *app) servePassword(ctx context.Context, f demoFlags) error {
	addr := f.listen
	if addr == "" {
		addr = fmt.Sprintf("127.0.0.1:%d", demo.PortHTTP)
	}
	s, err := demo.StartPassword(ctx, addr)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintf(a.stdout, "http://%s/ asks for admin / password (realm Protected); ^C stops it\n", s.HTTP)
	<-ctx.Done()
	return nil
}

func (a *app) servePractice(ctx context.Context, f demoFlags) error {
	s, err := demo.Start(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if f.caOut != "" {
		if err := tape.ReplaceFile(f.caOut, s.CA(), 0o644); err != nil {
			return usagef("--ca-out: %w", err)
		}
	}
	a.sayServers(s)
	fmt.Fprintln(a.stdout, "^C stops them")
	<-ctx.Done()
	return nil
}

func (a *app) sayServers(s *demo.Servers) {
	fmt.Fprintf(a.stdout, "http://%s/   https://%s/ (ALPN h2, http/1.1)   practice site, on this machine only\n", s.HTTP, s.HTTPS)
	fmt.Fprintf(a.stdout, "ws://%s/ws (WebSocket echo)   http://%s/events (event stream)\n", s.HTTP, s.HTTP)
	fmt.Fprintf(a.stdout, "smtp://%s (STARTTLS)   pop3://%s (STLS)   admin / password\n", s.SMTP, s.POP3)
	fmt.Fprintf(a.stdout, "udp://%s (echo)\n", s.Echo)
	for _, p := range []struct {
		port int
		addr string
	}{{demo.PortHTTP, s.HTTP}, {demo.PortHTTPS, s.HTTPS}, {demo.PortSMTP, s.SMTP}, {demo.PortPOP3, s.POP3}, {demo.PortEcho, s.Echo}} {
		if !strings.HasSuffix(p.addr, fmt.Sprintf(":%d", p.port)) {
			fmt.Fprintf(a.stdout, "(port %d was taken: %s instead)\n", p.port, p.addr)
		}
	}
}

// tourLogin are the credentials of the practice site, of which Basic sends the
// base64; tourSecret is the variable in which a replay looks for them.
const (
	tourLogin  = "admin:password"
	tourSecret = "WIRETAPE_SECRET_LOGIN"
)

// tourLines is what the tour types.
const tourLines = `GET /cookie HTTP/1.1
Host: localhost

GET /private HTTP/1.1
Host: localhost
Authorization: Basic YWRtaW46cGFzc3dvcmQ=

GET /chunked HTTP/1.1
Host: localhost
Connection: close

`

// mailLines is what the tour says to the mail server.
const mailLines = `EHLO me
STARTTLS
.starttls
EHLO me
AUTH PLAIN AGFkbWluAHBhc3N3b3Jk
MAIL FROM:<me@example.org>
RCPT TO:<you@example.org>
DATA
Subject: hello

Two dots stand for the one at the beginning of this line:
..hidden
.
QUIT
`

// A tourStop is one command line of the tour, run as if it had been typed.
type tourStop struct {
	about      string
	args       []string
	background bool // it serves until the tour ends; the next stop begins when it is ready
}

// guide gives the tour, and where there is a terminal goes on at a prompt.
func (a *app) guide(ctx context.Context) error {
	s, err := demo.Start(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := a.tour(ctx, s); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "The servers end with the tour; wiretape demo --serve keeps them.")
	return a.offerPrompt(ctx, s)
}

// tour shows the main job on the practice servers. It ends by itself.
func (a *app) tour(ctx context.Context, s *demo.Servers) error {
	dir, err := os.MkdirTemp("", "wiretape-demo")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(dir)
	// The commands of the tour name their files as a person would.
	home, err := os.Getwd()
	if err == nil {
		err = os.Chdir(dir)
	}
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.Chdir(home)
	for name, data := range map[string][]byte{"ca.pem": s.CA(), "tour.txt": []byte(tourLines), "mail.txt": []byte(mailLines)} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	before, had := os.LookupEnv(tourSecret)
	if err := os.Setenv(tourSecret, tourLogin); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() {
		if had {
			os.Setenv(tourSecret, before)
		} else {
			os.Unsetenv(tourSecret)
		}
	}()
	a.sayServers(s)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stops := []tourStop{
		{about: "Raw request lines over TLS with a chosen ALPN, from a file here; typed at a prompt they look the same.",
			args: []string{"--cacert", "ca.pem", "--alpn", "http/1.1", "--tape", "tour.tape", "-f", "tour.txt", "tls://" + s.HTTPS}},
		{about: "Offered h2 as well, the server takes it.",
			args: []string{"--cacert", "ca.pem", "--alpn", "h2,http/1.1", "-c", ".alpn", "tls://" + s.HTTPS}},
		{about: "The tape: bytes, times and facts, as text. What is secret was replaced on the way.",
			args: []string{"fmt", "--commit", "tour.tape"}},
		{about: "The tape as the client, against the real server. What it may not hold comes from the environment:\n   export " + tourSecret + "=" + tourLogin,
			args: []string{"replay", "tour.tape", "--to", "tls://" + s.HTTPS, "--cacert", "ca.pem"}},
		{about: "The tape as the server, …",
			args: []string{"serve", "tour.tape", "-l", "127.0.0.1:0", "--ca-out", "tape-ca.pem", "--ready-file", readyFile}, background: true},
		{about: "… and as the client against that; first the client reports, then the server.",
			args: []string{"replay", "tour.tape", "--to", "tls://" + readyAddress, "--cacert", "tape-ca.pem"}},
		{about: "The whole analysis of a site: http2? cookies? password-protected?",
			args: []string{"auto", "--cacert", "ca.pem", "https://" + s.HTTPS + "/cookie"}},
		{about: "A mail by hand, TLS begun in the middle, on a tape of its own.",
			args: []string{"--cacert", "ca.pem", "--tape", "mail.tape", "-f", "mail.txt", "smtp://" + s.SMTP}},
	}
	var served chan int // the status of the stop in the background
	for i, st := range stops {
		fmt.Fprintf(a.stdout, "\n%d. %s\n", i+1, st.about)
		if st.background {
			served = make(chan int, 1)
		}
		if err := a.tourStop(ctx, st, served); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.stdout, "\nThat was the main job.\n")
	return nil
}

// readyFile is where the background stop writes the address that it listens on;
// readyAddress stands for that address in the arguments of other stops.
const (
	readyFile    = "addr"
	readyAddress = "READY"
)

// tourStop runs a command line. After one in the background the next is its
// client, with which it ends; its status goes through served.
func (a *app) tourStop(ctx context.Context, st tourStop, served chan int) error {
	args := slices.Clone(st.args)
	client := false
	for i, arg := range args {
		if strings.Contains(arg, readyAddress) {
			addr, err := os.ReadFile(readyFile)
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			args[i] = strings.ReplaceAll(arg, readyAddress, strings.TrimSpace(string(addr)))
			client = true
		}
	}
	fmt.Fprintf(a.stdout, "$ wiretape %s\n", strings.Join(args, " "))
	if st.background {
		go func() { served <- run(ctx, args, a.stdin, a.stdout, a.stderr) }()
		return waitForFile(ctx, readyFile)
	}
	status := run(ctx, args, a.stdin, a.stdout, a.stderr)
	if status == 0 && client {
		status = <-served
	}
	if status != 0 {
		return statusError(status)
	}
	return nil
}

// waitForFile waits until a command in the background says that it is ready.
func waitForFile(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("demo: the served tape did not come up: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// offerPrompt goes on at a prompt against the running servers, where there is a
// terminal and a person who wants to.
func (a *app) offerPrompt(ctx context.Context, s *demo.Servers) error {
	if terminalOf(a.stdin) == nil || terminalOf(a.stdout) == nil {
		return nil
	}
	fmt.Fprintf(a.stdout, "Enter goes on at a prompt with the servers up (try: tls %s), ^D leaves. ", strings.Replace(s.HTTPS, ":", " ", 1))
	line := make([]byte, 1)
	if n, err := a.stdin.Read(line); err != nil || n == 0 || line[0] != '\n' {
		fmt.Fprintln(a.stdout)
		return nil
	}
	if status := run(ctx, []string{"--cacert", "ca.pem"}, a.stdin, a.stdout, a.stderr); status != 0 {
		return statusError(status)
	}
	return nil
}
