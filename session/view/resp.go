package view

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"wiretape/wire/proto"
	"wiretape/wire/resp"
)

// What is written of a value of RESP, whatever the screen.
const (
	shownString = 4 << 10 // octets of one string
	shownValues = 1 << 12 // rows of one value
	shownArg    = 64      // octets of each of a command's arguments
)

// respCommand appends the row of a command.
func (p *Printer) respCommand(m *proto.Message, c *resp.Command, mk mark) {
	var b []byte
	for i, a := range c.Args {
		if i > 0 {
			b = append(b, ' ')
		}
		if len(b) > shownString {
			b = append(b, fmt.Sprintf("… %s more", plural(int64(len(c.Args)-i)+c.Omitted, "argument"))...)
			break
		}
		b = resp.Quote(b, a.Text[:min(len(a.Text), shownArg)])
		if left := a.Size - shownArg; left > 0 {
			b = append(b, "… "+about(left)+" more"...)
		}
	}
	if !m.Complete {
		b = append(b, "; incomplete: "+m.EndedBy...)
	}
	p.rows(m.Conn, mk, string(b))
}

// respReply appends the rows of a value as redis-cli prints them.
func (p *Printer) respReply(m *proto.Message, r *resp.Reply, mk mark) {
	if format, text := r.Format(); m.Complete && r.Attrs == nil && (r.Report && r.Type == resp.BulkString || format == "txt") {
		// Text for people stands as it is.
		var b bodyProgress
		p.body(m.Conn, &b, text, bodyStyle{mark: mk, room: p.third()}, true)
		p.more(m.Conn, &b, len(text), r.Size-int64(len(r.Text)-len(text)))
		return
	}
	w := respWriter{room: p.third()}
	if m.Complete || len(r.Elems) > 0 || r.Size > 0 {
		w.value(r.Value, "", "")
	}
	left := 0
	for i, row := range w.rows {
		if w.room > 0 && i == w.room-1 && len(w.rows) > w.room {
			left = len(w.rows) - i
			break
		}
		p.line(m.Conn, mk, []byte(row))
	}
	switch {
	case left > 0:
		p.rows(m.Conn, markNone, "… "+plural(int64(left), "row")+" more: "+p.s.More)
	case w.full:
		p.rows(m.Conn, markNone, "… more: "+p.s.More)
	}
	if !m.Complete {
		p.rows(m.Conn, mk, "(incomplete: "+EscapeString(m.EndedBy)+")")
	}
}

// A respWriter writes values in rows, nested ones indented behind their number.
type respWriter struct {
	rows []string
	room int
	full bool // there are more than shownValues
}

func (w *respWriter) add(row string) {
	if w.full = w.full || len(w.rows) == shownValues; !w.full {
		w.rows = append(w.rows, row)
	}
}

// value writes v: its first row behind lead, the others behind indent.
func (w *respWriter) value(v *resp.Value, lead, indent string) {
	if w.full {
		return
	}
	if v.Attrs != nil {
		w.value(v.Attrs, lead+"(attribute) ", indent+strings.Repeat(" ", len("(attribute) ")))
		lead = indent
	}
	rows, aggregate := respScalar(v), true
	switch v.Type {
	case resp.Array, resp.Set, resp.Map, resp.Push, resp.Attribute:
	default:
		aggregate = false
	}
	switch {
	case !aggregate || v.IsNull():
		w.add(lead + rows)
		return
	case len(v.Elems) == 0 && v.Omitted == 0:
		w.add(lead + respEmpty[v.Type])
		return
	}
	// What numbers look like tells the type, as redis-cli has it.
	sep, step := ")", 1
	switch v.Type {
	case resp.Set:
		sep = "~"
	case resp.Map:
		sep, step = "#", 2
	case resp.Attribute:
		sep, step = "|", 2
	}
	all := (int64(len(v.Elems)) + v.Omitted + int64(step) - 1) / int64(step)
	width := len(strconv.FormatInt(all, 10))
	for i := 0; i < len(v.Elems); i += step {
		number := fmt.Sprintf("%*d%s ", width, i/step+1, sep)
		if i > 0 {
			lead = indent
		}
		inner := indent + strings.Repeat(" ", len(number))
		if step == 2 {
			key := respScalar(v.Elems[i])
			if key == "" {
				key = v.Elems[i].Type.String()
			}
			if i+1 == len(v.Elems) {
				w.add(lead + number + key + " => …")
				break
			}
			// What takes several rows begins on one of its own.
			of := respWriter{}
			of.value(v.Elems[i+1], inner, inner)
			if len(of.rows) == 1 {
				w.add(lead + number + key + " => " + strings.TrimPrefix(of.rows[0], inner))
				continue
			}
			w.add(lead + number + key + " => ")
			for _, row := range of.rows {
				w.add(row)
			}
			w.full = w.full || of.full
			continue
		}
		w.value(v.Elems[i], lead+number, inner)
	}
	if v.Omitted > 0 {
		w.add(indent + "… " + plural(v.Omitted, "value") + " more, not kept")
	}
}

var respEmpty = map[resp.Type]string{
	resp.Array: "(empty array)", resp.Set: "(empty set)", resp.Map: "(empty hash)", resp.Push: "(empty push)", resp.Attribute: "(empty attribute)",
}

// respScalar writes a value that is no aggregate, "" for one.
func respScalar(v *resp.Value) string {
	if v.IsNull() {
		return "(nil)"
	}
	text := string(v.Text)
	switch v.Type {
	case resp.SimpleString:
		return text
	case resp.SimpleError, resp.BulkError:
		return "(error) " + text
	case resp.Integer:
		return "(integer) " + text
	case resp.Double:
		return "(double) " + text
	case resp.BigNumber:
		return "(big number) " + text
	case resp.Boolean:
		switch text {
		case "t":
			return "(true)"
		case "f":
			return "(false)"
		}
		return "(boolean) " + text
	case resp.Verbatim:
		format, b := v.Format()
		if format == "txt" || format == "mkd" {
			return respString(b, v.Size-int64(len(v.Text)-len(b)))
		}
		return respString(v.Text, v.Size)
	case resp.BulkString:
		return respString(v.Text, v.Size)
	}
	return ""
}

// respString quotes a string, with how many octets there were more than stand
// there.
func respString(b []byte, size int64) string {
	b = b[:min(len(b), shownString)]
	text := string(resp.AppendQuoted(nil, b))
	if left := size - int64(len(b)); left > 0 {
		text += "… " + about(left) + " more of " + about(size)
	}
	return text
}

// respCommand appends what a command has.
func (j *object) respCommand(m *proto.Message, c *resp.Command) {
	j.string("command", c.Name)
	j.array("args")
	for _, a := range c.Args {
		j.bytes("", a.Text)
	}
	j.end()
	if c.Omitted > 0 {
		j.int("omitted", c.Omitted)
	}
	j.bool("inline", c.Inline)
	j.complete(m)
}

// respReply appends what a reply has: its type, and its value as JSON has it,
// "value" an array of pairs for a map, a string where JSON has no such number.
func (j *object) respReply(m *proto.Message, r *resp.Reply) {
	j.string("type", r.Type.String())
	j.respValue("value", r.Value)
	if r.Attrs != nil {
		j.respValue("attributes", r.Attrs)
	}
	if r.Type == resp.BulkString || r.Type == resp.Verbatim || r.Type == resp.BulkError {
		j.int("size", r.Size)
		j.bool("cut", r.Size > int64(len(r.Text)))
	}
	j.int("version", int64(r.Mode.Version))
	j.complete(m)
}

// respValue appends a value. An error within an aggregate is {"error":"…"}.
func (j *object) respValue(name string, v *resp.Value) {
	if v.IsNull() {
		j.key(name)
		j.b = append(j.b, "null"...)
		return
	}
	switch v.Type {
	case resp.Array, resp.Set, resp.Push:
		j.array(name)
		for _, e := range v.Elems {
			j.respValue("", e)
		}
		j.end()
	case resp.Map, resp.Attribute:
		j.array(name)
		for i := 0; i < len(v.Elems); i += 2 {
			j.array("")
			j.respValue("", v.Elems[i])
			if i+1 < len(v.Elems) {
				j.respValue("", v.Elems[i+1])
			}
			j.end()
		}
		j.end()
	case resp.Integer:
		if n, err := strconv.ParseInt(string(v.Text), 10, 64); err == nil {
			j.int(name, n)
			return
		}
		j.bytes(name, v.Text)
	case resp.Double:
		f, err := strconv.ParseFloat(string(v.Text), 64)
		if err != nil || f-f != 0 { // neither infinite nor no number
			j.bytes(name, v.Text)
			return
		}
		j.key(name)
		j.b = strconv.AppendFloat(j.b, f, 'g', -1, 64)
	case resp.Boolean:
		if string(v.Text) == "t" || string(v.Text) == "f" {
			j.bool(name, v.Text[0] == 't')
			return
		}
		j.bytes(name, v.Text)
	case resp.SimpleError, resp.BulkError:
		if name != "" {
			j.bytes(name, v.Text)
			return
		}
		j.open("")
		j.bytes("error", v.Text)
		j.shut()
	default:
		j.respText(name, v)
	}
}

// respText appends a string. One that was cut within a character is text all the
// same.
func (j *object) respText(name string, v *resp.Value) {
	_, text := v.Format()
	if v.Size > int64(len(v.Text)) {
		if at := runeStart(text, max(0, len(text)-1)); !utf8.FullRune(text[at:]) {
			text = text[:at]
		}
	}
	if utf8.Valid(text) {
		j.bytes(name, text)
		return
	}
	j.open(name)
	j.key("base64")
	j.b = append(j.b, '"')
	j.b = base64.StdEncoding.AppendEncode(j.b, text)
	j.b = append(j.b, '"')
	j.shut()
}
