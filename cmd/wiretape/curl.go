package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wiretape/session"
	"wiretape/session/curl"
	"wiretape/wire"
)

// curlCommand is the plain command with a command line of curl in place of a
// target; f and own are its flags.
func (a *app) curlCommand(f *plainFlags, own *pflag.FlagSet) *cobra.Command {
	return &cobra.Command{
		Use:   "curl '…' | curl [curl's options] URL",
		Short: "send what a command line of curl asks for, as browsers copy it",
		Long: `Curl connects and sends the request that a command line of curl makes: pasted in
quotes, or as arguments. On a terminal a session goes on from there; else the
reply goes to stdout, byte for byte. What is not done of it is said on stderr.
--tape, --force, --no-redact, --secret, --plain and --no-keep are our own.`,
		Example: `  wiretape curl https://localhost:8443/index.html -k -H 'Accept: text/plain'
  wiretape curl 'curl http://localhost:8000/echo --data-raw hello' | tail -1`,
		DisableFlagParsing: true, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
				return cmd.Help()
			}
			args, err := ownFlags(args, own)
			if err != nil {
				return err
			}
			if f.curl, err = a.parseCurl(args); err != nil {
				return err
			}
			for _, d := range f.curl.Dial {
				value := d[1]
				if own.Lookup(d[0]).NoOptDefVal != "" {
					value = "true"
				}
				if err := own.Set(d[0], value); err != nil {
					return usagef("curl: --%s %s: %v", d[0], value, err)
				}
			}
			f.curl.Dial = nil
			return a.runPlain(cmd.Context(), nil, f)
		},
	}
}

// ownFlags takes those of our flags out of arguments that curl has not.
func ownFlags(args []string, own *pflag.FlagSet) (rest []string, err error) {
	names := []string{"tape", "force", "no-redact", "secret", "plain", "no-keep"}
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(strings.TrimPrefix(args[i], "--"), "=")
		if !strings.HasPrefix(args[i], "--") || !slices.Contains(names, name) {
			rest = append(rest, args[i])
			continue
		}
		switch {
		case given:
		case own.Lookup(name).NoOptDefVal != "":
			value = "true"
		case i+1 == len(args):
			return nil, usagef("curl: --%s wants a value", name)
		default:
			i++
			value = args[i]
		}
		if err := own.Set(name, value); err != nil {
			return nil, usagef("curl: --%s: %v", name, err)
		}
	}
	return rest, nil
}

// maxCurlData bounds what -d @FILE reads, octets.
const maxCurlData = 64 << 20 // 64 MiB

// parseCurl reads the arguments of curl: one may be the whole command line.
func (a *app) parseCurl(args []string) (*curl.Request, error) {
	read := func(name string) ([]byte, error) {
		in := a.stdin
		if name != "-" {
			file, err := os.Open(name)
			if err != nil {
				return nil, err
			}
			defer file.Close()
			in = file
		}
		b, err := io.ReadAll(io.LimitReader(in, maxCurlData+1))
		if err == nil && len(b) > maxCurlData {
			err = fmt.Errorf("more than %d MiB, the limit", maxCurlData>>20)
		}
		return b, err
	}
	var r *curl.Request
	var err error
	if len(args) == 1 && strings.ContainsAny(args[0], " \t\n") {
		r, err = curl.ParseLine(args[0], read)
	} else {
		r, err = curl.ParseCommand(args, read)
	}
	if err != nil {
		return nil, usagef("curl: %w", err)
	}
	if r.URL == "" {
		return nil, &hinted{usagef("curl: no URL"), "wiretape curl --help shows what is taken"}
	}
	return r, nil
}

// pipeCurl sends the request of curl's, and the reply's bytes to stdout.
func (a *app) pipeCurl(ctx context.Context, dialer wire.Dialer, f *plainFlags) error {
	r := f.curl
	if r.HTTP == "2" {
		r.HTTP = "" // curl offers HTTP/1.1 as well
		r.Notes = append(r.Notes, "--http2: a pipe speaks HTTP/1.1; --http2-prior-knowledge shows the reply over HTTP/2")
	}
	t, path, err := session.CurlTarget(r)
	if err != nil {
		return err
	}
	if r.Auth != "" {
		r.Notes = append(r.Notes, "--digest: no challenge is answered in a pipe")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(a.stderr, "* %s\n", escape(n))
	}
	b := r.Append(nil, session.HostField(t), path)
	return a.pipe(f, func(o session.PipeOptions) error {
		o.In = bytes.NewReader(b)
		return session.Pipe(ctx, dialer, t, o)
	})
}
