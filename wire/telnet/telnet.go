// Package telnet reads Telnet (RFC 854): text with commands in it, and the
// negotiation of options.
//
// A [Parser] takes both directions of a connection. A line of text is a [Text],
// and so is what stands before a command, or before the other side says
// something, such as a prompt. Each command is a [Command], a subnegotiation with
// what it says. Nothing answers anything here: both sides speak when they like.
//
// A [Negotiator] decides what to answer to the negotiations of a peer, by the Q
// method of RFC 1143. It has no connection of its own.
package telnet

import (
	"bytes"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// protoName is Message.Proto.
const protoName = "telnet"

// A Text is the Value of text. Its octets are the Message's body: IAC IAC is one
// octet there, and CR NUL is CR.
type Text struct {
	Line bool // it ends with a line end, which the body has too
}

// A Command is the Value of a command.
type Command struct {
	Code   Code
	Option Option // of WILL, WONT, DO, DONT and SB
	Items  []Item // what a subnegotiation says, in order; its octets are the Message's body
}

// An Item is a part of a subnegotiation: a word, and what belongs to it.
type Item struct {
	Name  string // "SEND", "VAR", "width"
	Value []byte // nil for none
}

// String returns the command as the RFCs write it: "DO ECHO", "SB NAWS", "AYT".
func (c *Command) String() string {
	if c.Code.takesOption() || c.Code == SB {
		return c.Code.String() + " " + c.Option.String()
	}
	return c.Code.String()
}

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	limits  proto.Limits
	sides   [2]side
	runs    proto.Runs // what is compressed or encrypted
	now     time.Duration
	conn    int
	secure  bool
	out     []proto.Message
	partial [2]proto.Message
}

// A state says what the next octet is.
type state uint8

const (
	inText     state = iota
	afterIAC         // a code, or a second IAC
	wantOption       // the option of WILL, WONT, DO, DONT
	wantSB           // the option of SB
	inSB             // a subnegotiation's octets
	inSBIAC          // the same, behind IAC
)

// A side is one direction.
type side struct {
	dir    wire.Dir
	off    int64 // of the next octet
	state  state
	opaque bool // what follows is no Telnet that can be read

	texting bool
	text    proto.Message // in progress, if texting
	cr      bool          // the last octet of text was CR

	command proto.Message // in progress, unless inText
	code    Code
	option  Option

	will, do [256]bool // what was said last of each option
}

// New returns a parser.
func New(limits proto.Limits) *Parser {
	p := &Parser{limits: limits.WithDefaults()}
	p.runs.Limits = p.limits
	p.sides[0].dir, p.sides[1].dir = wire.ClientToServer, wire.ServerToClient
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message {
	p.out = p.out[:0]
	p.now, p.conn = e.At, e.Conn
	s := &p.sides[proto.Side(e.Dir)]
	none := func(s *side) proto.Span { return proto.Span{From: s.off, To: s.off} }
	p.out = p.runs.Turn(p.out, e, none(&p.sides[0]), none(&p.sides[1]))
	switch e.Kind {
	case wire.KindData:
		p.data(s, e.Data)
	case wire.KindGap:
		if e.Size = proto.GapSize(e, s.off); e.Size > 0 {
			p.flush(s, proto.Ending(e.Kind))
			p.out = append(p.out, proto.Gap(e, protoName, s.off, p.secure))
			s.off += e.Size
		}
	case wire.KindEOF:
		p.flush(s, proto.Ending(e.Kind))
	case wire.KindReset, wire.KindClose:
		p.flushAll(proto.Ending(e.Kind))
	case wire.KindSecure:
		p.flushAll(proto.Ending(e.Kind))
		p.secure = true
		for i := range p.sides {
			s := &p.sides[i]
			*s = side{dir: s.dir, off: s.off}
		}
	}
	return p.out
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message {
	p.out = p.out[:0]
	p.flushAll("end of recording")
	p.out = p.runs.End(p.out, wire.ClientToServer, "end of recording")
	p.out = p.runs.End(p.out, wire.ServerToClient, "end of recording")
	return p.out
}

// State implements [proto.Parser]. Nothing is ever due.
func (p *Parser) State() proto.State {
	st := proto.State{Want: -1, Partial: [2]*proto.Message{p.progress(0), p.progress(1)}}
	if m := st.Partial[1]; m != nil {
		st.Got = m.Body.Size
	}
	return st
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	s := &p.sides[i]
	switch {
	case s.texting:
		p.partial[i] = s.text
	case s.state != inText:
		p.partial[i] = s.command
	default:
		return p.runs.Partial(s.dir)
	}
	return &p.partial[i]
}

// data reads octets of one side.
func (p *Parser) data(s *side, b []byte) {
	for len(b) > 0 {
		switch s.state {
		case inText:
			b = b[p.plain(s, b):]
		case afterIAC:
			p.afterIAC(s, Code(b[0]))
			b = b[1:]
		case wantOption:
			p.take(s, b[:1])
			s.option = Option(b[0])
			p.negotiated(s)
			p.endCommand(s)
			b = b[1:]
		case wantSB:
			p.take(s, b[:1])
			s.option, s.state = Option(b[0]), inSB
			b = b[1:]
		case inSB:
			n := bytes.IndexByte(b, byte(IAC))
			if n < 0 {
				n = len(b)
			}
			if n == 0 {
				s.off, s.state, n = s.off+1, inSBIAC, 1
			} else {
				p.payload(s, b[:n], n)
			}
			b = b[n:]
		case inSBIAC:
			p.afterSBIAC(s, Code(b[0]))
			b = b[1:]
		}
	}
}

// afterIAC takes the octet behind IAC, which is not counted yet.
func (p *Parser) afterIAC(s *side, c Code) {
	if c == IAC {
		s.state, s.command = inText, proto.Message{}
		p.beginText(s, s.off-1)
		p.character(s, byte(c), s.off+1)
		return
	}
	p.endText(s, "a command followed")
	p.take(s, []byte{byte(c)})
	s.code = c
	switch {
	case c.takesOption():
		s.state = wantOption
	case c == SB:
		s.state = wantSB
	default:
		switch {
		case c < EOF:
			p.note(s, "no command has this code", "RFC 854")
		case c == SE:
			p.note(s, "a subnegotiation ends that did not begin", "RFC 855")
		}
		p.endCommand(s)
	}
}

// afterSBIAC takes the octet behind IAC within a subnegotiation.
func (p *Parser) afterSBIAC(s *side, c Code) {
	switch c {
	case IAC:
		s.state = inSB
		p.payload(s, []byte{byte(IAC)}, 1)
	case SE:
		s.off++
		s.command.Tile(proto.LeafEnd, s.off)
		s.command.Span.To = s.off
		p.endCommand(s)
	default:
		// RFC 855: nothing but IAC and SE may follow IAC here. A command does
		// not go on behind another.
		s.command.Notes = proto.AddNote(s.command.Notes, proto.Note{Offset: s.off - 1, Text: "IAC " + c.String() + " within a subnegotiation, which has no end", Rule: "RFC 855"})
		s.off--
		p.cutCommand(s, "another command")
		p.beginCommand(s)
		p.afterIAC(s, c)
	}
}

// payload takes octets of a subnegotiation, the last n of the stream so far.
func (p *Parser) payload(s *side, b []byte, n int) {
	m := &s.command
	s.off += int64(n)
	m.Body.Keep(b, p.limits.Body)
	m.Span.To, m.Last = s.off, p.now
	if k := len(m.Leaves); k > 1 {
		m.Leaves[k-1].To = s.off
	} else {
		m.Tile(proto.LeafData, s.off)
	}
}

// beginCommand begins a command at its IAC, the octet at s.off.
func (p *Parser) beginCommand(s *side) {
	s.command = p.message(s, s.off)
	s.command.Leaves = []proto.Leaf{{Span: proto.Span{From: s.off, To: s.off}, Name: proto.LeafCommand}}
	s.state, s.code, s.option = afterIAC, 0, 0
	p.take(s, []byte{byte(IAC)})
}

// take adds octets to the head of the command in progress.
func (p *Parser) take(s *side, b []byte) {
	m := &s.command
	s.off += int64(len(b))
	m.Head = append(m.Head, b...)
	m.Span.To, m.Last, m.Leaves[0].To = s.off, p.now, s.off
}

// note notes something about the command in progress.
func (p *Parser) note(s *side, text, rule string) {
	s.command.Notes = append(s.command.Notes, proto.Note{Offset: s.command.Span.From, Text: text, Rule: rule})
}

// endCommand gives the command in progress, which is whole.
func (p *Parser) endCommand(s *side) {
	m := &s.command
	m.Complete, m.EndedBy = true, s.code.String()
	if s.code == SB {
		m.EndedBy = "IAC SE"
	}
	p.giveCommand(s)
}

// cutCommand gives it as far as it came.
func (p *Parser) cutCommand(s *side, why string) {
	s.command.EndedBy = why
	p.giveCommand(s)
}

func (p *Parser) giveCommand(s *side) {
	m := s.command
	c := &Command{Code: s.code, Option: s.option}
	if c.Code == SB && m.Complete {
		var wrong string
		if c.Items, wrong = read(c.Option, m.Body.Data); wrong != "" {
			m.Notes = proto.AddNote(m.Notes, proto.Note{Offset: m.Span.To, Text: wrong})
		}
		if what := opens(c); what != "" {
			s.opaque = true
			m.Notes = proto.AddNote(m.Notes, proto.Note{Offset: m.Span.To, Text: "what follows is " + what + ", and not read"})
		}
	}
	m.Value = c
	p.out = append(p.out, m)
	s.command, s.state = proto.Message{}, inText
}

// opens says what a subnegotiation makes of the octets behind it, "" for nothing.
func opens(c *Command) string {
	switch {
	case c.Option == Compress2, c.Option == Compress:
		return "compressed"
	case c.Option == Encrypt && len(c.Items) > 0 && c.Items[0].Name == "START":
		return "encrypted" // RFC 2946, section 3
	}
	return ""
}

// negotiated remembers what was said of an option.
func (p *Parser) negotiated(s *side) {
	switch s.code {
	case WILL, WONT:
		s.will[s.option] = s.code == WILL
	case DO, DONT:
		s.do[s.option] = s.code == DO
	}
}

// binary reports whether a side sends eight-bit data (RFC 856).
func (p *Parser) binary(s *side) bool {
	return s.will[Binary] && p.sides[1-proto.Side(s.dir)].do[Binary]
}

// message returns a Message that begins at an offset.
func (p *Parser) message(s *side, from int64) proto.Message {
	return proto.Message{
		Conn: p.conn, Proto: protoName, Kind: proto.KindMessage, Dir: s.dir, Secure: p.secure,
		First: p.now, Last: p.now, Span: proto.Span{From: from, To: from},
	}
}

// flush ends what a side has in progress, because of why.
func (p *Parser) flush(s *side, why string) {
	p.endText(s, why)
	if s.state == inSBIAC {
		s.command.Tile(proto.LeafEnd, s.off)
		s.command.Span.To = s.off
	}
	if s.state != inText {
		p.cutCommand(s, why)
	}
}

func (p *Parser) flushAll(why string) {
	p.flush(&p.sides[0], why)
	p.flush(&p.sides[1], why)
}
