// Package line reads protocols of command lines and three-digit replies: SMTP,
// FTP and their kin. It serves all of them, since they differ in little more than
// in how a reply of several lines ends.
//
// A [Parser] takes both directions of a connection. Each line of the client is a
// [Command] and each reply of the server, of however many lines, a [Reply]; what
// the client sends after 354 is a [Content]. Replies belong to commands in order,
// however many commands were sent ahead; the greeting belongs to none. A line
// that is neither becomes a raw Message.
package line

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// The names that decide how a conversation is read. With any other name it is
// read as an unknown protocol of this kind.
const (
	nameSMTP = "smtp"
	nameFTP  = "ftp"
)

// A Command is the Value of a line of the client.
type Command struct {
	Verb string // up to the first space, in upper case; "" for an empty line
	Args []byte // what follows that space, as it came; nil for nothing
}

// String returns the command as a line without its end, the verb in upper case.
func (c *Command) String() string {
	if c.Args == nil {
		return c.Verb
	}
	return c.Verb + " " + string(c.Args)
}

// A Reply is the Value of a reply.
type Reply struct {
	Code  int      // of its last line, or of its first where it was cut off
	Lines [][]byte // without code, separator and line end; lines without a code as they came
}

// String returns the code and the last line's text.
func (r *Reply) String() string {
	s := strconv.Itoa(r.Code)
	if n := len(r.Lines); n > 0 && len(r.Lines[n-1]) > 0 {
		s += " " + string(r.Lines[n-1])
	}
	return s
}

// A Content is the Value of what the client sent because a reply asked for it,
// or because BDAT announced it. Its octets are the Message's body: dots are as
// they were stuffed, and the line that ends it is no part.
type Content struct {
	After int // code of the reply that asked: 354, 340, 335, 334; 0 for BDAT
}

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	name   string
	limits proto.Limits
	sides  [2]side
	runs   proto.Runs
	now    time.Duration
	conn   int
	secure bool
	opaque bool // TLS that was not decrypted: raw up to KindSecure
	out    []proto.Message

	// Exchanges: those up to asked are known, those up to answered have their
	// final reply or will have none.
	asked, answered, settled int
	ended                    string
	greeted                  bool

	reply   reply
	content *content
	hold    int    // exchange whose reply decides how the client's bytes read on; 0 for none
	verb    string // of that exchange
	after   int    // code that asks for one line that is no command; 0 for none
	tls     int    // exchange of a command that asks for TLS; 0 for none
	agreed  bool   // it was accepted, and nothing was said since
	lmtp    lmtp
	partial [2]proto.Message
}

// A side is one direction.
type side struct {
	dir   wire.Dir
	buf   proto.Buffer
	first time.Duration // At of the first octet of what is in progress
	raw   bool          // up to the next line end
	ended bool
}

// New returns a parser whose Messages have the Proto name: "smtp", "ftp", or
// "line" for any other protocol of this kind.
func New(limits proto.Limits, name string) *Parser {
	p := &Parser{name: name, limits: limits.WithDefaults()}
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
		p.data(s, e.Data)
	case wire.KindGap:
		p.gap(s, e)
	case wire.KindEOF:
		s.ended = true
		if s.dir == wire.ServerToClient || p.hold == 0 {
			p.flush(s, proto.Ending(e.Kind))
		}
	case wire.KindReset, wire.KindClose:
		p.flushAll(proto.Ending(e.Kind))
	case wire.KindSecure:
		p.startTLS()
	}
	return p.out
}

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message {
	p.out = p.out[:0]
	p.flushAll("end of recording")
	return p.out
}

// data takes bytes of one side.
func (p *Parser) data(s *side, data []byte) {
	if len(data) == 0 {
		return
	}
	if s.buf.Start() == s.buf.End() {
		s.first = p.now
	}
	s.buf.Push(data)
	p.read(s)
	s.buf.Keep()
}

// read reads as far as the octets of a side go.
func (p *Parser) read(s *side) {
	if s.dir == wire.ClientToServer {
		p.readClient(s)
	} else {
		p.readServer(s)
	}
}

// gap takes octets that are missing.
func (p *Parser) gap(s *side, e wire.Event) {
	if e.Size = proto.GapSize(e, s.buf.End()); e.Size == 0 {
		return
	}
	p.flush(s, proto.Ending(e.Kind))
	p.out = append(p.out, proto.Gap(e, p.name, s.buf.End(), p.secure))
	s.buf.Gap(e.Size)
}

// startTLS forgets all state but what was counted. RFC 3207, section 4.2: both
// sides discard what they knew; commands that were sent ahead are never answered
// by a server that obeys.
func (p *Parser) startTLS() {
	p.flushAll(proto.Ending(wire.KindSecure))
	p.secure = true
	p.answered = p.asked
	p.tls = 0
	p.agreed, p.opaque = false, false
	p.lmtp = lmtp{}
	for i := range p.sides {
		p.sides[i].raw, p.sides[i].ended = false, false
	}
}

// flushAll ends everything in progress. What the server said last may still
// decide how held bytes of the client read, so it comes first.
func (p *Parser) flushAll(why string) {
	p.flush(&p.sides[1], why)
	p.flush(&p.sides[0], why)
}

// message returns a Message of the held octets of a side, without Value.
func (p *Parser) message(s *side, kind proto.Kind) proto.Message {
	return proto.Message{
		Conn: p.conn, Proto: p.name, Kind: kind, Dir: s.dir, Secure: p.secure,
		First: s.first, Last: p.now,
		Span: proto.Span{From: s.buf.Start(), To: s.buf.Offset()},
	}
}

// emit gives a Message, behind whatever raw bytes came before it, and forgets
// its octets.
func (p *Parser) emit(s *side, m proto.Message) {
	p.out = p.runs.End(p.out, s.dir, "a line followed")
	slices.SortStableFunc(m.Notes, func(a, b proto.Note) int { return cmp.Compare(a.Offset, b.Offset) })
	p.out = append(p.out, m)
	s.buf.Release()
	s.first = p.now
}

// rawBytes adds n octets behind the held ones to the raw run of a side, the held
// ones first.
func (p *Parser) rawBytes(s *side, n int, note *proto.Note) {
	s.buf.Next(n)
	like := proto.Message{Conn: p.conn, Proto: p.name, Dir: s.dir, Secure: p.secure}
	if note != nil && p.runs.Partial(s.dir) == nil {
		like.Notes = []proto.Note{*note}
	}
	p.out = p.runs.Add(p.out, like, p.now, s.buf.Start(), s.buf.Held())
	s.buf.Release()
	s.first = p.now
}

// rawLine adds octets up to and with the next line end to the raw run.
func (p *Parser) rawLine(s *side, note *proto.Note) {
	b := s.buf.Peek()
	n := len(b)
	s.raw = true
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		n, s.raw = i+1, false
	}
	p.rawBytes(s, n, note)
}

// rule returns the section that an SMTP or an FTP conversation goes by, "" for
// another protocol.
func (p *Parser) rule(smtp, ftp string) string {
	switch p.name {
	case nameSMTP:
		return smtp
	case nameFTP:
		return ftp
	}
	return ""
}
