package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/wire/detect"
	"wiretape/wire/proto"
)

// asCommand is the row of .as.
func asCommand() command {
	return command{group: "Look", name: "as", args: "[PROTO|auto]", connected: true,
		summary: "says what the connection is read as, or reads all of it anew as PROTO",
		detail: "PROTO is one of " + strings.Join(detect.Protos(), ", ") + ".\n" +
			"auto finds out again. Nothing is sent. --as PROTO chooses before connecting.",
		example: ".as raw", run: (*Session).as, complete: append(detect.Protos(), "auto")}
}

// as is .as.
func (s *Session) as(_ context.Context, args string) error {
	name := strings.ToLower(strings.TrimSpace(args))
	if name == "" {
		s.mu.Lock()
		proto, why := s.stream.Proto(s.peer.conn), s.stream.Reason(s.peer.conn)
		s.mu.Unlock()
		if proto == "" {
			s.view.Info("not known yet what the peer speaks; .as PROTO chooses")
			return nil
		}
		s.view.Info("read as " + proto + ": " + view.EscapeString(why))
		return nil
	}
	canonical := detect.Canonical(name)
	if canonical == "" && name != "auto" {
		return failure(StatusUsage, ".as %s: want one of %s, or auto", name, strings.Join(detect.Protos(), ", "))
	}
	msgs, err := s.reread(canonical)
	if err != nil {
		return err
	}
	style := s.opts.Style
	style.Live, style.Start = false, s.tap.Start()
	p := view.New(s.opts.Out, style)
	for i := range msgs {
		p.Message(&msgs[i])
	}
	s.mu.Lock()
	proto, why := s.stream.Proto(s.peer.conn), s.stream.Reason(s.peer.conn)
	s.mu.Unlock()
	s.view.Info(fmt.Sprintf("read as %s: %s", proto, view.EscapeString(why)))
	return p.Err()
}

// reread reads the current connection anew, all of it so far and what follows,
// and returns its Messages.
func (s *Session) reread(name string) ([]proto.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn := s.peer.conn
	events := s.turns.whole(&s.history)
	if events == nil {
		return nil, failure(StatusUsage, "the connection's first octets are not held any more; the tape has them: wiretape show --as %s", name)
	}
	msgs := slices.Clone(s.stream.Reread(conn, name, events))
	s.record.mask.Expect(s.record.number(0, conn), name)
	s.history.replace(conn, msgs)
	s.view.Reread(conn)
	return msgs, nil
}
