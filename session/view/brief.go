package view

import (
	"fmt"
	"strconv"
	"time"

	"wiretape/wire"
	"wiretape/wire/dns"
	"wiretape/wire/http1"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/proto"
	"wiretape/wire/resp"
)

// A Brief tells of each exchange in one row: what was asked, what came, and how
// long it took. It serves who watches many connections and no single byte. The
// zero value is ready.
type Brief struct {
	asked map[int]asked // by Message.N
}

type asked struct {
	text string
	at   time.Duration
}

// maxAsked bounds the requests that are held for their replies.
const maxAsked = 4096

// maxBrief is how much of a request stands in a row, octets.
const maxBrief = 200

// Row returns the row of the exchange that m ends, escaped and without a line
// end; "" where m ends none.
func (b *Brief) Row(m *proto.Message) string {
	if m.N == 0 || m.Derived && m.Value == nil {
		return ""
	}
	if m.Dir == wire.ClientToServer {
		b.ask(m)
		return ""
	}
	if !Ends(m) {
		return ""
	}
	text := "answered"
	switch v := m.Value.(type) {
	case *http1.Response:
		text = strconv.Itoa(v.Status)
	case *line.Reply:
		text = strconv.Itoa(v.Code)
	}
	began, known := b.asked[m.N]
	delete(b.asked, m.N)
	if !m.Complete {
		text += ", incomplete: " + m.EndedBy
	}
	if !known {
		began = asked{"unasked", m.First}
	}
	return EscapeString(fmt.Sprintf("#%d %s %s %s", m.N, began.text, text, span(m.Last-began.at)))
}

// Ends reports whether a server's Message is the last of its exchange: a final
// response, a reply behind which no other is due.
func Ends(m *proto.Message) bool {
	switch v := m.Value.(type) {
	case *http1.Response:
		return !v.Interim()
	case *line.Reply:
		return v.Code < 100 || v.Code >= 200
	case *imap.Response:
		return v.Tag != "*" && v.Tag != "+" // data and requests to go on come before it
	}
	return m.Kind == proto.KindReply || m.Kind == proto.KindAnswer
}

// ask takes what the client says. A frame of a request that is told as a whole
// comes to nothing here.
func (b *Brief) ask(m *proto.Message) {
	text := askedText(m)
	if text == "" {
		return
	}
	if b.asked == nil {
		b.asked = make(map[int]asked)
	}
	if _, ok := b.asked[m.N]; !ok && len(b.asked) < maxAsked {
		b.asked[m.N] = asked{text, m.First}
	}
}

// askedText says what a client's Message asks for, cut to what a row has room
// for; "" where it asks for nothing by itself, as a frame does.
func askedText(m *proto.Message) string {
	var text string
	switch v := m.Value.(type) {
	case *http1.Request:
		text = v.Method + " " + v.Target
	case *line.Command:
		text = v.Verb
	case *imap.Command:
		if text = v.Verb; v.Rest {
			return "" // of a command that was told
		}
	case *line.Content:
		text = "message"
	case *dns.Message:
		if m.Kind == proto.KindQuery && len(v.Question) > 0 {
			text = v.Question[0].String()
		}
	case *resp.Command:
		for i, a := range v.Args[:min(2, len(v.Args))] {
			if i > 0 {
				text += " "
			}
			text += string(a.Text[:min(len(a.Text), maxBrief)])
		}
	default:
		if m.Kind != proto.KindCommand && m.Kind != proto.KindQuery {
			return ""
		}
		text = string(trimEnd(m.Head))
	}
	if len(text) > maxBrief {
		text = text[:runeStart([]byte(text), maxBrief)] + "…"
	}
	return text
}
