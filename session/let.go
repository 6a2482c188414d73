package session

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"wiretape/session/expr"
	"wiretape/session/view"
)

// maxLet bounds the value of a variable, octets, and how many there are.
const (
	maxLet  = 64 << 10
	maxLets = 256
)

// letCommand is the row of .let.
func letCommand() command {
	return command{group: "Wait", name: "let", args: "[NAME = header:NAME | cookie:NAME | json:PATH | body =~ RE]",
		summary: "keeps a value of the last reply under a name, or lists what is kept",
		detail: "${NAME} stands for it in the quotes of .send, before a variable of the environment of that name, and\n" +
			"let.NAME in expressions. json:PATH is a path into a body of JSON, as in json:user.id or json:items[0];\n" +
			"of RE the first group is kept, or all where it has none. What is not there ends a script with status 1.",
		example: ".let next = header:Location", run: (*Session).let, more: func(string) []string { return []string{"= ", "header:", "cookie:", "json:", "body =~ "} }}
}

var letForm = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.+)$`)

// let is .let.
func (s *Session) let(_ context.Context, args string) error {
	if args == "" {
		s.listLets()
		return nil
	}
	m := letForm.FindStringSubmatch(args)
	if m == nil {
		return usage("let", args)
	}
	s.mu.Lock()
	reply := s.current.lastExchange()
	s.mu.Unlock()
	value, err := letValue(reply, m[2])
	if err != nil {
		return failure(StatusOf(err), ".let %s: %w", args, err)
	}
	switch _, known := s.lets[m[1]]; {
	case len(value) > maxLet:
		return failure(StatusUsage, ".let %s: the value has %d B, more than %d KiB", m[1], len(value), maxLet>>10)
	case !known && len(s.lets) == maxLets:
		return failure(StatusUsage, ".let %s: %d values are kept already, the most", m[1], maxLets)
	case s.lets == nil:
		s.lets = map[string]string{}
	}
	s.lets[m[1]] = value
	s.view.Info(m[1] + " = " + view.EscapeString(shownLet(value)))
	return nil
}

// letValue returns what a source says of a reply. Its errors do not name the source.
func letValue(reply map[string]any, source string) (string, error) {
	kind, name, _ := strings.Cut(source, ":")
	if re, ok := strings.CutPrefix(source, "body"); ok && strings.HasPrefix(strings.TrimLeft(re, " "), "=~") {
		return letMatch(reply, strings.TrimSpace(strings.TrimPrefix(strings.TrimLeft(re, " "), "=~")))
	}
	path := ""
	switch name = strings.TrimSpace(name); {
	case name == "" || kind != "header" && kind != "cookie" && kind != "json":
		return "", failure(StatusUsage, "want header:NAME, cookie:NAME, json:PATH or body =~ RE")
	case kind == "header":
		path = "header." + strconv.Quote(name)
	case kind == "cookie":
		path = "cookie." + strconv.Quote(name) + ".value"
	default:
		body, err := jsonBody(reply)
		if err != nil {
			return "", err
		}
		reply, path = map[string]any{"json": body}, "json."+strings.TrimPrefix(name, "$.")
		if strings.HasPrefix(name, "[") {
			path = "json" + name
		}
	}
	e, err := expr.Parse(path)
	if err != nil {
		return "", &Failure{Status: StatusUsage, Err: err}
	}
	switch v := e.Value(reply).(type) {
	case nil:
		return "", failure(StatusDiffers, "the last reply has none")
	case string:
		return v, nil
	case []any:
		if len(v) > 0 && kind != "json" {
			if text, ok := v[0].(string); ok {
				return text, nil // of several the first
			}
		}
		return jsonText(v)
	default:
		return jsonText(v)
	}
}

// jsonBody returns the body of a reply as JSON, its numbers as they stand there.
func jsonBody(reply map[string]any) (any, error) {
	text, _ := reply["body"].(string)
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, failure(StatusDiffers, "the body of the last reply is no JSON: %w", err)
	}
	return v, nil
}

// jsonText writes a value of JSON on one line.
func jsonText(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// letMatch returns what a regular expression finds in the body.
func letMatch(reply map[string]any, text string) (string, error) {
	if n := len(text); n > 1 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		text = text[1 : n-1]
	}
	if text == "" {
		return "", failure(StatusUsage, "no regular expression stands there")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return "", &Failure{Status: StatusUsage, Err: err}
	}
	body, _ := reply["body"].(string)
	m := re.FindStringSubmatch(body)
	if m == nil {
		return "", failure(StatusDiffers, "the body of the last reply has nothing that it matches")
	}
	return m[min(1, len(m)-1)], nil
}

func (s *Session) listLets() {
	if len(s.lets) == 0 {
		s.view.Info("nothing is kept: .let NAME = header:Location keeps something of the last reply")
		return
	}
	var names []string
	for name := range s.lets {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		s.view.Info(name + " = " + view.EscapeString(shownLet(s.lets[name])))
	}
}

// shownLet is what a row gives of a value.
func shownLet(v string) string {
	const most = 200
	if r := []rune(v); len(r) > most {
		return fmt.Sprintf("%s… (%d B)", string(r[:most]), len(v))
	}
	return v
}

// withLets returns the arguments of .send with the values of .let in its quotes,
// written so that they stay what they are. Other variables stay as they stand.
func (s *Session) withLets(args string) string {
	if len(s.lets) == 0 || !strings.Contains(args, "${") {
		return args
	}
	var b strings.Builder
	quoted := false
	for i := 0; i < len(args); i++ {
		switch {
		case quoted && args[i] == '\\' && i+1 < len(args):
			b.WriteString(args[i : i+2])
			i++
			continue
		case args[i] == '"':
			quoted = !quoted
		case quoted && strings.HasPrefix(args[i:], "${"):
			name, _, ok := strings.Cut(args[i+2:], "}")
			if v, known := s.lets[name]; ok && known {
				for _, c := range []byte(v) {
					fmt.Fprintf(&b, `\x%02x`, c)
				}
				i += len(name) + 2
				continue
			}
		}
		b.WriteByte(args[i])
	}
	return b.String()
}
