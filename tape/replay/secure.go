package replay

import (
	"slices"

	"wiretape/tape/match"
)

// Secure reports whether the connections of a tape begin with a handshake, so
// that a listener for it has to shake hands.
func Secure(t *match.Tape) bool {
	return slices.ContainsFunc(t.Convs, func(c *match.Conv) bool { return c.Secure() != nil })
}

// ALPN returns the protocols that the recorded server selected, for the list of
// one that stands in for it.
func ALPN(t *match.Tape) []string {
	list := []string{}
	for _, c := range t.Convs {
		if s := c.Secure(); s != nil && s.ALPN != "" && !slices.Contains(list, s.ALPN) {
			list = append(list, s.ALPN)
		}
	}
	return list
}
