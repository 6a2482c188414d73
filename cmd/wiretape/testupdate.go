package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/tape/redact"
	"wiretape/tape/suite"
	keep "wiretape/tape/update"
	"wiretape/wire"
)

// An acceptor rewrites the tapes that fail to what the server says now. It keeps
// the recording of each replay until its result is there.
type acceptor struct {
	mu   sync.Mutex
	recs map[string]*liveTape
}

// A liveTape is the recording of one replay, redacted.
type liveTape struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	w    *tape.Writer
	mask *redact.Redactor
}

func newAcceptor() *acceptor { return &acceptor{recs: make(map[string]*liveTape)} }

// sink returns what records the replay of a tape.
func (a *acceptor) sink(name string) wire.Sink {
	r := new(liveTape)
	r.w = tape.NewWriter(&r.buf, tape.Options{})
	r.mask = redact.New(r.w.Spanned, redact.Options{})
	a.mu.Lock()
	a.recs[name] = r
	a.mu.Unlock()
	return func(e wire.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.mask.Event(e)
	}
}

// result rewrites the tape of a result if it failed, and says so. It reports
// whether the tape is now what the server says.
func (a *acceptor) result(r *suite.Result) (accepted bool, note string) {
	a.mu.Lock()
	rec := a.recs[r.Name]
	delete(a.recs, r.Name)
	a.mu.Unlock()
	if r.Status() != suite.Failed || rec == nil {
		return false, ""
	}
	if why := unfit(r.Report.Mismatches); why != "" {
		return false, fmt.Sprintf("%s: not updated: %s", r.Name, why)
	}
	changed, err := rec.accept(r.Name)
	if err != nil {
		return false, fmt.Sprintf("not updated: %v", err)
	}
	if !changed {
		return false, fmt.Sprintf("%s: not updated: what the server said is on it", r.Name)
	}
	return true, r.Name + ": updated"
}

// unfit says what a replay came to that is no recording of the conversation.
func unfit(ms []match.Mismatch) string {
	for _, m := range ms {
		switch m.Kind {
		case match.Different, match.Missing, match.Extra, match.Cut, match.Tail:
		default:
			return string(m.Kind) + " is no answer"
		}
	}
	return ""
}

// accept writes the tape anew, all of it or nothing, and reports whether it is
// another than it was.
func (r *liveTape) accept(path string) (changed bool, err error) {
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return false, err
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mask.Flush()
	if err := r.w.Close(); err != nil {
		return false, err
	}
	var now bytes.Buffer
	if _, err := tape.Format(&now, bytes.NewReader(r.buf.Bytes()), tape.FormatOptions{Name: path, Commit: bytes.Contains(old, []byte("\n; profile commit\n"))}); err != nil {
		return false, err
	}
	text, err := keep.Accept(old, path, now.Bytes())
	if err != nil || bytes.Equal(text, old) {
		return false, err
	}
	return true, tape.ReplaceFile(path, text, 0o600)
}
