package session

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/analyze"
	"wiretape/session/curl"
	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// followCommand is the row of .follow.
func followCommand() command {
	return command{group: "Send", name: "follow", args: "[N]", summary: "goes where the redirect of exchange N leads (the last one unless given)",
		detail: "One hop, by RFC 9110 15.4: 303 asks with GET, 301 and 302 turn POST into GET, 307 and 308 send the\n" +
			"same once more. The request's fields go along, its cookies from the jar; credentials go to no other\n" +
			"host. Another place is connected to, and said.",
		writes:  "the next request",
		example: ".follow", on: (*dialogue).follow}
}

// follow is .follow.
func (d *dialogue) follow(ctx context.Context, args string) error {
	n, rest, err := d.s.number("follow", strings.Fields(args))
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usage("follow", args)
	}
	msgs, err := d.s.exchange("follow", n)
	if err != nil {
		return err
	}
	h, err := d.hopOf(n, msgs)
	if err != nil {
		return err
	}
	t, a, err := h.next()
	if err != nil {
		return err
	}
	for _, w := range h.warnings {
		d.s.view.Warn(view.EscapeString(w))
	}
	if t.Network == "" { // the same authority: whatever stands for it
		t = d.target
		if a.host == t.Host && HostField(t) != t.Host {
			d.s.view.Warn(view.EscapeString(fmt.Sprintf("Host: %s has no port: %s is what it says; sent to %s, as #%d was", a.host, h.url, t.Address(), n)))
		}
	}
	d.s.view.Info(view.EscapeString(fmt.Sprintf("#%d %d leads to %s: %s", n, h.status, h.url, a.request.Method)))
	if err := d.goTo(ctx, "follow", t); err != nil {
		return err
	}
	return d.ask(ctx, a)
}

// A hop is a redirect, and the request that it answers.
type hop struct {
	n, status int
	location  string
	base      string // the URL that was asked
	secure    bool
	request   *http1.Request
	body      proto.Body

	// set by next
	url      string
	warnings []string
}

// hopOf returns the redirect that an exchange is.
func (d *dialogue) hopOf(n int, msgs []proto.Message) (*hop, error) {
	h := &hop{n: n}
	var response *http1.Response
	for i := range msgs {
		switch v := msgs[i].Value.(type) {
		case *http1.Request:
			h.request, h.body, h.secure = v, msgs[i].Body, msgs[i].Secure
		case *http1.Response:
			if !v.Interim() {
				response = v
			}
		}
	}
	switch {
	case response == nil:
		return nil, failure(StatusUsage, ".follow: #%d has no response of HTTP", n)
	case h.request == nil:
		return nil, failure(StatusUsage, ".follow: the request of #%d is not held any more", n)
	}
	h.status = response.Status
	locations := response.Fields.Values("Location")
	switch {
	case h.status != 301 && h.status != 302 && h.status != 303 && h.status != 307 && h.status != 308:
		return nil, failure(StatusUsage, ".follow: #%d is %d, which leads nowhere: want 301, 302, 303, 307 or 308", n, h.status)
	case len(locations) == 0:
		return nil, failure(StatusProtocol, ".follow: #%d is %d, and has no Location", n, h.status)
	case slices.ContainsFunc(locations, func(l []byte) bool { return string(l) != string(locations[0]) }):
		return nil, failure(StatusProtocol, ".follow: #%d has several Location fields, which differ: %q", n, locations)
	}
	h.location = string(locations[0])
	if strings.Contains(h.request.Target, "://") {
		h.base = h.request.Target // RFC 9112, section 3.2.2
		return h, nil
	}
	host := h.request.Host()
	if host == "" {
		host = HostField(d.target)
	}
	h.base = webScheme(h.secure) + "://" + host + h.request.Target
	return h, nil
}

func webScheme(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

// next returns the request that follows, and where it goes; a target without a
// Network is the place that was asked.
func (h *hop) next() (t wire.Target, a asking, err error) {
	url, user, err := analyze.Resolve(h.base, h.location)
	if err != nil {
		return t, a, failure(StatusProtocol, ".follow: Location %w", err)
	}
	h.url = url
	to, err := wire.ParseTarget(url)
	if err != nil {
		return t, a, failure(StatusProtocol, ".follow: Location %q: %w", h.location, err)
	}
	from, err := wire.ParseTarget(h.base)
	same := err == nil && from.Address() == to.Address() && from.TLS == to.TLS
	path := to.Path
	to.Path = ""
	a = asking{host: HostField(to), path: path}
	if same {
		a.host = h.request.Host()
	} else {
		t = to
	}
	if user {
		h.warnings = append(h.warnings, "the Location has a user in it, which is not sent")
	}
	if h.secure && !to.TLS {
		h.warnings = append(h.warnings, fmt.Sprintf("from https to http: what follows goes to %s in the clear", to.Address()))
	}
	r := &curl.Request{Method: h.request.Method}
	// RFC 9110, sections 15.4.2 to 15.4.4: what clients do with POST, and 303 of all.
	drops := h.status == 303 && r.Method != "HEAD" && r.Method != "GET" || (h.status == 301 || h.status == 302) && r.Method == "POST"
	if drops {
		r.Method = "GET"
	} else if h.body.Cut {
		return t, a, failure(StatusUsage, ".follow: of the body of #%d only %d B are held: it cannot go again", h.n, len(h.body.Data))
	} else if h.body.Size > 0 {
		r.Body = h.body.Data
	}
	for _, f := range h.request.Fields.List() {
		name := strings.ToLower(string(f.Name))
		switch {
		case strings.HasPrefix(name, ":"), name == "host", name == "cookie", name == "content-length", name == "transfer-encoding":
			continue // made anew
		case name == "authorization" && !same, name == "authorization" && strings.HasPrefix(string(f.Value), "Digest "), name == "proxy-authorization":
			continue // RFC 9110, section 15.4: of one place alone, or of one target
		case drops && strings.HasPrefix(name, "content-"):
			continue
		}
		r.Fields = append(r.Fields, [2]string{string(f.Name), string(f.Value)})
	}
	a.request = r
	return t, a, nil
}
