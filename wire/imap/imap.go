// Package imap reads IMAP (RFC 9051, RFC 3501).
//
// A line of the client is a [Command]; the tagged line that completes it, what the
// server sends without a tag, and its requests for more are each a [Response].
// What comes without a tag while a command is due is a reply to the oldest such
// command; what comes between commands, or while the client idles, is a push.
//
// A literal is counted in octets, whatever it holds. The server's are parts of the
// response that they stand in, and the Message's body; the client's are a
// [line.Content] of their own, with the rest of the command behind them, since the
// server has a word to say first: it asks for the octets with "+", or refuses. What
// follows "+" is an exchange of its own: the octets of a literal, the answer to a
// challenge, DONE.
package imap

import (
	"slices"

	"wiretape/wire"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// A Command is the Value of a line of the client.
type Command struct {
	Tag  string // "" where there is none: DONE, and the rest of a command
	Verb string // in upper case, "UID FETCH" among them; "" where Rest is true
	Args []byte // what follows the verb and a space, as it came; nil for nothing
	Rest bool   // it goes on with a command behind a literal
	More bool   // it ends with the announcement of a literal
}

// String returns the command as a line without its end, the verb in upper case.
func (c *Command) String() string {
	s := c.Verb
	if c.Tag != "" {
		s = c.Tag + " " + s
	}
	if c.Args != nil && s != "" {
		s += " "
	}
	return s + string(c.Args)
}

// A Response is the Value of what a server sends.
type Response struct {
	Tag    string // "*" for none, "+" for a request to go on, or a command's
	Status string // OK, NO, BAD, BYE or PREAUTH; "" for data and for "+"
	Name   string // of data, in upper case: "FETCH", "EXISTS"; "" otherwise
	Number int64  // of the message, or how many, before Name; -1 for none
	Code   string // the response code in brackets that the text begins with, "UIDNEXT 4392"; "" for none
	Text   []byte // what follows Status, Name or "+" on the first line, the code too

	// Lines are the lines that the response has, without their ends: one more than
	// there are literals, which stand between them. A response that was cut has as
	// many as came.
	Lines    [][]byte
	Literals []Literal
}

// A Literal is a range of a Message's body.
type Literal struct {
	From int64 // offset in the body; beyond what was kept of it, where that was cut
	Size int64 // as announced
}

// String returns the response's first line.
func (r *Response) String() string {
	if len(r.Lines) == 0 {
		return ""
	}
	return string(r.Lines[0])
}

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	core line.Core

	asked, settled, due int // exchanges: begun, answered, and those that the server owes
	ended               string
	greeted             bool

	pending []*command // without their tagged response, at most maxPending
	hold    *command   // whose reply decides how the client's octets read on; nil for none
	idle    *command   // of which DONE is to come
	after   *command   // of which the client's next line answers a challenge
	rest    *command   // of which the client's next octets are a part
	literal *literal   // of the client; nil for none

	response *response
	partial  [2]proto.Message
}

// A command is one that is not completed.
type command struct {
	tag      string // its first maxTag octets
	verb     string
	exchange int   // the latest of its exchanges
	waits    bool  // the server is to speak
	literal  int64 // the size of the literal that it is to ask for, -1 for none
}

// Bounds of what is followed of commands without a response.
const (
	maxPending = 4096
	maxTag     = 64 // octets
)

// New returns a parser.
func New(limits proto.Limits) *Parser {
	p := new(Parser)
	p.core.Init("imap", limits)
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message { return p.core.Feed((*reader)(p), e) }

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message { return p.core.Close((*reader)(p)) }

// Upgraded reports whether TLS has begun that the recording shows from outside.
func (p *Parser) Upgraded() (token string, ok bool) { return p.core.Upgraded() }

// Rest returns the octets of d from there on, as [line.Core.Rest] has it.
func (p *Parser) Rest(d wire.Dir) (offset int64, data []byte) { return p.core.Rest(d) }

// State implements [proto.Parser]. Nothing is due before the first command, nor
// while a literal, an answer or DONE is. The client's Partial within a literal has
// a [line.Content] as its Value, even before the first octet.
func (p *Parser) State() proto.State {
	return proto.State{
		Due: p.due, Settled: p.settled, EndedBy: p.ended,
		Want: -1, Framed: !p.core.Opaque,
		Partial: [2]*proto.Message{p.progress(0), p.progress(1)},
	}
}

// progress returns what is in progress on a side, nil for nothing.
func (p *Parser) progress(i int) *proto.Message {
	m := &p.partial[i]
	switch {
	case i == 0 && p.literal != nil:
		*m = p.literal.message(p)
		return m
	case i == 1 && p.response != nil:
		*m = p.response.m
		m.Span.To = p.core.Sides[1].Buf.Start()
		return m
	}
	return p.core.Progress(i, m)
}

// wait says whether the server is to speak of a command.
func (p *Parser) wait(c *command, waits bool) {
	if c.waits == waits {
		return
	}
	c.waits = waits
	if waits {
		p.due++
	} else {
		p.due--
	}
}

// begin adds a command that is not completed.
func (p *Parser) begin(tag, verb string) *command {
	if len(p.pending) == maxPending {
		p.forget(p.pending[0])
	}
	p.asked++
	c := &command{tag: tag[:min(len(tag), maxTag)], verb: verb, exchange: p.asked, literal: -1}
	p.pending = append(p.pending, c)
	return c
}

// proceed gives a command that was told to go on its next exchange.
func (p *Parser) proceed(c *command) {
	p.asked++
	c.exchange = p.asked
}

// forget drops a command that is completed.
func (p *Parser) forget(c *command) {
	p.wait(c, false)
	if i := slices.Index(p.pending, c); i >= 0 {
		p.pending = slices.Delete(p.pending, i, i+1)
	}
	if p.idle == c {
		p.idle = nil
	}
	if p.after == c {
		p.after = nil
	}
}

// oldest returns the command that has waited longest, nil for none.
func (p *Parser) oldest() *command {
	for _, c := range p.pending {
		if c.waits {
			return c
		}
	}
	return nil
}

// A reader is the Parser as its Core sees it.
type reader Parser

// Read implements [line.Reader].
func (r *reader) Read(s *line.Side) {
	if s.Dir == wire.ClientToServer {
		(*Parser)(r).readClient(s)
	} else {
		(*Parser)(r).readServer(s)
	}
}

// Flush implements [line.Reader].
func (r *reader) Flush(s *line.Side, why string) {
	p := (*Parser)(r)
	if s.Dir == wire.ServerToClient {
		p.cutResponse(s, why)
		return
	}
	p.giveUpHold()
	p.after = nil
	p.readClient(s)
	p.cutLiteral(s, why)
	p.rest = nil
}

// Waits implements [line.Reader].
func (r *reader) Waits() bool { return r.hold != nil }

// Secured implements [line.Reader]. RFC 9051, section 6.2.1: what was sent ahead
// is not answered.
func (r *reader) Secured() {
	r.pending, r.due = nil, 0
	r.idle, r.after, r.rest = nil, nil, nil
}
