package session

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"wiretape/session/curl"
	"wiretape/session/view"
	"wiretape/wire/auth"
)

// Credentials are what .auth has been told. They go to one place alone.
type credentials struct {
	scheme   string // basic, digest or bearer
	user     string // "" of bearer
	password string // of bearer the token
	place    string // where they go: that of [Session.place] when they were told

	// The challenge of Digest that was answered last, and how often; nil for none.
	challenge *auth.Challenge
	count     int
}

// authCommand is the row of .auth.
func authCommand() command {
	return command{group: "Send", name: "auth", args: "[basic USER[:PASSWORD] | digest USER[:PASSWORD] | bearer TOKEN | off]",
		summary: "sets the credentials of .get, .post, .follow and .again, for this place alone",
		detail: "A password that is left out is asked for, and not shown. digest answers the 401 that asks for it.\n" +
			"What goes out is on the screen; on tapes it is replaced, and the line stays out of the history on disk.",
		example: ".auth digest admin", on: (*dialogue).auth, complete: []string{"basic ", "digest ", "bearer ", "off"}}
}

// auth is .auth.
func (d *dialogue) auth(_ context.Context, args string) error {
	words, err := curl.Split(args)
	if err != nil {
		return failure(StatusUsage, ".auth: %w", err)
	}
	scheme := ""
	if len(words) > 0 {
		scheme = strings.ToLower(words[0])
	}
	switch {
	case scheme == "" && d.s.credentials == nil:
		d.s.view.Info("no credentials are sent")
		return nil
	case scheme == "":
		d.s.view.Info(d.s.credentials.String())
		return nil
	case scheme == "off" && len(words) == 1:
		d.s.credentials = nil
		d.s.view.Info("no credentials are sent any more")
		return nil
	case scheme != "basic" && scheme != "digest" && scheme != "bearer", len(words) > 2, len(words) == 1 && scheme != "bearer":
		return failure(StatusUsage, ".auth %s: want .auth basic USER[:PASSWORD], digest USER[:PASSWORD], bearer TOKEN or off", scheme)
	case d.link == nil:
		return failure(StatusUsage, ".auth %s: %s, so that it is known to whom they go", scheme, notConnected)
	}
	if err := d.mustBeWeb("auth"); err != nil {
		return err
	}
	c := &credentials{scheme: scheme, place: d.httpPlace()}
	given := len(words) == 2
	switch {
	case given && scheme == "bearer":
		c.password = words[1]
	case given:
		c.user, c.password, given = strings.Cut(words[1], ":")
	}
	if !given {
		what := "password of " + c.user
		if scheme == "bearer" {
			what = "token"
		}
		if c.password, err = d.s.askSecret(what); err != nil {
			return err
		}
	}
	if strings.ContainsAny(c.user+c.password, "\r\n\x00") {
		return failure(StatusUsage, ".auth %s: a line end, or NUL, cannot stand in credentials", scheme)
	}
	d.s.credentials = c
	d.s.view.Info(c.String())
	if scheme != "digest" && d.secure() == nil {
		d.s.view.Warn("without TLS everybody on the way can read them")
	}
	return nil
}

// String says what goes where, without what is secret.
func (c *credentials) String() string {
	who := ""
	if c.user != "" {
		who = " of " + view.EscapeString(c.user)
	}
	return fmt.Sprintf("%s credentials%s go with .get, .post, .follow and .again to %s (.auth off)", c.scheme, who, view.EscapeString(c.place))
}

// httpPlace names whom the connection leads to, as credentials are bound to it.
func (d *dialogue) httpPlace() string {
	scheme := "http://"
	if d.secure() != nil {
		scheme = "https://"
	}
	return scheme + d.target.Address()
}

// askSecret asks a person for what is not to be shown.
func (s *Session) askSecret(what string) (string, error) {
	p, ok := s.lines.(prompter)
	if !ok || !s.opts.Interactive {
		return "", failure(StatusUsage, "no %s was given, and nobody is there to ask", what)
	}
	s.echo.asked.Store(true)
	defer s.echo.asked.Store(false)
	p.SetPrompt(plain(what) + " (not shown): ")
	text, err := s.lines.ReadLine()
	if err != nil {
		return "", failure(StatusInterrupted, "no %s was given", what)
	}
	return text, nil
}

// sendAuthorized sends a request with the credentials of .auth, and where the server
// asks for Digest once more with the answer. Compose returns the request's octets
// with a value of Authorization, for "" as it is; explicit says that one was given
// by hand, which stands. Say is what is to be said before it goes.
func (d *dialogue) sendAuthorized(ctx context.Context, method, target string, explicit bool, compose func(authorization string) []byte, say string) error {
	c := d.s.credentials
	if c == nil || explicit || c.place != d.httpPlace() {
		return d.sendShown(ctx, compose(""), true, say)
	}
	if err := d.sendShown(ctx, compose(c.unasked(method, target)), true, say); err != nil || c.scheme != "digest" {
		return err
	}
	if !d.s.challengedBy(c) {
		return nil
	}
	if err := d.sendShown(ctx, compose(c.digest(method, target)), true, ""); err != nil {
		return err
	}
	if r := d.s.lastResponse(); r != nil && r.Status == 401 {
		d.s.view.Warn("the server does not take these credentials")
	}
	return nil
}

// unasked returns what goes along before the server asks: of Digest the answer to
// the last challenge, whose nonce may be used again (RFC 7616, section 3.6).
func (c *credentials) unasked(method, target string) string {
	switch {
	case c.scheme == "basic":
		return auth.Basic(c.user, c.password)
	case c.scheme == "bearer":
		return "Bearer " + c.password // RFC 6750, section 2.1
	case c.challenge != nil:
		return c.digest(method, target)
	}
	return ""
}

// digest answers the challenge that was taken last.
func (c *credentials) digest(method, target string) string {
	c.count++
	return c.challenge.Digest(auth.Answer{
		User: c.user, Password: c.password, Method: method, Target: target, Count: c.count, Nonce: auth.NewNonce(),
	})
}

// challengedBy takes the challenge of Digest that the last response is, and reports
// whether it is one that can be answered and was not yet.
func (s *Session) challengedBy(c *credentials) bool {
	r := s.lastResponse()
	if r == nil || r.Status != 401 {
		return false
	}
	var best *auth.Challenge
	var offered []string
	for _, ch := range auth.Parse(r.Fields.Values("WWW-Authenticate")) {
		offered = append(offered, ch.Scheme)
		if algorithm := ch.Param("algorithm"); algorithm != "" {
			offered[len(offered)-1] += " with " + algorithm
		}
		if strings.EqualFold(ch.Scheme, "Digest") && ch.DigestRank() >= 0 && (best == nil || ch.DigestRank() > best.DigestRank()) {
			best = &ch
		}
	}
	switch {
	case best == nil:
		s.view.Warn("the server asks for no Digest that can be answered here; it offers " + view.EscapeString(strings.Join(offered, ", ")))
		return false
	case c.challenge != nil && c.challenge.Param("nonce") == best.Param("nonce"):
		s.view.Warn("the server does not take these credentials")
		return false
	}
	c.challenge, c.count = best, 0
	s.view.Info("answering the challenge of Digest for " + view.EscapeString(strconv.Quote(best.Realm)))
	return true
}
