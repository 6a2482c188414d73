package dns

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// name is what Messages bear.
const name = "dns"

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	core      proto.Duplex
	datagrams bool // each event of KindData is a message
	mdns      bool // at the port of multicast DNS
	sides     [2]side
	exchanges
	partial [2]proto.Message
}

// A side is one direction.
type side struct {
	*proto.Stream
	raw bool // it is no DNS any more
}

// New returns a parser of a connection: of datagrams, each of them a message, or
// of a stream, in which a length stands before each (RFC 1035, section 4.2.2).
func New(limits proto.Limits, datagrams bool) *Parser {
	p := &Parser{datagrams: datagrams}
	p.core.Init(name, limits)
	for i := range p.sides {
		p.sides[i].Stream = &p.core.Sides[i]
	}
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message {
	out := p.core.Feed((*duplex)(p), e)
	switch {
	case e.Kind == wire.KindOpen:
		p.mdns = p.mdns || e.Facts != nil && isMDNS(e.Facts)
	case e.Kind == wire.KindData && len(e.Data) == 0 && p.datagrams:
		s := &p.sides[proto.Side(e.Dir)]
		m := p.core.Message(s.Stream, proto.KindRaw)
		m.First, m.Complete, m.EndedBy = m.Last, true, "datagram"
		p.core.Emit(s.Stream, m, m.EndedBy)
		return p.core.Out
	}
	return out
}

// isMDNS reports whether a connection is of the port of multicast DNS (RFC 6762,
// section 3).
func isMDNS(f *wire.Facts) bool {
	for _, address := range []string{f.Target, f.Remote, f.Local} {
		if _, port, err := net.SplitHostPort(address); err == nil && port == "5353" {
			return true
		}
	}
	return false
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message { return p.core.Close((*duplex)(p)) }

// A duplex is the Parser as its [proto.Duplex] sees it.
type duplex Parser

// Read implements [proto.Reader].
func (d *duplex) Read(side int) {
	if s := &d.sides[side]; d.datagrams {
		(*Parser)(d).datagram(s)
	} else {
		(*Parser)(d).stream(s)
	}
}

// Gap implements [proto.Reader].
func (d *duplex) Gap(side int, size int64) bool { return false }

// Flush implements [proto.Reader].
func (d *duplex) Flush(side int, why string) { (*Parser)(d).flush(&d.sides[side], why) }

// Secured implements [proto.Reader].
func (d *duplex) Secured() {}

// flush ends what is in progress on a side.
func (p *Parser) flush(s *side, _ string) {
	if n := s.Buf.Len(); n > 0 {
		p.core.Raw(s.Stream, n, &proto.Note{Offset: s.Buf.Offset(), Text: "message is not complete", Rule: "RFC 1035 4.2.2"})
	}
	s.raw = false
}

// datagram takes all that there is for one message.
func (p *Parser) datagram(s *side) {
	n := s.Buf.Len()
	if n < headerLen {
		p.core.Raw(s.Stream, n, &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("a datagram of %d octets: a header has %d", n, headerLen), Rule: "RFC 1035 4.1.1"})
		p.core.Out = p.core.Runs.End(p.core.Out, s.Dir, "datagram")
		return
	}
	p.message(s, 0, n)
}

// stream takes as many messages as are whole.
func (p *Parser) stream(s *side) {
	for s.Buf.Len() > 0 {
		b := s.Buf.Peek()
		if s.raw {
			p.core.Raw(s.Stream, len(b), nil)
			return
		}
		if len(b) < 2 {
			return
		}
		n := int(binary.BigEndian.Uint16(b))
		if n < headerLen {
			// There is no way back to where a length stands.
			s.raw = true
			p.core.Raw(s.Stream, len(b), &proto.Note{Offset: s.Buf.Offset(), Text: fmt.Sprintf("a message of %d octets: a header has %d", n, headerLen), Rule: "RFC 1035 4.2.2"})
			return
		}
		if len(b) < 2+n {
			return
		}
		p.message(s, 2, n)
	}
}

// message takes the next message of a side, of n octets, behind a prefix.
func (p *Parser) message(s *side, prefix, n int) {
	from := s.Buf.Start()
	head := bytes.Clone(s.Buf.Next(prefix + n))
	m := p.core.Message(s.Stream, proto.KindQuery)
	d := decoder{b: head[prefix:], base: from + int64(prefix), mdns: p.mdns}
	v := d.message()
	m.Value, m.Head, m.Notes, m.Complete, m.EndedBy = v, head, d.notes, true, "datagram"
	if prefix > 0 {
		m.Tile(proto.LeafLength, from+int64(prefix))
		m.EndedBy = fmt.Sprintf("length %d reached", n)
	}
	m.Leaves = append(m.Leaves, d.leaves...)
	if v.Response {
		m.Kind = proto.KindAnswer
	}
	p.match(&m, v)
	if v.Response && v.Flags&TC != 0 {
		m.Notes = proto.AddNote(m.Notes, proto.Note{Offset: d.base + 2, Text: "the answer is truncated: ask again over TCP", Rule: "RFC 7766 5"})
	}
	p.core.Emit(s.Stream, m, "a message followed")
	p.core.Release(s.Stream)
}

// exchanges are the queries of a connection.
type exchanges struct {
	asked, settled int
	ended          string
	queries        []query // the latest, in order
}

// A query is one that was asked, and may have been answered.
type query struct {
	exchange int
	dir      wire.Dir
	id       uint16
	question string
	transfer bool // AXFR, IXFR: its answer may be several messages, up to a second SOA
	soas     int
	answered bool
}

// maxQueries bounds the queries that are remembered.
const maxQueries = 1 << 10

// asks writes a question for comparison: names are alike in any case (RFC 4343).
func asks(v *Message) string {
	var b strings.Builder
	for _, q := range v.Question {
		b.WriteString(strings.ToLower(q.String()) + "\n")
	}
	return b.String()
}

// match numbers a query, and an answer as the query that it answers.
func (p *Parser) match(m *proto.Message, v *Message) {
	question := asks(v)
	note := func(text, rule string) {
		m.Notes = proto.AddNote(m.Notes, proto.Note{Offset: m.Span.From, Text: text, Rule: rule})
	}
	if !v.Response {
		for i := range p.queries {
			if q := &p.queries[i]; q.id == v.ID && q.dir == m.Dir && q.question == question && !q.answered {
				m.Exchange = q.exchange // sent again
				return
			}
		}
		p.asked++
		m.Exchange = p.asked
		if p.mdns && v.ID == 0 {
			return // nobody may answer, or many
		}
		if len(p.queries) == maxQueries {
			p.queries = slices.Delete(p.queries, 0, maxQueries/4)
		}
		q := query{exchange: p.asked, dir: m.Dir, id: v.ID, question: question}
		for _, x := range v.Question {
			q.transfer = x.Type == TypeAXFR || x.Type == TypeIXFR
		}
		p.queries = append(p.queries, q)
		return
	}
	if p.mdns && v.ID == 0 {
		return // RFC 6762, section 18.1
	}
	other := false
	for i := len(p.queries) - 1; i >= 0; i-- {
		q := &p.queries[i]
		if q.id != v.ID || q.dir == m.Dir {
			continue
		}
		// Messages of a transfer but the first may leave the question out (RFC
		// 5936, section 2.2.1), and so may servers that refuse (FORMERR).
		if q.question != question && (len(v.Question) > 0 || !q.transfer && v.RCode == 0) {
			other = true
			continue
		}
		m.Exchange = q.exchange
		if q.answered {
			note("another answer to the same query", "RFC 5452 9.1")
			return
		}
		if q.transfer && v.RCode == 0 && !p.transferred(q, v) {
			return
		}
		q.answered = true
		p.settled++
		p.ended = m.EndedBy
		return
	}
	if other {
		note("the answer has the identifier of a query and another question", "RFC 5452 9.1")
	} else {
		note("answer to no query", "")
	}
}

// transferred counts the SOA records of a transfer, and reports whether it is
// complete: it ends with the one that it began with (RFC 5936, section 2.2).
func (p *Parser) transferred(q *query, v *Message) bool {
	for _, r := range v.Answers {
		if r.Type == TypeSOA {
			q.soas++
		}
	}
	return len(v.Answers) == 0 || q.soas >= 2 || v.Answers[0].Type != TypeSOA && q.soas == 0
}

// State implements [proto.Parser]. A Partial has no Value.
func (p *Parser) State() proto.State {
	st := proto.State{
		Settled: p.settled, EndedBy: p.ended, Want: -1, Framed: !p.sides[1].raw,
		Partial: [2]*proto.Message{p.progress(0), p.progress(1)},
	}
	for i := range p.queries {
		if q := &p.queries[i]; !q.answered && q.dir == wire.ClientToServer {
			st.Due++
		}
	}
	if s := &p.sides[1]; !s.raw && s.Buf.Len() >= 2 {
		st.Got, st.Want = int64(s.Buf.Len()-2), int64(binary.BigEndian.Uint16(s.Buf.Peek()))
	}
	return st
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	kind := proto.KindQuery
	if i == 1 {
		kind = proto.KindAnswer
	}
	return p.core.Progress(p.sides[i].Stream, kind, &p.partial[i])
}
