package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/tape"
	"wiretape/wire"
)

func (a *app) sessions() *cobra.Command {
	return &cobra.Command{
		Use:   "sessions",
		Short: "list the sessions that were kept",
		Long: `Every session on a terminal is kept, with its secrets replaced, for its owner
alone. Sessions lists what is there, the one that began last first, with a number that show
takes as well as the path; "last" is 1.`,
		Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			dir, err := session.StateDir()
			if err != nil {
				return usagef("kept sessions: %v", err)
			}
			kept, err := session.KeptSessions(dir)
			if err != nil {
				return usagef("kept sessions: %v", err)
			}
			if len(kept) > 0 {
				fmt.Fprintf(a.stdout, "%2s  %-19s  %11s  %-28s  %s\n", "N", "BEGAN", "SIZE", "WITH", "FILE")
			}
			for i, k := range kept {
				fmt.Fprintf(a.stdout, "%2d  %s  %9d B  %-28s  %s\n", i+1, k.Began.Format("2006-01-02 15:04:05"),
					k.Size, escape(strings.Join(targetsOf(k.Path), ", ")), escape(k.Path))
			}
			if len(kept) == 0 {
				fmt.Fprintf(a.stderr, "wiretape: no session was kept in %s\n", escape(dir))
			}
			return nil
		},
	}
}

// targetsOf returns where the connections of a kept session went, each once.
func targetsOf(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil // gone since it was listed
	}
	defer f.Close()
	var targets []string
	seen := map[string]bool{}
	for e, err := range tape.NewReader(f, path).Events() {
		if err != nil {
			break // what could be read is listed
		}
		if e.Kind != wire.KindOpen || seen[e.Facts.Target] {
			continue
		}
		seen[e.Facts.Target] = true
		targets = append(targets, e.Facts.Target)
	}
	return targets
}
