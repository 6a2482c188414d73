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
	bare      bool   // without its dot too, where nothing is connected
	connected bool   // needs a connection, which may have ended
	writes    string // what of it goes to the peer; "" for a word that only looks, waits, sets, or works on the connection
	// What it does: run with the session, or on with the connection that lines are
	// typed for.
	run      func(s *Session, ctx context.Context, args string) error
	on       func(d *dialogue, ctx context.Context, args string) error
	complete []string // what its first argument may be
	files    bool     // its last argument is a file's name
	// more gives what the last word may be, by what stands before it; nil for
	// nothing.
	more func(before string) []string
}

// commands returns the table, in the order in which people read it.
func commands() []command {
	return slices.Concat(connectCommands(), lookCommands(), capabilityCommands(), sendCommands(), dataCommands(), waitCommands(), keepCommands(), mannerCommands())
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
		if c.connected && s.current.link == nil {
			return s.current.mustBeOpen(word)
		}
		if c.args == "" && args != "" {
			return failure(StatusUsage, ".%s takes no argument, and %q was given", word, args)
		}
		if c.on != nil {
			return c.on(s.current, ctx, args)
		}
		return c.run(s, ctx, args)
	}
	return failure(StatusUsage, "no command .%s (.help lists the commands)", word)
}

// usage is the error of a command whose arguments, as given, do not fit.
func usage(word, given string) error {
	for _, c := range commands() {
		if c.name != word {
			continue
		}
		if given = strings.TrimSpace(given); given != "" {
			return failure(StatusUsage, ".%s %s: want .%[1]s %[3]s", word, given, c.args)
		}
		return failure(StatusUsage, ".%s: want .%[1]s %s", word, c.args)
	}
	return failure(StatusUsage, "no command .%s", word)
}

// mustBeOpen returns an error unless a connection stands; words are the command's
// name and what is to be told of its arguments.
func (d *dialogue) mustBeOpen(words string) error {
	switch {
	case d.link == nil:
		return failure(StatusUsage, ".%s: %s", words, notConnected)
	case d.drained():
		return failure(StatusProtocol, ".%s: %s", words, connectionClosed)
	}
	return nil
}

const (
	notConnected     = "not connected: open HOST PORT first"
	connectionClosed = "the connection is closed: .reconnect first"
)

// form returns how a command is written: ".hex [N]", "open HOST PORT".
func (c *command) form() string {
	return strings.TrimSpace(c.word() + " " + c.args)
}

// A Word says in words what a command of the session's language is.
type Word struct {
	Group   string // "Connect", "Look"
	Form    string // ".hex [N]"
	Summary string // one line
	Detail  string // sentences; lines that begin with a blank are examples; may be ""
	Example string // may be ""
}

// Words returns the commands, in the order in which people read them, for manuals.
func Words() []Word {
	var words []Word
	for _, c := range commands() {
		words = append(words, Word{Group: c.group, Form: c.form(), Summary: c.summary, Detail: flow(c.detail), Example: c.example})
	}
	return words
}

// CommandTable returns the commands as a Markdown table, for the manual.
func CommandTable() string {
	var b strings.Builder
	b.WriteString("| command | does |\n|---|---|\n")
	for _, c := range commands() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", strings.ReplaceAll(c.form(), "|", `\|`), c.summary)
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
			text += "\n" + flow(c.detail)
		}
		if c.writes != "" {
			text += "\nIt writes to the peer: " + c.writes
		}
		if c.bare {
			text += "\nConnected it needs its dot: ." + c.name
		}
		if c.example != "" {
			text += "\nexample: " + c.example
		}
		s.view.Info(text)
		return nil
	}
	return failure(StatusUsage, "no command .%s (.help lists the commands)", word)
}

// flow joins the lines of a sentence, which the screen breaks where it ends. Lines
// that begin with a blank are examples, and stand for themselves.
func flow(text string) string {
	var b strings.Builder
	open := false // the line before goes on
	for line := range strings.SplitSeq(text, "\n") {
		example := strings.HasPrefix(line, " ")
		switch {
		case open && !example:
			b.WriteString(" ")
		case b.Len() > 0:
			b.WriteString("\n")
		}
		b.WriteString(line)
		open = !example && !strings.HasSuffix(line, ".") && !strings.HasSuffix(line, ":")
	}
	return b.String()
}

// mostUsed are the words that the list of .help says a line about.
var mostUsed = []string{"open", "tls", "auto", "send", "again", "await", "show", "body", "cert", "status", "save", "quit"}

// helpColumns is how wide the list of .help is, without the mark of its rows.
const helpColumns = 78

// helpAll is the list. It fits a screen of 24 rows of 80.
func (s *Session) helpAll() error {
	var names, lines strings.Builder
	group, column := "", 0
	for _, c := range s.table {
		head := ""
		if c.group != group {
			group, head = c.group, c.group
		}
		if head != "" || column+1+len(c.word()) > helpColumns {
			fmt.Fprintf(&names, "\n%-7s", head)
			column = len("Connect")
		}
		names.WriteString(" " + c.word())
		column += 1 + len(c.word())
		if slices.Contains(mostUsed, c.name) {
			fmt.Fprintf(&lines, "\n  %-7s %s", c.word(), c.summary)
		}
	}
	s.view.Info("Connected, a line is data and sent as typed; a dot and a word is a command:" +
		names.String() + "\nThe most used:" + lines.String() +
		"\n.help WORD says more, with an example; ^] takes a command within free text too")
	return nil
}

// word returns the name as it is typed at first: without its dot where both do.
func (c *command) word() string {
	if c.bare {
		return c.name
	}
	return "." + c.name
}
