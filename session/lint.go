package session

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A lintRow is a fault in what is about to be sent. Nothing is altered for it:
// faults are sent on purpose here.
type lintRow struct {
	note string // what a parser's note of it has in it
	say  string // for people, in place of the note; "" for the note itself
	rule string
	so   string // what servers make of it
}

// lintTable has the faults that are worth a word more than the parser's note. Notes of
// none of its rows are told as they are.
var lintTable = []lintRow{
	{"no request line", "", "RFC 9112 3", "no reply is due to it: servers answer 400, or nothing"},
	{"no Host field", "", "RFC 9112 3.2", "servers answer 400"},
	{"bare LF", "lines end in LF alone", "RFC 9112 2.2", "some servers wait for a CRLF for ever"},
	{"Content-Length beside Transfer-Encoding", "", "RFC 9112 6.3", "servers refuse it, or two of them read two different bodies"},
	{"white space before the colon", "", "RFC 9112 5.1", "servers answer 400"},
	{"obsolete line folding", "", "RFC 9112 5.2", "servers answer 400, or put a blank in its place"},
	{"no blank line", "", "RFC 9112 2.1", "the server waits for the rest of the head"},
	{"Content-Length says", "", "RFC 9112 6.3", "the server waits for the rest of the body"},
	{"no last chunk", "", "RFC 9112 7.1", "the server waits for the rest of the body"},
	{"behind the request", "", "RFC 9112 6.3", "the server takes them for the next request"},
	{"LF without CR", "", "RFC 5321 2.3.8", "servers refuse it since it smuggles messages, or take it for a line end"},
	{"is about a connection of HTTP/1", "", "RFC 9113 8.2.2", "servers reset the stream: PROTOCOL_ERROR"},
	{"is not in lower case", "", "RFC 9113 8.2.1", "servers reset the stream: PROTOCOL_ERROR"},
	{"te is", "", "RFC 9113 8.2.2", "servers reset the stream: PROTOCOL_ERROR"},
	{", the body has", "", "RFC 9113 8.1.1", "servers reset the stream: PROTOCOL_ERROR"},
}

// lint tells what is wrong with octets that are about to be sent, as they read from here
// on.
func (d *dialogue) lint(b []byte, request bool) {
	s := d.s
	s.mu.Lock()
	name, partial := s.stream.Proto(d.peer.conn), s.stream.State(d.peer.conn).Partial[0]
	between := partial == nil
	behind := !between && partial.Kind == proto.KindRaw && d.peer.noRequest
	ours, counted, block := d.peer.dir() == wire.ServerToClient, d.g.left > 0, d.g.block
	s.mu.Unlock()
	var notes []proto.Note
	switch {
	case !ours:
	case name == detect.SMTP && !counted:
		notes = lintSMTP(b)
	case between && (name == detect.HTTP1 || name == "" && (request || block || looksHTTP1(b))):
		notes = lintHTTP1(b)
		isNone := func(n proto.Note) bool { return n.Text == noRequestLine }
		if name == "" && d.target.Proto != "http" { // it may be of any protocol
			notes = slices.DeleteFunc(notes, isNone)
		}
		s.mu.Lock()
		d.peer.noRequest = slices.ContainsFunc(notes, isNone)
		s.mu.Unlock()
	case name == detect.HTTP1 && behind && (request || looksHTTP1(b)):
		notes = []proto.Note{{Text: "it stands behind what is no request, of which the server has said nothing: .reconnect begins anew", Rule: "RFC 9112 3"}}
	}
	s.tellLint(notes)
}

// tellLint tells what is wrong, once. The notes of the Messages that come of it are not
// written once more.
func (s *Session) tellLint(notes []proto.Note) {
	var rows []string
	told := map[string]bool{}
	for _, n := range notes {
		told[n.Text] = true
		if n.Text == "LF without CR" { // as the parser says it afterwards
			told["command ends in bare LF"], told["line of content ends in bare LF"] = true, true
		}
		if strings.HasSuffix(n.Text, "stand behind the request") {
			told[noRequestLine] = true
		}
		i := slices.IndexFunc(lintTable, func(r lintRow) bool { return strings.Contains(n.Text, r.note) })
		row := n.Text
		if i >= 0 && lintTable[i].say != "" {
			row = lintTable[i].say
		}
		switch {
		case i >= 0:
			row += " (" + lintTable[i].rule + "); " + lintTable[i].so
		case n.Rule != "":
			row += " (" + n.Rule + ")"
		}
		if !slices.Contains(rows, row) {
			rows = append(rows, row)
		}
	}
	s.mu.Lock()
	s.linted = told
	s.mu.Unlock()
	for _, row := range rows {
		s.view.Warn("sent as it is: " + view.EscapeString(row))
	}
}

// unlinted returns m without the notes that were told before it was sent. s.mu is held.
func (d *dialogue) unlinted(m proto.Message) proto.Message {
	if m.Dir == wire.ClientToServer && len(d.s.linted) > 0 && d.isCurrent() {
		m.Notes = slices.DeleteFunc(slices.Clone(m.Notes), func(n proto.Note) bool { return d.s.linted[n.Text] })
	}
	return m
}

// looksHTTP1 reports whether octets begin as a request of HTTP/1 does.
func looksHTTP1(b []byte) bool {
	line, _, _ := bytes.Cut(b[:min(len(b), 8<<10)], []byte("\n"))
	words := bytes.Fields(line)
	return len(words) == 3 && bytes.HasPrefix(words[2], []byte("HTTP/1."))
}

// noRequestLine is the parser's note of what cannot be read as a request.
const noRequestLine = "not HTTP/1: no request line"

// isText reports whether octets are lines of printable ASCII.
func isText(b []byte) bool {
	return bytes.HasSuffix(b, []byte("\n")) && !bytes.ContainsFunc(b, func(r rune) bool { return (r < ' ' || r > '~') && r != '\r' && r != '\n' && r != '\t' })
}

// lintHTTP1 reads octets as the requests that they are to a server.
func lintHTTP1(b []byte) []proto.Note {
	p := http1.New(proto.Limits{Line: maxDraft, Head: 2 * maxDraft, Body: 1})
	var notes []proto.Note
	asked := false
	raw := func(m *proto.Message) {
		notes = append(notes, proto.Note{Offset: m.Span.From, Text: fmt.Sprintf("%s stand behind the request", count(int(m.Span.Len()), "octet"))})
	}
	for _, m := range p.Feed(wire.Event{Kind: wire.KindData, Dir: wire.ClientToServer, Data: b}) {
		switch {
		case m.Kind == proto.KindRequest:
			asked = true
			notes = append(notes, m.Notes...)
		case asked:
			raw(&m)
			return notes
		default:
			return noRequest(b)
		}
	}
	m := p.State().Partial[0]
	if m == nil {
		return notes
	}
	r, _ := m.Value.(*http1.Request)
	switch {
	case m.Kind == proto.KindRaw && asked, r == nil && asked && !looksHTTP1(m.Head):
		raw(m)
	case m.Kind == proto.KindRaw:
		return noRequest(b)
	case r == nil && !asked && bytes.Count(b, []byte("\n")) <= 1:
		return m.Notes // lines go one by one
	case r == nil:
		return append(append(notes, m.Notes...), proto.Note{Offset: m.Span.From, Text: "no blank line ends the head"})
	case r.Framing == http1.FramingChunked:
		notes = append(append(notes, m.Notes...), proto.Note{Offset: m.Span.From, Text: "no last chunk ends the body"})
	case r.Framing == http1.FramingContentLength:
		notes = append(append(notes, m.Notes...), proto.Note{Offset: m.Span.From, Text: fmt.Sprintf("Content-Length says %d, and the body has %s", r.Length, count(int(m.Body.Size), "octet"))})
	}
	return notes
}

// noRequest is the note of text that is no request. Other octets are no HTTP on
// purpose, of which nothing is told.
func noRequest(b []byte) []proto.Note {
	if !isText(b) {
		return nil
	}
	return []proto.Note{{Text: noRequestLine, Rule: "RFC 9112 3"}}
}

// lintSMTP looks for line feeds that no CR stands before.
func lintSMTP(b []byte) []proto.Note {
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return nil
		}
		if at += i; at > 0 && b[at-1] != '\r' {
			return []proto.Note{{Offset: int64(at), Text: "LF without CR"}}
		}
	}
}
