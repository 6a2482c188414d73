package view

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"wiretape/wire"
	"wiretape/wire/content"
	"wiretape/wire/http1"
	"wiretape/wire/imap"
	"wiretape/wire/proto"
	"wiretape/wire/resp"
)

// markOf returns the mark of the rows of m; odd says that it was not expected.
func markOf(m *proto.Message, odd bool) mark {
	server := m.Dir == wire.ServerToClient
	switch {
	case m.Kind == proto.KindFrame && server:
		return markServerFrame
	case m.Kind == proto.KindFrame:
		return markClientFrame
	case server && odd:
		return markUnexpected
	case server && m.Secure:
		return markServerTLS
	case server:
		return markServer
	case m.Secure:
		return markClientTLS
	}
	return markClient
}

// unexpected reports whether a reply refuses, in a line protocol, or answers
// nothing that was asked, in HTTP. An HTTP status of 4xx is an answer like any
// other.
func unexpected(m *proto.Message) bool {
	if r, ok := m.Value.(*imap.Response); ok {
		return refusesIMAP(r)
	}
	switch m.Kind {
	case proto.KindResponse:
		return m.Exchange == 0
	case proto.KindReply:
		if r, ok := m.Value.(*resp.Reply); ok {
			return r.IsError()
		}
		return refuses(m.Head)
	}
	return false
}

// refuses reports whether a line protocol's reply, by its first line, is one of
// the negative ones: 4yz and 5yz of SMTP and FTP (RFC 5321, section 4.2.1), -ERR
// of POP3 (RFC 1939, section 3).
func refuses(head []byte) bool {
	if len(head) >= 4 && (head[0] == '4' || head[0] == '5') && isDigit(head[1]) && isDigit(head[2]) {
		return head[3] == ' ' || head[3] == '-' || head[3] == '\r' || head[3] == '\n'
	}
	return bytes.HasPrefix(head, []byte("-ERR"))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// coding returns the content codings of a body, "" for none.
func coding(m *proto.Message) string {
	var values [][]byte
	switch v := m.Value.(type) {
	case *http1.Request:
		values = v.Fields.Values("Content-Encoding")
	case *http1.Response:
		values = v.Fields.Values("Content-Encoding")
	}
	all := strings.ToLower(string(bytes.Join(values, []byte(", "))))
	if all == "identity" {
		return ""
	}
	return all
}

// trailers returns the trailer fields of a message.
func trailers(m *proto.Message) http1.Fields {
	switch v := m.Value.(type) {
	case *http1.Request:
		return v.Trailers
	case *http1.Response:
		return v.Trailers
	}
	return http1.Fields{}
}

// conclude appends what stands at the end of an exchange: its cookies and its
// summary. The refused cookies come last, next to whoever waits for the reply.
func (p *Printer) conclude(v *connView, m *proto.Message, b *content.Body) {
	switch value := m.Value.(type) {
	case *http1.Request:
		if len(v.sent) < maxSent {
			v.sent[m.Exchange] = m.Last
		}
	case *http1.Response:
		kept, refused := p.cookies(m)
		for _, row := range kept {
			p.rows(m.Conn, markInfo, row)
		}
		if !value.Interim() || !m.Complete {
			p.summary(v, m, value, b)
		}
		for _, row := range refused {
			p.rows(m.Conn, markWarn, row)
		}
	}
}

// summary appends the one row that sums an exchange up.
func (p *Printer) summary(v *connView, m *proto.Message, r *http1.Response, b *content.Body) {
	began, known := v.sent[m.Exchange]
	delete(v.sent, m.Exchange)
	if !known || began > m.First {
		began = m.First // an answer to no request, or ahead of its end
	}
	status := strconv.Itoa(r.Status)
	switch {
	case r.Status == 0 && m.Stream > 0 && !m.Complete && m.Body.Size == 0:
		status = "no response"
	case r.Status == 0 && m.Stream > 0:
		status = "no status"
	case r.Status == 0:
		status = r.Version // HTTP/0.9 has none
	}
	text := status
	if m.Last > 0 { // a tape for version control has no times
		text += " in " + span(m.Last-began)
	}
	text += "; "
	if m.N > 0 {
		text = fmt.Sprintf("#%d ", m.N) + text
	}
	if m.Stream > 0 {
		p.streamSummary(m, r, b, text)
		return
	}
	if !m.Complete {
		v.closed = m.Last
		p.rows(m.Conn, markWarn, text+"body "+bodySize(m, b)+", incomplete: "+m.EndedBy)
		return
	}
	text += bodyText(m, r, b)
	switch {
	case r.Framing == http1.FramingClose:
		v.closed = m.Last
	case r.Framing == http1.FramingUpgrade:
	case r.KeepAlive:
		text += "; connection open"
	default:
		text += "; the server will close"
		if r.KeepAliveWhy != "" {
			text += " (" + r.KeepAliveWhy + ")"
		}
	}
	p.rows(m.Conn, markInfo, text)
}

// bodySize says how long a body is, and what it decodes to.
func bodySize(m *proto.Message, b *content.Body) string {
	size := octets(m.Body.Size)
	c := coding(m)
	switch {
	case c == "" || m.Body.Size == 0:
	case !b.Decoded():
		size += " " + c + ", not decoded"
	case b.Cut:
		size += " " + c + " (" + octets(int64(len(b.Data))) + " decoded, not all of it)"
	default:
		size += " " + c + " (" + octets(int64(len(b.Data))) + " decoded)"
	}
	return size
}

// streamSummary appends the row of a response over HTTP/2, which begins with text:
// its end is that of its stream.
func (p *Printer) streamSummary(m *proto.Message, r *http1.Response, b *content.Body, text string) {
	on := fmt.Sprintf(" (stream %d)", m.Stream)
	switch {
	case !m.Complete && m.Body.Size == 0 && r.Status == 0:
		p.rows(m.Conn, markWarn, text+m.EndedBy+on)
		return
	case !m.Complete:
		p.rows(m.Conn, markWarn, text+"body "+bodySize(m, b)+", incomplete: "+m.EndedBy+on)
		return
	case m.Body.Size == 0:
		text += "no body"
	default:
		text += "body " + bodySize(m, b)
	}
	text += ", ended by " + m.EndedBy + on
	if !r.KeepAlive {
		text += "; the server will close (" + r.KeepAliveWhy + ")"
	}
	p.rows(m.Conn, markInfo, text)
}

// bodyText says how long the body of a complete response is and how its end was
// known.
func bodyText(m *proto.Message, r *http1.Response, b *content.Body) string {
	size := "body " + bodySize(m, b)
	switch r.Framing {
	case http1.FramingContentLength:
		return size + ", ended by Content-Length"
	case http1.FramingChunked:
		if r.Chunks > 0 {
			size += " in " + plural(int64(r.Chunks), "chunk")
		}
		return size + ", ended by the last chunk"
	case http1.FramingClose:
		return size + "; ended because the server closed (" + r.Version + ", no Content-Length)"
	case http1.FramingUpgrade:
		if to := r.Fields.Get("Upgrade"); len(to) > 0 {
			return "no body; " + string(to) + " follows"
		}
		return "no body; another protocol follows"
	}
	if m.EndedBy != "" {
		return m.EndedBy
	}
	return "no body"
}
