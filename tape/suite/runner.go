// Package suite runs tapes as a regression suite: each is replayed as the client
// against a server and compared.
//
// [Find] lists the tapes, a [Runner] plays them, and a [Service] is a server that
// is started for the run and stopped after it.
package suite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/wire"
)

// A Runner replays tapes. Its fields are set before Run.
type Runner struct {
	// Client is the player of each tape.
	Client replay.Client
	// Dial returns how a tape's connections are opened, and what its Host field
	// names where the tape's rules have it rewritten.
	Dial func(*match.Tape) (dial replay.Dial, host string, err error)
	// Jobs is how many tapes are played at a time; less than two is one.
	Jobs int
	// Timeout bounds each tape; zero means not to.
	Timeout time.Duration
	// FailFast skips what has not begun when one has failed.
	FailFast bool
	// Partial takes tapes that are cut off.
	Partial bool
	// Record gives what takes the events of a tape's replay; nil records nothing.
	Record func(name string) wire.Sink
}

// A Result is what became of one tape.
type Result struct {
	Name    string
	Report  replay.Report
	Err     error // why it could not be played; nil where Report tells all
	Took    time.Duration
	Skipped bool // it was not begun
}

// Status says how a Result counts.
type Status string

// The outcomes, as they stand in JSON.
const (
	Passed  Status = "ok"
	Failed  Status = "failed"  // differences
	Broken  Status = "error"   // it could not be played
	Skipped Status = "skipped" // not begun
)

// Status says how r counts.
func (r *Result) Status() Status {
	switch {
	case r.Skipped:
		return Skipped
	case r.Err != nil:
		return Broken
	case !r.Report.OK():
		return Failed
	}
	return Passed
}

// ErrTimeout is the error of a tape that took longer than Runner.Timeout.
var ErrTimeout = errors.New("not done in time")

// Run plays the tapes and gives each Result to done, in the order of names, as
// soon as all before it are there. It returns when all are, early when ctx ends.
func (r *Runner) Run(ctx context.Context, names []string, done func(*Result)) {
	results := make([]*Result, len(names))
	var mu sync.Mutex
	next, given, failed := 0, 0, false
	take := func() int { // -1 for none left
		mu.Lock()
		defer mu.Unlock()
		if next == len(names) {
			return -1
		}
		next++
		return next - 1
	}
	give := func(i int, res *Result) {
		mu.Lock()
		defer mu.Unlock()
		results[i] = res
		s := res.Status()
		failed = failed || s == Failed || s == Broken
		for given < len(names) && results[given] != nil {
			done(results[given])
			results[given].Report.Mismatches = nil // told; a large suite holds none of it
			given++
		}
	}
	skip := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return r.FailFast && failed || ctx.Err() != nil
	}
	var workers sync.WaitGroup
	for range max(1, min(r.Jobs, len(names))) {
		workers.Go(func() {
			for i := take(); i >= 0; i = take() {
				if skip() {
					give(i, &Result{Name: names[i], Skipped: true})
					continue
				}
				give(i, r.play(ctx, names[i]))
			}
		})
	}
	workers.Wait()
}

// play replays one tape.
func (r *Runner) play(ctx context.Context, name string) *Result {
	began := time.Now()
	res := &Result{Name: name}
	res.Report, res.Err = r.replay(ctx, name)
	match.SortByLine(res.Report.Mismatches)
	res.Took = time.Since(began)
	if ctx.Err() != nil && res.Err != nil {
		res.Skipped, res.Err = true, nil // it was interrupted, which says nothing of the tape
	}
	return res
}

func (r *Runner) replay(ctx context.Context, name string) (replay.Report, error) {
	f, err := os.Open(name)
	if err != nil {
		return replay.Report{Tape: name}, err
	}
	defer f.Close() // not before: of a long tape the bodies are read while it is played
	t, err := match.Load(f, name)
	if err != nil {
		return replay.Report{Tape: name}, err
	}
	if t.Cut != nil && !r.Partial {
		return replay.Report{Tape: name}, &CutError{name, *t.Cut}
	}
	dial, host, err := r.Dial(t)
	if err != nil {
		return replay.Report{Tape: name}, err
	}
	client := r.Client
	client.Host = host
	if r.Record != nil {
		client.Record = r.Record(name)
	}
	if r.Timeout > 0 {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, r.Timeout, ErrTimeout)
		defer stop()
	}
	report, err := client.Run(ctx, t, dial)
	if err != nil && errors.Is(context.Cause(ctx), ErrTimeout) {
		err = fmt.Errorf("%s: %w: %v", name, ErrTimeout, r.Timeout)
	}
	return report, err
}
