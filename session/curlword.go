package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"wiretape/session/curl"
	"wiretape/session/view"
	"wiretape/tape/script"
	"wiretape/wire"
)

// curlCommand is the row of .curl.
func curlCommand() command {
	return command{group: "Send", name: "curl", args: "COMMAND LINE", bare: true,
		summary: "connects for a command line of curl, such as browsers copy, and makes it an editable draft",
		detail: "Paste all of it, several lines too. Its request is exact: no User-Agent of curl's, no cookies of the\n" +
			"jar. Options that are not done are said. A script sends it at once.",
		writes:  "in a script the request",
		example: "curl 'https://example.com/api' -H 'Accept: application/json' --data-raw '{}'", on: (*dialogue).curlWord, more: completeOption}
}

// curlWord is .curl.
func (d *dialogue) curlWord(ctx context.Context, args string) error {
	r, err := curl.ParseLine(args, readFile)
	for errors.Is(err, curl.ErrOpen) {
		if p, ok := d.s.lines.(prompter); ok {
			p.SetPrompt("curl | ")
		}
		line, rerr := d.s.readLine(ctx)
		if rerr != nil {
			return failure(StatusUsage, ".curl: %w", err) // ^C, or the end of a script
		}
		if args += "\n" + line; len(args) > maxDraft {
			return failure(StatusUsage, ".curl: the command line is longer than %d MiB", maxDraft>>20)
		}
		r, err = curl.ParseLine(args, readFile)
	}
	if err != nil {
		return failure(StatusUsage, ".curl: %w", err)
	}
	if r.URL == "" {
		return failure(StatusUsage, ".curl: want a command line with a URL: %s", curlCommand().example)
	}
	return d.curl(ctx, r, d.s.opts.Interactive)
}

// Curl connects to where a request of curl's goes, and sends it, or makes it the
// draft of the next line.
func (s *Session) Curl(ctx context.Context, r *curl.Request, draft bool) error {
	return s.current.curl(ctx, r, draft)
}

func (d *dialogue) curl(ctx context.Context, r *curl.Request, draft bool) error {
	d.s.tellNotes(r)
	t, path, err := CurlTarget(r)
	if err != nil {
		return err
	}
	if err := d.goTo(ctx, "curl", t); err != nil {
		return err
	}
	if r.Auth == "digest" {
		user, password, _ := strings.Cut(r.User, ":")
		d.s.credentials = &credentials{scheme: "digest", user: user, password: password, place: d.httpPlace()}
		d.s.view.Info(d.s.credentials.String())
	}
	host := HostField(d.target)
	if !draft {
		return d.sendAuthorized(ctx, cmp.Or(r.Method, "GET"), path, r.Has("Authorization"), func(authorization string) []byte {
			if authorization != "" {
				return with(r, "Authorization", authorization).Append(nil, host, path)
			}
			return r.Append(nil, host, path)
		}, "")
	}
	text, ok := draftOf(r.Append(nil, host, path))
	if !ok {
		text = requestLine(r)
		d.s.view.Info("its body cannot be typed as lines: it stands in a command that sends it as it is")
	}
	d.s.view.Info("the request is ready to be edited: Enter sends it, ^C drops it")
	if head, whole := strings.CutSuffix(text, "\n\n"); whole {
		text = head + "\n" // the line that is typed last is the empty one
	} else {
		text = strings.TrimSuffix(text, "\n") // Enter ends the last line of a body
	}
	d.s.prefill(text)
	return nil
}

// CurlTarget returns where a request of curl's goes, and its request-target. A URL
// without a scheme is of http, as with curl. Its error is a *Failure of StatusUsage.
func CurlTarget(r *curl.Request) (t wire.Target, path string, err error) {
	url := r.URL
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	scheme, rest, _ := strings.Cut(url, "://")
	if r.HTTP == "2 alone" {
		url = map[string]string{"http": "h2c://", "https": "h2://"}[strings.ToLower(scheme)] + rest
	}
	if t, err = wire.ParseTarget(url); err != nil {
		return t, "", failure(StatusUsage, "curl: %w", err)
	}
	if !isWeb(t) {
		return t, "", failure(StatusUsage, "curl %s: want http:// or https://", r.URL)
	}
	if r.HTTP == "2" && t.TLS {
		t.ALPN = []string{"h2", "http/1.1"}
	}
	path, t.Path = cmp.Or(t.Path, "/"), ""
	return t, path, nil
}

// draftOf returns a request as it is typed, line by line; false where lines, which
// all end alike, cannot give its octets.
func draftOf(b []byte) (text string, ok bool) {
	text = strings.ReplaceAll(string(b), "\r\n", "\n")
	if strings.Count(text, "\n") != strings.Count(string(b), "\r\n") || !utf8.ValidString(text) {
		return "", false
	}
	return text, strings.IndexFunc(text, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) < 0
}

// requestLine returns a request as the word that sends it.
func requestLine(r *curl.Request) string {
	words := []string{".post", r.URL}
	if r.Method != "POST" {
		words = []string{".get", r.URL, "-X", cmp.Or(r.Method, "GET")}
	}
	if !strings.Contains(r.URL, "://") {
		words[1] = "http://" + r.URL
	}
	if r.Target != "" {
		words = append(words, "--request-target", r.Target)
	}
	if r.HTTP == "1.0" {
		words = append(words, "-0")
	}
	cookies := false
	for _, f := range slices.Concat(r.Fields, r.Usual) {
		words = append(words, "-H", f[0]+": "+f[1])
		cookies = cookies || strings.EqualFold(f[0], "Cookie")
	}
	for _, name := range r.Without {
		words = append(words, "-H", name+":")
	}
	if !cookies {
		words = append(words, "-H", "Cookie:")
	}
	words = append(words, "--data-raw", string(r.Body))
	for i := 1; i < len(words); i++ {
		words[i] = script.Quote(words[i])
	}
	return strings.Join(words, " ")
}

// tellNotes says what of a command line is not done, the options of dialling too.
func (s *Session) tellNotes(r *curl.Request) {
	for _, n := range r.Notes {
		s.view.Warn(view.EscapeString(n))
	}
	for _, d := range r.Dial {
		if d[0] == "verbose" || d[0] == "insecure" && s.opts.Interactive {
			continue // a session shows all, and asks who types
		}
		s.view.Warn(view.EscapeString(fmt.Sprintf("%s is for the command line that connects: wiretape --%s", d[0], strings.TrimSpace(d[0]+" "+d[1]))))
	}
}
