package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"wiretape/session"
	"wiretape/session/analyze"
	"wiretape/session/expr"
	"wiretape/session/view"
	"wiretape/tape/redact"
	"wiretape/wire/cookie"
)

// A siteResult is what became of a site, ready to be written.
type siteResult struct {
	n      int
	url    string
	text   []byte // for stdout
	page   []byte // for --html
	failed []expr.Clause
	lacked []string // names that --expect asks for in vain
	err    error
	cut    bool // ^C came first
}

// An autoOutput writes reports: in the order of the list, or with --jsonl as they
// are done. Its methods are for one goroutine, but for render.
type autoOutput struct {
	app     *app
	flags   *autoFlags
	several bool
	page    io.Writer // nil for none
	paged   bool      // a site stands on it
	style   view.Style

	waiting map[int]siteResult // that earlier ones are waited for
	next    int                // to be written
	written int
	first   error // of the first site of the list that gave no answer
	firstOf int   // which it is
	silent  int   // sites that gave none
	unlike  int   // that are not as expected
	err     error // of writing

	progress progress
}

func newAutoOutput(a *app, f *autoFlags, several bool, page io.Writer) *autoOutput {
	o := &autoOutput{app: a, flags: f, several: several, page: page, style: a.style(f.plain), waiting: map[int]siteResult{}}
	if several && f.env.Record == nil {
		o.progress.tty, o.progress.shared = terminalOf(a.stderr), terminalOf(a.stdout) != nil
	}
	return o
}

// begin begins the output about a number of sites, 0 where that is not known.
func (o *autoOutput) begin(total int) {
	o.progress.begin(total)
	if o.flags.json && o.several {
		o.write([]byte{'['})
	}
	if o.page != nil {
		o.writePage(view.AppendPageHead(nil, "wiretape auto"))
	}
}

// render makes what is to be written of a report. It may be called from several
// goroutines.
func (o *autoOutput) render(res *siteResult, r *analyze.Report) {
	if o.flags.h2cCounts && r.HTTP2.Verdict == analyze.No && r.HTTP2.H2C == string(analyze.Yes) {
		r.HTTP2.Verdict, r.HTTP2.Evidence = analyze.Yes, "h2c, which --h2c-counts takes for it; over TLS: "+r.HTTP2.Evidence
	}
	doc := judged{Report: r}
	if o.flags.expr != nil {
		doc.Expect = o.judge(res, r)
	}
	var b bytes.Buffer
	var err error
	switch {
	case o.flags.json, o.flags.jsonl:
		var line []byte
		if line, err = view.ReportJSON(nil, doc); err == nil && (o.flags.jsonl || !o.several) {
			line = append(line, '\n')
		}
		b.Write(line)
	case o.flags.classic:
		err = view.Classic(&b, r)
	default:
		err = view.Report(&b, r, o.style)
	}
	if err != nil && res.err == nil {
		res.err = err
	}
	res.text = b.Bytes()
	if o.page != nil {
		if !o.flags.record.noRedact {
			r = handedOn(r)
		}
		res.page = view.AppendSite(nil, r, doc.Expect != nil && doc.Expect.OK, clauses(res.failed), !o.several)
	}
}

// handedOn returns a report for a page that others are shown: as with tapes, what is
// secret in URLs is masked.
func handedOn(r *analyze.Report) *analyze.Report {
	masked := *r
	mask := func(s string) string { return string(redact.Text([]byte(s))) }
	masked.URL, masked.FinalURL = mask(r.URL), mask(r.FinalURL)
	masked.Hops = slices.Clone(r.Hops)
	for i := range masked.Hops {
		h := &masked.Hops[i]
		h.URL, h.Location, h.Soft = mask(h.URL), cookie.Octets(mask(string(h.Location))), cookie.Octets(mask(string(h.Soft)))
	}
	return &masked
}

// judged is a report and what became of --expect.
type judged struct {
	*analyze.Report
	Expect *judgement `json:"expect,omitempty"`
}

type judgement struct {
	OK     bool     `json:"ok"`
	Failed []string `json:"failed"`  // "CLAUSE: FOUND"
	Absent []string `json:"missing"` // names that are not in the report
}

// judge evaluates --expect.
func (o *autoOutput) judge(res *siteResult, r *analyze.Report) *judgement {
	b, err := view.ReportJSON(nil, r)
	var v any
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err != nil {
		res.err = err
		return &judgement{}
	}
	result := o.flags.expr.Eval(v)
	res.failed, res.lacked = result.Failed, result.Missing
	return &judgement{OK: result.OK, Failed: clauses(result.Failed), Absent: append([]string{}, result.Missing...)}
}

func clauses(cs []expr.Clause) []string {
	out := []string{}
	for _, c := range cs {
		out = append(out, c.String())
	}
	return out
}

// take writes a result, and those that waited for it. It returns how many, which
// it holds no more.
func (o *autoOutput) take(res siteResult) (gone int) {
	if o.flags.jsonl {
		o.put(&res)
		o.progress.show(o)
		return 1
	}
	o.waiting[res.n] = res
	for {
		res, ok := o.waiting[o.next]
		if !ok {
			o.progress.show(o)
			return gone
		}
		delete(o.waiting, o.next)
		o.next++
		gone++
		o.put(&res)
	}
}

// put writes one result.
func (o *autoOutput) put(res *siteResult) {
	if res.cut && o.several {
		return
	}
	if res.err != nil {
		o.silent++
		if o.first == nil || res.n < o.firstOf {
			o.first, o.firstOf = res.err, res.n
		}
	}
	if o.progress.shared || len(res.failed) > 0 || len(res.lacked) > 0 {
		o.progress.clear()
	}
	if len(res.text) > 0 {
		if o.written > 0 {
			switch {
			case o.flags.json:
				res.text = append([]byte{','}, res.text...)
			case !o.flags.jsonl:
				res.text = append([]byte{'\n'}, res.text...)
			}
		}
		o.write(res.text)
	}
	o.written++
	if o.page != nil {
		o.writePage(res.page)
		o.paged = o.paged || len(res.page) > 0
	}
	if o.flags.expr == nil {
		return
	}
	if len(res.failed) > 0 {
		o.unlike++
	}
	for _, c := range res.failed {
		fmt.Fprintf(o.app.stderr, "wiretape: %s: not as expected: %s\n", escape(res.url), escape(c.String()))
	}
	if len(res.failed) == 0 && len(res.lacked) > 0 {
		fmt.Fprintf(o.app.stderr, "wiretape: %s: not in the report, so that what is compared with it is false: %s\n", escape(res.url), escape(joinComma(res.lacked)))
	}
}

func (o *autoOutput) write(b []byte) {
	if _, err := o.flags.env.Out.Write(b); err != nil && o.err == nil {
		o.err = err
	}
}

func (o *autoOutput) writePage(b []byte) {
	if _, err := o.page.Write(b); err != nil && o.err == nil {
		o.err = usagef("--html: %w", err)
	}
}

// end ends the output and says what became of all.
func (o *autoOutput) end(interrupted bool) error {
	o.progress.clear()
	// After ^C some may wait for one that will not come.
	for len(o.waiting) > 0 {
		if res, ok := o.waiting[o.next]; ok {
			delete(o.waiting, o.next)
			o.put(&res)
		}
		o.next++
	}
	if o.flags.json && o.several {
		o.write([]byte("]\n"))
	}
	if o.page != nil {
		// How long it took is no matter of the sites, and no tape tells it.
		o.writePage(view.AppendPageFoot(nil, o.summary(interrupted, false)))
	}
	if o.page != nil && (o.paged || o.several) {
		if err := o.flags.done(); err != nil && o.err == nil {
			o.err = usagef("--html: %w", err)
		}
	}
	if o.several && o.flags.env.Record == nil {
		fmt.Fprintf(o.app.stderr, "* %s\n", o.summary(interrupted, o.flags.from == ""))
	}
	switch {
	case o.err != nil:
		return o.err
	case interrupted:
		return &session.Failure{Status: session.StatusInterrupted, Err: fmt.Errorf("interrupted")}
	case o.unlike > 0:
		return statusError(session.StatusDiffers)
	}
	return o.first
}

// summary is a line about all sites, with the time that they took where it is timed.
func (o *autoOutput) summary(interrupted, timed bool) string {
	text := count(o.written, "site")
	if interrupted {
		text = "interrupted after " + text
		if o.progress.total > 0 {
			text += fmt.Sprintf(" of %d", o.progress.total)
		}
	}
	if timed {
		took := time.Since(o.progress.began)
		text += fmt.Sprintf(" in %.1f s", took.Seconds())
		if o.written > 1 {
			text += fmt.Sprintf(", %.0f/s", float64(o.written)/took.Seconds())
		}
	}
	if o.silent > 0 {
		text += fmt.Sprintf("; %d gave no answer", o.silent)
	}
	if o.flags.expr != nil {
		text += fmt.Sprintf("; %d as expected, %d not", o.written-o.unlike, o.unlike)
	}
	return text
}
