package session

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"wiretape/session/view"
)

func setCommand() command {
	var names []string
	for _, r := range settings() {
		names = append(names, r.name+" ")
	}
	return command{group: "Manners", name: "set", args: "[NAME [VALUE]]", summary: "lists what can be set, with its value, or sets it",
		detail:  "Sizes are octets, or with k, m, g. line, head and body hold from the next connection on.",
		example: ".set timeout 30s", run: (*Session).set, complete: names, more: func(before string) []string {
			if r := findSetting(strings.TrimSpace(before)); r != nil {
				return r.values
			}
			return nil
		}}
}

// A setting is a row of .set.
type setting struct {
	name   string
	of     string // what it is, for people
	value  func(*Session) string
	set    func(*Session, context.Context, string) error
	values []string // what it may be, for completion
}

// settings returns the table. What has a word of its own is set by that.
func settings() []setting {
	rows := []setting{
		{"timeout", "how long a script waits in silence", (*Session).timeouts, (*Session).setTimeout, nil},
		{"eol", "the line end of typed lines", func(s *Session) string { return s.current.g.eol.String() },
			func(s *Session, ctx context.Context, v string) error { return s.current.setEOL(ctx, v) }, eolCommandValues},
		{"mode", "what is typed goes by line, block or resp", func(s *Session) string { return s.current.modeName() },
			func(s *Session, ctx context.Context, v string) error { return s.current.setMode(ctx, v) }, modeCommandValues},
		{"clock", "when cookies and certificates are judged", func(s *Session) string {
			if s.opts.Style.Now.IsZero() {
				return "now"
			}
			return s.opts.Style.Now.Format("2006-01-02T15:04:05Z07:00")
		}, (*Session).setClock, []string{"now"}},
		{"escape", "the key that gives a command within free text", func(s *Session) string { return cmp.Or(s.opts.Style.EscapeKey, "none") }, (*Session).setEscape, []string{"^]", "none"}},
		{"shown", "rows of a body that are shown, or auto: a third of the screen", func(s *Session) string {
			if s.shownRows == 0 {
				return "auto"
			}
			return strconv.Itoa(s.shownRows)
		}, (*Session).setShown, []string{"auto"}},
	}
	for i := range limitTable {
		l := &limitTable[i]
		rows = append(rows, setting{l.name, l.of, func(s *Session) string {
			limits := s.limits()
			return sizeWord(cmp.Or(*l.value(&limits), l.usual))
		}, func(s *Session, _ context.Context, v string) error { return s.setLimit(l, v) }, []string{sizeWord(l.usual)}})
	}
	return rows
}

func findSetting(name string) *setting {
	for _, r := range settings() {
		if strings.EqualFold(r.name, name) {
			return &r
		}
	}
	return nil
}

// set is .set.
func (s *Session) set(ctx context.Context, args string) error {
	name, value, _ := strings.Cut(args, " ")
	value = strings.TrimSpace(value)
	if name == "" {
		s.mu.Lock()
		var b strings.Builder
		for _, r := range settings() {
			fmt.Fprintf(&b, "%-8s %-10s %s\n", r.name, r.value(s), r.of)
		}
		s.mu.Unlock()
		s.view.Info(strings.TrimSuffix(b.String(), "\n"))
		return nil
	}
	r := findSetting(name)
	if r == nil {
		return failure(StatusUsage, ".set %s: no such setting (.set lists them)", name)
	}
	if value != "" {
		return r.set(s, ctx, value)
	}
	s.mu.Lock()
	value = r.value(s)
	s.mu.Unlock()
	s.view.Info(fmt.Sprintf("%s is %s: %s", r.name, value, r.of))
	return nil
}

func (d *dialogue) modeName() string {
	switch {
	case d.g.block:
		return "block"
	case d.g.encode != nil:
		return "resp"
	}
	return "line"
}

// limits returns what is set. s.mu is held, or it is Run's goroutine that asks.
func (s *Session) limits() Limits { return Limits{s.opts.Limits, s.opts.Style.Decoded} }

func (s *Session) setLimit(l *limit, value string) error {
	n, err := parseSize(value)
	if err != nil {
		return failure(StatusUsage, ".set %s %s: %w", l.name, value, err)
	}
	s.mu.Lock()
	limits := s.limits()
	*l.value(&limits) = n
	s.opts.Limits, s.opts.Style.Decoded = limits.Parse, limits.Decoded
	s.stream.Limit(limits.Parse)
	s.mu.Unlock()
	s.view.Decoded(limits.Decoded)
	s.view.Info(fmt.Sprintf("%s is %s: %s", l.name, sizeWord(n), l.of))
	return nil
}

// ParseEscape reads the key that leads to commands: "^X", one character, a number, or
// "none", for which key is 0 and name "".
func ParseEscape(s string) (key byte, name string, err error) {
	switch {
	case s == "none" || s == "":
		return 0, "", nil
	case len(s) == 2 && s[0] == '^' && s[1] >= '?' && s[1] < 0x7f:
		return strings.ToUpper(s)[1] ^ 0x40, strings.ToUpper(s), nil
	case len(s) == 1:
		return s[0], s, nil
	}
	if n, err := strconv.ParseUint(s, 0, 8); err == nil && n < 0x20 {
		return byte(n), "^" + string(rune(n^0x40)), nil
	}
	return 0, "", failure(StatusUsage, "escape %q: want a key such as ^], or none", s)
}

// An escaper is a LineReader with a key that leads to commands.
type escaper interface {
	// SetEscape sets the key from the next line on; 0 for none.
	SetEscape(key byte)
}

func (s *Session) setEscape(_ context.Context, value string) error {
	key, name, err := ParseEscape(value)
	if err != nil {
		return err
	}
	if e, ok := s.lines.(escaper); ok {
		e.SetEscape(key)
	}
	s.mu.Lock()
	s.opts.Style.EscapeKey = name
	s.mu.Unlock()
	if name == "" {
		s.view.Info("no key leads to commands within free text")
	} else {
		s.view.Info("Escape character is '" + view.EscapeString(name) + "'.")
	}
	return nil
}

func (s *Session) setShown(_ context.Context, value string) error {
	n := 0
	if value != "auto" {
		var err error
		if n, err = strconv.Atoi(value); err != nil || n < 1 {
			return failure(StatusUsage, ".set shown %s: want a number of rows, or auto", value)
		}
	}
	s.mu.Lock()
	s.shownRows = n
	s.mu.Unlock()
	s.view.Rows(n)
	if n == 0 {
		s.view.Info("a body is shown up to a third of the screen")
	} else {
		s.view.Info("a body is shown up to " + count(n, "row"))
	}
	return nil
}
