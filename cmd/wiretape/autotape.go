package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"wiretape/session"
	"wiretape/session/analyze"
	"wiretape/wire"
)

// siteConns is how far apart the connections of two sites stand on one tape, whether
// a list or a session has recorded them: those of the third are 3001, 3002, … A tape
// of one site begins with connection 1, as any does.
const siteConns = session.LentConns

// A place is where the events of one analysis stand among those of others; the zero
// value is by themselves.
type place struct {
	conns int // is added to the number of a connection
	began time.Duration
}

// placeOf is for the events of the n-th site, from 0, whose clock started at a time
// of the tape's.
func placeOf(n int, began time.Duration) place { return place{(n + 1) * siteConns, began} }

// on returns an event as it stands on the tape.
func (p place) on(e wire.Event) wire.Event {
	e.Conn += p.conns
	e.At += p.began
	return e
}

// autoMark begins the mark of a tape before the events of a URL.
const autoMark = "auto "

// autoFrom analyses what is on a tape: one site, or as many as were recorded on
// it. Of several, times count from the first event of each. On the tape of a session
// in which sites were analysed, what else it did is passed over.
func (a *app) autoFrom(ctx context.Context, f *autoFlags, page io.Writer) error {
	r, c, err := a.openTape(ctx, f.from)
	if err != nil {
		return err
	}
	defer c.Close()
	type site struct {
		*analyze.Collector
		n     int
		began time.Duration
	}
	var all []*site
	byNumber := map[int]*site{}
	several := false // sites stand in thousands of their own, behind what a session did itself
	begin := false   // each of them begins with a mark
	for e, err := range r.Events() {
		if err != nil {
			return err
		}
		url, marked := strings.CutPrefix(r.Marked(), autoMark)
		n := e.Conn / siteConns
		if !several && n > 0 && (marked || len(all) == 0) {
			several, begin, all = true, marked, nil
			clear(byNumber)
		}
		if !several {
			n = 0
		}
		s := byNumber[n]
		if s == nil && several && (n == 0 || begin && !marked) {
			continue // the session did it
		}
		if s == nil {
			s = &site{Collector: analyze.NewCollector(), n: n}
			if several {
				s.began = e.At
			}
			byNumber[n] = s
			all = append(all, s)
		}
		if several {
			e.Conn -= n * siteConns
			e.At -= s.began
		}
		if marked {
			s.Asked(url)
		}
		s.Line(r.Line())
		s.Event(e)
	}
	if len(all) == 0 {
		return usagef("auto --from %s: nothing is on the tape", f.from)
	}
	slices.SortFunc(all, func(a, b *site) int { return a.n - b.n })
	out := newAutoOutput(a, f, several, page)
	out.begin(len(all))
	for n, s := range all {
		report := s.Report(r.Created())
		res := siteResult{n: n, url: report.URL}
		out.render(&res, &report)
		out.take(res)
	}
	err = out.end(false)
	if cut, ok := r.Cut(); ok {
		fmt.Fprintf(a.stderr, "wiretape: %s is cut off: %s\n", escape(f.from), escape(cut.String()))
	}
	return err
}
