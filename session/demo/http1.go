package demo

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// idle is how long a connection may say nothing.
const idle = 2 * time.Minute

// site is what a connection is answered by.
type site struct {
	handle  handler
	twin    string // see request
	sockets bool   // it speaks WebSocket too
}

// serveHTTP1 answers the requests of c in turn, until one of the two wants to
// close. Data is what has been read already, an octet at least.
func (s site) serveHTTP1(c *wire.Conn, data []byte) {
	if (data[0] < ' ' || data[0] > '~') && data[0] != '\r' && data[0] != '\n' {
		// A TLS handshake, most likely: it has no line to wait for.
		_, _ = c.Write(appendHTTP1(nil, "GET", false, text(400, "this is no HTTP; is it TLS? this port has none\n")))
		return
	}
	p := http1.New(proto.Limits{})
	buf := make([]byte, 16<<10)
	for {
		// The requests outlive the call that fills this slice's place.
		requests := append([]proto.Message(nil), p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: data})...)
		for _, m := range requests {
			if q, ok := m.Value.(*http1.Request); ok {
				if out := s.switched(q); out != nil {
					p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: out})
					if _, err := c.Write(out); err == nil {
						// What the client has sent behind its request is frames.
						_, rest := p.Rest(wire.ClientToServer)
						serveWebSocket(c, bytes.Clone(rest))
					}
					return
				}
			}
			out, keep := s.answerHTTP1(&m, c.TLS() != nil)
			if _, err := c.Write(out); err != nil {
				return
			}
			// The parser matches answers to requests and drops both.
			p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ServerToClient, Data: out})
			if !keep {
				return
			}
		}
		if m := p.State().Partial[0]; m != nil && m.Kind == proto.KindRaw {
			_, _ = c.Write(appendHTTP1(nil, "GET", false, text(400, "this is no HTTP request: it has no request line\n")))
			return
		}
		c.SetReadDeadline(time.Now().Add(idle))
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		data = buf[:n]
	}
}

// answerHTTP1 returns the answer to m, and whether the connection stays open.
func (s site) answerHTTP1(m *proto.Message, secure bool) (out []byte, keep bool) {
	q, ok := m.Value.(*http1.Request)
	switch {
	case !ok:
		return appendHTTP1(nil, "GET", false, text(400, "this is no HTTP request\n")), false
	case q.Fault != "":
		return appendHTTP1(nil, q.Method, false, text(400, q.Fault+"\n")), false
	case m.Body.Cut:
		return appendHTTP1(nil, q.Method, false, text(413, "the practice site takes bodies up to 1 MiB\n")), false
	}
	r := s.handle(&request{
		method: q.Method, target: q.Target, fields: fieldsOf(q.Fields),
		body: m.Body.Data, secure: secure, twin: s.twin,
	})
	if q.Version == "HTTP/0.9" {
		return r.body, false
	}
	return appendHTTP1(nil, q.Method, q.KeepAlive, r), q.KeepAlive
}

func fieldsOf(fs http1.Fields) [][2]string {
	out := make([][2]string, fs.Len())
	for i, f := range fs.List() {
		out[i] = [2]string{string(f.Name), string(f.Value)}
	}
	return out
}

// appendHTTP1 writes r as the answer to a request of that method.
func appendHTTP1(dst []byte, method string, keep bool, r *response) []byte {
	b := bytes.NewBuffer(dst)
	fmt.Fprintf(b, "HTTP/1.1 %d %s\r\n", r.status, reasons[r.status])
	fmt.Fprintf(b, "Date: %s\r\n", httpDate(time.Now()))
	for _, f := range r.fields {
		fmt.Fprintf(b, "%s: %s\r\n", f[0], f[1])
	}
	if r.status == 426 {
		// RFC 9110, section 15.5.22. HTTP/2 has no such fields.
		b.WriteString("Upgrade: websocket\r\nConnection: upgrade\r\n")
	}
	// RFC 9110, section 8.6: neither has a body, and 204 no Content-Length.
	bodiless := r.status == 204 || r.status == 304
	switch {
	case bodiless:
	case r.trailers != nil:
		b.WriteString("Transfer-Encoding: chunked\r\n")
	default:
		b.WriteString("Content-Length: " + strconv.Itoa(len(r.body)) + "\r\n")
	}
	if !keep {
		b.WriteString("Connection: close\r\n")
	}
	b.WriteString("\r\n")
	switch {
	case bodiless || method == "HEAD":
	case r.trailers != nil:
		for line := range bytes.Lines(r.body) {
			fmt.Fprintf(b, "%x\r\n%s\r\n", len(line), line)
		}
		b.WriteString("0\r\n")
		for _, f := range r.trailers {
			fmt.Fprintf(b, "%s: %s\r\n", f[0], f[1])
		}
		b.WriteString("\r\n")
	default:
		b.Write(r.body)
	}
	return b.Bytes()
}

// httpDate formats t as RFC 9110, section 5.6.7, has it.
func httpDate(t time.Time) string {
	return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
}
