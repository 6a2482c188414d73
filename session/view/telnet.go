package view

import (
	"bytes"

	"wiretape/wire/proto"
	"wiretape/wire/telnet"
)

const (
	shownItems = 32 // parts of a subnegotiation, and names of a list, in a row
	shownName  = 80 // octets of each
)

// Negotiations sets whether the commands of Telnet are written. They are unless
// it says otherwise.
func (p *Printer) Negotiations(shown bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = !shown
}

// telnetText appends a line of text, or what stands for one.
func (p *Printer) telnetText(m *proto.Message, t *telnet.Text, mk mark) {
	text := m.Body.Data
	if t.Line && bytes.HasSuffix(text, []byte("\r")) {
		text = append(text[:len(text)-1:len(text)-1], '\n')
	}
	var b bodyProgress
	p.body(m.Conn, &b, text, bodyStyle{mark: mk, offset: m.Span.From}, true)
	p.more(m.Conn, &b, len(text), m.Body.Size)
}

// telnetCommand appends the row of a command.
func (p *Printer) telnetCommand(m *proto.Message, c *telnet.Command) {
	if p.mute {
		return
	}
	text := c.String()
	for i, it := range c.Items {
		if i == shownItems {
			text += ", …"
			break
		}
		if i > 0 {
			text += ","
		}
		text += " " + some(it.Name)
		if it.Value != nil {
			text += ` "` + some(string(it.Value)) + `"`
		}
	}
	if len(c.Items) == 0 && m.Body.Size > 0 {
		text += " " + someOctets(m.Body.Data)
	}
	if !m.Complete {
		text += "; incomplete: " + m.EndedBy
	}
	p.rows(m.Conn, unitMark(m), text)
}

// some returns s for a row, escaped, and cut where it is long.
func some(s string) string {
	if len(s) > shownName {
		return EscapeString(s[:shownName]) + "…"
	}
	return EscapeString(s)
}

// unitMark is the mark of a unit that nobody types, such as a frame.
func unitMark(m *proto.Message) mark {
	unit := *m
	unit.Kind = proto.KindFrame
	return markOf(&unit, false)
}

// telnetText appends what text has in JSON.
func (j *object) telnetText(m *proto.Message, t *telnet.Text) {
	j.bool("line", t.Line)
	j.complete(m)
	j.body(m)
}

// telnetCommand appends what a command has in JSON.
func (j *object) telnetCommand(m *proto.Message, c *telnet.Command) {
	j.string("command", c.Code.String())
	if len(m.Head) > 2 {
		j.string("option", c.Option.String())
		j.int("option_number", int64(c.Option))
	}
	if c.Code == telnet.SB {
		j.array("items")
		for _, it := range c.Items {
			j.array("")
			j.string("", it.Name)
			if it.Value != nil {
				j.bytes("", it.Value)
			}
			j.end()
		}
		j.end()
		j.base64("data", m.Body.Data)
		j.int("data_size", m.Body.Size)
	}
	j.complete(m)
}
