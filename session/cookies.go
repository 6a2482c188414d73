package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wiretape/session/view"
	"wiretape/wire/cookie"
	"wiretape/wire/proto"
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
		for _, v := range view.Keep(&jar, &m, s.tap.Start().Add(m.Last)) {
			fmt.Fprintf(&out, "#%d %s\n", m.N, v)
		}
	}
	if out.Len() == 0 {
		text := "no cookie was set over HTTP/1"
		if slices.ContainsFunc(msgs, func(m proto.Message) bool { return m.Kind == proto.KindFrame }) {
			text += "; those that came over HTTP/2 are not judged"
		}
		s.view.Info(text)
		return nil
	}
	fmt.Fprintf(&out, "%d in the jar", len(jar.All(time.Now())))
	s.view.Info(out.String())
	return nil
}
