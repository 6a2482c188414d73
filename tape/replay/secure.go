package replay

import (
	"iter"
	"slices"

	"wiretape/tape/match"
	"wiretape/wire"
)

// Secure reports whether the connections of a tape begin with a handshake, so
// that a listener for it has to shake hands.
func Secure(t *match.Tape) bool {
	return slices.ContainsFunc(t.Convs, func(c *match.Conv) bool { return c.Secure() != nil })
}

// ALPN returns the protocols that the recorded server selected, for the list of
// one that stands in for it. It is not nil.
func ALPN(t *match.Tape) []string {
	return named(t, func(s *wire.TLS) string { return s.ALPN })
}

// ServerNames returns the names that the recorded clients asked for.
func ServerNames(t *match.Tape) []string {
	return named(t, func(s *wire.TLS) string { return s.ServerName })
}

// named returns what the handshakes of a tape have as a name, each once.
func named(t *match.Tape, name func(*wire.TLS) string) []string {
	list := []string{}
	for s := range handshakes(t) {
		if n := name(s); n != "" && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// handshakes returns the facts of all, those in mid-stream too.
func handshakes(t *match.Tape) iter.Seq[*wire.TLS] {
	return func(yield func(*wire.TLS) bool) {
		for _, c := range t.Convs {
			for i := range c.Items {
				if s := c.Items[i].Event.TLS; s != nil && !yield(s) {
					return
				}
			}
		}
	}
}
