package view

import (
	"fmt"
	"strings"

	"wiretape/session/analyze"
)

// full appends what a full analysis adds: a heading for each matter, then a row
// for each finding, with the connection of the tape that shows it in brackets, as
// [Printer.Event] has it before its rows.
func (p *Printer) full(r *analyze.Report) {
	if len(r.Probes) == 0 {
		return
	}
	p.autoReach(r)
	if len(r.Protocols) > 0 {
		p.rows(0, markInfo, "protocols:")
		for _, v := range r.Protocols {
			p.finding(v.Name, string(v.Verdict), v.Evidence, v.Conn, v.Line)
		}
	}
	p.autoHandshake(r.TLS)
	p.autoFields("server:", r.Server)
	for _, h := range r.Hints {
		p.rows(0, markInfo, "  cookie "+h)
	}
	p.autoFields("security fields:", r.Security)
	p.rows(0, markInfo, "connections:")
	for i := range r.Probes {
		p.autoProbe(&r.Probes[i])
	}
}

// at names a connection of the recording, and the line of the tape if it is one; ""
// for none.
func at(conn, line int) string {
	switch {
	case conn == 0:
		return ""
	case line == 0:
		return fmt.Sprintf(" [%d]", conn)
	}
	return fmt.Sprintf(" [%d, line %d]", conn, line)
}

// lineOf names a line of a tape; "" for none.
func lineOf(line int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(" [line %d]", line)
}

// finding appends a row with a name, a verdict and what it was seen by.
func (p *Printer) finding(name, verdict, evidence string, conn, line int) {
	p.rows(0, infoOr(verdict == string(analyze.Broken)), strings.TrimRight(fmt.Sprintf("  %-12s %-8s%s %s", name, verdict, at(conn, line), evidence), " "))
}

// autoReach appends the addresses and what a name server says.
func (p *Printer) autoReach(r *analyze.Report) {
	if len(r.Addresses) > 0 {
		p.rows(0, markInfo, "addresses:")
	}
	for _, a := range r.Addresses {
		text := fmt.Sprintf("  %s %s: %s", a.Family, a.Address, a.Result)
		if a.Seconds > 0 {
			text += " in " + span(seconds(a.Seconds))
		}
		p.rows(0, infoOr(a.Result != "connected"), text+at(a.Conn, a.Line))
	}
	d := r.DNS
	if d == nil {
		return
	}
	who := "name server"
	if d.Server != "" {
		who += " " + string(d.Server)
	}
	p.rows(0, markInfo, fmt.Sprintf("%s on %s:%s", who, d.Name, at(d.Conn, d.Line)))
	for _, rec := range d.Records {
		p.rows(0, markInfo, fmt.Sprintf("  %s %s %s, for %d s", rec.Name, rec.Type, rec.Data, rec.TTL))
	}
	for _, f := range d.Faults {
		p.rows(0, markWarn, "  "+f)
	}
}

// autoHandshake appends what there is about TLS beside the row that every report
// has.
func (p *Printer) autoHandshake(t *analyze.TLS) {
	if t == nil {
		return
	}
	p.rows(0, markInfo, "tls:"+at(t.Conn, t.Line))
	row := func(name, value string) {
		if value != "" {
			p.rows(0, markInfo, fmt.Sprintf("  %-12s %s", name, value))
		}
	}
	for _, v := range t.Versions {
		evidence := v.Evidence
		if v.Verdict == analyze.Yes && v.Cipher != "" {
			evidence = v.Cipher
			if v.Group != "" {
				evidence += ", " + v.Group
			}
		}
		p.finding("TLS "+v.Version, string(v.Verdict), evidence, v.Conn, v.Line)
	}
	row("group", t.Group)
	if t.NotAfter == "" {
		return
	}
	row("holder", t.Subject)
	row("names", strings.Join(t.Names, ", "))
	issuer := t.Issuer
	if t.SelfSigned {
		issuer += " (itself)"
	}
	row("issuer", issuer)
	valid := t.NotBefore + " to " + t.NotAfter
	if t.DaysLeft != nil {
		if n := *t.DaysLeft; n < 0 {
			valid += ", expired " + plural(int64(-n), "day") + " ago"
		} else {
			valid += ", " + plural(int64(n), "day") + " left"
		}
	}
	row("valid", valid)
	row("key", t.Key)
	row("signature", t.Signature)
	row("chain", fmt.Sprintf("%s, %s sent", t.Chain, plural(int64(t.Sent), "certificate")))
	if t.Fault() == "" {
		row("verified", t.Verify)
	}
	staple := "none stapled"
	if t.OCSP {
		staple = "stapled, not verified here"
	}
	if t.MustStaple {
		staple += "; the certificate asks for it"
	}
	row("OCSP", staple)
	if t.SCTs > 0 {
		row("SCTs", fmt.Sprintf("%d in the handshake", t.SCTs))
	}
}

// autoFields appends fields of the final response.
func (p *Printer) autoFields(heading string, fields []analyze.Field) {
	if len(fields) > 0 {
		p.rows(0, markInfo, heading)
	}
	for _, f := range fields {
		text := "  " + f.Name
		if f.Value != "" || f.Note == "" {
			text += ": " + string(f.Value)
		}
		if f.Note != "" {
			text += " (" + f.Note + ")"
		}
		p.rows(0, markInfo, text)
	}
}

// autoProbe appends the row of a connection, with the times of its phases.
func (p *Printer) autoProbe(q *analyze.Probe) {
	text := " " + at(q.Conn, q.Line) + " " + q.What
	if q.Target != "" {
		text += ", " + q.Target
	}
	if q.Result != "" {
		text += ": " + q.Result
	}
	var times []string
	for _, t := range []struct {
		name  string
		value float64
	}{{"name", q.DNS}, {"connect", q.Connect}, {"tls", q.Timing.TLS}, {"first byte", q.FirstByte}, {"over at", q.Total}} {
		if t.value > 0 {
			times = append(times, t.name+" "+span(seconds(t.value)))
		}
	}
	if len(times) > 0 {
		text += " (" + strings.Join(times, ", ") + ")"
	}
	p.rows(0, markInfo, text)
}
