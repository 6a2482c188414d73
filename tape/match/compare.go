package match

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"wiretape/wire/dns"
	"wiretape/wire/http1"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/websocket"
)

// An Outcome is what a comparison found.
type Outcome struct {
	Mismatches []Mismatch
	ByKind     []string // names of what was compared by kind, in order, each once
	Ignored    []string // names of what differs and is not compared by a rule
	// Key reports whether what the peer wants agrees: of a request its method,
	// target and body, of a command its verb and arguments, of all else all. A
	// message that is cut off, and was not on the tape, wants nothing.
	Key bool
}

// Compare compares a message that came with one of a tape and explains what
// differs. What spans capture goes to v, also when other things differ.
func Compare(want, got *Message, r *Rules, v *Vars) Outcome {
	if r == nil {
		r = &Rules{}
	}
	if v == nil {
		v = &Vars{}
	}
	c := comparison{want: want, got: got, rules: r, vars: v}
	c.out.Key = true
	c.run()
	return c.out
}

// A comparison is one run of Compare.
type comparison struct {
	want, got *Message
	rules     *Rules
	vars      *Vars
	out       Outcome
}

func (c *comparison) run() {
	if !c.whole() {
		return
	}
	switch w := c.want.Value.(type) {
	case *http1.Request:
		if g, ok := c.got.Value.(*http1.Request); ok {
			c.request(w, g)
			c.completeness()
			return
		}
	case *http1.Response:
		if g, ok := c.got.Value.(*http1.Response); ok {
			c.response(w, g)
			c.completeness()
			return
		}
	case *line.Command:
		if g, ok := c.got.Value.(*line.Command); ok {
			c.command(w, g)
			c.completeness()
			return
		}
	case *line.Reply:
		if g, ok := c.got.Value.(*line.Reply); ok {
			c.reply(w, g)
			c.completeness()
			return
		}
	case *line.Content:
		if _, ok := c.got.Value.(*line.Content); ok {
			c.out.Key = c.textBody(c.want.text(c.want.Span), c.got.Raw, "content")
			c.completeness()
			return
		}
	case *websocket.Frame:
		if g, ok := c.got.Value.(*websocket.Frame); ok {
			c.frame(w, g)
			return
		}
	case *imap.Command:
		if g, ok := c.got.Value.(*imap.Command); ok {
			c.imapCommand(w, g)
			c.completeness()
			return
		}
	case *imap.Response:
		if g, ok := c.got.Value.(*imap.Response); ok {
			c.imapResponse(w, g)
			c.completeness()
			return
		}
	case *dns.Message:
		if g, ok := c.got.Value.(*dns.Message); ok && len(c.want.Spans) == 0 && !bytes.Equal(c.want.Raw, c.got.Raw) {
			c.dns(w, g)
			return
		}
	case nil:
		if c.got.Value == nil && c.want.long {
			c.streamed(string(c.want.Kind))
			return
		}
		if c.got.Value == nil {
			c.bytes(c.want.text(c.want.Span), c.got.Raw, string(c.want.Kind))
			return
		}
	}
	if c.want.Kind == c.got.Kind {
		c.bytes(c.want.counted(), c.got.Raw, string(c.want.Kind))
		return
	}
	c.out.Key = false
	c.add(Mismatch{Kind: Different, Path: "message", Want: Describe(c.want), Got: Describe(c.got)}, c.want.Span.From)
}

// completeness compares whether the messages are whole.
func (c *comparison) completeness() {
	if c.want.Complete && !c.got.Complete {
		c.out.Key = false // what is cut off may have wanted more
		c.add(Mismatch{Kind: Cut, Path: c.what(), Got: "cut off after " + octets(c.got.Span.Len()) + ": " + c.got.EndedBy,
			Want: octets(c.want.Span.Len())}, c.want.Span.To-1)
	}
}

func octets(n int64) string { return fmt.Sprintf("%d bytes", n) }

// what returns what the wanted message is called in paths.
func (c *comparison) what() string { return string(c.want.Kind) }

// add adds a mismatch about the octet at an offset of the tape's stream.
func (c *comparison) add(m Mismatch, offset int64) {
	m.Offset, m.TapeLine = offset, c.want.Line(offset)
	m.Conn, m.N = c.want.Conn, c.want.N
	if c.want.from != nil {
		m.Tape = c.want.from.name
	}
	m.Detail = c.vars.hide(m.Detail)
	m.Path, m.Want, m.Got, m.Why = plain(m.Path), plain(m.Want), plain(c.vars.hide(m.Got)), plain(m.Why)
	c.out.Mismatches = append(c.out.Mismatches, m)
}

// byKind notes names of what was compared by kind.
func (c *comparison) byKind(names ...string) {
	for _, n := range names {
		if n != "" && !slices.Contains(c.out.ByKind, n) {
			c.out.ByKind = append(c.out.ByKind, n)
		}
	}
}

func (c *comparison) ignored(name string) {
	if !slices.Contains(c.out.Ignored, name) {
		c.out.Ignored = append(c.out.Ignored, name)
	}
}

// fits compares a value with a text. Spans without a name of their own are
// reported by the name of where they stand.
func (c *comparison) fits(t text, got []byte, name string) bool {
	names, ok := t.fits(got, c.vars)
	if !ok {
		return false
	}
	for _, n := range names {
		if n == "" {
			n = name
		}
		c.byKind(n)
	}
	return true
}

// bytes compares octet by octet. The path of a mismatch tells where.
func (c *comparison) bytes(want text, got []byte, path string) bool {
	if c.fits(want, got, path) {
		return true
	}
	c.out.Key = false
	at := firstDifference(want.b, got)
	m := Mismatch{Kind: Different, Path: path, Want: want.around(at), Got: around(got, at)}
	m.Why = fmt.Sprintf("at byte %d of %d", at, len(want.b))
	if len(want.b) != len(got) {
		m.Why += fmt.Sprintf("; %d bytes came", len(got))
	}
	if want.literal() {
		m.Detail = hexDetail(want.b, got, at, 0)
	}
	c.add(m, want.at(max(0, min(at, len(want.b)-1))))
	return false
}

func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// context is how many bytes are shown before the first that differs.
const context = 16

func around(b []byte, at int) string {
	from := max(0, min(at, len(b))-context)
	s := Show(b[from:min(len(b), from+3*context)])
	if from > 0 {
		s = "…" + s
	}
	return s
}

func (t text) around(at int) string {
	if !t.literal() && len(t.b) <= maxShown {
		return t.show()
	}
	return around(t.b, at)
}

// Describe returns a message in a few words, for messages about it: "GET
// /login", "250 OK", "12 bytes \"…\"".
func Describe(m *Message) string {
	var s string
	switch v := m.Value.(type) {
	case *http1.Request:
		s = v.Method + " " + v.Target
	case *http1.Response:
		s = strings.TrimSpace(fmt.Sprintf("%d %s", v.Status, v.Reason))
	case *line.Command:
		s = v.String()
	case *line.Reply:
		s = v.String()
	case *websocket.Frame:
		return describeFrame(m, v)
	case *imap.Command:
		s = v.String()
	case *imap.Response:
		first, _, _ := bytes.Cut(m.Raw, []byte("\r\n"))
		s = string(first)
	case *dns.Message:
		s = v.RCode.String() + " " + questions(v)
		if !v.Response {
			s = questions(v)
		}
	default:
		if m.long {
			return octets(m.Size())
		}
		return fmt.Sprintf("%s %s", octets(m.Size()), Show(m.Raw))
	}
	return Show([]byte(s))
}
