package view

import (
	"fmt"
	"strconv"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/line"
	"wiretape/wire/proto"
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
	text := ""
	switch v := m.Value.(type) {
	case *http1.Response:
		if v.Interim() {
			return ""
		}
		text = strconv.Itoa(v.Status)
	case *line.Reply:
		if v.Code >= 100 && v.Code < 200 {
			return ""
		}
		text = strconv.Itoa(v.Code)
	default:
		if m.Kind != proto.KindReply && m.Kind != proto.KindAnswer {
			return ""
		}
		text = "answered"
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

// ask takes what the client says. A frame of a request that is told as a whole
// comes to nothing here.
func (b *Brief) ask(m *proto.Message) {
	var text string
	switch v := m.Value.(type) {
	case *http1.Request:
		text = v.Method + " " + v.Target
	case *line.Command:
		text = v.Verb
	default:
		if m.Kind != proto.KindCommand && m.Kind != proto.KindQuery {
			return
		}
		text = string(trimEnd(m.Head))
	}
	if b.asked == nil {
		b.asked = make(map[int]asked)
	}
	if len(text) > maxBrief {
		text = text[:maxBrief] + "…"
	}
	if _, ok := b.asked[m.N]; !ok && len(b.asked) < maxAsked {
		b.asked[m.N] = asked{text, m.First}
	}
}
