// Package prototest checks that a parser keeps the laws that every consumer of
// Messages leans on. It serves those who write a parser: one call of [Check] in
// a table test, one of [Fuzz] in a fuzz target.
//
// The laws, over any events of one connection:
//
//   - Split: bytes cut or merged within one direction's run, the order of turns
//     untouched, give the same Messages, times apart, and the same State at the
//     end of each run. Of datagrams (a conversation over "udp") each event is one,
//     and none is cut or merged.
//   - Cover: the Leaves of each direction tile its stream, gaps among them, from
//     0 to its end.
//   - Bytes: Head, and the body of a raw Message, are the stream's octets.
//   - Raw: a raw Message ends at multiples of proto.RawRun of its stream, where
//     the other direction spoke and at events of either that are not data, never
//     where a read happened to end.
//   - Order: Leaves and Notes stand in stream order, Notes within the Span; First
//     is not after Last.
//   - Ownership: a Message shares nothing with the event that it came from, and
//     does not change once it was returned.
//   - Close: a second call returns nothing.
//   - No panic.
package prototest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// cuts is how many random ways of cutting the bytes are tried.
const cuts = 4

// Check feeds events, which are of one connection, to parsers from newParser and
// reports each law that they break.
func Check(t testing.TB, newParser func() proto.Parser, events []wire.Event) {
	t.Helper()
	for _, problem := range Problems(newParser, events) {
		t.Error(problem)
	}
}

// Problems is [Check] that returns what it found, one text a broken law.
func Problems(newParser func() proto.Parser, events []wire.Event) []string {
	var found []string
	whole := events
	if !datagrams(events) {
		whole = merge(events)
	}
	base := run(newParser, whole, true)
	found = append(found, base.problems...)
	if base.panicked {
		return found
	}
	found = append(found, coverLaw(base.messages, whole)...)
	found = append(found, messageLaws(base.messages, whole)...)

	kept := run(newParser, whole, false)
	if d := firstDifference(kept.dumps, base.dumps); d != "" {
		found = append(found, "ownership: Messages differ when Event.Data is overwritten after Feed\n"+d)
	}
	if datagrams(events) {
		return found
	}
	variants := []struct {
		name   string
		events []wire.Event
	}{
		{"as given", events},
		{"one byte at a time", cut(whole, func(int) int { return 1 })},
	}
	for seed := range cuts {
		rng := rand.New(rand.NewPCG(uint64(seed), 0x7461706573))
		size := []int{3, 17, 200, 5000}[seed%4]
		variants = append(variants, struct {
			name   string
			events []wire.Event
		}{fmt.Sprintf("random cuts, seed %d", seed), cut(whole, func(int) int { return 1 + rng.IntN(size) })})
	}
	for _, v := range variants {
		r := run(newParser, v.events, true)
		for _, p := range r.problems {
			found = append(found, v.name+": "+p)
		}
		if r.panicked {
			return found
		}
		if d := firstDifference(base.dumps, r.dumps); d != "" {
			found = append(found, "split: Messages differ between whole runs (want) and "+v.name+" (got)\n"+d)
			break // the other ways of cutting would tell the same
		}
		if d := stateDifference(base.states, r.states); d != "" {
			found = append(found, "split: State differs between whole runs (want) and "+v.name+" (got)\n"+d)
			break
		}
	}
	return found
}

// A result is what one run of a parser gave.
type result struct {
	messages []proto.Message
	dumps    []string // of messages, times apart, at the end of the run
	states   []string // after each run of octets, after each other event, and at the end
	problems []string
	panicked bool
}

// run feeds events to a new parser. With scribble, what an event held is
// overwritten once Feed has returned.
func run(newParser func() proto.Parser, events []wire.Event, scribble bool) (r result) {
	at := "New"
	defer func() {
		if v := recover(); v != nil {
			r.panicked = true
			r.problems = append(r.problems, fmt.Sprintf("panic at %s: %v\n%s", at, v, debug.Stack()))
		}
	}()
	p := newParser()
	var early []string // dumps at the time of return
	take := func(ms []proto.Message) {
		for _, m := range ms {
			r.messages = append(r.messages, m)
			early = append(early, dump(m))
		}
	}
	for i, e := range events {
		at = fmt.Sprintf("event %d (%s)", i, describe(e))
		if scribble {
			e.Data = bytes.Clone(e.Data)
		}
		ms := slices.Clone(p.Feed(e))
		if scribble {
			for j := range e.Data {
				e.Data[j] = 0xdb
			}
		}
		take(ms)
		if s := p.State(); i+1 == len(events) || !continues(e, events[i+1]) {
			r.states = append(r.states, describeState(s))
		}
	}
	at = "Close"
	take(slices.Clone(p.Close()))
	r.states = append(r.states, describeState(p.State()))
	at = "the second Close"
	if again := p.Close(); len(again) > 0 {
		r.problems = append(r.problems, fmt.Sprintf("close: the second call returned %d Messages, the first of them\n%s", len(again), indent(dump(again[0]))))
	}
	for _, m := range r.messages {
		r.dumps = append(r.dumps, dump(m))
	}
	if d := firstDifference(early, r.dumps); d != "" {
		r.problems = append(r.problems, "ownership: a Message changed after it was returned\n"+d)
	}
	return r
}

// describeState writes what of a State does not hang on how octets were cut.
func describeState(s proto.State) string {
	return fmt.Sprintf("Due %d, Settled %d, EndedBy %q, Got %d, Want %d, Framed %t, UntilClose %t, Answered %t",
		s.Due, s.Settled, s.EndedBy, s.Got, s.Want, s.Framed, s.UntilClose, s.Answered)
}

// stateDifference says where the States of two runs part, "" if nowhere.
func stateDifference(want, got []string) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("  after run %d\n    want %s\n    got  %s", i, want[i], got[i])
		}
	}
	return ""
}

// describe says what an event is in a failure's text.
func describe(e wire.Event) string {
	s := e.Kind.String()
	if e.Dir != 0 {
		s += " from the " + e.Dir.String()
	}
	if len(e.Data) > 0 {
		s += fmt.Sprintf(", %d octets %.40q", len(e.Data), e.Data)
	}
	return s
}

// continues reports whether b goes on with the run of octets that a is of.
func continues(a, b wire.Event) bool {
	return a.Kind == wire.KindData && b.Kind == wire.KindData && a.Dir == b.Dir
}

// merge joins neighbouring data events of one direction.
func merge(events []wire.Event) []wire.Event {
	var out []wire.Event
	for _, e := range events {
		if n := len(out); n > 0 && continues(out[n-1], e) {
			out[n-1].Data = append(out[n-1].Data, e.Data...)
			continue
		}
		e.Data = bytes.Clone(e.Data)
		out = append(out, e)
	}
	return out
}

// cut divides each data event into pieces of size(offset in the event) octets.
func cut(events []wire.Event, size func(int) int) []wire.Event {
	var out []wire.Event
	for _, e := range events {
		if e.Kind != wire.KindData || len(e.Data) == 0 {
			out = append(out, e)
			continue
		}
		for off := 0; off < len(e.Data); {
			n := min(size(off), len(e.Data)-off)
			piece := e
			piece.Data = e.Data[off : off+n]
			out = append(out, piece)
			off += n
		}
	}
	return out
}

// datagrams reports whether each event of octets is a datagram.
func datagrams(events []wire.Event) bool {
	for _, e := range events {
		if e.Kind == wire.KindOpen && e.Facts != nil && e.Facts.Network == "udp" {
			return true
		}
	}
	return false
}
