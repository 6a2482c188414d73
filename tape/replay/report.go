package replay

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"wiretape/tape/match"
)

// A Report is what a replay found.
type Report struct {
	Tape        string           `json:"tape"`
	Role        string           `json:"role"`        // "client" or "server": ours
	Conns       Count            `json:"connections"` // recorded ones
	Sent        Count            `json:"sent"`        // our messages
	Received    Count            `json:"received"`    // the peer's messages
	Mismatches  []match.Mismatch `json:"mismatches"`  // what fails the replay
	Differences []match.Mismatch `json:"differences"` // what is told and fails nothing
	ByKind      []string         `json:"by_kind"`     // names of what was compared by kind
	Ignored     []string         `json:"ignored"`     // names of what differs and is not compared by a rule
	Protocols   []string         `json:"protocols"`   // how each connection was read, and why
	Notes       []string         `json:"notes"`       // what else is worth knowing
}

// A Count is how many of those on the tape were played.
type Count struct {
	Done int `json:"done"`
	All  int `json:"all"`
}

// String returns "3 of 7".
func (c Count) String() string { return fmt.Sprintf("%d of %d", c.Done, c.All) }

// OK reports whether everything was as recorded.
func (r *Report) OK() bool { return len(r.Mismatches) == 0 }

// maxTold bounds each list of a Report; the last note tells when more was found.
const maxTold = 1000

// A tally collects a Report from several connections.
type tally struct {
	// Played so far: what Done of the Report's counts becomes.
	conns, sent, received atomic.Int64

	mu sync.Mutex
	// guarded by mu:
	r       Report
	dropped int
}

func newTally(t *match.Tape, role string) *tally {
	r := Report{Tape: t.Name, Role: role, Mismatches: []match.Mismatch{}, Differences: []match.Mismatch{}, ByKind: []string{}, Ignored: []string{}, Protocols: []string{}, Notes: []string{}}
	r.Conns.All = len(t.Convs)
	for _, c := range t.Convs {
		if c.Proto != "" {
			r.Protocols = append(r.Protocols, fmt.Sprintf("connection %d: %s (%s)", c.Conn, c.Proto, c.Reason))
		}
	}
	return &tally{r: r}
}

// mismatch adds what fails the replay.
func (t *tally) mismatch(ms ...match.Mismatch) { t.add(&t.r.Mismatches, ms) }

// differ adds what is only told.
func (t *tally) differ(ms ...match.Mismatch) { t.add(&t.r.Differences, ms) }

func (t *tally) add(list *[]match.Mismatch, ms []match.Mismatch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range ms {
		if m.Tape == "" {
			m.Tape = t.r.Tape
		}
		if len(*list) == maxTold {
			t.dropped++
			continue
		}
		// A repeated request differs in the same way each time.
		if list != &t.r.Differences || !slices.Contains(*list, m) {
			*list = append(*list, m)
		}
	}
}

// compared takes the names in an outcome.
func (t *tally) compared(out match.Outcome) {
	if len(out.ByKind) == 0 && len(out.Ignored) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.ByKind = union(t.r.ByKind, out.ByKind)
	t.r.Ignored = union(t.r.Ignored, out.Ignored)
}

func union(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) && len(list) < maxTold {
			list = append(list, s)
		}
	}
	return list
}

func (t *tally) note(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Notes = union(t.r.Notes, []string{fmt.Sprintf(format, args...)})
}

// report returns what was collected.
func (t *tally) report() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.r.Conns.Done, t.r.Sent.Done, t.r.Received.Done = int(t.conns.Load()), int(t.sent.Load()), int(t.received.Load())
	if t.dropped > 0 {
		t.r.Notes = append(t.r.Notes, fmt.Sprintf("%d more mismatches are not listed", t.dropped))
	}
	return t.r
}
