package session

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wiretape/session/view"
	"wiretape/wire/cookie"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// maxRefused bounds the cookies that are remembered as refused.
const maxRefused = 256

// A jar holds the cookies of a session: what responses set, on all connections.
// Session.mu guards it.
type jar struct {
	cookies cookie.Jar
	refused map[refusal]bool // at most maxRefused
}

// A refusal is a cookie that a host has set in vain.
type refusal struct{ host, name string }

// take keeps the cookies that m sets.
func (j *jar) take(m *proto.Message, now time.Time) {
	verdicts := view.Keep(&j.cookies, m, now)
	if len(verdicts) == 0 {
		return
	}
	host := ""
	if q := m.Value.(*http1.Response).Request; q != nil {
		host = cookie.NewOrigin(m.Secure, q.Host(), q.Target).Host
	}
	for i := range verdicts {
		r := refusal{strings.ToLower(host), strings.Clone(verdicts[i].Cookie.Name)}
		switch {
		case verdicts[i].Action != cookie.Reject:
			delete(j.refused, r)
		case len(j.refused) < maxRefused:
			if j.refused == nil {
				j.refused = map[refusal]bool{}
			}
			j.refused[r] = true
		}
	}
}

// header returns the value of Cookie for a request to o, and what is to be said
// where there is none: that cookies are there, or were refused, and do not go
// along. Of an empty jar nothing is said.
func (j *jar) header(o cookie.Origin, now time.Time) (value, why string) {
	if value = string(j.cookies.Header(o, now)); value != "" {
		return value, ""
	}
	refused := 0
	for r := range j.refused {
		if r.host == strings.ToLower(o.Host) {
			refused++
		}
	}
	switch kept := len(j.cookies.All(now)); {
	case refused > 0:
		return "", fmt.Sprintf("no Cookie line: the jar has 0 cookies for this URL, %d rejected (.cookies)", refused)
	case kept > 0:
		return "", fmt.Sprintf("no Cookie line: the jar has 0 cookies for this URL, %d for others (.jar)", kept)
	}
	return "", ""
}

// jarCommand is the row of .jar.
func jarCommand() command {
	return command{group: "Look", name: "jar", args: "[clear]", summary: "lists the cookies that are kept, or forgets them",
		detail: "Every response of the session fills the jar, as .cookies judges; .get, .post and .follow take their\n" +
			"Cookie line from it, and Tab behind a typed \"Cookie: \".",
		example: ".jar", run: (*Session).jarWord, complete: []string{"clear"}}
}

// jarWord is .jar.
func (s *Session) jarWord(_ context.Context, args string) error {
	if args != "" && args != "clear" {
		return usage("jar", args)
	}
	s.mu.Lock()
	now := s.moment()
	all := s.jar.cookies.All(now)
	if args == "clear" {
		s.jar = jar{}
	}
	s.mu.Unlock()
	switch {
	case args == "clear":
		s.view.Info(count(len(all), "cookie") + " forgotten")
		return nil
	case len(all) == 0:
		s.view.Info("the jar is empty")
		return nil
	}
	var vs []cookie.Verdict
	for _, c := range all {
		vs = append(vs, cookie.Verdict{Cookie: c, Action: cookie.Store})
	}
	s.view.CookieTable("", vs)
	return nil
}

// completeCookie returns the Cookie line for the request that is composed, "" where
// the jar has none. s.mu is held.
func (s *Session) completeCookie() string {
	if s.current.g.draft.empty() {
		return ""
	}
	target := ""
	if words := strings.Fields(s.current.g.draft.lines[0]); len(words) > 1 {
		target = words[1]
	}
	value, _ := s.jar.header(cookie.NewOrigin(s.current.peer.tls != nil, HostField(s.current.target), target), s.moment())
	return value
}
