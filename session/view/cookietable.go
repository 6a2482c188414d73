package view

import (
	"fmt"
	"strings"

	"wiretape/wire/cookie"
)

// The widest that a column of cookies grows, in cells.
const (
	shownLabel = 24
	shownScope = 28
)

// CookieTable writes a table of verdicts: what is kept of each cookie, or why it is
// refused, with the rule. Title, unless it is "", stands above it.
func (p *Printer) CookieTable(title string, vs []cookie.Verdict) {
	p.begin()
	defer p.mu.Unlock()
	if title != "" {
		p.rows(0, markInfo, title)
	}
	rows := [][]string{{"cookie", "value", "verdict", "for", "path", "until", "flags"}}
	for i := range vs {
		rows = append(rows, cookieRow(&vs[i]))
	}
	var widths [6]int // of all but the last, which needs none
	for _, r := range rows {
		for c := range min(len(widths), len(r)-1) {
			widths[c] = max(widths[c], cells([]byte(r[c])))
		}
	}
	for i, r := range rows {
		var b strings.Builder
		for c, text := range r {
			b.WriteString(text)
			if c < len(r)-1 {
				b.WriteString(strings.Repeat(" ", max(0, widths[c]-cells([]byte(text)))+2))
			}
		}
		mk := markInfo
		if i > 0 && vs[i-1].Action == cookie.Reject {
			mk = markWarn
		}
		p.rows(0, mk, b.String())
		if i > 0 {
			for _, n := range vs[i-1].Notes {
				p.rows(0, mk, "  "+n.String())
			}
		}
	}
	p.flush()
}

// cookieRow returns the cells of a cookie's row, escaped; of one that is not kept
// the reason takes the place of what would be.
func cookieRow(v *cookie.Verdict) []string {
	c := &v.Cookie
	row := []string{shortened(c.Name, shownLabel), shortened(c.Value, shownLabel), "stored"}
	if v.Action != cookie.Store {
		row[2] = "rejected"
		if v.Action == cookie.Expire {
			row[2] = "expired"
		}
		why := v.Reason
		if v.Rule != "" {
			why += " (" + v.Rule + ")"
		}
		if v.Found != "" {
			why += "; " + v.Found
		}
		return append(row, EscapeString(why))
	}
	scope, life := c.Domain+" and below", "session"
	switch {
	case c.Domain == "":
		scope = "its host"
	case c.HostOnly:
		scope = c.Domain
	}
	if !c.Expires.IsZero() {
		life = c.Expires.UTC().Format("2006-01-02 15:04:05")
	}
	flags := strings.Join(cookieFlags(c), " ")
	if flags == "" {
		flags = "-"
	}
	return append(row, shortened(scope, shownScope), shortened(c.Path, shownLabel), life, flags)
}

// cookieFlags returns the names of the attributes that are set.
func cookieFlags(c *cookie.Cookie) []string {
	var names []string
	for _, flag := range []struct {
		set  bool
		name string
	}{
		{c.Secure, "Secure"}, {c.HTTPOnly, "HttpOnly"},
		{c.SameSite != "", fmt.Sprintf("SameSite=%s", c.SameSite)}, {c.Partitioned, "Partitioned"},
	} {
		if flag.set {
			names = append(names, flag.name)
		}
	}
	return names
}

// shortened escapes a peer's text for a column of so many cells at most.
func shortened(s string, room int) string {
	text := EscapeString(s[:runeStart([]byte(s), min(len(s), 4*room))])
	if cells([]byte(text)) <= room && len(s) <= 4*room {
		return text
	}
	n := len(text)
	for cells([]byte(text[:n])) > room-1 {
		n = runeStart([]byte(text), n-1)
	}
	return text[:n] + "…"
}
