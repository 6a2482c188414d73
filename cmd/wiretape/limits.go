package main

import (
	"github.com/spf13/pflag"

	"wiretape/session"
)

// limitFlags are what --limit bounds.
type limitFlags struct{ session.Limits }

func (l *limitFlags) register(fs *pflag.FlagSet) {
	fs.Var(l, "limit", "bound what is held of a peer by `NAME=SIZE,…`: "+session.LimitsHelp())
}

// Type names the value in errors.
func (l *limitFlags) Type() string { return "limits" }
