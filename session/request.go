package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/curl"
	"wiretape/wire"
	"wiretape/wire/cookie"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
)

// requestCommands are the words that make a request of HTTP.
func requestCommands() []command {
	const detail = "A PATH goes to the connection, a URL to its own host: another one is connected to, and said. Options\n" +
		"are curl's: -H 'N: V' (-H 'N:' leaves a field out), -d BODY or @FILE, --json, -b, -u, -A, -X, --compressed.\n" +
		"The Cookie line is the jar's (.jar) unless -b or -H gives one, Authorization that of .auth. Nothing\n" +
		"else is made up; what goes out is shown first."
	request := func(word, method, args, summary, example string) command {
		return command{group: "Send", name: word, args: args, summary: summary, detail: detail, writes: "the request",
			example: example, more: completeOption,
			run: func(s *Session, ctx context.Context, args string) error {
				return s.requestWord(ctx, word, method, args)
			}}
	}
	return []command{
		request("get", "GET", "[URL|PATH] [-H 'N: V']… [-d BODY]", "sends a GET that is put together from its URL", ".get /api/me -H 'Accept: application/json'"),
		request("post", "POST", "[URL|PATH] [-H 'N: V']… [-d BODY]", "sends a POST that is put together from its URL and body", ".post /login -d 'user=me&lang=en'"),
		curlCommand(),
	}
}

// completeOption gives the options that words which make requests take most often.
func completeOption(string) []string {
	return []string{"-H ", "-d ", "--json ", "-b ", "-u ", "-A ", "-X ", "--compressed"}
}

// requestWord is .get and .post.
func (s *Session) requestWord(ctx context.Context, word, method, args string) error {
	words, err := curl.Split(args)
	if err != nil {
		return failure(StatusUsage, ".%s %s: %w", word, args, err)
	}
	r, err := curl.Parse(words, readFile)
	if err != nil {
		return failure(StatusUsage, ".%s: %w", word, err)
	}
	if r.Method == "" || r.Method == "POST" && !slices.Contains(words, "POST") {
		r.Method = method
	}
	s.tellNotes(r)
	t, path, err := s.destination(word, r.URL)
	if err != nil {
		return err
	}
	if err := s.goTo(ctx, word, t); err != nil {
		return err
	}
	return s.ask(ctx, asking{r, HostField(s.target), path})
}

// destination returns where a URL leads to, and the request-target there. A path, or
// nothing, stays with the connection.
func (s *Session) destination(word, url string) (t wire.Target, path string, err error) {
	switch {
	case strings.Contains(url, "://"):
		t, err := wire.ParseTarget(url)
		if err != nil {
			return t, "", failure(StatusUsage, ".%s: %w", word, err)
		}
		if !isWeb(t) {
			return t, "", failure(StatusUsage, ".%s %s: want http:// or https://", word, url)
		}
		path, t.Path = t.Path, ""
		if path == "" {
			path = "/"
		}
		return t, path, nil
	case url == "":
		url = "/"
	case url[0] != '/' && url[0] != '?' && url != "*":
		return t, "", failure(StatusUsage, ".%s %s: want a path that begins with /, or a URL such as http://%[2]s", word, url)
	}
	if s.target.Network == "" {
		return t, "", failure(StatusUsage, ".%s %s: %s, or give the whole URL", word, url, notConnected)
	}
	if url[0] == '?' {
		url = "/" + url
	}
	url, _, _ = strings.Cut(url, "#")
	return s.target, wire.PercentEncode(url), nil
}

// isWeb reports whether a target is asked over HTTP.
func isWeb(t wire.Target) bool {
	return t.Scheme == "http" || t.Scheme == "https" || t.Scheme == "h2" || t.Scheme == "h2c"
}

// goTo connects to t unless the connection that stands leads there.
func (s *Session) goTo(ctx context.Context, word string, t wire.Target) error {
	if s.listens != nil {
		return failure(StatusUsage, ".%s: this side is the server, which asks nothing", word)
	}
	here := s.target.Network == t.Network && s.target.Address() == t.Address() && s.target.TLS == t.TLS
	switch {
	case here && s.link != nil && !s.drained():
		return s.mustBeWeb(word)
	case here && s.link != nil:
		s.view.Info(fmt.Sprintf("connecting to %s again", t.Address()))
		return s.reconnect(ctx)
	case here:
		return s.connect(ctx, s.target)
	case s.link != nil && !s.drained():
		s.view.Info(fmt.Sprintf("%s is another place than %s, which is closed now (.use new keeps both)", t.Address(), s.target.Address()))
		s.closeLink()
	}
	return s.connect(ctx, t)
}

// mustBeWeb returns an error where the connection speaks something else than HTTP.
func (s *Session) mustBeWeb(word string) error {
	s.mu.Lock()
	ws, spoken := s.ws != nil, s.stream.Proto(s.peer.conn)
	s.mu.Unlock()
	if spoken == "" || spoken == detect.Raw || spoken == detect.Line {
		spoken = s.target.Proto
	}
	switch {
	case ws:
		return failure(StatusUsage, ".%s: this connection speaks WebSocket now: .send ws sends a message; .reconnect first for a request", word)
	case spoken == "" || spoken == "http" || spoken == detect.HTTP1 || spoken == detect.HTTP2:
		return nil
	}
	return failure(StatusUsage, ".%s: this connection speaks %s, and not HTTP", word, spoken)
}

// An asking is a request on its way to the connection that stands.
type asking struct {
	request *curl.Request
	host    string // of the Host field
	path    string // the request-target
}

// origin returns what cookies need to know of it. s.mu need not be held.
func (s *Session) origin(host, path string) cookie.Origin {
	return cookie.NewOrigin(s.secure() != nil, host, path)
}

// ask sends a request that was put together here, with the cookies of the jar and
// the credentials of .auth, and answers where the server asks for those.
func (s *Session) ask(ctx context.Context, a asking) error {
	why := ""
	if !a.request.Has("Cookie") {
		o, value := s.origin(a.host, a.path), ""
		s.mu.Lock()
		value, why = s.jar.header(o, s.moment())
		s.mu.Unlock()
		if value != "" {
			a.request = with(a.request, "Cookie", value)
		}
	}
	method := cmp.Or(a.request.Method, "GET")
	return s.sendAuthorized(ctx, method, a.path, a.request.Has("Authorization"), func(authorization string) []byte {
		r := a.request
		if authorization != "" {
			r = with(r, "Authorization", authorization)
		}
		return r.Append(nil, a.host, a.path)
	}, why)
}

// with returns a request with one more field.
func with(r *curl.Request, name, value string) *curl.Request {
	c := *r
	c.Fields = append(slices.Clone(r.Fields), [2]string{name, value})
	return &c
}

// sendShown shows what is sent, says what is to be said of it, and sends it. Of a
// request over HTTP/2 its frames are what is shown.
func (s *Session) sendShown(ctx context.Context, b []byte, request bool, say string) error {
	s.mu.Lock()
	conn, secure, frames := s.peer.conn, s.peer.tls != nil, s.h2 != nil && request
	s.mu.Unlock()
	if s.opts.Style.Live && !frames {
		s.view.Echo(conn, b, secure)
	}
	if say != "" {
		s.view.Info(say)
	}
	return s.send(ctx, b, request)
}

// lastResponse returns the final response of the last exchange, nil where there is
// none.
func (s *Session) lastResponse() *http1.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range slices.Backward(s.history.exchange(s.history.last())) {
		if r, ok := m.Value.(*http1.Response); ok && !r.Interim() {
			return r
		}
	}
	return nil
}
