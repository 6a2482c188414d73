package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/tape/match"
	keep "wiretape/tape/update"
)

func (a *app) diff() *cobra.Command {
	var partial, asSpans bool
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "compare two tapes",
		Long: `Diff compares what two tapes hold, conversation by conversation, as a replay
compares: by the rules of the first tape, dates and tokens by their kind. The
lines are those of the first tape. The status is 1 if they differ. With
--as-spans it prints the first tape with a span wherever the second, a recording
of the same conversation, has another value; the status is 1 if more than values
differ.`,
		Args: takes(2, 2),
		RunE: a.interruptibly(func(ctx context.Context, args []string) error {
			if asSpans {
				return a.diffAsSpans(ctx, args[0], args[1])
			}
			one, err := a.loadTape(ctx, args[0], partial)
			if err != nil {
				return err
			}
			two, err := a.loadTape(ctx, args[1], partial)
			if err != nil {
				return err
			}
			out := match.Diff(one, two)
			for _, m := range out.Mismatches {
				a.printMismatch(m)
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
		}),
	}
	cmd.Flags().BoolVar(&asSpans, "as-spans", false, "print A with spans where they differ")
	cmd.Flags().BoolVar(&partial, "partial", false, "take tapes that are cut off")
	return cmd
}

// diffAsSpans prints the first tape with spans where the second differs.
func (a *app) diffAsSpans(ctx context.Context, one, two string) error {
	var text [2]keep.Source
	var names [2]string
	for i, arg := range []string{one, two} {
		src, name, err := a.openFile(ctx, arg)
		if err != nil {
			return err
		}
		defer src.Close()
		f, err := seekable(ctx, src)
		if err != nil {
			return usagef("diff %s: %w", name, err)
		}
		defer f.Close()
		st, err := f.Stat()
		if err != nil {
			return usagef("diff %s: %w", name, err)
		}
		text[i], names[i] = io.NewSectionReader(f, 0, st.Size()), name
	}
	out := bufio.NewWriterSize(a.stdout, 64<<10)
	if terminalOf(a.stdout) != nil {
		out = bufio.NewWriterSize(&escaper{w: a.stdout}, 64<<10)
	}
	left, err := keep.AsSpans(out, text[0], names[0], text[1], names[1])
	if err != nil {
		return usagef("diff: %w", err)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	for _, l := range left {
		fmt.Fprintf(a.stderr, "! %s\n", escape(l))
	}
	if len(left) > 0 {
		return statusError(session.StatusDiffers)
	}
	return nil
}
