package view

import (
	"bytes"
	"fmt"
	"slices"

	"wiretape/wire"
	"wiretape/wire/content"
	"wiretape/wire/imap"
	"wiretape/wire/proto"
	"wiretape/wire/sse"
)

// Message writes a Message: a row for each line as it came, its body, a row for
// each of its notes, and after a final HTTP response the cookies that are kept,
// the one row that sums the exchange up, and the cookies that are refused. Of a
// Message that [Printer.Partial] has begun it writes the rest.
func (p *Printer) Message(m *proto.Message) {
	p.begin()
	defer p.mu.Unlock()
	v := p.conn(m.Conn)
	side := proto.Side(m.Dir)
	if e, ok := m.Value.(*sse.Event); ok {
		// Over HTTP/2 the frames have been shown.
		if m.Stream == 0 && p.shows(v, m) && !v.early(m) {
			p.event(m, e)
			p.arrived()
		}
		return
	}
	done := progress{mark: markOf(m, unexpected(m))}
	if begun := v.progress[side]; begun.from == m.Span.From && begun.written() {
		done = begun
	}
	v.progress[side] = progress{from: -1}
	b := Content(m, p.s.Decoded)
	if p.shows(v, m) {
		p.content(m, &done, &b)
		p.grpc(m)
	}
	p.notes(m, notesOf(m, &b))
	p.conclude(v, m, &b)
	p.arrived()
}

// shows reports whether the rows of m are to be written. Nobody types frames, or the queries of DNS.
func (p *Printer) shows(v *connView, m *proto.Message) bool {
	return !p.s.Live || m.Dir == v.peer() || !typed(m)
}

// Partial writes what has become readable of the Messages in progress, so that a
// slow reply is seen as it comes. Call it with a connection's state after each
// event; it writes nothing twice.
func (p *Printer) Partial(conn int, st proto.State) {
	p.begin()
	defer p.mu.Unlock()
	v := p.conn(conn)
	for side, m := range st.Partial {
		if m == nil || !p.shows(v, m) {
			continue
		}
		done := &v.progress[side]
		if done.written() && done.from != m.Span.From {
			continue // what it follows is not concluded
		}
		if !done.written() {
			// Its exchange is not known before its head is complete.
			open := m.Kind == proto.KindResponse && m.Value == nil
			if open && st.Due == 0 {
				continue
			}
			odd := !open && unexpected(m)
			*done = progress{from: m.Span.From, mark: markOf(m, odd)}
		}
		part := *m
		part.Conn = conn
		p.content(&part, done, nil)
	}
	p.arrived()
}

// Unfinished returns, in ASCII with escapes, the last line of what the peer has
// sent when it has no end yet and so is no row: a prompt for a name, say. It is
// "" when there is none, and while a body comes.
func (p *Printer) Unfinished(conn int, st proto.State) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := st.Partial[proto.Side(p.conn(conn).peer())]
	if m == nil || m.Kind == proto.KindFrame || m.Derived {
		return ""
	}
	text := m.Head
	if m.Kind == proto.KindRaw || m.Kind == proto.KindMessage && len(text) == 0 {
		text = m.Body.Data
	}
	text = text[bytes.LastIndexByte(text, '\n')+1:]
	if !isText(text) || len(text) > shownUnfinished {
		return ""
	}
	// Line editors count the cells of a prompt, and not all count alike.
	return string(escape(nil, text, true))
}

// shownUnfinished is the longest line without an end that serves as a prompt.
const shownUnfinished = 200

// Echo writes data as rows that the client sends, what follows an empty line as
// a body: for commands that make up what they send and show it first.
func (p *Printer) Echo(conn int, data []byte, secure bool) {
	p.begin()
	defer p.mu.Unlock()
	m := proto.Message{Conn: conn, Dir: wire.ClientToServer, Kind: proto.KindRequest, Secure: secure}
	m.Head, m.Body.Data = splitHead(data)
	m.Body.Size = int64(len(m.Body.Data))
	p.content(&m, &progress{mark: markOf(&m, false)}, &content.Body{})
	p.flush()
}

// splitHead cuts data behind its first empty line.
func splitHead(data []byte) (head, body []byte) {
	for at := 0; at < len(data); {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			break
		}
		line := data[at : at+i+1]
		at += i + 1
		if at > len(line) && len(trimEnd(line)) == 0 {
			return data[:at], data[at:]
		}
	}
	return data, nil
}

// isHTTP reports whether m has a head that ends with an empty line.
func isHTTP(m *proto.Message) bool {
	return m.Kind == proto.KindRequest || m.Kind == proto.KindResponse
}

// content appends the rows of the octets of m that done does not count yet: whole
// lines only, unless b, what its body amounts to, says that m is final.
func (p *Printer) content(m *proto.Message, done *progress, b *content.Body) {
	final := b != nil
	if m.Derived && isHTTP(m) && (b == nil || !b.Decoded() && !p.awaits(m)) {
		return // its frames have been shown
	}
	if r, ok := m.Value.(*imap.Response); ok {
		p.imapResponse(m, r, done, final)
		return
	}
	switch m.Kind {
	case proto.KindGap:
		return // the event tells it
	case proto.KindFrame, proto.KindMessage, proto.KindPush, proto.KindQuery, proto.KindAnswer, proto.KindEvent, proto.KindRecord:
		if final && !p.reading(m, done.mark) {
			p.raw(m, done, final)
		}
		return
	case proto.KindRaw:
		p.raw(m, done, final)
		return
	}
	if final && p.reading(m, done.mark) {
		return
	}
	if !p.head(m, done, final) {
		return
	}
	done.headed = true
	if streamsEvents(m) {
		p.earlyEvents(p.conn(m.Conn))
		return
	}
	style := bodyStyle{room: p.third(), mark: bodyMark(m, done.mark), dotted: doublesDots(m)}
	if !final && p.awaits(m) {
		return
	}
	if p.s.Pretty && final && done.body.at == 0 {
		if tokens := layOut(m, b); tokens != nil {
			p.layoutRows(m.Conn, tokens, int64(len(b.Text.Data)), style.room)
			p.trailers(m, done.mark)
			return
		}
	}
	data, size := screenBody(m, done, b)
	p.body(m.Conn, &done.body, data, style, final)
	if !final {
		return
	}
	p.more(m.Conn, &done.body, len(data), size)
	if endsByDot(m) {
		p.row(m.Conn, done.mark, []byte("."))
	}
	if v := p.conn(m.Conn); done.body.dots && !v.toldDots {
		v.toldDots = true
		p.rows(m.Conn, markInfo, "a dot that begins a line came doubled; the text has it once ("+dotRule(m)+")")
	}
	p.trailers(m, done.mark)
}

// trailers appends the trailer fields.
func (p *Printer) trailers(m *proto.Message, mk mark) {
	for _, f := range trailers(m).List() {
		p.line(m.Conn, mk, slices.Concat(f.Name, []byte(": "), f.Value))
	}
}

// head appends the lines of a head, and reports whether it has no more.
func (p *Printer) head(m *proto.Message, done *progress, final bool) bool {
	if !final && m.Value == nil && isHTTP(m) && !startLine(m.Head) {
		return false // it may turn out to be raw
	}
	for done.head < len(m.Head) {
		row := m.Head[done.head:]
		if i := bytes.IndexByte(row, '\n'); i >= 0 {
			row = row[:i+1]
		} else if !final {
			return false
		}
		// The empty line that ends the head of an HTTP message goes without
		// saying; one before the start line does not.
		if done.head == 0 || len(trimEnd(row)) > 0 || !isHTTP(m) {
			p.line(m.Conn, done.mark, row)
		}
		done.head += len(row)
	}
	return true
}

// startLine reports whether head begins with what only HTTP begins with.
func startLine(head []byte) bool {
	line, _, whole := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte("\n"))
	return whole && (bytes.HasPrefix(line, []byte("HTTP/")) || bytes.Contains(line, []byte(" HTTP/")))
}

// raw appends bytes of no known protocol: lines of text, or a dump.
func (p *Printer) raw(m *proto.Message, done *progress, final bool) {
	// What looked like a head so far was none.
	done.body.at, done.head = max(done.body.at, done.head), 0
	p.body(m.Conn, &done.body, m.Body.Data, bodyStyle{mark: done.mark, offset: m.Span.From}, final)
	if final {
		p.more(m.Conn, &done.body, len(m.Body.Data), m.Body.Size)
	}
}

// notes appends a row for each kind of note: one about every line of a message
// is told once, with how many more there are.
func (p *Printer) notes(m *proto.Message, notes []proto.Note) {
	type kind struct{ text, rule string }
	more := make(map[kind]int)
	for _, n := range notes {
		more[kind{n.Text, n.Rule}]++
	}
	for _, n := range notes {
		k := kind{n.Text, n.Rule}
		if more[k] > 0 {
			p.note(m, n, more[k]-1)
			more[k] = 0
		}
	}
}

// note appends a note's row; so many more are like it.
func (p *Printer) note(m *proto.Message, n proto.Note, more int) {
	text := n.Text
	if n.Rule != "" {
		text += " (" + n.Rule + ")"
	}
	if more > 0 {
		text += ", and " + count(int64(more)) + " more"
	}
	who := m.Dir.String()
	if m.N > 0 {
		who = fmt.Sprintf("#%d %s", m.N, m.Kind)
	}
	p.rows(m.Conn, markWarn, fmt.Sprintf("%s, offset %s: %s", who, count(n.Offset), text))
}
