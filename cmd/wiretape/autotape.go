package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"wiretape/session/analyze"
	"wiretape/wire"
)

// siteConns is how far apart the connections of two sites stand on one tape: those
// of the third are 3001, 3002, … A tape of one site begins with connection 1, as
// any does.
const siteConns = 1000

// siteSink puts the events of one analysis among those of others: n is the site,
// from 0, and began when its clock started on the tape's.
func siteSink(sink wire.Sink, n int, began time.Duration) wire.Sink {
	return func(e wire.Event) {
		e.Conn += (n + 1) * siteConns
		e.At += began
		sink(e)
	}
}

// autoFrom analyses what is on a tape: one site, or as many as were recorded on
// it. Of several, times count from the first event of each.
func (a *app) autoFrom(f *autoFlags, page io.Writer) error {
	r, c, err := a.openTape(f.from)
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
	several := false
	for e, err := range r.Events() {
		if err != nil {
			return err
		}
		if len(all) == 0 {
			several = e.Conn > siteConns
		}
		n := 0
		if several {
			n = e.Conn / siteConns
		}
		s := byNumber[n]
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
