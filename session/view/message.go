package view

import (
	"bytes"
	"fmt"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// Message writes a Message: a row for each line as it came, its body, a row for
// each of its notes, the cookies that it sets, and after a final HTTP response
// the one row that sums the exchange up. Of a Message that [Printer.Partial] has
// begun it writes the rest.
func (p *Printer) Message(m *proto.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.conn(m.Conn)
	var done progress
	if m.Dir == wire.ServerToClient && v.progress.from == m.Span.From {
		done = v.progress
	}
	if m.Dir == wire.ServerToClient {
		v.progress = progress{from: -1}
	}
	if !p.s.Live || m.Dir == wire.ServerToClient {
		p.content(m, &done, true)
	}
	for _, n := range m.Notes {
		p.note(m, n)
	}
	p.conclude(v, m)
	p.flush()
}

// Partial writes what has become readable of the server's Message in progress,
// so that a slow reply is seen as it comes. Call it with a connection's state
// after each event; it writes nothing twice.
func (p *Printer) Partial(conn int, st proto.State) {
	m := st.Partial[proto.Side(wire.ServerToClient)]
	if m == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.conn(conn)
	if v.progress.from != m.Span.From {
		v.progress = progress{from: m.Span.From}
	}
	part := *m
	part.Conn = conn
	p.content(&part, &v.progress, false)
	p.flush()
}

// Unfinished returns, escaped, the last line of what the server has sent when
// it has no end yet and so is no row: a prompt for a name, say. It is "" when
// there is none, and while a body comes.
func (p *Printer) Unfinished(conn int, st proto.State) string {
	m := st.Partial[proto.Side(wire.ServerToClient)]
	if m == nil {
		return ""
	}
	text := m.Head
	if m.Kind == proto.KindRaw {
		text = m.Body.Data
	}
	text = text[bytes.LastIndexByte(text, '\n')+1:]
	if !isText(text) || len(text) > shownUnfinished {
		return ""
	}
	return string(escape(nil, text, p.s.ASCII))
}

// shownUnfinished is the longest line without an end that serves as a prompt.
const shownUnfinished = 200

// Echo writes data as rows that the client sends: for commands that make up
// what they send and show it first.
func (p *Printer) Echo(conn int, data []byte, secure bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := proto.Message{
		Conn: conn, Dir: wire.ClientToServer, Kind: proto.KindRaw, Secure: secure,
		Body: proto.Body{Data: data, Size: int64(len(data))},
	}
	p.content(&m, new(progress), true)
	p.flush()
}

// content appends the rows of the octets of m that done does not count yet;
// unless final, whole lines only.
func (p *Printer) content(m *proto.Message, done *progress, final bool) {
	mk := markOf(m)
	switch {
	case m.Kind == proto.KindGap:
		return // the event tells it
	case m.Kind == proto.KindFrame:
		if final {
			p.frame(m, mk)
		}
		return
	case m.Kind == proto.KindRaw:
		p.body(m.Conn, &done.body, m.Body.Data, bodyStyle{mark: mk, offset: m.Span.From}, final)
		if final {
			p.more(m.Conn, &done.body, len(m.Body.Data), m.Body.Size)
		}
		return
	}
	for done.head < len(m.Head) {
		line := m.Head[done.head:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		} else if !final {
			return
		}
		p.line(m.Conn, mk, line)
		done.head += len(line)
	}
	if coding(m) != "" {
		return // the summary tells it
	}
	p.body(m.Conn, &done.body, m.Body.Data, bodyStyle{room: p.third()}, final)
	if final {
		p.more(m.Conn, &done.body, len(m.Body.Data), m.Body.Size)
	}
}

// note appends a note's row.
func (p *Printer) note(m *proto.Message, n proto.Note) {
	text := n.Text
	if n.Rule != "" {
		text += " (" + n.Rule + ")"
	}
	who := m.Dir.String()
	if m.N > 0 {
		who = fmt.Sprintf("#%d %s", m.N, m.Kind)
	}
	p.rows(m.Conn, markWarn, fmt.Sprintf("%s, offset %s: %s", who, count(n.Offset), text))
}
