package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wiretape/session"
	"wiretape/wire/detect"
)

func (a *app) completion() *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "write what a shell needs to complete command lines",
		Long: `Completion writes a script for a shell to stdout. What it completes, the
program itself tells the shell each time. That of bash uses functions of the
package bash-completion.`,
		Example: `  mkdir -p ~/.local/share/bash-completion/completions
  wiretape completion bash > ~/.local/share/bash-completion/completions/wiretape
  wiretape completion zsh > "${fpath[1]}/_wiretape"
  wiretape completion fish > ~/.config/fish/completions/wiretape.fish`,
		ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return usagef("completion %s: want bash, zsh or fish", joinComma(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			}
			return root.GenBashCompletionV2(a.stdout, true)
		},
	}
}

// flagValues are the values of flags, by name; a flag that is not here takes a
// file's name if its value is called one, and nothing that can be told otherwise.
var flagValues = map[string]func() []string{
	"color":     func() []string { return []string{"auto", "always", "never"} },
	"as":        detect.Protos,
	"eol":       func() []string { return []string{"crlf", "lf", "cr", "none", "nul"} },
	"starttls":  session.StartTLSProtocols,
	"only":      func() []string { return []string{"cookies", "requests"} },
	"raw":       func() []string { return []string{"client", "server"} },
	"pace":      func() []string { return []string{"causal", "timed", "step"} },
	"unmatched": func() []string { return []string{"fail", "close", "rst", "forward", "record"} },
}

// tapeWords are the commands whose arguments are tapes.
var tapeWords = []string{"show", "replay", "serve", "fmt", "lint", "diff", "export"}

// completeArguments says of all commands what their arguments and flags may be.
func completeArguments(root *cobra.Command) {
	root.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var words []string
		for _, w := range session.Words() {
			if name, _, _ := strings.Cut(w.Form, " "); session.IsOpener(name) {
				words = append(words, name+"\t"+w.Summary)
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	for _, cmd := range append(root.Commands(), root) {
		if slices.Contains(tapeWords, cmd.Name()) {
			cmd.ValidArgsFunction = tapeFiles
		}
		for name, values := range flagValues {
			if cmd.LocalFlags().Lookup(name) == nil {
				continue
			}
			// It fails for a flag that has one already: each has one.
			cmd.RegisterFlagCompletionFunc(name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return values(), cobra.ShellCompDirectiveNoFileComp
			})
		}
	}
}

// tapeFiles completes the name of a tape; behind show, a session that was kept too.
func tapeFiles(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if cmd.Name() == "show" && len(args) == 0 && prefix != "" && len(prefix) <= len("last") && "last"[:len(prefix)] == prefix {
		return []string{"last"}, cobra.ShellCompDirectiveDefault
	}
	return []string{"tape"}, cobra.ShellCompDirectiveFilterFileExt
}
