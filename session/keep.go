package session

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"wiretape/tape"
	"wiretape/wire"
)

func keepCommands() []command {
	return append(saveCommands(), []command{
		{group: "Keep", name: "tape", args: "rec FILE | mark TEXT | note TEXT",
			summary: "records from now on to a file; marks a place; adds a note",
			example: ".tape rec session.tape", run: (*Session).tape, complete: []string{"rec ", "mark ", "note "}, files: true},
		copyCommand(),
		forgetCommand(),
	}...)
}

// tape is .tape.
func (s *Session) tape(_ context.Context, args string) error {
	what, rest, _ := strings.Cut(args, " ")
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return usage("tape", args)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	switch what {
	case "rec":
		err = s.record.begin(rest, s.all)
		if errors.Is(err, fs.ErrExist) || errors.Is(err, tape.ErrExists) {
			err = fmt.Errorf("%w; choose another name", err)
		}
	case "mark":
		err = s.record.record(tape.Record{Kind: tape.Mark, Value: rest})
	case "note":
		err = s.record.record(tape.Record{Kind: tape.Meta, Key: "note", Value: rest})
	default:
		return usage("tape", args)
	}
	if err != nil {
		return failure(StatusUsage, ".tape: %w", err)
	}
	switch what {
	case "rec":
		s.view.Info("recording to " + rest)
	case "mark":
		s.view.Info("marked: " + rest)
	case "note":
		s.view.Info("noted: " + rest)
	}
	return nil
}

// begin records to a file from now on. What was said on the open connections
// before is a gap there.
func (r *recorder) begin(path string, all []*dialogue) error {
	r.mask.Flush()
	if err := r.add(path, false); err != nil {
		return err
	}
	w := r.dests[len(r.dests)-1].w
	for _, d := range all {
		r.stands(w, &d.peer)
	}
	return w.Err()
}

// stands writes that a connection stands, to a tape that begins.
func (r *recorder) stands(w *tape.Writer, p *peer) {
	if p.facts == nil || p.closed {
		return
	}
	conn := r.number(0, p.conn)
	w.Event(wire.Event{Conn: conn, At: r.at, Kind: wire.KindOpen, Facts: p.facts})
	if p.tls != nil {
		w.Event(wire.Event{Conn: conn, At: r.at, Kind: wire.KindSecure, TLS: p.tls})
	}
	for side, dir := range []wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		if n := p.octets[side]; n > 0 {
			w.Event(wire.Event{Conn: conn, At: r.at, Kind: wire.KindGap, Dir: dir, Size: n})
		}
	}
}
