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

// cookiesOf shows the verdicts on what exchange n set, against what was set before.
func (s *Session) cookiesOf(n int) {
	s.mu.Lock()
	msgs := slices.Clone(s.history.msgs)
	s.mu.Unlock()
	var jar cookie.Jar
	var of []cookie.Verdict
	for _, m := range msgs {
		if vs := view.Keep(&jar, &m, s.now(m.Last)); m.N == n {
			of = append(of, vs...)
		}
	}
	if len(of) == 0 {
		s.view.Info(fmt.Sprintf("#%d set no cookie", n))
		return
	}
	s.view.CookieTable(fmt.Sprintf("#%d set %s", n, count(len(of), "cookie")), of)
}
