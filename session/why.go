package session

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"wiretape/session/view"
	"wiretape/session/why"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/dns"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

func whyCommand() command {
	var kinds []string
	for _, k := range whyKinds {
		kinds = append(kinds, k.word)
	}
	return command{group: "Look", name: "why", args: "[N | " + strings.Join(kinds, "|") + " CODE]", summary: "explains an answer, or what became of the connection: what it means, what to try",
		detail: "N is an exchange; without it, what went wrong last, or the last exchange. Codes of status, alert,\n" +
			"close, grpc, smtp, ftp and nntp are numbers, of h2 and dns names or numbers, of smtp such as 5.7.1 too.",
		example: ".why 1", run: (*Session).why, complete: kinds}
}

// whyKinds are the codes that .why explains though nobody has answered so. Explain is
// not ok for what is no such code.
var whyKinds = []struct {
	word    string
	explain func(code string) (why.Reason, bool)
}{
	{"status", numbered(100, 999, why.HTTP)},
	{"alert", numbered(0, 255, func(n int) why.Reason { return why.Alert(wire.Alert(n)) })},
	{"h2", func(code string) (why.Reason, bool) {
		for c := range http2.ErrCodeHTTP11Required + 1 {
			if strings.EqualFold(c.String(), code) {
				return why.HTTP2(c), true
			}
		}
		return numbered(0, 1<<31-1, func(n int) why.Reason { return why.HTTP2(http2.ErrCode(n)) })(code)
	}},
	{"close", numbered(1000, 4999, why.WebSocket)},
	{"grpc", numbered(0, 1<<31-1, why.GRPC)},
	{"smtp", func(code string) (why.Reason, bool) {
		if strings.Count(code, ".") == 2 {
			return why.Enhanced(code), true
		}
		return replyCode(detect.SMTP)(code)
	}},
	{"ftp", replyCode(detect.FTP)},
	{"nntp", replyCode(detect.NNTP)},
	{"dns", func(code string) (why.Reason, bool) {
		for c := range dns.RCode(24) {
			if strings.EqualFold(c.String(), code) {
				return why.DNS(c), true
			}
		}
		return numbered(0, 4095, func(n int) why.Reason { return why.DNS(dns.RCode(n)) })(code)
	}},
}

// numbered explains codes that are numbers.
func numbered(least, most int, explain func(int) why.Reason) func(string) (why.Reason, bool) {
	return func(code string) (why.Reason, bool) {
		n, err := strconv.Atoi(code)
		if err != nil || n < least || n > most {
			return why.Reason{}, false
		}
		return explain(n), true
	}
}

// replyCode explains a code of three digits.
func replyCode(protocol string) func(string) (why.Reason, bool) {
	return numbered(100, 699, func(n int) why.Reason { return why.Reply(protocol, n) })
}

// why is .why.
func (s *Session) why(_ context.Context, args string) error {
	words := strings.Fields(args)
	if len(words) == 2 {
		for _, k := range whyKinds {
			if strings.EqualFold(k.word, words[0]) {
				r, ok := k.explain(words[1])
				if !ok {
					return failure(StatusUsage, ".why %s %q: no such code", k.word, words[1])
				}
				s.explain(r)
				return nil
			}
		}
	}
	s.mu.Lock()
	troubles, unread := s.troubles, s.current.peer.noRequest && s.current.peer.gotN == 0
	s.mu.Unlock()
	if len(words) == 0 && unread {
		s.explain(why.NoRequest())
		return nil
	}
	if len(words) == 0 && len(troubles) > 0 {
		for _, e := range troubles {
			if r, ok := why.Event(e); ok {
				s.explain(r)
			}
		}
		return nil
	}
	if r, ok := s.whyCode(words); ok {
		s.explain(r)
		return nil
	}
	n, rest, err := s.number("why", words)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage("why", args)
	}
	msgs, err := s.exchange("why", n)
	if err != nil {
		return err
	}
	said := 0
	for i := range msgs {
		if m := &msgs[i]; m.Dir == wire.ServerToClient || len(m.Notes) > 0 || isReset(m) {
			for _, r := range why.Message(m) {
				s.explain(r)
				said++
			}
		}
	}
	if said == 0 {
		s.view.Info("nothing about it needs an explanation")
	}
	return nil
}

// whyCode explains a number alone that is no exchange and is a code of what is spoken.
func (s *Session) whyCode(words []string) (why.Reason, bool) {
	if len(words) != 1 {
		return why.Reason{}, false
	}
	s.mu.Lock()
	name, last := s.stream.Proto(s.current.peer.conn), s.history.last()
	s.mu.Unlock()
	n, err := strconv.Atoi(words[0])
	switch {
	case err != nil || n <= last || n < 100 || n > 599:
		return why.Reason{}, false
	case slices.Contains([]string{detect.SMTP, detect.FTP, detect.NNTP}, name):
		return why.Reply(name, n), true
	}
	return why.HTTP(n), true
}

// isReset reports whether m is a frame that gives a stream or the connection up.
func isReset(m *proto.Message) bool {
	f, ok := m.Value.(*http2.Frame)
	return ok && (f.Type == http2.FrameRSTStream || f.Type == http2.FrameGoAway)
}

func (s *Session) explain(r why.Reason) {
	var rows []string
	for row := range strings.Lines(r.String()) {
		rows = append(rows, view.EscapeString(strings.TrimSuffix(row, "\n")))
	}
	s.view.Info(strings.Join(rows, "\n"))
}

// maxTroubles bounds what is remembered of what went wrong.
const maxTroubles = 8

// trouble remembers what .why explains of a connection, until something is said
// again. s.mu is held.
func (s *Session) trouble(e wire.Event) {
	switch e.Kind {
	case wire.KindOpen, wire.KindData:
		s.troubles = nil
	case wire.KindAlert:
		if e.Alert == 0 {
			return // close_notify: all is well
		}
		fallthrough
	default:
		if _, ok := why.Event(e); ok && len(s.troubles) < maxTroubles {
			s.troubles = append(s.troubles, e)
		}
	}
}
