// Package ssh reads what an SSH connection says in the clear: identification
// lines, whatever a server says before its own, and the packets of the key
// exchange up to NEWKEYS (RFC 4253). What follows is encrypted, and only counted.
package ssh

import (
	"bytes"
	"cmp"
	"fmt"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// protoName is Message.Proto.
const protoName = "ssh"

// An Ident is the Value of an identification line (RFC 4253, section 4.2).
type Ident struct {
	Version  string // "2.0"
	Software string // "OpenSSH_9.2p1"
	Comments []byte // nil for none
}

// String returns the line without its end.
func (i *Ident) String() string {
	s := "SSH-" + i.Version + "-" + i.Software
	if i.Comments != nil {
		s += " " + string(i.Comments)
	}
	return s
}

// A Banner is the Value of a line before the identification.
type Banner struct{}

// A Packet is the Value of a packet that is not encrypted (RFC 4253, section 6).
// Its payload is the Message's body.
type Packet struct {
	Type    Type
	Length  uint32 // of all that follows it, octets
	Padding uint8
	Kex     *KexInit // of KEXINIT
	Agreed  []Choice // of the second KEXINIT of a connection: what both lead to
	Reason  Reason   // of DISCONNECT
	Text    []byte   // of DISCONNECT and DEBUG
}

// Encrypted is the Value of octets that cannot be read. They are the Message's
// body; it ends at a turn and at multiples of proto.RawRun, as raw octets do.
type Encrypted struct{}

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	limits   proto.Limits
	sides    [2]side
	runs     proto.Runs
	now      time.Duration
	conn     int
	secure   bool
	out      []proto.Message
	partial  [2]proto.Message
	answered bool // the server has sent all that it sends unasked
}

// A phase says what is due of a side.
type phase uint8

const (
	identifying phase = iota // lines
	exchanging               // packets
	encrypted
	lost // raw
)

// A side is one direction.
type side struct {
	dir   wire.Dir
	buf   proto.Buffer
	first time.Duration // At of the first octet of what is in progress
	phase phase
	ident *Ident
	kex   *KexInit
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
	p.out = p.runs.Turn(p.out, e, p.sides[0].buf.Span(), p.sides[1].buf.Span())
	switch e.Kind {
	case wire.KindData:
		if len(e.Data) == 0 {
			break
		}
		if s.buf.Start() == s.buf.End() {
			s.first = p.now
		}
		s.buf.Push(e.Data)
		p.read(s)
		s.buf.Keep()
	case wire.KindGap:
		if e.Size = proto.GapSize(e, s.buf.End()); e.Size > 0 {
			p.flush(s, proto.Ending(e.Kind))
			p.out = append(p.out, proto.Gap(e, protoName, s.buf.End(), p.secure))
			s.buf.Gap(e.Size)
			if s.phase == exchanging {
				s.phase = lost // where the next packet begins is not known
			}
		}
	case wire.KindEOF:
		p.flush(s, proto.Ending(e.Kind))
	case wire.KindReset, wire.KindClose:
		p.flushAll(proto.Ending(e.Kind))
	case wire.KindSecure:
		p.flushAll(proto.Ending(e.Kind))
		p.secure = true
	}
	return p.mark()
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message {
	p.out = p.out[:0]
	p.flushAll("end of recording")
	p.out = p.runs.End(p.out, wire.ClientToServer, "end of recording")
	p.out = p.runs.End(p.out, wire.ServerToClient, "end of recording")
	return p.mark()
}

// mark tells what is encrypted from what is raw for another reason.
func (p *Parser) mark() []proto.Message {
	for i := range p.out {
		p.markOne(&p.out[i])
	}
	return p.out
}

func (p *Parser) markOne(m *proto.Message) {
	if m.Kind == proto.KindRaw && p.sides[proto.Side(m.Dir)].phase == encrypted {
		m.Kind, m.Value = proto.KindMessage, Encrypted{}
		for i := range m.Leaves {
			m.Leaves[i].Name = "encrypted"
		}
	}
}

// State implements [proto.Parser]. To a client's identification its own and a
// KEXINIT are due from the server; nothing else is.
func (p *Parser) State() proto.State {
	c, sv := &p.sides[0], &p.sides[1]
	st := proto.State{Want: -1, Framed: sv.phase < encrypted, Partial: [2]*proto.Message{p.progress(0), p.progress(1)}}
	if p.answered {
		st.EndedBy = "KEXINIT"
	}
	switch {
	case c.ident == nil:
	case p.answered:
		st.Settled = 1
	case st.Framed:
		st.Due = 1
	}
	return st
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	s, m := &p.sides[i], &p.partial[i]
	if s.buf.Start() == s.buf.End() {
		run := p.runs.Partial(s.dir)
		if run == nil {
			return nil
		}
		*m = *run
		p.markOne(m)
		return m
	}
	*m = p.message(s)
	m.Span.To = s.buf.End()
	m.Head = s.buf.All()
	return m
}

// read reads as far as the octets of a side go.
func (p *Parser) read(s *side) {
	for s.buf.Len() > 0 {
		switch s.phase {
		case identifying:
			line, eol, ok, long := s.buf.Line(p.limits.Line)
			switch {
			case ok:
				p.line(s, line, eol)
			case long:
				p.lose(s, fmt.Sprintf("line longer than %d octets", p.limits.Line), "RFC 4253 4.2")
			default:
				return
			}
		case exchanging:
			if !p.packet(s) {
				return
			}
		default:
			p.raw(s, nil)
		}
	}
}

// maxIdent is how long an identification may be, its end included (RFC 4253,
// section 4.2).
const maxIdent = 255

// line takes a whole line, the held octets of the side.
func (p *Parser) line(s *side, line []byte, eol proto.EOL) {
	m := p.message(s)
	m.Span.To = s.buf.Offset()
	m.Head = bytes.Clone(s.buf.Held())
	m.Complete, m.EndedBy = true, "line end"
	note := func(at int64, text string) {
		m.Notes = append(m.Notes, proto.Note{Offset: at, Text: text, Rule: "RFC 4253 4.2"})
	}
	rest, isIdent := bytes.CutPrefix(line, []byte("SSH-"))
	name := "banner"
	switch {
	case isIdent:
		name = "identification"
		s.ident = ident(rest)
		m.Value = s.ident
		if len(m.Head) > maxIdent {
			note(m.Span.From, fmt.Sprintf("identification of %d octets, more than 255", len(m.Head)))
		}
		s.phase = exchanging
		switch s.ident.Version {
		case "2.0":
		case "1.99":
			note(m.Span.From, "the server speaks SSH 1 too")
		default:
			note(m.Span.From, "version "+s.ident.Version+", whose packets are not read here")
			s.phase = lost
		}
		if s.ident.Software == "" {
			note(m.Span.From, "no software is named")
		}
	default:
		m.Value = Banner{}
		if s.dir == wire.ClientToServer {
			note(m.Span.From, "a client sends nothing before its identification")
		}
	}
	if i := bytes.IndexByte(line, 0); i >= 0 {
		note(m.Span.From+int64(i), "NUL within a line")
	}
	if eol == proto.EOLLF {
		note(m.Span.To-1, "line ends in bare LF")
	}
	m.Leaves = []proto.Leaf{{Span: m.Span, Name: name}}
	p.emit(s, m)
	if s.phase == lost && s.dir == wire.ServerToClient {
		p.answered = true
	}
}

// ident reads what follows "SSH-".
func ident(rest []byte) *Ident {
	version, software, _ := bytes.Cut(rest, []byte("-"))
	software, comments, found := bytes.Cut(software, []byte(" "))
	i := &Ident{Version: string(version), Software: string(software)}
	if found {
		i.Comments = bytes.Clone(comments)
		if i.Comments == nil {
			i.Comments = []byte{}
		}
	}
	return i
}

// lose reads a side as raw from here on.
func (p *Parser) lose(s *side, why, rule string) {
	s.phase = lost
	p.answered = p.answered || s.dir == wire.ServerToClient
	p.raw(s, []proto.Note{{Offset: s.buf.Offset(), Text: why, Rule: rule}})
}

// raw adds all unread octets to the raw run of a side.
func (p *Parser) raw(s *side, notes []proto.Note) {
	from, data := s.buf.Offset(), s.buf.Next(s.buf.Len())
	like := proto.Message{Conn: p.conn, Proto: protoName, Dir: s.dir, Secure: p.secure, Notes: notes, First: s.first}
	p.out = p.runs.Add(p.out, like, p.now, from, data)
	s.buf.Release()
	s.first = p.now
}

// message returns a Message that begins at the held octets of a side.
func (p *Parser) message(s *side) proto.Message {
	return proto.Message{
		Conn: p.conn, Proto: protoName, Kind: proto.KindMessage, Dir: s.dir, Secure: p.secure,
		First: cmp.Or(s.first, p.now), Last: p.now, Span: proto.Span{From: s.buf.Start(), To: s.buf.Start()},
	}
}

func (p *Parser) emit(s *side, m proto.Message) {
	p.out = append(p.out, m)
	s.buf.Release()
	s.first = p.now
}

// flush gives what a side has in progress as raw.
func (p *Parser) flush(s *side, why string) {
	if s.buf.Len() > 0 {
		what := "packet is not complete"
		if s.phase == identifying {
			what = "line is not complete"
		}
		p.raw(s, []proto.Note{{Offset: s.buf.Offset(), Text: what}})
	}
	p.out = p.runs.End(p.out, s.dir, why)
}

func (p *Parser) flushAll(why string) {
	p.flush(&p.sides[0], why)
	p.flush(&p.sides[1], why)
}
