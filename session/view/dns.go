package view

import (
	"fmt"
	"strings"

	"wiretape/wire/dns"
	"wiretape/wire/proto"
)

// shownRecords is how many records of a section are written, whatever the screen.
const shownRecords = 1 << 10

// dnsMessage appends the rows of a query or an answer: its header, the question
// behind "?", and the sections in the order of the message, as dig has them.
func (p *Printer) dnsMessage(m *proto.Message, v *dns.Message, mk mark) {
	what := "query"
	if v.Response {
		what = v.RCode.String()
	}
	if v.Opcode != 0 {
		what = v.Opcode.String() + " " + what
	}
	text := fmt.Sprintf("dns %s, id %d", what, v.ID)
	if names := v.Flags.Names(); len(names) > 0 {
		text += ", " + strings.Join(names, " ")
	}
	var counts []string
	for i, section := range [...]string{"answer", "authority", "additional"} {
		if n := len([...][]dns.Record{v.Answers, v.Authority, v.Additional}[i]); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, section))
		}
	}
	if v.Response && len(counts) == 0 {
		counts = []string{"no records"}
	}
	if len(counts) > 0 {
		text += "; " + strings.Join(counts, ", ")
	}
	p.rows(m.Conn, mk, text+"; "+octets(m.Span.Len()))
	for _, q := range v.Question {
		text := "  ? " + q.String()
		if q.Unicast {
			text += ", by unicast"
		}
		p.rows(m.Conn, mk, text)
	}
	room := p.third()
	for i, records := range [...][]dns.Record{v.Answers, v.Authority, v.Additional} {
		lead := [...]string{"  ", "  authority: ", "  additional: "}[i]
		for j, r := range records {
			if j == shownRecords || room > 0 && j == room {
				p.rows(m.Conn, markNone, "… "+plural(int64(len(records)-j), "record")+" more: "+p.s.More)
				break
			}
			text := lead + r.String()
			if r.Flush {
				text += " (flush)"
			}
			p.line(m.Conn, mk, []byte(text))
		}
	}
	if v.EDNS != nil {
		p.line(m.Conn, mk, []byte("  edns: "+ednsText(v.EDNS)))
	}
}

// ednsText says what an OPT record holds.
func ednsText(e *dns.EDNS) string {
	parts := []string{fmt.Sprintf("udp %d", e.Size)}
	if e.Version != 0 {
		parts = append(parts, fmt.Sprintf("version %d", e.Version))
	}
	if e.DO {
		parts = append(parts, "do")
	}
	for _, o := range e.Options {
		parts = append(parts, o.Name()+" "+o.Value())
	}
	return strings.Join(parts, ", ")
}

// dnsMessage appends what a query or an answer has.
func (j *object) dnsMessage(m *proto.Message, v *dns.Message) {
	j.int("id", int64(v.ID))
	j.string("opcode", v.Opcode.String())
	if v.Response {
		j.string("rcode", v.RCode.String())
	}
	j.array("flags")
	if v.Response {
		j.string("", "qr")
	}
	for _, name := range v.Flags.Names() {
		j.string("", name)
	}
	j.end()
	j.array("question")
	for _, q := range v.Question {
		j.open("")
		j.string("name", q.Name)
		j.string("class", q.Class.String())
		j.string("type", q.Type.String())
		j.shut()
	}
	j.end()
	j.records("answers", v.Answers)
	j.records("authority", v.Authority)
	j.records("additional", v.Additional)
	if e := v.EDNS; e != nil {
		j.open("edns")
		j.int("udp", int64(e.Size))
		j.int("version", int64(e.Version))
		j.bool("do", e.DO)
		j.array("options")
		for _, o := range e.Options {
			j.open("")
			j.int("code", int64(o.Code))
			j.string("name", o.Name())
			j.string("value", o.Value())
			j.base64("data", o.Data)
			j.shut()
		}
		j.end()
		j.shut()
	}
	j.complete(m)
}

func (j *object) records(name string, records []dns.Record) {
	j.array(name)
	for _, r := range records {
		j.open("")
		j.string("name", r.Name)
		j.int("ttl", int64(r.TTL))
		j.string("class", r.Class.String())
		j.string("type", r.Type.String())
		j.string("data", r.Data)
		j.base64("raw", r.Raw)
		j.shut()
	}
	j.end()
}
