package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/wire/cookie"
)

// cookies is .cookies: it judges what was set so far, in order, as a client
// does that began with an empty jar.
func (s *Session) cookies(context.Context, string) error {
	s.mu.Lock()
	msgs := slices.Clone(s.history.msgs)
	s.mu.Unlock()
	var jar cookie.Jar
	var out strings.Builder
	for _, m := range msgs {
		for _, v := range view.Keep(&jar, &m, s.now(m.Last)) {
			fmt.Fprintf(&out, "#%d %s\n", m.N, v)
		}
	}
	if out.Len() == 0 {
		s.view.Info("no cookie was set")
		return nil
	}
	fmt.Fprintf(&out, "%d in the jar", len(jar.All(s.moment())))
	s.view.Info(out.String())
	return nil
}
