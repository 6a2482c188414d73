package expr

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An operand is a literal or a path.
type operand struct {
	path  []part // nil for a literal
	value any
}

// A part of a path is a name, or an index in an array.
type part struct {
	name    string
	index   int
	indexed bool
}

// A comparison is a value alone, or two that are compared.
type comparison struct {
	text        string
	col         int
	op          string // "" for a value alone
	left, right operand
	re          *regexp.Regexp // of =~ and !~
}

func (c *comparison) eval(ev *evaluation, want bool) bool {
	l, r := c.left.get(ev.top), c.right.get(ev.top)
	ok := c.holds(l, r)
	// x == null asks for what is not there.
	asked := c.op != "" && c.re == nil && (c.left.isNull() || c.right.isNull())
	if !asked && c.left.path != nil && l == nil {
		ev.lack(c.left.shown())
	}
	if !asked && c.right.path != nil && r == nil {
		ev.lack(c.right.shown())
	}
	if ok != want {
		ev.blame(c.text, c.col, want, c.found(ev.top, l, r))
	}
	return ok
}

func (o *operand) isNull() bool { return o.path == nil && o.value == nil }

// holds reports whether the comparison is true.
func (c *comparison) holds(l, r any) bool {
	switch c.op {
	case "":
		return truth(l)
	case "=~", "!~":
		return l != nil && matches(c.re, l) == (c.op == "=~")
	case "==", "!=":
		if c.left.isNull() || c.right.isNull() {
			return (l == nil && r == nil) == (c.op == "==")
		}
		if l == nil || r == nil {
			return false
		}
		equal := anyOf(l, r, func(l, r any) bool { d, ok := order(l, r); return ok && d == 0 })
		return equal == (c.op == "==")
	}
	return l != nil && r != nil && anyOf(l, r, func(l, r any) bool {
		d, ok := order(l, r)
		if _, bool := scalar(l).(bool); !ok || bool {
			return false
		}
		switch c.op {
		case "<":
			return d < 0
		case "<=":
			return d <= 0
		case ">":
			return d > 0
		}
		return d >= 0
	})
}

// found tells the values that decided.
func (c *comparison) found(top, l, r any) string {
	var s []string
	for _, v := range []struct {
		o     *operand
		value any
	}{{&c.left, l}, {&c.right, r}} {
		if v.o.path == nil {
			continue
		}
		if v.value == nil {
			s = append(s, v.o.shown()+" is not there"+v.o.instead(top))
			continue
		}
		s = append(s, v.o.shown()+" is "+shown(v.value))
	}
	if len(s) == 0 {
		return "it is what it says"
	}
	return strings.Join(s, ", ")
}

// anyOf reports whether a comparison holds of any elements.
func anyOf(l, r any, holds func(l, r any) bool) bool {
	if a, ok := l.([]any); ok {
		for _, e := range a {
			if anyOf(e, r, holds) {
				return true
			}
		}
		return false
	}
	if a, ok := r.([]any); ok {
		for _, e := range a {
			if anyOf(l, e, holds) {
				return true
			}
		}
		return false
	}
	return holds(l, r)
}

// order compares two values. It has no answer where they are of different kinds.
func order(l, r any) (int, bool) {
	l, r = scalar(l), scalar(r)
	ls, lText := l.(string)
	rs, rText := r.(string)
	if lText && rText {
		return strings.Compare(ls, rs), true
	}
	if lb, ok := l.(bool); ok {
		rb, ok := r.(bool)
		if lb == rb {
			return 0, ok
		}
		return 1, ok
	}
	lf, lok := number(l)
	rf, rok := number(r)
	switch {
	case !lok || !rok:
		return 0, false
	case lf < rf:
		return -1, true
	case lf > rf:
		return 1, true
	}
	return 0, true
}

// number reads a number, or a text that is one.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		if v == "" || !isDigit(v[len(v)-1]) || strings.ContainsAny(v, "xXpP_nN") {
			return 0, false
		}
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}

// scalar returns what an object stands for in a comparison: its verdict, or the
// octets of a string that is not UTF-8.
func scalar(v any) any {
	o, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if s, ok := o["verdict"].(string); ok {
		return s
	}
	if s, ok := o["base64"].(string); ok && len(o) == 1 {
		if b, err := base64.StdEncoding.DecodeString(s); err == nil {
			return string(b)
		}
	}
	return v
}

// matches reports whether a text, or any of an array, has a match.
func matches(re *regexp.Regexp, v any) bool {
	switch v := scalar(v).(type) {
	case string:
		return re.MatchString(v)
	case float64:
		return re.MatchString(shownNumber(v))
	case json.Number:
		return re.MatchString(v.String())
	case bool:
		return re.MatchString(strconv.FormatBool(v))
	case []any:
		for _, e := range v {
			if matches(re, e) {
				return true
			}
		}
	}
	return false
}

// truth reports whether a value alone holds.
func truth(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case float64:
		return v != 0
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	case []any:
		if slices.ContainsFunc(v, truth) {
			return true
		}
	case map[string]any:
		s := v["verdict"]
		return s != "no" && s != "unknown" && s != "broken"
	}
	return false
}

// maxShown bounds a value that is shown, in octets.
const maxShown = 100

// shown writes a value as JSON, cut where it is long.
func shown(v any) string {
	if o, ok := v.(map[string]any); ok {
		if s := scalar(o); !isObject(s) {
			v = s
		}
	}
	var b strings.Builder
	w := &cutter{b: &b, room: maxShown}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil && b.Len() == 0 {
		return "no JSON"
	}
	s := strings.TrimSuffix(b.String(), "\n")
	if !w.cut {
		return s
	}
	for len(s) > 0 && !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

// A cutter takes the first octets.
type cutter struct {
	b    *strings.Builder
	room int
	cut  bool
}

func (c *cutter) Write(p []byte) (int, error) {
	n := min(len(p), c.room-c.b.Len())
	c.b.Write(p[:n])
	c.cut = c.cut || n < len(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}
