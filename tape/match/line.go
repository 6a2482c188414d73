package match

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// command compares a line of a client: the verb whatever its case, and all that
// follows it.
func (c *comparison) command(want, got *line.Command) {
	if want.Verb == got.Verb && c.words(c.argsOf(want), got.Args, "command "+want.Verb) {
		return
	}
	c.out.Key = false
	t := c.want.text(c.want.Span)
	c.add(Mismatch{Kind: Different, Path: "command", Want: t.trimEnd().show(), Got: Show(bytes.TrimRight(c.got.Raw, "\r\n"))}, c.want.Span.From)
}

// argsOf returns what follows the verb, with its spans.
func (c *comparison) argsOf(want *line.Command) text {
	t := c.want.text(c.want.Span).trimEnd()
	if want.Args == nil {
		return text{}
	}
	from := len(t.b) - len(want.Args)
	if from < 0 || !bytes.Equal(t.b[from:], want.Args) {
		return text{b: want.Args, off: t.off}
	}
	return t.sub(from, len(t.b))
}

// trimEnd returns t without the line end.
func (t text) trimEnd() text { return t.sub(0, len(bytes.TrimRight(t.b, "\r\n"))) }

// reply compares the code and each line.
func (c *comparison) reply(want, got *line.Reply) {
	if want.Code != got.Code {
		c.out.Key = false
		c.add(Mismatch{Kind: Different, Path: "reply code", Want: strconv.Itoa(want.Code), Got: strconv.Itoa(got.Code),
			Why: "got " + Show([]byte(got.String()))}, c.want.Span.From)
		return
	}
	if _, _, ok := want.Passive(); ok {
		if _, _, ok := got.Passive(); ok {
			// Where a data connection of FTP goes is another place each time.
			if !bytes.Equal(c.want.Raw, c.got.Raw) {
				c.byKind("data address")
			}
			return
		}
	}
	wantLines, gotLines := c.lines(c.want.text(c.want.Span)), splitLines(c.got.Raw)
	c.compareLines(wantLines, gotLines, "reply line")
}

// A recordedLine is a line of a text with the offset at which it stands in its
// stream.
type recordedLine struct {
	text
	offset int64
}

// lines splits a text of want, line ends left out.
func (c *comparison) lines(t text) []recordedLine {
	var out []recordedLine
	for at := 0; at < len(t.b); {
		n := bytes.IndexByte(t.b[at:], '\n') + 1
		if n == 0 {
			n = len(t.b) - at
		}
		out = append(out, recordedLine{t.sub(at, at+n).trimEnd(), t.at(at)})
		at += n
	}
	return out
}

func splitLines(b []byte) [][]byte {
	var out [][]byte
	for l := range bytes.Lines(b) {
		out = append(out, bytes.TrimRight(l, "\r\n"))
	}
	return out
}

// compareLines compares lines one by one and reports the first that differs, and
// how many more do.
func (c *comparison) compareLines(want []recordedLine, got [][]byte, path string) bool {
	if len(c.rules.IgnoreLine) > 0 {
		kept := want[:0:0]
		for _, l := range want {
			if !c.rules.ignoresLine(l.b) {
				kept = append(kept, l)
			}
		}
		keptGot := got[:0:0]
		for _, l := range got {
			if !c.rules.ignoresLine(l) {
				keptGot = append(keptGot, l)
			}
		}
		if len(kept) < len(want) || len(keptGot) < len(got) {
			c.ignored(path)
		}
		want, got = kept, keptGot
	}
	var first *Mismatch
	var where int64
	more := 0
	for i := range max(len(want), len(got)) {
		name := fmt.Sprintf("%s %d", path, i+1)
		m := Mismatch{Path: name}
		at := c.want.Span.To - 1
		switch {
		case i >= len(want):
			m.Kind, m.Got = Extra, Show(got[i])
		case i >= len(got):
			m.Kind, m.Want, at = Missing, want[i].show(), want[i].offset
		case c.words(want[i].text, got[i], name):
			continue
		default:
			m.Kind, m.Want, m.Got, at = Different, want[i].show(), Show(got[i]), want[i].offset
		}
		if first == nil {
			first, where = &m, at
		} else {
			more++
		}
	}
	if first == nil {
		return true
	}
	if more > 0 {
		first.Why = fmt.Sprintf("and %d more", more)
		plain, secret := make([][]byte, len(want)), false
		for i, l := range want {
			plain[i], secret = l.b, secret || l.secret()
		}
		if !secret { // what came in its place is one too
			first.Detail = textDetail(plain, got)
		}
	}
	c.add(*first, where)
	return false
}

// datesInText are dates as greetings and listings have them. It is compiled when
// first needed: it takes a quarter of a millisecond of every start otherwise.
var datesInText = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d(?: (?:GMT|UTC|[+-]\d{4}))?(?: \([A-Z]{3,4}\))?|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?`)
})

// words compares a line of text: as it is, or else word by word, where dates and
// random values are compared by kind.
func (c *comparison) words(want text, got []byte, name string) bool {
	if c.fits(want, got, name) {
		return true
	}
	if !want.literal() || c.rules.HeadersExact {
		return false
	}
	w := datesInText().ReplaceAll(want.b, []byte("\x00"))
	g := datesInText().ReplaceAll(got, []byte("\x00"))
	dates := bytes.Count(w, []byte{0}) > 0
	if !bytes.Equal(w, g) {
		ws, gs := bytes.Split(w, []byte(" ")), bytes.Split(g, []byte(" "))
		if len(ws) != len(gs) {
			return false
		}
		for i := range ws {
			a, b := bytes.Trim(ws[i], "<>[]().,;"), bytes.Trim(gs[i], "<>[]().,;")
			if !bytes.Equal(ws[i], gs[i]) && !alike(a, b) && !queued(a, b) {
				return false
			}
		}
	} else if !dates {
		return false
	}
	c.byKind(name)
	return true
}

// queueID is what a mail server calls a message that it has taken: exim's, whose
// middle is a process and may look like a small number, and what Postfix and
// sendmail have.
var queueID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})|[0-9A-F]{8,12}|[0-9A-Za-z]{14,16})$`)
})

// queued reports whether two words say under which id a message is in a queue:
// "id=1tXyZa-000000001aB-2cDe".
func queued(a, b []byte) bool {
	x, ok := bytes.CutPrefix(a, []byte("id="))
	y, ok2 := bytes.CutPrefix(b, []byte("id="))
	return ok && ok2 && queueID().Match(x) && queueID().Match(y)
}

// bodyText returns the recorded body with its spans, put together from its
// chunks where it has some.
func (m *Message) bodyText() text {
	n := len(m.Head)
	if len(m.Raw)-n == len(m.Body.Data) && len(m.Raw) >= n {
		return text{b: m.Raw, spans: m.Spans, off: m.Span.From}.sub(n, len(m.Raw))
	}
	out := text{b: m.Body.Data, off: m.Span.From + int64(n)}
	if len(m.Spans) == 0 {
		return out
	}
	at := 0
	for _, l := range m.Leaves {
		if l.Name != proto.LeafChunkData {
			continue
		}
		part := m.text(proto.Span{From: l.From, To: l.To})
		for _, s := range part.spans {
			s.From, s.To = s.From+at, s.To+at
			if s.To <= len(out.b) {
				out.spans = append(out.spans, s)
			}
		}
		at += int(l.Len())
	}
	return out
}
