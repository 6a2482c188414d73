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
			on: func(d *dialogue, ctx context.Context, args string) error {
				return d.requestWord(ctx, word, method, args)
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
func (d *dialogue) requestWord(ctx context.Context, word, method, args string) error {
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
	d.s.tellNotes(r)
	t, path, err := d.destination(word, r.URL)
	if err != nil {
		return err
	}
	if err := d.goTo(ctx, word, t); err != nil {
		return err
	}
	return d.ask(ctx, asking{r, HostField(d.target), path})
}

// destination returns where a URL leads to, and the request-target there. A path, or
// nothing, stays with the connection.
func (d *dialogue) destination(word, url string) (t wire.Target, path string, err error) {
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
	if d.target.Network == "" {
		return t, "", failure(StatusUsage, ".%s %s: %s, or give the whole URL", word, url, notConnected)
	}
	if url[0] == '?' {
		url = "/" + url
	}
	url, _, _ = strings.Cut(url, "#")
	return d.target, wire.PercentEncode(url), nil
}

// isWeb reports whether a target is asked over HTTP.
func isWeb(t wire.Target) bool {
	return t.Scheme == "http" || t.Scheme == "https" || t.Scheme == "h2" || t.Scheme == "h2c"
}

// goTo connects to t unless the connection that stands leads there.
func (d *dialogue) goTo(ctx context.Context, word string, t wire.Target) error {
	if d.listens != nil {
		return failure(StatusUsage, ".%s: this side is the server, which asks nothing", word)
	}
	here := d.target.Network == t.Network && d.target.Address() == t.Address() && d.target.TLS == t.TLS
	switch {
	case here && d.link != nil && !d.drained():
		return d.mustBeWeb(word)
	case here && d.link != nil:
		d.s.view.Info(fmt.Sprintf("connecting to %s again", t.Address()))
		return d.reconnect(ctx)
	case here:
		return d.connect(ctx, d.target)
	case d.link != nil && !d.drained():
		d.s.view.Info(fmt.Sprintf("%s is another place than %s, which is closed now (.use new keeps both)", t.Address(), d.target.Address()))
		d.closeLink()
	}
	return d.connect(ctx, t)
}

// mustBeWeb returns an error where the connection speaks something else than HTTP.
func (d *dialogue) mustBeWeb(word string) error {
	d.s.mu.Lock()
	ws, spoken := d.ws != nil, d.s.stream.Proto(d.peer.conn)
	d.s.mu.Unlock()
	if spoken == "" || spoken == detect.Raw || spoken == detect.Line {
		spoken = d.target.Proto
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
func (d *dialogue) origin(host, path string) cookie.Origin {
	return cookie.NewOrigin(d.secure() != nil, host, path)
}

// ask sends a request that was put together here, with the cookies of the jar and
// the credentials of .auth, and answers where the server asks for those.
func (d *dialogue) ask(ctx context.Context, a asking) error {
	why := ""
	if !a.request.Has("Cookie") {
		o, value := d.origin(a.host, a.path), ""
		d.s.mu.Lock()
		value, why = d.s.jar.header(o, d.s.moment())
		d.s.mu.Unlock()
		if value != "" {
			a.request = with(a.request, "Cookie", value)
		}
	}
	method := cmp.Or(a.request.Method, "GET")
	return d.sendAuthorized(ctx, method, a.path, a.request.Has("Authorization"), func(authorization string) []byte {
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
func (d *dialogue) sendShown(ctx context.Context, b []byte, request bool, say string) error {
	d.s.mu.Lock()
	conn, secure, frames := d.peer.conn, d.peer.tls != nil, d.h2 != nil && request
	d.s.mu.Unlock()
	if d.s.opts.Style.Live && !frames {
		d.s.view.Echo(conn, b, secure)
	}
	if say != "" {
		d.s.view.Info(say)
	}
	return d.send(ctx, b, request)
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
