package session

import (
	"context"
	"strings"

	"wiretape/session/view"
	"wiretape/tape/script"
	"wiretape/wire"
)

// copyCommand is the row of .copy.
func copyCommand() command {
	return command{group: "Keep", name: "copy", args: "curl [N]", summary: "writes the request of exchange N as a command line of curl",
		detail:  "Quoted for a shell, secrets and all. What of it curl cannot be told is said.",
		example: ".copy curl", run: (*Session).copyWord, complete: []string{"curl"}}
}

// copyWord is .copy.
func (s *Session) copyWord(_ context.Context, args string) error {
	words := strings.Fields(args)
	if len(words) == 0 || words[0] != "curl" {
		return usage("copy", args)
	}
	n, rest, err := s.number("copy", words[1:])
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage("copy", args)
	}
	msgs, err := s.exchange("copy", n)
	if err != nil {
		return err
	}
	var facts *wire.Facts
	s.mu.Lock()
	if s.current.peer.conn == msgs[0].Conn {
		facts = s.current.peer.facts
	}
	s.mu.Unlock()
	found := false
	for i := range msgs {
		if msgs[i].Dir != wire.ClientToServer {
			continue
		}
		line, lost := script.Command(&msgs[i], facts)
		if line != "" {
			found = true
			if _, err := s.opts.Out.Write([]byte(line + "\n")); err != nil {
				return err
			}
		}
		for _, l := range lost {
			s.view.Warn(view.EscapeString(l))
		}
	}
	if !found {
		return failure(StatusUsage, ".copy curl: #%d has no request of HTTP", n)
	}
	return nil
}
