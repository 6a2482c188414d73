package demo

import (
	"encoding/base64"
	"fmt"
	"html"
	"net"
	"path"
	"strconv"
	"strings"
)

// request is what the pages look at, whichever HTTP version carried it.
type request struct {
	method string
	target string // origin form
	fields [][2]string
	body   []byte
	secure bool
	twin   string // host:port of the same site over the other scheme; "" for none
}

// field returns the value of the first field called name, and whether there is
// one.
func (r *request) field(name string) (string, bool) {
	for _, f := range r.fields {
		if strings.EqualFold(f[0], name) {
			return f[1], true
		}
	}
	return "", false
}

// response is an answer before it is written as HTTP/1.1 or HTTP/2.
type response struct {
	status   int
	fields   [][2]string
	body     []byte
	trailers [][2]string // with trailers the body goes out chunked
}

func (r *response) add(name, value string) { r.fields = append(r.fields, [2]string{name, value}) }

// handler answers one request.
type handler func(*request) *response

// reasons are the phrases of RFC 9110, section 15, for the statuses that the
// practice sites send by themselves.
var reasons = map[int]string{
	200: "OK", 301: "Moved Permanently", 302: "Found", 304: "Not Modified",
	307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
	401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 413: "Content Too Large", 426: "Upgrade Required", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
	503: "Service Unavailable", 505: "HTTP Version Not Supported",
}

func text(status int, body string) *response {
	r := &response{status: status, body: []byte(body)}
	r.add("Content-Type", "text/plain; charset=utf-8")
	return r
}

func redirect(status int, location string) *response {
	r := text(status, "see "+location+"\n")
	r.add("Location", location)
	return r
}

// page is one page of the practice site; "*" as method means any.
type page struct {
	path  string
	about string
	serve handler
}

// pages is the practice site: a page for each thing worth looking at.
var pages = []page{
	{"/index.html", "a plain page", func(*request) *response {
		return text(200, "hello from wiretape\n")
	}},
	{"/cookie", "sets three cookies, one of which no client may keep", func(*request) *response {
		r := text(200, "three cookies for you\n")
		r.add("Set-Cookie", "sid=31d4d96e407aad42; Path=/; HttpOnly")
		r.add("Set-Cookie", "theme=dark; Max-Age=3600")
		r.add("Set-Cookie", "__Host-bad=1; Path=/api; HttpOnly")
		return r
	}},
	{"/whoami", "shows the Cookie line that came", func(q *request) *response {
		c, ok := q.field("Cookie")
		if !ok {
			return text(200, "no Cookie line came\n")
		}
		return text(200, "Cookie: "+c+"\n")
	}},
	{"/redirect", "302 to /index.html, with a cookie on the way", func(*request) *response {
		r := redirect(302, "/index.html")
		r.add("Set-Cookie", "hop=1")
		return r
	}},
	{"/gate", "302 to itself until its cookie comes back", func(q *request) *response {
		if c, _ := q.field("Cookie"); strings.Contains(c, "gate=open") {
			return text(200, "through the gate\n")
		}
		r := redirect(302, "/gate")
		r.add("Set-Cookie", "gate=open; Path=/")
		return r
	}},
	{"/to-https", "301 to the same site over TLS", func(q *request) *response {
		if q.secure || q.twin == "" {
			return text(200, "this is over TLS\n")
		}
		return redirect(301, "https://"+q.twin+"/to-https")
	}},
	{"/loop", "302 to itself, for ever", func(*request) *response { return redirect(302, "/loop") }},
	{"/private", "Basic authentication, admin / password", basic("Protected", user, password, func(*request) *response {
		return text(200, "the secret page\n")
	})},
	{"/chunked", "a chunked body with a trailer", func(*request) *response {
		r := text(200, "one\ntwo\nthree\n")
		r.add("Trailer", "X-Lines")
		r.trailers = [][2]string{{"X-Lines", "3"}}
		return r
	}},
	{"/events", "an event stream of three events", func(*request) *response {
		r := &response{status: 200, body: []byte(events), trailers: [][2]string{}}
		r.add("Content-Type", "text/event-stream")
		r.add("Cache-Control", "no-store")
		return r
	}},
	{webSocketPath, "WebSocket, which sends every message back", webSocket},
	{"/echo", "sends the request's body back", func(q *request) *response { return text(200, string(q.body)) }},
}

// events is the body of the event stream, with a bit of everything that one may
// hold.
const events = "retry: 3000\n: a comment keeps the connection up\n\n" +
	"id: 1\ndata: one\n\n" +
	"id: 2\nevent: greeting\ndata: two lines\ndata: of data\n\n" +
	"id: 3\ndata: {\"n\": 3}\n\n"

// practice is the handler of the practice site.
func practice(q *request) *response {
	p, _, _ := strings.Cut(q.target, "?")
	if p == "/" || p == "*" {
		return front(q)
	}
	for _, pg := range pages {
		if pg.path == p {
			return pg.serve(q)
		}
	}
	if code, ok := strings.CutPrefix(p, "/status/"); ok {
		if n, err := strconv.Atoi(code); err == nil && 200 <= n && n <= 599 {
			return text(n, fmt.Sprintf("status %d\n", n))
		}
	}
	return text(404, "no such page; / lists them\n")
}

// front lists the pages.
func front(*request) *response {
	var b strings.Builder
	b.WriteString("<!doctype html><title>wiretape practice site</title><ul>\n")
	for _, pg := range pages {
		fmt.Fprintf(&b, "<li><a href=%q>%s</a> %s\n", pg.path, pg.path, html.EscapeString(pg.about))
	}
	b.WriteString("<li>/status/NNN answers with that status\n</ul>\n")
	r := &response{status: 200, body: []byte(b.String())}
	r.add("Content-Type", "text/html; charset=utf-8")
	return r
}

// basic asks for Basic credentials (RFC 7617) before h answers.
func basic(realm, user, password string, h handler) handler {
	want := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	return func(q *request) *response {
		a, _ := q.field("Authorization")
		scheme, got, _ := strings.Cut(a, " ")
		if !strings.EqualFold(scheme, "Basic") || strings.TrimSpace(got) != want {
			r := text(401, "credentials, please\n")
			r.add("WWW-Authenticate", fmt.Sprintf("Basic realm=%q", realm))
			return r
		}
		return h(q)
	}
}

// passwordSite is the classic exercise: HEAD and GET, everything behind Basic
// credentials, files for who has them.
var passwordSite = basic("Protected", user, password, func(q *request) *response {
	if q.method != "GET" && q.method != "HEAD" {
		r := text(405, "GET and HEAD only\n")
		r.add("Allow", "GET, HEAD")
		return r
	}
	p, _, _ := strings.Cut(q.target, "?")
	switch path.Clean(p) {
	case "/", "/index.html":
		return text(200, "welcome, admin\nfiles: /notes.txt /report.csv\n")
	case "/notes.txt":
		return text(200, "the password is the password\n")
	case "/report.csv":
		r := &response{status: 200, body: []byte("day,visitors\nmonday,3\ntuesday,5\n")}
		r.add("Content-Type", "text/csv; charset=utf-8")
		return r
	}
	return text(404, "no such file\n")
})

// localhost returns host:port as a person types it: a loopback address becomes
// "localhost", which the certificate and the cookies are for.
func localhost(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
