package view

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"strings"

	"wiretape/session/analyze"
)

// autoPage is the beginning of a page of reports. Nothing on it runs, and nothing is
// fetched: its policy forbids both.
const autoPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%[1]s</title>
<style>
%[2]s%[3]s</style></head><body>
<header><h1>%[1]s</h1></header>
`

// baseStyle is the style sheet of every page, autoStyle what pages of reports have
// besides.
//
//go:embed page/base.css
var baseStyle string

//go:embed page/auto.css
var autoStyle string

// AppendPageHead appends the beginning of a self-contained page of reports. Sites
// and the foot follow.
func AppendPageHead(dst []byte, title string) []byte {
	return fmt.Appendf(dst, autoPage, text(title), baseStyle, autoStyle)
}

// AppendPageFoot appends the end of a page, with a line about all of it that
// stands at the top.
func AppendPageFoot(dst []byte, summary string) []byte {
	return fmt.Appendf(dst, "<footer>%s</footer>\n</body></html>\n", text(summary))
}

// AppendSite appends a report to a page: the classic block and then all that the
// report has by its JSON names. Expected tells that an expectation was met, failed
// are the clauses of one that was not; open shows the details at once.
func AppendSite(dst []byte, r *analyze.Report, expected bool, failed []string, open bool) []byte {
	state := ""
	if open {
		state = " open"
	}
	dst = fmt.Appendf(dst, "<details class=\"site\"%s><summary><b>%s</b>", state, text(r.URL))
	dst = appendMark(dst, "http2 "+string(r.HTTP2.Verdict), r.HTTP2.Verdict == analyze.Yes, r.HTTP2.Verdict == analyze.Broken)
	dst = appendMark(dst, fmt.Sprintf("cookies %d", len(r.Cookies)), false, false)
	dst = appendMark(dst, "password "+string(r.Password.Verdict), false, false)
	if r.HTTPS != "" {
		dst = appendMark(dst, "https "+r.HTTPS, r.HTTPS == "available", r.HTTPS != "available")
	}
	if n := len(r.Warnings); n > 0 {
		dst = appendMark(dst, fmt.Sprintf("warnings %d", n), false, true)
	}
	if r.Error != "" {
		dst = appendMark(dst, "error", false, true)
	}
	if len(failed) > 0 {
		dst = appendMark(dst, "not as expected", false, true)
	} else if expected {
		dst = appendMark(dst, "as expected", true, false)
	}
	dst = append(dst, "</summary>\n"...)
	if r.Error != "" {
		dst = fmt.Appendf(dst, "<p class=\"bad\">%s</p>\n", text(string(r.Error)))
	}
	for _, f := range failed {
		dst = fmt.Appendf(dst, "<p class=\"bad\">not as expected: %s</p>\n", text(f))
	}
	dst = fmt.Appendf(dst, "<pre>%s</pre>\n", html.EscapeString(string(appendClassic(nil, r))))
	for _, w := range r.Warnings {
		dst = fmt.Appendf(dst, "<p class=\"bad\">! %s</p>\n", text(w))
	}
	b, err := ReportJSON(nil, r)
	if err != nil {
		return fmt.Appendf(dst, "<p class=\"bad\">%s</p></details>\n", text(err.Error()))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	all, _ := readOrdered(d).(members)
	var plain, sections members
	for _, m := range all {
		if m.name == "schema" || m.name == "warnings" || m.name == "error" || m.empty() {
			continue
		}
		switch m.value.(type) {
		case members, []any:
			sections = append(sections, m)
		default:
			plain = append(plain, m)
		}
	}
	dst = append(appendValue(append(dst, `<div class="wide">`...), plain), "</div>\n"...)
	for _, m := range sections {
		dst = fmt.Appendf(dst, "<h2>%s</h2><div class=\"wide\">", text(cmp.Or(titles[m.name], words(m.name))))
		dst = append(appendValue(dst, m.value), "</div>\n"...)
	}
	return append(dst, "</details>\n"...)
}

// titles are of the parts of a report whose JSON name says less.
var titles = map[string]string{
	"http2": "HTTP/2", "cookies": "Cookies", "password_protected": "Access", "hops": "Responses in turn", "tls": "TLS", "hsts": "HSTS",
	"timing": "Timing (s)", "addresses": "Addresses", "dns": "DNS", "protocols": "Protocols", "auth": "Credentials", "server": "Server",
	"hints": "Hints", "security": "Security fields", "probes": "Connections",
}

// appendMark appends a word of a site's summary.
func appendMark(dst []byte, s string, good, bad bool) []byte {
	class := "mark"
	if good {
		class += " good"
	} else if bad {
		class += " bad"
	}
	return fmt.Appendf(dst, "<span class=\"%s\">%s</span>", class, text(s))
}

// text makes s safe for a page: what no font shows stands as an escape.
func text(s string) string { return html.EscapeString(EscapeString(s)) }

// words makes words of a JSON name.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// members are those of a JSON object in their order.
type members []member

type member struct {
	name  string
	value any // members, []any, string, json.Number, bool or nil
}

// empty reports whether there is nothing to show.
func (m member) empty() bool {
	switch v := m.value.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case json.Number:
		return v == "0" && (m.name == "conn" || m.name == "status") // there is none
	case []any:
		return len(v) == 0
	case members:
		return len(v) == 0
	}
	return false
}

func (m members) get(name string) (any, bool) {
	for _, e := range m {
		if e.name == name {
			return e.value, true
		}
	}
	return nil, false
}

// readOrdered reads a JSON value that is well-formed, the members of objects in
// their order.
func readOrdered(d *json.Decoder) any {
	t, err := d.Token()
	if err != nil {
		return nil
	}
	switch t {
	case json.Delim('{'):
		var out members
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return out
			}
			out = append(out, member{fmt.Sprint(name), readOrdered(d)})
		}
		d.Token()
		return out
	case json.Delim('['):
		out := []any{}
		for d.More() {
			out = append(out, readOrdered(d))
		}
		d.Token()
		return out
	}
	return t
}

// appendValue appends a value: an object as a table of its members, an array of
// objects as a table with a column for each name, anything else as text.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, `<span class="none">none</span>`...)
	case bool:
		if v {
			return append(dst, "yes"...)
		}
		return append(dst, `<span class="none">no</span>`...)
	case members:
		dst = append(dst, "<table>"...)
		for _, m := range v {
			if m.empty() {
				continue
			}
			dst = fmt.Appendf(dst, "<tr><th>%s</th><td>", text(words(m.name)))
			dst = append(appendValue(dst, m.value), "</td></tr>"...)
		}
		return append(dst, "</table>"...)
	case []any:
		return appendList(dst, v)
	}
	return append(dst, text(fmt.Sprint(v))...)
}

// appendList appends an array.
func appendList(dst []byte, list []any) []byte {
	var names []string
	seen := map[string]bool{}
	for _, e := range list {
		o, _ := e.(members)
		for _, m := range o {
			if !seen[m.name] && !m.empty() {
				seen[m.name] = true
				names = append(names, m.name)
			}
		}
	}
	if len(names) == 0 {
		for i, e := range list {
			if i > 0 {
				dst = append(dst, "<br>"...)
			}
			dst = appendValue(dst, e)
		}
		return dst
	}
	dst = append(dst, "<table><tr>"...)
	for _, n := range names {
		dst = fmt.Appendf(dst, "<th>%s</th>", text(words(n)))
	}
	dst = append(dst, "</tr>\n"...)
	for _, e := range list {
		dst = append(dst, "<tr>"...)
		o, _ := e.(members)
		for _, n := range names {
			dst = append(dst, "<td>"...)
			if v, ok := o.get(n); ok && (v == nil || !(member{n, v}).empty()) {
				dst = appendValue(dst, v)
			}
			dst = append(dst, "</td>"...)
		}
		dst = append(dst, "</tr>\n"...)
	}
	return append(dst, "</table>"...)
}
