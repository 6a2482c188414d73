package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/tape/match"
)

func (a *app) diff() *cobra.Command {
	var partial bool
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "compare two tapes",
		Long: `Diff compares what two tapes hold, conversation by conversation, as a replay
compares: by the rules of the first tape, dates and tokens by their kind. The
lines are those of the first tape. The status is 1 if they differ.`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			one, err := a.loadTape(args[0], partial)
			if err != nil {
				return err
			}
			two, err := a.loadTape(args[1], partial)
			if err != nil {
				return err
			}
			out := match.Diff(one, two)
			for _, m := range out.Mismatches {
				fmt.Fprintln(a.stdout, escape(m.String()))
			}
			last := count(len(out.Mismatches), "difference")
			if len(out.ByKind) > 0 {
				last += "; compared by kind: " + joinComma(out.ByKind)
			}
			fmt.Fprintln(a.stdout, escape(last))
			if len(out.Mismatches) > 0 {
				return statusError(session.StatusDiffers)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&partial, "partial", false, "take tapes that are cut off")
	return cmd
}
