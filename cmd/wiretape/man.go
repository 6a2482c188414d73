package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wiretape/session"
	"wiretape/tape"
)

func (a *app) man() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "write the manual pages",
		Long: `Man writes a manual page for the program and one for each of its commands to a
folder, which is made if it is not there: wiretape.1, wiretape-show.1 and so on.`,
		Example: "  wiretape man ~/.local/share/man/man1",
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return usagef("man: %w", err)
			}
			root := cmd.Root()
			pages := map[string]string{"wiretape.1": manual(root)}
			for _, sub := range commandsOf(root) {
				pages["wiretape-"+sub.Name()+".1"] = manual(sub)
			}
			for name, text := range pages {
				if err := tape.ReplaceFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					return usagef("man: %w", err)
				}
			}
			fmt.Fprintf(a.stderr, "* %s in %s\n", count(len(pages), "page"), escape(dir))
			return nil
		},
	}
}

// statuses say what became of a run.
var statuses = []struct {
	status session.Status
	text   string
}{
	{session.StatusOK, "as wanted"},
	{session.StatusDiffers, "differences, or an expectation failed"},
	{session.StatusUsage, "usage, a bad tape or a bad script"},
	{session.StatusConnection, "name, connection or listening address"},
	{session.StatusTLS, "TLS"},
	{session.StatusProtocol, "the connection ended before the reply was complete"},
	{session.StatusTimeout, "timeout"},
	{session.StatusInterrupted, "interrupted"},
}

// A manPage is a manual page in the making, in the macros man of roff.
type manPage struct{ b strings.Builder }

// manual returns the page of a command.
func manual(cmd *cobra.Command) string {
	var p manPage
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	fmt.Fprintf(&p.b, ".TH \"%s\" 1 \"\" \"%s\" \"wiretape\"\n", roff(strings.ToUpper(name)), roff(toolName()))
	p.section("NAME")
	p.text(name + " - " + cmd.Short)
	p.section("SYNOPSIS")
	p.b.WriteString(".nf\n" + bold(cmd.CommandPath()) + roff(strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())) + "\n.fi\n")
	p.section("DESCRIPTION")
	p.prose(cmd.Long)
	root := cmd.Root() == cmd
	if root {
		p.section("COMMANDS")
		for _, sub := range commandsOf(cmd) {
			p.item(bold(sub.Name())+roff(strings.TrimPrefix(sub.Use, sub.Name())), sub.Short+".")
		}
		p.words()
	}
	p.section("OPTIONS")
	cmd.LocalFlags().VisitAll(p.flag)
	cmd.InheritedFlags().VisitAll(p.flag)
	if cmd.HasExample() {
		p.section("EXAMPLES")
		p.verbatim(cmd.Example)
	}
	p.section("EXIT STATUS")
	for _, s := range statuses {
		p.item(bold(fmt.Sprint(int(s.status))), s.text+".")
	}
	if root {
		p.section("ENVIRONMENT")
		p.item(bold("NO_COLOR"), "no colour on a terminal.")
		p.item(bold("SSLKEYLOGFILE"), "a file for the keys of TLS, as by --keylog.")
		p.item(bold("XDG_STATE_HOME"), "where sessions and the history are kept; ~/.local/state unless set.")
		p.item(bold("WIRETAPE_SECRET_")+italic("ID"), "the value of the secret ID, for --secret ID.")
	}
	p.section("SEE ALSO")
	var others []string
	for _, c := range append([]*cobra.Command{cmd.Root()}, commandsOf(cmd.Root())...) {
		if c != cmd {
			others = append(others, bold(strings.ReplaceAll(c.CommandPath(), " ", "-"))+"(1)")
		}
	}
	p.b.WriteString(strings.Join(others, ",\n") + "\n")
	return p.b.String()
}

// commandsOf returns the commands that have a page: the library's help has none.
func commandsOf(root *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(root.Commands()), func(c *cobra.Command) bool { return c.Name() == "help" || c.Hidden })
}

// words appends the language of the prompt.
func (p *manPage) words() {
	p.section("WORDS AT THE PROMPT")
	p.text("Connected, a line is data and is sent as typed. A dot and a word is a command.")
	group := ""
	for _, w := range session.Words() {
		if w.Group != group {
			group = w.Group
			p.b.WriteString(".SS " + roff(group) + "\n")
		}
		p.item(bold(w.Form), w.Summary+".")
		if w.Detail != "" {
			p.b.WriteString(".IP\n")
			p.prose(w.Detail)
		}
		if w.Example != "" {
			p.b.WriteString(".IP\n" + roff("Example: ") + bold(w.Example) + "\n")
		}
	}
}

// flag appends an option.
func (p *manPage) flag(f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	head := bold("--" + f.Name)
	if f.Shorthand != "" {
		head = bold("-"+f.Shorthand) + ", " + head
	}
	if value != "" && f.NoOptDefVal == "" {
		head += " " + italic(value)
	}
	switch f.DefValue {
	case "", "false", "0", "[]", "0s":
	default:
		usage += " (" + f.DefValue + " unless given)"
	}
	p.item(head, usage+".")
}

func (p *manPage) section(name string) { p.b.WriteString(".SH " + roff(name) + "\n") }

// text appends a paragraph's text, in lines that begin with no control character.
func (p *manPage) text(s string) {
	for line := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		line = roff(line)
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		p.b.WriteString(line + "\n")
	}
}

// prose appends paragraphs, which empty lines part. Lines that begin with a blank
// stand as they are.
func (p *manPage) prose(s string) {
	for line := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		switch {
		case line == "":
			p.b.WriteString(".PP\n")
		case line[0] == ' ':
			p.verbatim(line)
		default:
			p.text(line)
		}
	}
}

func (p *manPage) verbatim(s string) {
	p.b.WriteString(".nf\n.RS\n")
	for line := range strings.SplitSeq(s, "\n") {
		p.text(strings.TrimPrefix(line, "  "))
	}
	p.b.WriteString(".RE\n.fi\n")
}

// item appends a tagged paragraph. The tag is roff.
func (p *manPage) item(tag, text string) {
	if strings.HasSuffix(text, "?.") {
		text = strings.TrimSuffix(text, ".")
	}
	p.b.WriteString(".TP\n" + tag + "\n")
	p.text(text)
}

func bold(s string) string   { return `\fB` + roff(s) + `\fR` }
func italic(s string) string { return `\fI` + roff(s) + `\fR` }

// roff escapes text: what roff would obey stands for itself, and what is not ASCII
// by its number.
func roff(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '`':
			b.WriteString(`\(ga`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r == '"':
			b.WriteString(`\(dq`)
		case r >= utf8.RuneSelf:
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
