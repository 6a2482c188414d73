package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "say which version this is",
		Args:  takes(0, 0),
		Run: func(*cobra.Command, []string) {
			fmt.Fprintln(a.stdout, toolName())
		},
	}
}

// toolName returns the name and version that stand on tapes: the module's
// version, or the commit that it was built from.
func toolName() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "wiretape"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return "wiretape " + v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "wiretape " + s.Value[:12]
		}
	}
	return "wiretape (devel)"
}
