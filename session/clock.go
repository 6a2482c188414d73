package session

import (
	"context"
	"strings"
	"time"
)

// clockCommand is the row of .clock.
func clockCommand() command {
	return command{group: "Manners", name: "clock", args: "[TIME|now]",
		summary: "sets the time at which cookies and certificates are judged",
		detail: "TIME is as 2026-11-23T10:00:00Z, and stands still: what has expired then, and what has not, is\n" +
			"seen in .cookies, .cert, .expect and the rows of replies. now is each moment's own time again.",
		example: ".clock 2030-01-01T00:00:00Z", run: (*Session).setClock, complete: []string{"now"}}
}

// setClock is .clock.
func (s *Session) setClock(_ context.Context, args string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clock := &s.opts.Style.Now
	switch {
	case strings.EqualFold(args, "now"):
		*clock = time.Time{}
	case args != "":
		t, err := time.Parse(time.RFC3339, args)
		if err != nil {
			return failure(StatusUsage, ".clock %s: want a time as 2026-11-23T10:00:00Z, or now", args)
		}
		*clock = t
	}
	s.view.Now(*clock)
	if clock.IsZero() {
		s.view.Info("judged at each moment's own time")
	} else {
		s.view.Info("judged at " + clock.Format(time.RFC3339))
	}
	return nil
}

// now returns the time at which something is judged that came at a time of the
// recording. It is called by Run's goroutine, or with s.mu held.
func (s *Session) now(at time.Duration) time.Time {
	if clock := s.opts.Style.Now; !clock.IsZero() {
		return clock
	}
	return s.tap.Start().Add(at)
}

// moment is now for what is judged as it stands.
func (s *Session) moment() time.Time { return s.now(time.Since(s.tap.Start())) }
