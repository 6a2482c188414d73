package session

import (
	"cmp"
	"fmt"
	"strings"
)

// A standpoint is what a prompt shows that no line which was typed has to do with.
type standpoint struct {
	number int    // of the connection; 0 where there is one alone
	spoken string // what its target did not say and was found out; "" for nothing
	held   string // how many rows are held back, " [3 held]"; "" for none
}

// prompt returns the text before the next line, its last blank included. It is
// one line of printable ASCII, whatever the peer is called.
func (g *grammar) prompt(at standpoint) string {
	p := g.mainPrompt(at) + at.held
	due := ""
	switch {
	case g.ask == askReconnect && g.meant != "":
		return "Enter, c or ^C> "
	case g.ask == askReconnect:
		return "Enter or ^C> "
	case g.ask == askOdd:
		return "s or e> "
	case g.heredoc != "":
		due = "until " + plain(g.heredoc)
	case g.draft.empty():
		return p + "> "
	default:
		due = g.draft.due()
	}
	// The bar stands where the first line's ">" stands.
	if due != "" {
		due += " "
	}
	return fmt.Sprintf("%*s| ", len(p), due)
}

func (g *grammar) mainPrompt(at standpoint) string {
	host := plain(g.host)
	if at.number > 0 {
		host = fmt.Sprintf("[%d] %s", at.number, host)
	}
	switch {
	case g.phase == unconnected:
		return "wiretape"
	case g.phase == peerClosed:
		return host + " closed"
	case g.lock != "" && g.left > 0:
		return fmt.Sprintf("%s %s %d left (^] commands)", host, plain(g.lock), g.left)
	case g.lock != "":
		return fmt.Sprintf("%s %s (^] commands)", host, plain(g.lock))
	}
	return host + " " + plain(cmp.Or(at.spoken, g.proto)) + plain(g.mode)
}

// plain returns s with everything but printable ASCII replaced.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
