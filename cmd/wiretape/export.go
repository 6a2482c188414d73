package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"wiretape/tape"
	"wiretape/tape/har"
	"wiretape/tape/pcapng"
	"wiretape/tape/script"
)

// exports are the formats that tapes become. Each writes, and says in words what
// it wrote and what of the tape is not in it.
var exports = map[string]func(*app, io.Writer, *tape.Reader, string) (what string, lost []string, err error){
	"har":    (*app).exportHAR,
	"pcapng": (*app).exportCapture,
	"curl":   exportScript("command", script.Curl),
	"script": exportScript("line", script.Session),
}

func (a *app) exportCommand() *cobra.Command {
	var to string
	var force bool
	cmd := &cobra.Command{
		Use:   "export har|pcapng|curl|script TAPE",
		Short: "make another format of a tape",
		Long: `Export writes a tape for other programs, to stdout or to the file of -o, and says
on stderr what is lost: har is HAR 1.2, as browsers read it; pcapng has
packets that would have carried it, for Wireshark; curl has a command line for each request; script is a session's script, which says what the
client said and expects what the server answered (wiretape -f FILE TARGET).`,
		Example: `  wiretape export har login.tape -o login.har
  wiretape export script login.tape -o login.script && wiretape -f login.script localhost 8000`,
		Args: takes(2, 2),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			write := exports[args[0]]
			if write == nil {
				return usagef("export %s: want har, pcapng, curl or script", args[0])
			}
			r, c, err := a.openTape(ctx, args[1])
			if err != nil {
				return err
			}
			defer c.Close()
			if args[0] == "pcapng" && to == "" && terminalOf(a.stdout) != nil {
				return usagef("a capture is no text for a terminal: -o FILE")
			}
			dst, err := a.newOutput(to, force)
			if errors.Is(err, fs.ErrExist) {
				return &hinted{usagef("export: %s exists", to), "--force writes over it"}
			} else if err != nil {
				return usagef("export: %w", err)
			}
			defer dst.drop()
			what, lost, err := write(a, dst, r, args[1])
			if err == nil {
				err = dst.done()
			}
			if err != nil {
				return fmt.Errorf("export %s: %w", args[0], err)
			}
			if r.Masked() && args[0] != "script" {
				lost = append(lost, "secrets stand as redaction invented them")
			}
			for _, l := range lost {
				fmt.Fprintf(a.stderr, "* %s: %s\n", escape(args[1]), escape(l))
			}
			fmt.Fprintf(a.stderr, "* %s: %s\n", escape(args[1]), escape(what))
			if cut, ok := r.Cut(); ok {
				fmt.Fprintf(a.stderr, "wiretape: %s is cut off: %s\n", escape(args[1]), escape(cut.String()))
			}
			return nil
		}),
	}
	cmd.Flags().VarP((*fileName)(&to), "output", "o", "write to `FILE`")
	cmd.Flags().BoolVar(&force, "force", false, "write over an existing file")
	return cmd
}

func (a *app) exportHAR(dst io.Writer, r *tape.Reader, _ string) (string, []string, error) {
	var w *har.Writer
	for e, err := range r.Events() {
		if err != nil {
			return "", nil, err
		}
		if w == nil {
			w = har.NewWriter(dst, toolName(), r.Created())
		}
		w.Event(e)
	}
	if w == nil {
		w = har.NewWriter(dst, toolName(), r.Created())
	}
	n, lost, err := w.Close()
	return "HAR 1.2 with " + count(n, "exchange"), lost, err
}

func (a *app) exportCapture(dst io.Writer, r *tape.Reader, _ string) (string, []string, error) {
	var w *pcapng.Writer
	for e, err := range r.Events() {
		if err != nil {
			return "", nil, err
		}
		if w == nil {
			w = pcapng.NewWriter(dst, toolName(), r.Created())
		}
		w.Event(e)
	}
	if w == nil {
		w = pcapng.NewWriter(dst, toolName(), r.Created())
	}
	n, lost, err := w.Close()
	return "pcapng with " + count(n, "packet"), lost, err
}

// exportScript is an export of package script, which counts what it writes by that
// name.
func exportScript(unit string, write func(io.Writer, *tape.Reader) (script.Result, error)) func(*app, io.Writer, *tape.Reader, string) (string, []string, error) {
	return func(_ *app, dst io.Writer, r *tape.Reader, _ string) (string, []string, error) {
		res, err := write(dst, r)
		what := count(res.Commands, unit)
		if res.Target != "" {
			what += ", to be run against " + res.Target
		}
		return what, res.Lost, err
	}
}
