package tape

import (
	"slices"
	"strconv"
	"time"

	"wiretape/wire"
)

// facts are the words of a socket record, being written or being read. The
// first thing wrong with them is err.
type facts struct {
	words []word
	next  int // of the words without a key, how far they are read
	err   error
}

func (l *facts) fail(format string, args ...any) {
	if l.err == nil {
		l.err = bad(format, args...)
	}
}

// Writing.

func (l *facts) add(s string)       { l.words = append(l.words, word{value: s}) }
func (l *facts) addQuoted(s string) { l.words = append(l.words, word{value: s, quoted: true}) }

func (l *facts) addDir(d wire.Dir) {
	if d != wire.ClientToServer && d != wire.ServerToClient {
		l.fail("direction %s", d)
	}
	l.add(string(dirMark(d)))
}

func (l *facts) setAlways(key, value string) {
	l.words = append(l.words, word{key: key, value: value})
}

func (l *facts) set(key, value string) {
	if value != "" {
		l.setAlways(key, value)
	}
}

func (l *facts) setDur(key string, d time.Duration) {
	if d < 0 || d > maxDuration {
		l.fail("%s of %s", key, d)
	}
	if d != 0 {
		l.setAlways(key, d.String())
	}
}

func (l *facts) drop(keys []string) {
	l.words = slices.DeleteFunc(l.words, func(w word) bool { return slices.Contains(keys, w.key) })
}

// sort puts the words in the order of writing: those without a key, then keys.
func (l *facts) sort(keys []string) {
	slices.SortStableFunc(l.words, func(a, b word) int {
		return slices.Index(keys, a.key) - slices.Index(keys, b.key)
	})
}

func (l *facts) append(dst []byte) []byte {
	for _, w := range l.words {
		dst = append(dst, ' ')
		if w.key != "" {
			dst = append(append(dst, w.key...), '=')
		}
		dst = appendWord(dst, w.value, w.quoted)
	}
	return dst
}

// Reading.

// check refuses keys that are not among keys, and twice the same; only the
// protocols offered are a list.
func (l *facts) check(keys []string) {
	for i, w := range l.words {
		if w.key == "" {
			continue
		}
		if !slices.Contains(keys, w.key) {
			l.fail("%q is not known", w.key+"=")
		}
		if w.key != "offer" && slices.ContainsFunc(l.words[:i], func(v word) bool { return v.key == w.key }) {
			l.fail("%q stands twice", w.key+"=")
		}
	}
}

func (l *facts) more() bool {
	for l.next < len(l.words) && l.words[l.next].key != "" {
		l.next++
	}
	return l.next < len(l.words)
}

// place returns the next word without a key.
func (l *facts) place(what string) string {
	if !l.more() {
		l.fail("want %s", what)
		return ""
	}
	l.next++
	return l.words[l.next-1].value
}

func (l *facts) dir() wire.Dir {
	switch s := l.place("> or <"); s {
	case ">":
		return wire.ClientToServer
	case "<":
		return wire.ServerToClient
	default:
		l.fail("direction %q: want > or <", s)
		return 0
	}
}

func (l *facts) has(key string) bool {
	return slices.ContainsFunc(l.words, func(w word) bool { return w.key == key })
}

func (l *facts) key(key string) string {
	for _, w := range l.words {
		if w.key == key {
			return w.value
		}
	}
	return ""
}

func (l *facts) yes(key string) bool {
	switch s := l.key(key); s {
	case "yes":
		return true
	case "no", "":
		return false
	default:
		l.fail("%s=%s: want yes or no", key, s)
		return false
	}
}

func (l *facts) dur(key string) time.Duration {
	if !l.has(key) {
		return 0
	}
	d, err := parseDuration(l.key(key))
	if err != nil {
		l.fail("%s: %w", key, err)
	}
	return d
}

func (l *facts) number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || s[0] == '+' {
		l.fail("%q: want a number of bytes", s)
		return 0
	}
	return n
}
