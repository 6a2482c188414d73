package view

import (
	"strings"

	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/pop3"
	"wiretape/wire/proto"
)

// endsByDot reports whether a line of one dot, which is no part of the body, ends
// a Message.
func endsByDot(m *proto.Message) bool {
	n := len(m.Leaves)
	return m.Complete && n > 0 && m.Leaves[n-1].Name == proto.LeafEndMark
}

// doublesDots reports whether the body of m is text in which the server has doubled
// the dots that begin a line (RFC 1939, section 3; RFC 3977, section 3.1.1).
func doublesDots(m *proto.Message) bool {
	switch m.Value.(type) {
	case *pop3.Reply, *line.Reply:
		return m.Body.Size > 0
	}
	return false
}

// dotRule cites where the doubling of dots in m is laid down.
func dotRule(m *proto.Message) string {
	if _, ok := m.Value.(*pop3.Reply); ok {
		return "RFC 1939 3"
	}
	return "RFC 3977 3.1.1"
}

// bodyMark returns the mark of the rows of a body. What a line protocol says in
// lines looks like the lines around it.
func bodyMark(m *proto.Message, mk mark) mark {
	if m.Kind == proto.KindContent || m.Kind == proto.KindReply {
		return mk
	}
	return markNone
}

// imapResponse appends the rows of a response of IMAP: its lines, and between them
// its literals, as bodies. Unless final, the first literal alone is shown as it
// comes.
func (p *Printer) imapResponse(m *proto.Message, r *imap.Response, done *progress, final bool) {
	if !p.head(m, done, final) {
		return
	}
	for i, l := range r.Literals {
		kept := int64(len(m.Body.Data))
		data := m.Body.Data[min(l.From, kept):min(l.From+l.Size, kept)]
		first := &bodyProgress{}
		if i == 0 {
			first = &done.body
		}
		came := min(l.Size, m.Body.Size-l.From)
		p.body(m.Conn, first, data, bodyStyle{room: p.third()}, final || came == l.Size)
		if !final {
			return
		}
		p.more(m.Conn, first, len(data), came)
		if i+1 < len(r.Lines) {
			p.line(m.Conn, done.mark, r.Lines[i+1])
		}
	}
}

// refusesIMAP reports whether a response says that something failed.
func refusesIMAP(r *imap.Response) bool { return r.Status == "NO" || r.Status == "BAD" }

// lineContent appends what a Message of free text has.
func (j *object) lineContent(m *proto.Message, c *line.Content) {
	j.int("after", int64(c.After))
	if c.Answer {
		j.bool("answer", true)
	}
	if c.Size > 0 {
		j.int("announced", c.Size)
	}
	j.complete(m)
	j.body(m)
}

// pop3Reply appends what a reply of POP3 has.
func (j *object) pop3Reply(m *proto.Message, r *pop3.Reply) {
	j.string("status", r.Status)
	j.string("response_code", r.Code)
	j.bytes("stamp", r.Stamp)
	j.array("lines")
	j.bytes("", r.Text)
	j.end()
	j.complete(m)
	j.body(m)
}

// imapCommand appends what a command of IMAP has.
func (j *object) imapCommand(m *proto.Message, c *imap.Command) {
	j.string("tag", c.Tag)
	j.string("verb", c.Verb)
	j.bytes("args", c.Args)
	j.bool("rest", c.Rest)
	j.bool("more", c.More)
	j.array("lines")
	j.bytes("", trimEnd(m.Head))
	j.end()
	j.complete(m)
}

// imapResponse appends what a response of IMAP has.
func (j *object) imapResponse(m *proto.Message, r *imap.Response) {
	j.string("tag", r.Tag)
	j.string("status", r.Status)
	j.bool("untagged", r.Tag == "*")
	j.string("name", r.Name)
	if r.Number >= 0 {
		j.int("number", r.Number)
	}
	j.string("response_code", r.Code)
	j.array("lines")
	for _, text := range r.Lines {
		j.bytes("", text)
	}
	j.end()
	j.array("literals")
	for _, l := range r.Literals {
		j.int("", l.Size)
	}
	j.end()
	j.complete(m)
	if len(r.Literals) > 0 {
		j.body(m)
	}
}

// Capabilities writes what a server says that it can, a row each: the parameters
// of a capability stand behind it, in a column. From names the command that was
// answered.
func (p *Printer) Capabilities(from string, words []string) {
	width := 0
	names, args := make([]string, len(words)), make([]string, len(words))
	for i, w := range words {
		names[i], args[i], _ = strings.Cut(EscapeString(w), " ")
		if name, value, ok := strings.Cut(names[i], "="); ok && args[i] == "" {
			names[i], args[i] = name, value
		}
		width = max(width, min(len(names[i]), 20))
	}
	var rows strings.Builder
	rows.WriteString(from + ":")
	for i, name := range names {
		rows.WriteString("\n  " + name)
		if args[i] != "" {
			rows.WriteString(strings.Repeat(" ", max(width-len(name), 0)+2) + args[i])
		}
	}
	p.Info(rows.String())
}
