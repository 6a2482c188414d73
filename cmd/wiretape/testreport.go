package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wiretape/session"
	"wiretape/tape/match"
	"wiretape/tape/replay"
	"wiretape/tape/suite"
)

// A testOutput tells of a suite's results as they come: as text, TAP, JSON or
// annotations, and at the end as JUnit's XML.
type testOutput struct {
	a     *app
	f     *testFlags
	all   int
	roots []string

	done, passed, failed, skipped int
	status                        session.Status
	byKind, ignored               []string
	alone                         string // what plays the first that failed alone
	differs                       bool   // any; else what failed could not be played
	cases                         []junitCase
	junit                         *newFile // nil without --junit
	err                           error
	accept                        *acceptor // of --update; nil without
	updated                       int       // tapes that were rewritten
	live                          bool      // a line of progress stands on stderr
	last                          time.Time
}

func newTestOutput(a *app, f *testFlags, names, roots []string) *testOutput {
	return &testOutput{a: a, f: f, all: len(names), roots: roots}
}

// open opens the file of --junit. Its reader may be another user, as a build's often
// is.
func (o *testOutput) open() error {
	if o.f.junit == "" {
		return nil
	}
	f, err := replaceWhenDone(o.f.junit, 0o644)
	if err != nil {
		return usagef("--junit: %w", err)
	}
	o.junit = f
	return nil
}

// drop takes away a report that was not written.
func (o *testOutput) drop() {
	if o.junit != nil {
		o.junit.drop()
	}
}

// begin writes what stands before the first result.
func (o *testOutput) begin() {
	if o.f.tap {
		fmt.Fprintf(o.a.stdout, "TAP version 14\n1..%d\n", o.all)
	}
}

// result tells of one tape.
func (o *testOutput) result(r *suite.Result) {
	o.done++
	note := ""
	accepted := false
	if o.accept != nil {
		accepted, note = o.accept.result(r)
	}
	switch s := r.Status(); {
	case s == suite.Passed:
		o.passed++
	case s == suite.Skipped:
		o.skipped++
	case accepted:
		o.updated++
	default:
		o.failed++
		if o.alone == "" {
			o.alone = shortName(r.Name)
		}
	}
	if !accepted {
		o.worsen(r)
	}
	for _, n := range r.Report.ByKind {
		if !slices.Contains(o.byKind, n) && len(o.byKind) < maxNames {
			o.byKind = append(o.byKind, n)
		}
	}
	for _, n := range r.Report.Ignored {
		if !slices.Contains(o.ignored, n) && len(o.ignored) < maxNames {
			o.ignored = append(o.ignored, n)
		}
	}
	o.clear()
	switch {
	case o.f.json:
		o.json(r)
	case o.f.tap:
		o.tap(r)
	default:
		o.text(r)
	}
	if note != "" {
		fmt.Fprintf(o.a.stderr, "* %s\n", escape(note))
	}
	if o.f.github && !accepted {
		o.annotate(r)
	}
	if o.f.junit != "" {
		o.cases = append(o.cases, newJUnitCase(r))
	}
	o.progress()
}

// maxNames bounds the names that the last line lists.
const maxNames = 20

// worsen takes a result into the status: 1 if any differs, else the highest.
func (o *testOutput) worsen(r *suite.Result) {
	s := session.StatusOK
	switch r.Status() {
	case suite.Failed:
		s, o.differs = session.StatusDiffers, true
	case suite.Broken:
		s = session.StatusOf(r.Err)
		if errors.Is(r.Err, suite.ErrTimeout) {
			s = session.StatusTimeout
		}
	}
	switch {
	case s == session.StatusOK || o.status == session.StatusDiffers:
	case s == session.StatusDiffers:
		o.status = s
	default:
		o.status = max(o.status, s)
	}
}

// text tells of a tape that failed.
func (o *testOutput) text(r *suite.Result) {
	for _, line := range failures(r) {
		fmt.Fprintf(o.a.stdout, "FAIL %s\n", line)
	}
}

// failures returns what failed a tape, escaped: a row, and what was wanted and
// come below it.
func failures(r *suite.Result) []string {
	var lines []string
	if r.Err != nil {
		lines = append(lines, escape(prefixed(r)))
	}
	for _, m := range r.Report.Mismatches {
		lines = append(lines, mismatchText(m))
	}
	return lines
}

// prefixed returns the error of a tape with its name, which most have already.
func prefixed(r *suite.Result) string {
	text := r.Err.Error()
	if strings.HasPrefix(text, r.Name) {
		return text
	}
	return r.Name + ": " + text
}

// mismatchText writes a mismatch for people: its place, what was wanted and what
// came in two rows where both are there, and its detail.
func mismatchText(m match.Mismatch) string {
	var text strings.Builder
	text.WriteString(mismatchRows(m))
	for l := range strings.Lines(m.Detail) {
		text.WriteString("\n     " + escape(strings.TrimSuffix(l, "\n")))
	}
	return text.String()
}

func mismatchRows(m match.Mismatch) string {
	if m.Kind != match.Different && m.Kind != match.Fact || m.Want == "" || m.Got == "" {
		place, rest, _ := strings.Cut(m.String(), ": ")
		return escape(place + "  " + rest)
	}
	head := m
	head.Want, head.Got, head.Why, head.Nearest = "", "", "", ""
	place, rest, _ := strings.Cut(head.String(), ": ")
	rest, _, _ = strings.Cut(rest, ": want ")
	text := place + "  " + rest
	if m.Why != "" {
		text += ": " + m.Why
	}
	if m.Nearest != "" {
		text += "; nearest: " + m.Nearest
	}
	return escape(text) + "\n     want " + escape(m.Want) + "\n     got  " + escape(m.Got)
}

// progress writes on a terminal how far the suite is.
func (o *testOutput) progress() {
	if terminalOf(o.a.stderr) == nil || o.done == o.all || time.Since(o.last) < 100*time.Millisecond {
		return
	}
	o.last, o.live = time.Now(), true
	fmt.Fprintf(o.a.stderr, "\r%d of %d, %d failed", o.done, o.all, o.failed)
}

// clear takes the line of progress away.
func (o *testOutput) clear() {
	if o.live {
		fmt.Fprint(o.a.stderr, "\r\x1b[K")
		o.live = false
	}
}

// finish writes the last line.
func (o *testOutput) finish(took time.Duration) {
	o.clear()
	dst := o.a.stdout.w
	if o.f.json || o.f.tap {
		dst = o.a.stderr
	}
	text := fmt.Sprintf("%d ok, %d failed", o.passed, o.failed)
	if o.updated > 0 {
		text += fmt.Sprintf(", %d updated", o.updated)
	}
	if o.skipped > 0 {
		text += fmt.Sprintf(", %d not played", o.skipped)
	}
	text += fmt.Sprintf(", %.1f s.", took.Seconds())
	if len(o.byKind) > 0 {
		text += "  compared by kind: " + joinComma(o.byKind) + "."
	}
	if len(o.ignored) > 0 {
		text += "  ignored: " + joinComma(o.ignored) + "."
	}
	if o.alone != "" {
		if o.accept == nil && o.differs {
			text += "  accept: --update "
		}
		text += "  alone: --run " + o.alone
	}
	fmt.Fprintln(dst, escape(text))
}

// testJSON is what --json prints of a tape.
type testJSON struct {
	Tape    string         `json:"tape"`
	Status  suite.Status   `json:"status"`
	Seconds float64        `json:"seconds"`
	Error   string         `json:"error,omitempty"`
	Report  *replay.Report `json:"report,omitempty"`
}

func (o *testOutput) json(r *suite.Result) {
	t := testJSON{Tape: r.Name, Status: r.Status(), Seconds: r.Took.Seconds()}
	if r.Err != nil {
		t.Error = r.Err.Error()
	}
	if !r.Skipped && r.Report.Role != "" {
		t.Report = &r.Report
	}
	line, err := json.Marshal(t)
	if err != nil {
		o.err = err
		return
	}
	fmt.Fprintf(o.a.stdout, "%s\n", line)
}

// tap prints a test point, and what failed as its YAML block.
func (o *testOutput) tap(r *suite.Result) {
	name := strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(escape(r.Name))
	switch r.Status() {
	case suite.Passed:
		fmt.Fprintf(o.a.stdout, "ok %d - %s\n", o.done, name)
	case suite.Skipped:
		fmt.Fprintf(o.a.stdout, "ok %d - %s # SKIP not played\n", o.done, name)
	default:
		fmt.Fprintf(o.a.stdout, "not ok %d - %s\n  ---\n  message: |\n", o.done, name)
		for _, line := range failures(r) {
			fmt.Fprintf(o.a.stdout, "    %s\n", strings.ReplaceAll(line, "\n", "\n    "))
		}
		fmt.Fprint(o.a.stdout, "  ...\n")
	}
}

// annotate prints what GitHub Actions shows beside the tape's line.
func (o *testOutput) annotate(r *suite.Result) {
	value := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	if r.Err != nil {
		fmt.Fprintf(o.a.stdout, "::error file=%s::%s\n", property.Replace(escape(r.Name)), value.Replace(escape(prefixed(r))))
	}
	for _, m := range r.Report.Mismatches {
		fmt.Fprintf(o.a.stdout, "::error file=%s,line=%d::%s\n", property.Replace(escape(m.Tape)), max(1, m.TapeLine), value.Replace(mismatchText(m)))
	}
}

// JUnit's report, as far as its readers agree on it.
type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
	Skipped *struct{}     `xml:"skipped,omitempty"`
	took    time.Duration
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func newJUnitCase(r *suite.Result) junitCase {
	c := junitCase{Name: shortName(r.Name), Class: "wiretape", File: r.Name, Time: fmt.Sprintf("%.3f", r.Took.Seconds()), took: r.Took}
	lines := failures(r)
	problem := &junitProblem{Text: strings.Join(lines, "\n")}
	if len(lines) > 0 {
		problem.Message, _, _ = strings.Cut(lines[0], "\n")
	}
	switch r.Status() {
	case suite.Failed:
		problem.Type = "difference"
		c.Failure = problem
	case suite.Broken:
		problem.Type = "error"
		c.Error = problem
	case suite.Skipped:
		c.Skipped = &struct{}{}
	}
	return c
}

// write writes the report of --junit, all of it or nothing.
func (o *testOutput) write() error {
	if o.f.junit == "" || o.err != nil {
		return o.err
	}
	s := junitSuite{Name: strings.Join(o.roots, " "), Tests: len(o.cases), Skipped: o.skipped, Cases: o.cases}
	var took time.Duration
	for _, c := range o.cases {
		took += c.took
		if c.Failure != nil {
			s.Failures++
		}
		if c.Error != nil {
			s.Errors++
		}
	}
	s.Time = fmt.Sprintf("%.3f", took.Seconds())
	b, err := xml.MarshalIndent(junitSuites{Suite: s}, "", " ")
	if err != nil {
		return err
	}
	if _, err := o.junit.Write(append([]byte(xml.Header), append(b, '\n')...)); err != nil {
		return usagef("--junit: %w", err)
	}
	if err := o.junit.done(); err != nil {
		return usagef("--junit: %w", err)
	}
	return nil
}
