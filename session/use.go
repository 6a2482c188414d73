package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wiretape/session/view"
)

// useCommand is the row of .use.
func useCommand() command {
	return command{group: "Connect", name: "use", args: "[N|new [COMMAND]]",
		summary: "lists the connections, turns to connection N, or opens one more",
		detail: "N is the number that rows of the other connections have. Each connection keeps its prompt, and\n" +
			"what was typed for it and not sent. .use new turns to none, so that open and tls make\n" +
			"one more; a COMMAND behind it runs there at once. One that is closed is left behind when another\n" +
			"is turned to; what was said on it stays.",
		example: ".use new open example.com 80", run: (*Session).use, complete: []string{"new ", "new open ", "new tls "}}
}

// use is .use.
func (s *Session) use(ctx context.Context, args string) error {
	word, rest, _ := strings.Cut(args, " ")
	rest = strings.TrimSpace(rest)
	switch n, err := strconv.Atoi(word); {
	case word == "":
		s.listDialogues()
		return nil
	case word == "new":
		return s.useNew(ctx, rest)
	case err != nil || rest != "":
		return usage("use", args)
	default:
		s.mu.Lock()
		i := slices.IndexFunc(s.all, func(d *dialogue) bool { return d.peer.conn == n && n > 0 })
		if i < 0 {
			s.mu.Unlock()
			return failure(StatusUsage, ".use %d: no such connection: .use lists them", n)
		}
		d := s.all[i]
		text := d.describe()
		s.mu.Unlock()
		if d != s.current {
			s.turnTo(d)
			s.view.Info(text)
			s.showDraft()
		}
		return nil
	}
}

// useNew is .use new: a dialogue without a connection, in which a command may run
// at once. Where that makes none, the one before is current again.
func (s *Session) useNew(ctx context.Context, command string) error {
	before := s.current
	if s.current.link != nil {
		s.mu.Lock()
		d := s.newDialogue(s.current.g.eol)
		s.all = append(s.all, d)
		s.mu.Unlock()
		s.turnTo(d)
	}
	if command == "" {
		return nil
	}
	word, args, _ := strings.Cut(strings.TrimPrefix(command, "."), " ")
	if strings.Contains(word, "://") { // a target, where open stands before it else
		word, args = "open", command
	}
	err := s.runCommand(ctx, word, strings.TrimSpace(args))
	if s.current.link == nil && before != s.current {
		s.turnTo(before)
	}
	return err
}

// turnTo makes d the current dialogue. One that has no connection is left behind.
func (s *Session) turnTo(d *dialogue) {
	if w, ok := s.lines.(withdrawer); ok {
		s.current.line = w.Withdraw()
	}
	s.mu.Lock()
	if old := s.current; old.link == nil && old.listener == nil && old != d {
		s.all = slices.DeleteFunc(s.all, func(d *dialogue) bool { return d == old })
	}
	s.current = d
	d.unread = 0
	s.numberRows()
	d.followEcho()
	s.challenged.Store(isChallenge(d.peer.got))
	s.mu.Unlock()
	s.prefill(d.line)
	d.line = ""
}

// showDraft shows what was composed so far, as it stood when it was typed.
func (s *Session) showDraft() {
	s.mu.Lock()
	d := s.current.g.draft
	asks, bar := s.current.g.ask, len(s.current.promptText())
	s.mu.Unlock()
	if d.empty() || !s.opts.Interactive {
		return
	}
	if asks == askNothing {
		bar -= len("| ")
	}
	var rows []string
	for _, line := range d.lines {
		rows = append(rows, strings.Repeat(" ", bar)+"| "+view.EscapeString(line))
	}
	fmt.Fprintln(s.opts.Out, strings.Join(rows, "\n"))
}

// numberRows has the rows of the connections that are not the current one show
// their numbers, where there are any. s.mu is held.
func (s *Session) numberRows() {
	switch {
	case len(s.all) > 1:
		s.view.Current(cmp.Or(s.current.peer.conn, -1))
	default:
		s.view.Current(0)
	}
}

// closeAll closes the connections, and what listens.
func (s *Session) closeAll() {
	for _, d := range s.all { // which Run's goroutine alone changes
		d.closeLink()
		d.stopListening()
	}
}

// connectedAlready is the error of what connects where a connection stands.
func (d *dialogue) connectedAlready() error {
	return failure(StatusUsage, "connected to %s: .close first, or .use new opens one more", d.target.Address())
}

// listDialogues is .use alone.
func (s *Session) listDialogues() {
	s.mu.Lock()
	var rows []string
	for _, d := range s.all {
		mark := "   "
		if d.isCurrent() {
			mark = "-> "
		}
		rows = append(rows, mark+d.describe())
	}
	s.mu.Unlock()
	s.view.Info(strings.Join(rows, "\n"))
}

// describe says of which connection it is and how that stands. s.mu is held.
func (d *dialogue) describe() string {
	if d.link == nil {
		return "no connection"
	}
	text := fmt.Sprintf("%d: %s %s", d.peer.conn, view.EscapeString(d.g.host), cmp.Or(d.spoken(), d.g.proto))
	if d.g.phase == peerClosed {
		text += ", closed by the peer"
	}
	if st := d.s.stream.State(d.peer.conn); st.Due > 0 {
		text += fmt.Sprintf(", %d due", st.Due)
	}
	if !d.g.draft.empty() {
		text += ", a draft of " + count(len(d.g.draft.lines), "line")
	}
	if d.unread > 0 {
		text += fmt.Sprintf(", %d B unread", d.unread)
	}
	return text
}

// last returns the number of the latest exchange of the current dialogue, 0 when
// there is none. Exchanges of connections that are gone are everybody's. s.mu is
// held.
func (s *Session) last() int {
	return s.history.lastOf(func(conn int) bool {
		return !slices.ContainsFunc(s.all, func(d *dialogue) bool { return d != s.current && d.peer.conn == conn })
	})
}
