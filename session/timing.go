package session

import (
	"context"
	"strings"

	"wiretape/session/view"
	"wiretape/wire"
)

func timingCommand() command {
	return command{group: "Look", name: "timing", args: "[N]", summary: "shows what exchange N took its time with, phase by phase",
		detail:  "Name lookup, connecting and the handshake count for the first exchange of a connection.",
		example: ".timing 2", run: func(s *Session, _ context.Context, args string) error {
			n, rest, err := s.number("timing", strings.Fields(args))
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return usage("timing", args)
			}
			return s.timing("timing", n)
		}}
}

// timing shows the phases of an exchange.
func (s *Session) timing(word string, n int) error {
	msgs, err := s.exchange(word, n)
	if err != nil {
		return err
	}
	var facts *wire.Facts
	var t *wire.TLS
	s.mu.Lock()
	if p := &s.current.peer; p.conn == msgs[0].Conn && s.firstOf(p.conn) == n {
		facts, t = p.facts, p.tls
	}
	s.mu.Unlock()
	s.view.Timing(view.TimingOf(msgs, facts, t))
	return nil
}

// firstOf returns the number of the first exchange that is held of a connection.
// s.mu is held.
func (s *Session) firstOf(conn int) int {
	for i := range s.history.msgs {
		if m := &s.history.msgs[i]; m.Conn == conn && m.N > 0 {
			return m.N
		}
	}
	return 0
}
