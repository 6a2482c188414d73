package session

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/wire"
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

// maxTurns bounds what is remembered of the order of a connection's events.
const maxTurns = 16 << 10

// turns are the events of the current connection without their octets, which the
// history has: Size is how many. Octets of one run are one event, datagrams stay
// apart.
type turns struct {
	events []wire.Event
	lost   bool // there were too many
}

// event takes an event of the current connection.
func (t *turns) event(e wire.Event) {
	if e.Kind == wire.KindOpen {
		*t = turns{}
	}
	n := len(t.events)
	datagrams := n > 0 && t.events[0].Facts != nil && t.events[0].Facts.Network == "udp"
	if e.Kind == wire.KindData {
		e.Size, e.Data = int64(len(e.Data)), nil
		if last := n - 1; n > 0 && !datagrams && t.events[last].Kind == wire.KindData && t.events[last].Dir == e.Dir {
			t.events[last].Size += e.Size
			return
		}
	}
	if t.lost || n == maxTurns {
		*t = turns{lost: true}
		return
	}
	t.events = append(t.events, e)
}

// whole returns the events with their octets, nil where they are not all held.
func (t *turns) whole(h *history) []wire.Event {
	if t.lost || len(t.events) == 0 {
		return nil
	}
	out := slices.Clone(t.events)
	var at [2]int64
	for i := range out {
		e := &out[i]
		side := proto.Side(e.Dir)
		switch e.Kind {
		case wire.KindData:
			span := proto.Span{From: at[side], To: at[side] + e.Size}
			e.Data = bytes.Clone(h.of(e.Conn).sides[side].slice(span))
			if e.Data == nil && e.Size > 0 {
				return nil
			}
			at[side], e.Size = span.To, 0
		case wire.KindGap:
			at[side] += e.Size
		}
	}
	return out
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

// replace puts msgs in place of all Messages of a connection.
func (h *history) replace(conn int, msgs []proto.Message) {
	h.msgs = slices.DeleteFunc(h.msgs, func(m proto.Message) bool {
		if m.Conn == conn {
			h.size -= len(m.Head) + len(m.Body.Data)
		}
		return m.Conn == conn
	})
	for _, m := range msgs {
		h.message(m)
	}
}
