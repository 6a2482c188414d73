package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// takes checks that a command got from least to most arguments; most is -1 for any
// number. What it wants is what its usage line says.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		name, what, _ := strings.Cut(cmd.Use, " ")
		var err error
		switch {
		case len(args) < least:
			err = usagef("%s wants %s", name, what)
		case most < 0 || len(args) <= most:
			return nil
		case most == 0:
			err = usagef("%s %s: it takes no argument", name, args[0])
		default:
			err = usagef("%s: %s too much: it wants %s", name, args[most], what)
		}
		return &hinted{err, "wiretape " + name + " --help shows what is taken"}
	}
}
