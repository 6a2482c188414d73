package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"wiretape/session"
)

func (a *app) sessions() *cobra.Command {
	return &cobra.Command{
		Use:   "sessions",
		Short: "list the sessions that were kept",
		Long: `Every session on a terminal is kept, with its secrets replaced, for its owner
alone. Sessions lists what is there, the latest first; show takes its paths, and
"last" for the first of them.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := session.StateDir()
			if err != nil {
				return usagef("kept sessions: %v", err)
			}
			kept, err := session.KeptSessions(dir)
			if err != nil {
				return usagef("kept sessions: %v", err)
			}
			for _, k := range kept {
				fmt.Fprintf(a.stdout, "%s  %9d B  %s\n", k.Modified.Format("2006-01-02 15:04:05"), k.Size, escape(k.Path))
			}
			if len(kept) == 0 {
				fmt.Fprintf(a.stderr, "wiretape: no session was kept in %s\n", escape(dir))
			}
			return nil
		},
	}
}
