package script

import (
	"fmt"
	"strings"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// maxFields bounds a line that sends fields: 32 KiB, of the 64 KiB that a script may
// have in one.
const maxFields = 32 << 10

// http2 turns a connection that turns out to speak HTTP/2 to requests: a session
// makes the frames, of SETTINGS, of windows and of acknowledgements too.
func (w *session) http2(c *conversation) {
	if c.h2 {
		return
	}
	if len(c.lines) > 0 {
		c.lost = "it is HTTP/2 that was upgraded to"
		return
	}
	c.h2, c.sent, c.raw = true, nil, 0
	c.asked = map[int][]string{}
	w.lose("HTTP/2 is repeated as requests: its frames are the session's own")
}

// exchange takes a request or a response over HTTP/2. A request stands where its
// response came, which is then expected.
func (w *session) exchange(c *conversation, m *proto.Message) {
	switch v := m.Value.(type) {
	case *http1.Request:
		if m.Dir != wire.ClientToServer {
			w.lose("a request that the server promised is left out")
			return
		}
		if len(c.asked) > 0 {
			w.lose("requests that overlapped stand one behind the other")
		}
		c.asked[m.Exchange] = w.request(m, v)
		c.pending = append(c.pending, m.Exchange)
	case *http1.Response:
		if v.Interim() {
			return
		}
		if lines, ok := c.asked[m.Exchange]; ok {
			delete(c.asked, m.Exchange)
			c.lines = append(append(c.lines, lines...), fmt.Sprintf(".expect status == %d", v.Status))
		}
	}
}

// unanswered writes the requests that had no response.
func (c *conversation) unanswered() {
	for _, n := range c.pending {
		c.lines = append(c.lines, c.asked[n]...)
	}
}

// request returns the lines that send a request, nil for one that cannot be.
func (w *session) request(m *proto.Message, r *http1.Request) []string {
	if r.Method == "CONNECT" {
		w.lose("CONNECT over HTTP/2 is left out")
		return nil
	}
	if m.Body.Cut {
		w.lose(fmt.Sprintf("a request with a body of %d octets is left out", m.Body.Size))
		return nil
	}
	if r.Trailers.Len() > 0 {
		w.lose("trailers of requests are left out")
	}
	var b strings.Builder
	b.WriteString(".send headers")
	field := func(name, value string) {
		b.WriteString(` "` + string(appendEscaped(nil, []byte(name+": "+value))) + `"`)
	}
	field(":method", r.Method)
	field(":scheme", r.Scheme)
	if r.Authority != "" {
		field(":authority", r.Authority)
	}
	field(":path", r.Target)
	for _, f := range r.Fields.List() {
		field(string(f.Name), string(f.Value))
	}
	body := m.Body.Data
	if len(body) == 0 {
		b.WriteString(" end")
	}
	if b.Len() > maxFields {
		w.lose(fmt.Sprintf("a request with %d octets of fields is left out", b.Len()))
		return nil
	}
	lines := []string{b.String()}
	for len(body) > 0 {
		n := min(len(body), maxSend)
		line := `.send data "` + string(appendEscaped(nil, body[:n])) + `"`
		if body = body[n:]; len(body) == 0 {
			line += " end"
		}
		lines = append(lines, line)
	}
	return lines
}
