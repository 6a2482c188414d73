// Package ssh reads what an SSH connection says in the clear: identification
// lines, whatever a server says before its own, and the packets of the key
// exchange up to NEWKEYS (RFC 4253). What follows is encrypted, and only counted.
package ssh

import (
	"bytes"
	"fmt"

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
	core     proto.Duplex
	sides    [2]side
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
	*proto.Stream
	phase phase
	ident *Ident
	kex   *KexInit
}

// New returns a parser.
func New(limits proto.Limits) *Parser {
	p := &Parser{}
	p.core.Init(protoName, limits)
	for i := range p.sides {
		p.sides[i].Stream = &p.core.Sides[i]
	}
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message {
	return p.mark(p.core.Feed((*duplex)(p), e))
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message { return p.mark(p.core.Close((*duplex)(p))) }

// A duplex is the Parser as its [proto.Duplex] sees it.
type duplex Parser

// Read implements [proto.Reader].
func (d *duplex) Read(side int) { (*Parser)(d).read(&d.sides[side]) }

// Gap implements [proto.Reader].
func (d *duplex) Gap(side int, size int64) bool {
	if at := &d.sides[side].phase; *at == exchanging {
		*at = lost // where the next packet begins is not known
	}
	return false
}

// Flush implements [proto.Reader].
func (d *duplex) Flush(side int, why string) { (*Parser)(d).flush(&d.sides[side], why) }

// Secured implements [proto.Reader].
func (d *duplex) Secured() {}

// mark tells what is encrypted from what is raw for another reason.
func (p *Parser) mark(out []proto.Message) []proto.Message {
	for i := range out {
		p.markOne(&out[i])
	}
	return out
}

func (p *Parser) markOne(m *proto.Message) {
	if m.Kind == proto.KindRaw && p.sides[proto.Side(m.Dir)].phase == encrypted {
		m.Kind, m.Value = proto.KindMessage, Encrypted{}
		for i := range m.Leaves {
			m.Leaves[i].Name = proto.LeafEncrypted
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
	m := p.core.Progress(p.sides[i].Stream, proto.KindMessage, &p.partial[i])
	if m != nil && m.Kind == proto.KindRaw {
		p.partial[i] = *m
		m = &p.partial[i]
		p.markOne(m)
	}
	return m
}

// read reads as far as the octets of a side go.
func (p *Parser) read(s *side) {
	for s.Buf.Len() > 0 {
		switch s.phase {
		case identifying:
			line, eol, ok, long := s.Buf.Line(p.core.Limits.Line)
			switch {
			case ok:
				p.line(s, line, eol)
			case long:
				p.lose(s, fmt.Sprintf("line longer than %d octets", p.core.Limits.Line), "RFC 4253 4.2")
			default:
				return
			}
		case exchanging:
			if !p.packet(s) {
				return
			}
		default:
			p.core.Raw(s.Stream, s.Buf.Len(), nil)
		}
	}
}

// maxIdent is how long an identification may be, its end included (RFC 4253,
// section 4.2).
const maxIdent = 255

// line takes a whole line, the held octets of the side.
func (p *Parser) line(s *side, line []byte, eol proto.EOL) {
	m := p.core.Message(s.Stream, proto.KindMessage)
	m.Head = bytes.Clone(s.Buf.Held())
	m.Complete, m.EndedBy = true, "line end"
	note := func(at int64, text string) {
		m.Notes = append(m.Notes, proto.Note{Offset: at, Text: text, Rule: "RFC 4253 4.2"})
	}
	rest, isIdent := bytes.CutPrefix(line, []byte("SSH-"))
	name := proto.LeafBanner
	switch {
	case isIdent:
		name = proto.LeafIdentification
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
		if s.Dir == wire.ClientToServer {
			note(m.Span.From, "a client sends nothing before its identification")
		}
	}
	if i := bytes.IndexByte(line, 0); i >= 0 {
		note(m.Span.From+int64(i), "NUL within a line")
	}
	if eol == proto.EOLLF {
		note(m.Span.To-1, "line ends in bare LF")
	}
	m.Tile(name, m.Span.To)
	p.core.Emit(s.Stream, m, "a packet followed")
	p.core.Release(s.Stream)
	if s.phase == lost && s.Dir == wire.ServerToClient {
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
	p.answered = p.answered || s.Dir == wire.ServerToClient
	p.core.Raw(s.Stream, s.Buf.Len(), &proto.Note{Offset: s.Buf.Offset(), Text: why, Rule: rule})
}

// flush gives what a side has in progress as raw.
func (p *Parser) flush(s *side, why string) {
	if s.Buf.Len() > 0 {
		what := "packet is not complete"
		if s.phase == identifying {
			what = "line is not complete"
		}
		p.core.Raw(s.Stream, s.Buf.Len(), &proto.Note{Offset: s.Buf.Offset(), Text: what})
	}
}
