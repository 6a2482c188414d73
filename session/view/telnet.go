package view

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"wiretape/wire"
	"wiretape/wire/proto"
	"wiretape/wire/telnet"
)

const (
	shownItems = 32 // parts of a subnegotiation, and names of a list, in a row
	shownName  = 80 // octets of each
)

// NegotiationRows says how the commands of Telnet are written.
type NegotiationRows uint8

// The ways to write the commands of Telnet.
const (
	NegotiationsShown  NegotiationRows = iota // a row each
	NegotiationsFolded                        // negotiations share a row, before the next text or [Printer.Settle]
	NegotiationsHidden
)

// Negotiations sets how the commands of Telnet are written: NegotiationsShown
// unless it has been called.
func (p *Printer) Negotiations(rows NegotiationRows) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.telnet = rows
}

// A negotiation is what one side said with one word, about one option or several.
type negotiation struct {
	dir     wire.Dir
	code    telnet.Code
	options []string
}

// maxFolded bounds the options of a row, which are told again where they come
// again.
const maxFolded = 64

// fold keeps a negotiation for the row that sums it up, and reports whether it
// does.
func (p *Printer) fold(m *proto.Message, c *telnet.Command) bool {
	if p.telnet != NegotiationsFolded || !m.Complete || c.Code < telnet.SB || c.Code > telnet.DONT {
		return false
	}
	v := p.conn(m.Conn)
	total := 0
	for i := range v.folded {
		n := &v.folded[i]
		total += len(n.options)
		if n.dir == m.Dir && n.code == c.Code {
			n.options = append(n.options, c.Option.String())
			if total++; total >= maxFolded {
				p.unfold(m.Conn, v)
			}
			return true
		}
	}
	v.folded = append(v.folded, negotiation{m.Dir, c.Code, []string{c.Option.String()}})
	return true
}

// unfold appends the row of the negotiations that were kept.
func (p *Printer) unfold(conn int, v *connView) {
	if len(v.folded) == 0 {
		return
	}
	var text strings.Builder
	text.WriteString("telnet negotiated")
	for _, dir := range []wire.Dir{wire.ServerToClient, wire.ClientToServer} {
		lead := "; " + dir.String() + " "
		for _, n := range v.folded {
			if n.dir == dir {
				text.WriteString(lead + n.code.String() + " " + strings.Join(n.options, " "))
				lead = ", "
			}
		}
	}
	if !v.unfolded {
		text.WriteString(" (.telnet trace on gives each its row)")
	}
	v.folded, v.unfolded = nil, true
	p.rows(conn, markInfo, strings.Replace(text.String(), ";", ":", 1))
}

// Settle writes what was kept to be summed up, before somebody is asked for a
// line.
func (p *Printer) Settle() {
	p.begin()
	defer p.mu.Unlock()
	for _, conn := range slices.Sorted(maps.Keys(p.conns)) {
		p.unfold(conn, p.conns[conn])
	}
	p.arrived()
}

// telnetText appends a line of text, or what stands for one.
func (p *Printer) telnetText(m *proto.Message, t *telnet.Text, mk mark) {
	p.unfold(m.Conn, p.conn(m.Conn))
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
	if p.telnet == NegotiationsHidden || p.fold(m, c) {
		return
	}
	p.unfold(m.Conn, p.conn(m.Conn))
	var text strings.Builder
	text.WriteString(c.String())
	for i, it := range c.Items {
		if i == shownItems {
			text.WriteString(", …")
			break
		}
		if i > 0 {
			text.WriteString(",")
		}
		text.WriteString(" " + some(it.Name))
		if it.Value != nil {
			text.WriteString(` "` + some(string(it.Value)) + `"`)
		}
	}
	if len(c.Items) == 0 && m.Body.Size > 0 {
		text.WriteString(" " + someOctets(m.Body.Data))
	}
	if !m.Complete {
		text.WriteString("; incomplete: " + m.EndedBy)
	}
	p.rows(m.Conn, unitMark(m), text.String())
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
