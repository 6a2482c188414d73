package prototest

import (
	"fmt"
	"reflect"
	"strings"

	"wiretape/wire/proto"
)

// headline names a Message in one line.
func headline(m proto.Message) string {
	return fmt.Sprintf("%s from the %s, [%d,%d)", m.Kind, m.Dir, m.Span.From, m.Span.To)
}

// dump writes all that m says, times apart, one thing a line, so that the first
// line in which two dumps differ tells what differs. Empty and nil are alike.
func dump(m proto.Message) string {
	m.First, m.Last = 0, 0
	var b strings.Builder
	b.WriteString(headline(m))
	b.WriteByte('\n')
	dumpValue(&b, "Message", reflect.ValueOf(m), 0)
	return b.String()
}

// maxDepth bounds how far pointers are followed: a response leads to its
// request, and no Value should lead much further.
const maxDepth = 12

func dumpValue(b *strings.Builder, path string, v reflect.Value, depth int) {
	if depth > maxDepth {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			dumpValue(b, path, v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			dumpValue(b, path+"."+v.Type().Field(i).Name, v.Field(i), depth+1)
		}
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			if v.Len() > 0 {
				fmt.Fprintf(b, "%s: %q\n", path, v.Bytes())
			}
			return
		}
		for i := range v.Len() {
			dumpValue(b, fmt.Sprintf("%s[%d]", path, i), v.Index(i), depth+1)
		}
	case reflect.Map:
		// fmt sorts the keys.
		if v.Len() > 0 {
			fmt.Fprintf(b, "%s: %v\n", path, v)
		}
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
	case reflect.String:
		if v.Len() > 0 {
			fmt.Fprintf(b, "%s: %q\n", path, v.String())
		}
	default:
		if !v.IsZero() {
			fmt.Fprintf(b, "%s: %v\n", path, v)
		}
	}
}

// firstDifference says where two lists of dumps part, "" if nowhere.
func firstDifference(want, got []string) string {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			return fmt.Sprintf("  got %d Messages, want %d; the first too many:\n%s", len(got), len(want), indent(got[i]))
		case i >= len(got):
			return fmt.Sprintf("  got %d Messages, want %d; the first that is missing:\n%s", len(got), len(want), indent(want[i]))
		case want[i] != got[i]:
			w, g := strings.Split(want[i], "\n"), strings.Split(got[i], "\n")
			for j := range max(len(w), len(g)) {
				wl, gl := "(nothing)", "(nothing)"
				if j < len(w) {
					wl = w[j]
				}
				if j < len(g) {
					gl = g[j]
				}
				if wl != gl && (j > 0 || w[0] != g[0]) {
					return fmt.Sprintf("  Message %d (%s)\n    want %s\n    got  %s", i, w[0], shorten(wl), shorten(gl))
				}
			}
		}
	}
	return ""
}

// shorten keeps a line readable.
func shorten(s string) string {
	const most = 300
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// indent sets a dump off from the text around it, at most a few lines of it.
func indent(s string) string {
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	if len(lines) > 12 {
		lines = append(lines[:12], "…")
	}
	for i := range lines {
		lines[i] = "    " + shorten(lines[i])
	}
	return strings.Join(lines, "\n")
}
