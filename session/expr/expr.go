// Package expr answers whether something holds of a result that is given as JSON:
// of a reply, of the report on a web site. It is the language of .assert, .expect,
// .again … until and auto --expect:
//
//	status == 200 && cookie.sid.http_only && body_text =~ "ok"
//	http2 == "yes" && hsts.max_age >= 180d
//
// # Names
//
// A path leads to a value by its JSON names: tls.version, hops[0].status, and
// hops[-1].status for the last. A part that is no plain word stands in quotes:
// header."X Y". Beyond what JSON says:
//
//   - A part after an array stands for what the elements have of that name:
//     hops.status is the array of all. length is how many elements there are.
//   - The singular of an array's name finds elements by name: cookie.sid are those
//     of cookies whose name is sid, header.content-type the values in headers, of
//     which case does not matter.
//   - An object with a verdict is compared by it: http2 == "yes".
//
// # Values
//
// "text" or 'text', with \n \r \t \xhh \" \' and \\; numbers; times 250ms, 10s,
// 5m, 2h, 180d, 4w, which are numbers of seconds; sizes 10B, 4kB, 1MiB, which are
// numbers of octets; true, false, null.
//
// # Comparisons
//
// == != < <= > >=, and =~ and !~ with a regular expression, which is taken as it
// stands in its quotes. A text that reads as a number is compared with numbers as
// one. Over an array a comparison holds if it does for any element; != and !~ hold
// where == and =~ do not. What is not there is null: x == null tells, and any
// other comparison with it is false, and said to be so. A value alone holds unless
// it is false, null, 0 or "", an array if any element does, an object unless its
// verdict is no, unknown or broken.
//
// ! && || and parentheses join comparisons.
package expr

import (
	"fmt"
	"slices"
	"strings"
)

// Limits of an expression.
const (
	maxText  = 64 << 10 // octets
	maxDepth = 200      // of parentheses and !
)

// An Expr is an expression that was understood. It may be used by several
// goroutines at once.
type Expr struct {
	text string
	root node
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.text }

// A SyntaxError says why a text is no expression.
type SyntaxError struct {
	Text string // the expression
	Col  int    // where it goes wrong, in characters from 1
	Why  string
}

// Error gives the column and the reason.
func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Col, e.Why) }

// A Result is what became of an expression.
type Result struct {
	OK bool
	// Failed are the clauses that decide it, where it is not OK, in the order of
	// the text.
	Failed []Clause
	// Missing are the names that were not there, whether OK or not, except where
	// they were compared with null.
	Missing []string
}

// A Clause is a comparison that is not as it should be.
type Clause struct {
	Text  string // as it was written; within a negation !(…)
	Col   int    // in characters from 1
	Found string // "status is 404"; what a peer gave in it is to be escaped
}

// String returns "CLAUSE: FOUND".
func (c Clause) String() string { return c.Text + ": " + c.Found }

// String says "holds", or which clauses do not and what was found.
func (r Result) String() string {
	if r.OK {
		return "holds"
	}
	var s []string
	for _, c := range r.Failed {
		s = append(s, c.String())
	}
	return strings.Join(s, "; ")
}

// Eval evaluates the expression over a value as [encoding/json] decodes it into
// an any.
func (e *Expr) Eval(v any) Result {
	ev := evaluation{top: v}
	r := Result{OK: e.root.eval(&ev, true), Missing: ev.missing}
	if !r.OK {
		r.Failed = ev.failed
		slices.SortStableFunc(r.Failed, func(a, b Clause) int { return a.Col - b.Col })
	}
	return r
}

// Value returns what an expression that is a path alone leads to; nil where nothing
// is there, and for any other expression.
func (e *Expr) Value(v any) any {
	if c, ok := e.root.(*comparison); ok && c.op == "" && c.left.path != nil {
		return c.left.get(v)
	}
	return nil
}

// An evaluation is under way.
type evaluation struct {
	top     any
	failed  []Clause
	missing []string
}

func (ev *evaluation) lack(name string) {
	if !slices.Contains(ev.missing, name) {
		ev.missing = append(ev.missing, name)
	}
}

// A node is a part of an expression. Eval reports whether it holds; where that is
// not what is wanted, it adds the clauses that are to blame.
type node interface {
	eval(ev *evaluation, want bool) bool
}

// A join is && or ||. Both sides are evaluated, so that all that fails is told.
type join struct {
	and         bool
	left, right node
}

func (j *join) eval(ev *evaluation, want bool) bool {
	before := len(ev.failed)
	l, r := j.left.eval(ev, want), j.right.eval(ev, want)
	ok := l || r
	if j.and {
		ok = l && r
	}
	if ok == want {
		ev.failed = ev.failed[:before]
	}
	return ok
}

// A not is a negation.
type not struct{ x node }

func (n *not) eval(ev *evaluation, want bool) bool { return !n.x.eval(ev, !want) }

// blame adds a clause that holds, or does not, against what is wanted.
func (ev *evaluation) blame(text string, col int, want bool, found string) {
	if !want {
		text = "!(" + text + ")"
	}
	ev.failed = append(ev.failed, Clause{Text: text, Col: col, Found: found})
}
