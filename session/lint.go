package session

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// lint says what is odd about a composed HTTP/1 request before it goes. It
// changes nothing: what is malformed may be meant.
func lint(b []byte) []finding {
	r := lintRequest(b)
	var found []finding
	for _, c := range lints {
		if c.odd(r) {
			found = append(found, finding{c.text, c.rule})
		}
	}
	return found
}

// A finding is what lint has found, with the section that it offends.
type finding struct{ text, rule string }

func (f finding) String() string { return f.text + " (" + f.rule + "); sent as typed" }

// A linted is a request as far as the checks look at it.
type linted struct {
	bareLF bool
	start  string
	lines  []string // the field lines
	fields map[string][]string
	body   int
}

var lints = []struct {
	text, rule string
	odd        func(linted) bool
}{
	{"Host is missing", "RFC 9112 3.2", func(r linted) bool {
		return strings.HasSuffix(r.start, " HTTP/1.1") && len(r.fields["host"]) == 0
	}},
	{"Host stands more than once", "RFC 9112 3.2", func(r linted) bool { return len(r.fields["host"]) > 1 }},
	{"line ends are bare LF", "RFC 9112 2.2", func(r linted) bool { return r.bareLF }},
	{"a blank stands before a colon", "RFC 9112 5.1", func(r linted) bool {
		return r.anyLine(func(l string) bool {
			name, _, ok := strings.Cut(l, ":")
			return ok && name != strings.TrimRight(name, " \t")
		})
	}},
	{"a field line is folded", "RFC 9112 5.2", func(r linted) bool {
		return r.anyLine(func(l string) bool { return l != "" && (l[0] == ' ' || l[0] == '\t') })
	}},
	{"a field line has no colon", "RFC 9112 5", func(r linted) bool {
		return r.anyLine(func(l string) bool {
			return !strings.Contains(l, ":") && strings.TrimLeft(l, " \t") == l
		})
	}},
	{"Content-Length and Transfer-Encoding stand together", "RFC 9112 6.2", func(r linted) bool {
		return len(r.fields["content-length"]) > 0 && len(r.fields["transfer-encoding"]) > 0
	}},
	{"Content-Length is not the body's length", "RFC 9110 8.6", func(r linted) bool {
		v := r.fields["content-length"]
		if len(v) == 0 || len(r.fields["transfer-encoding"]) > 0 {
			return false
		}
		n, err := strconv.ParseUint(v[0], 10, 62)
		return err != nil || n != uint64(r.body)
	}},
}

func (r linted) anyLine(odd func(string) bool) bool {
	return slices.ContainsFunc(r.lines, odd)
}

// lintRequest cuts a request into what the checks look at.
func lintRequest(b []byte) linted {
	r := linted{fields: map[string][]string{}}
	first := true
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		if len(line) < len(b) && !bytes.HasSuffix(line, []byte("\r")) {
			r.bareLF = true
		}
		b = rest
		text := string(bytes.TrimSuffix(line, []byte("\r")))
		if text == "" {
			break
		}
		if first {
			r.start, first = text, false
			continue
		}
		r.lines = append(r.lines, text)
		if name, value, ok := strings.Cut(text, ":"); ok {
			name = strings.ToLower(strings.TrimSpace(name))
			r.fields[name] = append(r.fields[name], strings.TrimSpace(value))
		}
	}
	r.body = len(b)
	return r
}
