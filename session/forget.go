package session

import (
	"context"
	"errors"
	"os"
	"strings"
)

func forgetCommand() command {
	return command{group: "Keep", name: "forget", summary: "drops what was kept of this session: on disk, in memory, and what was typed",
		detail: "The kept file is removed and no other is begun; .show, .again and .save begin anew, and so does the\n" +
			"history of lines, in its file too. A tape that was asked for, by --tape or .tape rec, goes on.",
		example: ".forget", run: (*Session).forget}
}

// A forgetter is a LineReader that remembers what was typed.
type forgetter interface {
	// Forget drops what was typed since the session began, on disk too.
	Forget() error
}

// forget is .forget.
func (s *Session) forget(context.Context, string) error {
	s.mu.Lock()
	n := s.history.last() - s.forgotten
	s.forgotten += max(n, 0)
	removed, err := s.record.forget(s.all)
	s.history.forget()
	for _, d := range s.all {
		d.turns, d.peer.got = turns{lost: true}, nil
	}
	asked := s.record.describe()
	s.mu.Unlock()
	if f, ok := s.lines.(forgetter); ok {
		err = errors.Join(err, f.Forget())
	}
	if err != nil {
		return failure(StatusUsage, ".forget: %w", err)
	}
	text := count(n, "exchange") + " forgotten; "
	if removed != "" {
		text += removed + " is removed, and nothing more is kept on disk"
	} else {
		text += "nothing was kept on disk"
	}
	if len(asked) > 0 {
		text += "; recording goes on to " + strings.Join(asked, ", ")
	}
	s.view.Info(text)
	return nil
}

// forget drops what is recorded without having been asked for. What follows is held
// in memory, for .save. It returns the name of the file that it has removed.
func (r *recorder) forget(all []*dialogue) (removed string, err error) {
	r.mask.Flush()
	r.opts.Keep = false
	kept := r.dests[:0]
	for _, d := range r.dests {
		switch {
		case d.limit == nil:
			kept = append(kept, d)
		case d.file != nil:
			removed = d.name
			err = errors.Join(err, d.file.Close(), os.Remove(d.name))
		}
	}
	clear(r.dests[len(kept):])
	r.dests = kept
	r.spoolInMemory()
	for _, d := range all {
		r.stands(r.spool.w, &d.peer)
	}
	return removed, errors.Join(err, r.spool.w.Err())
}

// forget drops all that is held. Offsets go on.
func (h *history) forget() {
	h.msgs, h.size, h.typed = nil, 0, nil
	for _, st := range h.streams {
		st.drop()
	}
}
