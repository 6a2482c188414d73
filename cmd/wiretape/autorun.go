package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"wiretape/session"
	"wiretape/session/analyze"
	"wiretape/wire"
)

// An autoRun analyses sites, several at a time. What is done with a report is the
// output's matter: none is kept.
type autoRun struct {
	app     *app
	flags   *autoFlags
	out     *autoOutput
	sites   *sites
	rec     *recording
	start   time.Time
	options analyze.Options

	tape sync.Mutex // sites take turns at it
}

// A siteJob is one site of a run.
type siteJob struct {
	n   int // from 0, in the order of the list
	url string
}

// ahead is how many sites, for each that is under way, may be done before an
// earlier one: what they gave waits for its turn.
const ahead = 16

// all analyses every site. A site that gives no answer stops no other; its error
// is that of the run where nothing else is worse.
func (r *autoRun) all(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	jobs, results := make(chan siteJob), make(chan siteResult)
	room := make(chan struct{}, r.flags.jobs*ahead)
	var listErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(jobs)
		for n := 0; ; n++ {
			url, err := r.sites.await(ctx)
			if err != nil {
				if !errors.Is(err, io.EOF) && ctx.Err() == nil {
					listErr = usagef("auto: %w", err)
				}
				return
			}
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			select {
			case jobs <- siteJob{n, url}:
			case <-ctx.Done():
				return
			}
		}
	})
	for range r.flags.jobs {
		wg.Go(func() {
			for j := range jobs {
				results <- r.one(ctx, j)
			}
		})
	}
	go func() {
		wg.Wait()
		close(results)
	}()
	r.out.begin(r.sites.total)
	for res := range results {
		for range r.out.take(res) {
			<-room
		}
		if r.out.err != nil {
			cancel() // nobody will see the rest
		}
	}
	err := r.out.end(ctx.Err() != nil)
	if listErr != nil {
		r.app.say(listErr)
		return cmp.Or[error](err, statusError(session.StatusUsage))
	}
	return err
}

// one analyses a site.
func (r *autoRun) one(ctx context.Context, j siteJob) siteResult {
	o := r.options
	r.record(&o, j.n)
	report, err := analyze.Run(ctx, j.url, o)
	res := siteResult{n: j.n, url: j.url, err: err}
	if bad, ok := errors.AsType[*analyze.URLError](err); ok {
		res.err = err
		if !r.out.several {
			return res // there is nothing to report on
		}
		report = unreadable(j.url, bad)
	} else if err != nil {
		res.err = autoFailure(err)
	}
	if ctx.Err() != nil && (err != nil || report.Error != "") {
		res.cut = true
		if r.out.several {
			return res // it says more about ^C than about the site
		}
	}
	r.out.render(&res, &report)
	return res
}

// unreadable is the report on what is no URL, for lists: it stands in its place.
func unreadable(url string, err error) analyze.Report {
	return analyze.Report{
		Schema: analyze.Schema, URL: url, Website: url, HTTP2: analyze.HTTP2{Verdict: analyze.Unknown},
		Cookies: []analyze.Cookie{}, Hops: []analyze.Hop{}, Warnings: []string{},
		Password: analyze.Password{Verdict: analyze.Unknown, Kind: "unknown", Challenges: []analyze.Challenge{}},
		Error:    analyze.Text(err.Error()),
	}
}

// autoFailure gives a server that was reached and gave no response its status.
func autoFailure(err error) error {
	r, ok := errors.AsType[*analyze.ResponseError](err)
	switch {
	case !ok:
		return err
	case r.Timeout():
		return &session.Failure{Status: session.StatusTimeout, Err: err}
	}
	return &session.Failure{Status: session.StatusProtocol, Err: err}
}

// record says where the events of a site go: on the tape, if there is one, and
// where the session that auto is a word of keeps them.
func (r *autoRun) record(o *analyze.Options, n int) {
	var line int     // where the last event stands
	var asked string // is to be marked before the next event, with nothing between
	var sink wire.Sink
	if r.rec.w != nil {
		place := place{}
		if r.out.several {
			place = placeOf(n, time.Since(r.start))
		}
		sink = func(e wire.Event) {
			r.tape.Lock()
			defer r.tape.Unlock()
			if asked != "" {
				r.rec.mark(autoMark, asked)
				asked = ""
			}
			line = r.rec.event(place.on(e))
		}
		o.Line = func() int { return line }
		o.Asked = func(url string) {
			r.tape.Lock()
			defer r.tape.Unlock()
			asked = url
		}
	}
	if o.Sink = sink; r.flags.env.Record != nil {
		lent, mark := r.flags.env.Record()
		o.Sink = both(sink, lent)
		tell := o.Asked
		o.Asked = func(url string) {
			mark(autoMark, url)
			if tell != nil {
				tell(url)
			}
		}
	}
}

// both gives events to two sinks, of which the first may be nil.
func both(a, b wire.Sink) wire.Sink {
	if a == nil {
		return b
	}
	return wire.Tee(a, b)
}
