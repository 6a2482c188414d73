package match

import (
	"bytes"
	"sort"

	"wiretape/tape"
)

// A text is a part of a recorded message with the spans that are whole within
// it.
type text struct {
	b     []byte
	spans []tape.Span // From and To index b
	off   int64       // of b in its stream, as far as b stands there in one piece
	// decoded says that b stands nowhere in the stream: what it was decoded from
	// begins at off.
	decoded bool
}

// at returns the offset in the stream of b's octet i.
func (t text) at(i int) int64 {
	if t.decoded {
		return t.off
	}
	return t.off + int64(i)
}

// sub returns the part of t from one index to another.
func (t text) sub(from, to int) text {
	from, to = max(0, min(from, len(t.b))), max(0, min(to, len(t.b)))
	if to < from {
		to = from
	}
	u := text{b: t.b[from:to:to], off: t.at(from), decoded: t.decoded}
	first := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].From >= from })
	for _, s := range t.spans[first:] {
		if s.To > to {
			break
		}
		s.From, s.To = s.From-from, s.To-from
		u.spans = append(u.spans, s)
	}
	return u
}

// literal reports whether t has no spans.
func (t text) literal() bool { return len(t.spans) == 0 }

// show returns t for display, with its spans as the tape has them, in short.
func (t text) show() string {
	if t.literal() {
		return Show(t.b)
	}
	var b []byte
	at := 0
	for _, s := range t.spans {
		b = append(b, t.b[at:s.From]...)
		b = append(b, `\{`...)
		switch s.Kind {
		case tape.SpanSecret:
			b = append(append(b, "secret "...), s.ID...)
		case tape.SpanRef:
			b = append(append(b, '$'), s.ID...)
		default:
			if s.ID != "" {
				b = append(append(b, s.ID...), '=')
			}
			b = append(b, s.Kind...)
			if s.Kind == tape.SpanPattern {
				b = append(append(b, ':'), s.Pattern...)
			}
			b = append(append(b, '|'), t.b[s.From:s.To]...)
		}
		b = append(b, '}')
		at = s.To
	}
	b = append(b, t.b[at:]...)
	// The backslashes of spans are not to be doubled.
	if s := Show(bytes.ReplaceAll(b, []byte(`\{`), []byte("{"))); len(s) > 0 && s[0] != '"' && len(b) <= maxShown {
		return string(b)
	}
	return Show(b)
}

// fits reports whether got is what t describes, and remembers what the spans
// captured. Names are of those spans that got's values went by: the capture's
// name, or "" for one without.
func (t text) fits(got []byte, v *Vars) (names []string, ok bool) {
	if t.literal() {
		return nil, bytes.Equal(t.b, got)
	}
	f := fitter{t: t, got: got, v: v, ends: make([]int, len(t.spans)), failed: map[[2]int]bool{}}
	if !f.span(0, 0) {
		return nil, false
	}
	for i, s := range t.spans {
		v.learn(s, got[f.begins(i):f.ends[i]])
		if s.Kind != tape.SpanRef {
			names = append(names, s.ID)
		}
	}
	return names, true
}

// A fitter finds where the spans of a text stand in got.
type fitter struct {
	t      text
	got    []byte
	v      *Vars
	ends   []int           // of each span, in got
	failed map[[2]int]bool // span, place: nothing fits from there on
	tries  int
}

// maxTries bounds the search; what needs more does not fit.
const maxTries = 1 << 16

// literalBefore returns the text between the span before i and span i.
func (f *fitter) literalBefore(i int) []byte {
	from := 0
	if i > 0 {
		from = f.t.spans[i-1].To
	}
	if i == len(f.t.spans) {
		return f.t.b[from:]
	}
	return f.t.b[from:f.t.spans[i].From]
}

// begins returns where span i begins in got.
func (f *fitter) begins(i int) int {
	if i == 0 {
		return len(f.literalBefore(0))
	}
	return f.ends[i-1] + len(f.literalBefore(i))
}

// span fits the text from span i on to got from at on; the literal before it
// stands at at.
func (f *fitter) span(i, at int) bool {
	key := [2]int{i, at}
	if f.failed[key] || f.tries > maxTries {
		return false
	}
	if f.try(i, at) {
		return true
	}
	f.failed[key] = true
	return false
}

func (f *fitter) try(i, at int) bool {
	lit := f.literalBefore(i)
	if !bytes.HasPrefix(f.got[at:], lit) {
		return false
	}
	from := at + len(lit)
	if i == len(f.t.spans) {
		return from == len(f.got)
	}
	s, next := f.t.spans[i], f.literalBefore(i+1)
	if i+1 == len(f.t.spans) {
		// Only the end is left: the last literal stands there.
		end := len(f.got) - len(next)
		if end < from || !bytes.HasSuffix(f.got, next) || !f.v.matches(s, f.got[from:end]) {
			return false
		}
		f.ends[i] = end
		return true
	}
	for end := from; end <= len(f.got); end++ {
		n := bytes.Index(f.got[end:], next)
		if n < 0 {
			return false
		}
		end += n
		if f.tries++; f.tries > maxTries {
			return false
		}
		if f.v.matches(s, f.got[from:end]) {
			f.ends[i] = end
			if f.span(i+1, end) {
				return true
			}
		}
	}
	return false
}
