package main

import (
	"strings"

	"wiretape/wire/detect"
)

// checkProto checks the argument of --as.
func checkProto(as string) error {
	if as != "" && detect.Canonical(as) == "" {
		return usagef("--as %q: want one of %s", as, strings.Join(detect.Protos(), ", "))
	}
	return nil
}
