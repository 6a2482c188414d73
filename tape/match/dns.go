package match

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wiretape/wire/dns"
)

// dns compares messages of the Domain Name System: what is asked, the code, and the
// records of each section in any order. Identifiers are drawn anew for each query,
// and times to live run down in caches: both are compared by kind.
func (c *comparison) dns(w, g *dns.Message) {
	kind := string(c.want.Kind)
	if w.ID != g.ID {
		if w.Response && c.want.Exchange != 0 && c.got.Exchange == 0 {
			c.differ(kind+" id", "the query's", fmt.Sprint(g.ID))
		} else {
			c.byKind("id")
		}
	}
	key := len(c.out.Mismatches)
	c.differ(kind+" opcode", w.Opcode.String(), g.Opcode.String())
	c.differ(kind+" question", questions(w), questions(g))
	if w.Response {
		c.differ(kind+" code", w.RCode.String(), g.RCode.String())
		c.records(kind+" answer", w.Answers, g.Answers)
		c.records(kind+" authority", w.Authority, g.Authority)
		c.records(kind+" additional", w.Additional, g.Additional)
	}
	c.out.Key = len(c.out.Mismatches) == key
	c.differ(kind+" flags", strings.Join(w.Flags.Names(), " "), strings.Join(g.Flags.Names(), " "))
	c.differ(kind+" EDNS", c.edns(w.EDNS), c.edns(g.EDNS))
}

// differ adds a mismatch where two values for display differ.
func (c *comparison) differ(path, want, got string) {
	if want != got {
		c.add(Mismatch{Kind: Different, Path: path, Want: want, Got: got}, c.want.Span.From)
	}
}

func questions(m *dns.Message) string {
	var s []string
	for _, q := range m.Question {
		// RFC 4343: case does not count.
		s = append(s, strings.ToLower(q.Name)+" "+q.Class.String()+" "+q.Type.String())
	}
	return strings.Join(s, ", ")
}

// cookie is the option whose value is a client's or a server's own (RFC 7873).
const cookie = "COOKIE"

func (c *comparison) edns(e *dns.EDNS) string {
	if e == nil {
		return "none"
	}
	var s strings.Builder
	s.WriteString("size " + strconv.Itoa(e.Size))
	if e.DO {
		s.WriteString(" do")
	}
	for _, o := range e.Options {
		if strings.EqualFold(o.Name(), cookie) {
			c.byKind("cookie")
			continue
		}
		s.WriteString(" " + o.Name() + " " + o.Value())
	}
	return s.String()
}

// records compares a section as a multiset.
func (c *comparison) records(path string, ws, gs []dns.Record) {
	left := slices.Clone(gs)
	text := func(r dns.Record) string {
		return strings.Join([]string{strings.ToLower(r.Name), r.Class.String(), r.Type.String(), r.Data}, " ")
	}
	take := func(same func(w, g dns.Record) bool, w dns.Record) bool {
		i := slices.IndexFunc(left, func(g dns.Record) bool { return same(w, g) })
		if i >= 0 {
			if left[i].TTL != w.TTL {
				c.byKind("TTL")
			}
			left = slices.Delete(left, i, i+1)
		}
		return i >= 0
	}
	for _, w := range ws {
		if take(func(w, g dns.Record) bool { return text(w) == text(g) }, w) {
			continue
		}
		m := Mismatch{Kind: Missing, Path: path, Want: text(w)}
		i := slices.IndexFunc(left, func(g dns.Record) bool { return w.Type == g.Type && strings.EqualFold(w.Name, g.Name) })
		if i >= 0 && !slices.ContainsFunc(ws, func(o dns.Record) bool { return text(o) == text(left[i]) }) {
			m.Kind, m.Got = Different, text(left[i])
			left = slices.Delete(left, i, i+1)
		}
		c.add(m, c.want.Span.From)
	}
	for _, g := range left {
		c.add(Mismatch{Kind: Extra, Path: path, Got: text(g)}, c.want.Span.From)
	}
}
