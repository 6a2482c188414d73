package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wiretape/wire/cookie"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// Keep puts the cookies that m sets into a jar, as the client of its request
// would at the time now, and returns the verdicts in their order. A Message that
// is no response, or one that nobody asked for, sets none.
func Keep(jar *cookie.Jar, m *proto.Message, now time.Time) []cookie.Verdict {
	r, ok := m.Value.(*http1.Response)
	if !ok || r.Request == nil {
		return nil
	}
	o := cookie.NewOrigin(m.Secure, string(r.Request.Fields.Get("Host")), r.Request.Target)
	var verdicts []cookie.Verdict
	for _, v := range r.Fields.Values("Set-Cookie") {
		verdicts = append(verdicts, jar.Set(o, v, now))
	}
	return verdicts
}

// cookies is .cookies: it judges what was set so far, in order, as a client
// does that began with an empty jar.
func (s *Session) cookies(context.Context, string) error {
	s.mu.Lock()
	msgs := slices.Clone(s.history.msgs)
	s.mu.Unlock()
	var jar cookie.Jar
	var out strings.Builder
	for _, m := range msgs {
		for _, v := range Keep(&jar, &m, s.tap.Start().Add(m.Last)) {
			fmt.Fprintf(&out, "#%d %s\n", m.N, v)
		}
	}
	if out.Len() == 0 {
		s.view.Info("no cookie was set")
		return nil
	}
	fmt.Fprintf(&out, "%d in the jar", len(jar.All(time.Now())))
	s.view.Info(out.String())
	return nil
}
