package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/tape/lint"
	"wiretape/tape/suite"
)

func (a *app) lint() *cobra.Command {
	var f recordFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "lint TAPE|DIR…",
		Short: "find secrets that tapes have in clear",
		Long: `Lint reports what redaction would mask, also in bodies whose codings are undone
and in base64, keys of well-known services, random values under telling names,
and random values that the server sent and the client sends back. It tells
where, and never what. The status is 1 if there is any, for a hook before a
commit.`,
		Example: "  wiretape lint tests && git commit",
		Args:    takes(1, -1),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			o, err := f.redaction()
			if err != nil {
				return err
			}
			names := args
			if len(args) != 1 || args[0] != "-" {
				if names, err = suite.Find(args...); err != nil {
					return noTape("lint", args, err)
				}
			}
			found := 0
			for _, name := range names {
				all, err := a.lintOne(ctx, name, lint.Options{Values: o.Values})
				if err != nil {
					return err
				}
				for _, s := range all {
					a.printFinding(s, asJSON)
				}
				found += len(all)
			}
			if !asJSON {
				fmt.Fprintf(a.stdout, "%s in clear, %s\n", count(found, "secret"), count(len(names), "tape"))
			}
			if found > 0 {
				return statusError(session.StatusDiffers)
			}
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print an object for each secret")
	flags.StringArrayVar(&f.secrets, "secret", nil, "the value of $WIRETAPE_SECRET_`ID` is a secret too")
	return cmd
}

// noTape is the error of a word whose tapes cannot be found; it may be meant for a
// host.
func noTape(word string, args []string, err error) error {
	if errors.Is(err, fs.ErrNotExist) && len(args) == 1 {
		return &hinted{usagef("%s %s: no such tape or folder", word, args[0]), fmt.Sprintf("host called %q? wiretape open %s %s", word, word, args[0])}
	}
	return usagef("%s: %w", word, err)
}

func (a *app) lintOne(ctx context.Context, arg string, o lint.Options) ([]lint.Finding, error) {
	src, name, err := a.openFile(ctx, arg)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return lint.Check(src, name, o)
}

func (a *app) printFinding(f lint.Finding, asJSON bool) {
	if !asJSON {
		fmt.Fprintln(a.stdout, escape(f.String()))
		return
	}
	if line, err := json.Marshal(f); err == nil {
		fmt.Fprintf(a.stdout, "%s\n", line)
	}
}
