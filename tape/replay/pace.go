package replay

import (
	"context"
	"time"
)

// Pace says when a client sends.
type Pace uint8

const (
	// Causal: the first write of a message waits for the complete messages that
	// had been read before it; nothing else waits.
	Causal Pace = iota
	// Timed is causal, and no sooner than at the recorded time.
	Timed
)

func (r *run) pace() func(context.Context, step) error {
	if r.c.Pace == Causal && r.c.Step == nil {
		return nil
	}
	return func(ctx context.Context, s step) error {
		if r.c.Pace == Timed {
			at := s.Event.At
			if s.Message != nil {
				at = s.Message.First
			}
			if err := wait(ctx, r.start.Add(at)); err != nil {
				return err
			}
		}
		if r.c.Step != nil && s.Message != nil {
			return r.c.Step(ctx, s.Item)
		}
		return nil
	}
}

// wait sleeps until a moment, unless it is less than a millisecond away.
func wait(ctx context.Context, until time.Time) error {
	d := time.Until(until)
	if d < time.Millisecond {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
