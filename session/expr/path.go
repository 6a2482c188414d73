package expr

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// get returns the operand's value, nil where it is not there.
func (o *operand) get(top any) any {
	if o.path == nil {
		return o.value
	}
	return follow(top, o.path)
}

// follow goes down a path.
func follow(v any, path []part) any {
	for len(path) > 0 {
		p := path[0]
		path = path[1:]
		switch x := v.(type) {
		case map[string]any:
			if p.indexed {
				return nil
			}
			if member, ok := x[p.name]; ok {
				v = member
				continue
			}
			all, ok := x[p.name+"s"].([]any)
			if !ok || len(path) == 0 || path[0].indexed {
				return nil
			}
			v = named(all, path[0].name)
			path = path[1:]
		case []any:
			if p.indexed {
				if p.index < 0 {
					p.index += len(x)
				}
				if p.index < 0 || p.index >= len(x) {
					return nil
				}
				v = x[p.index]
				continue
			}
			found := members(x, p.name)
			switch {
			case found != nil:
				v = found
			case p.name == "length":
				v = float64(len(x))
			case len(x) == 0:
				v = x
			default:
				return nil
			}
		default:
			return nil
		}
	}
	return v
}

// members returns what the objects of an array have of a name, the elements of an
// array for the array; nil where none has it.
func members(all []any, name string) any {
	var found []any
	has := false
	for _, e := range all {
		o, _ := e.(map[string]any)
		switch m := o[name].(type) {
		case nil:
		case []any:
			found, has = append(found, m...), true
		default:
			found, has = append(found, m), true
		}
	}
	if !has {
		return nil
	}
	return found
}

// named returns the elements of that name: of pairs the second, of objects those
// whose name it is. One stands for itself, none is nil.
func named(all []any, name string) any {
	var found []any
	for _, e := range all {
		switch e := e.(type) {
		case []any:
			if len(e) == 2 {
				if n, ok := e[0].(string); ok && strings.EqualFold(n, name) {
					found = append(found, e[1])
				}
			}
		case map[string]any:
			if scalar(e["name"]) == any(name) {
				found = append(found, e)
			}
		}
	}
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	return found
}

// shown writes a path as it may be typed.
func (o *operand) shown() string {
	var b strings.Builder
	for i, p := range o.path {
		switch {
		case p.indexed:
			b.WriteString("[" + strconv.Itoa(p.index) + "]")
			continue
		case i > 0:
			b.WriteByte('.')
		}
		if nameAt(p.name) != p.name || p.name == "" {
			b.WriteString(strconv.Quote(p.name))
		} else {
			b.WriteString(p.name)
		}
	}
	return b.String()
}

// instead names what is there in place of a path's first name, where that is
// close; "" for nothing.
func (o *operand) instead(top any) string {
	x, ok := top.(map[string]any)
	if !ok {
		return ""
	}
	name := o.path[0].name
	if _, ok := x[name]; ok {
		return ""
	}
	if _, ok := x[name+"s"]; ok {
		return ""
	}
	best, least := "", 3
	for _, n := range slices.Sorted(maps.Keys(x)) {
		if d := distance(strings.ToLower(name), n); d < least && d < len(name) {
			best, least = n, d
		}
	}
	if best == "" {
		return ""
	}
	return " (" + best + " is)"
}

// distance counts the letters that are to be put in, left out or replaced to make
// b of a.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := corner
			if a[i] != b[j] {
				d = 1 + min(corner, row[j], row[j+1])
			}
			corner, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
