package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A command is a word of the session's language. The table of them drives
// dispatch, completion, help and the manual.
type command struct {
	group     string
	name      string
	args      string // "" for none
	summary   string // one line
	detail    string // more for .help WORD; may be ""
	example   string
	bare      bool // without its dot too, where nothing is connected
	connected bool // needs a connection, which may have ended
	run       func(s *Session, ctx context.Context, args string) error
	complete  []string // what its first argument may be
	files     bool     // its last argument is a file's name
}

// commands returns the table, in the order in which people read it.
func commands() []command {
	return slices.Concat(connectCommands(), lookCommands(), sendCommands(), waitCommands(), keepCommands(), mannerCommands())
}

// knows is the grammar's view of the table.
func (s *Session) knows(word string) (known, bare bool) {
	for _, c := range s.table {
		if c.name == word {
			return true, c.bare
		}
	}
	return false, false
}

func (s *Session) runCommand(ctx context.Context, word, args string) error {
	for _, c := range s.table {
		if c.name != word {
			continue
		}
		if c.connected && s.link == nil {
			return failure(StatusUsage, ".%s: not connected: open HOST PORT first", word)
		}
		if c.args == "" && args != "" {
			return failure(StatusUsage, ".%s takes no argument, and %q was given", word, args)
		}
		return c.run(s, ctx, args)
	}
	return failure(StatusUsage, "no command .%s (.help lists the commands)", word)
}

// usage is the error of a command whose arguments do not fit.
func usage(word string) error {
	for _, c := range commands() {
		if c.name == word {
			return failure(StatusUsage, "want .%s %s", c.name, c.args)
		}
	}
	return failure(StatusUsage, "no command .%s", word)
}

// form returns how a command is written: ".open HOST PORT".
func (c *command) form() string {
	return strings.TrimSpace("." + c.name + " " + c.args)
}

// CommandTable returns the commands as a Markdown table, for the manual.
func CommandTable() string {
	var b strings.Builder
	b.WriteString("| command | does |\n|---|---|\n")
	for _, c := range commands() {
		form := c.form()
		if c.bare {
			form = strings.TrimPrefix(form, ".")
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(form, "|", `\|`), c.summary)
	}
	return b.String()
}

// help is .help: the list, or all about one word.
func (s *Session) help(_ context.Context, args string) error {
	word := strings.TrimPrefix(strings.TrimSpace(args), ".")
	if word == "" {
		return s.helpAll()
	}
	for _, c := range s.table {
		if c.name != word {
			continue
		}
		text := c.form() + ": " + c.summary
		if c.detail != "" {
			text += "\n" + c.detail
		}
		if c.bare {
			text += "\nWhere nothing is connected the dot may be left out."
		}
		if c.example != "" {
			text += "\nexample: " + c.example
		}
		s.view.Info(text)
		return nil
	}
	return failure(StatusUsage, "no command .%s (.help lists the commands)", word)
}

func (s *Session) helpAll() error {
	width := 0
	for _, c := range s.table {
		width = max(width, len(c.form()))
	}
	width = min(width, 34)
	var b strings.Builder
	b.WriteString("Connected, a line is data and is sent as it is typed; a dot and a word is a command:")
	group := ""
	for _, c := range s.table {
		if c.group != group {
			group = c.group
			fmt.Fprintf(&b, "\n%s", group)
		}
		fmt.Fprintf(&b, "\n  %-*s  %s", width, c.form(), c.summary)
	}
	b.WriteString("\n.help WORD says more; ^] takes one command anywhere, within free text too")
	s.view.Info(b.String())
	return nil
}
