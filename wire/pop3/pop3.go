// Package pop3 reads POP3 (RFC 1939, RFC 2449): commands of a line each, and
// replies that begin with +OK or -ERR and may go on with text.
//
// A line of the client is a [line.Command]. A reply is a [Reply]; what RETR, TOP,
// CAPA and the lists bring is its Message's body, dots undone. Whether text follows
// hangs on the command alone, so replies are matched to commands in order, however
// many were sent ahead; the first reply is the greeting and belongs to none. The
// line that answers a challenge of AUTH is a [line.Content], and an exchange of its
// own.
package pop3

import (
	"wiretape/wire"
	"wiretape/wire/line"
	"wiretape/wire/proto"
)

// The beginnings of a reply.
const (
	OK       = "+OK"
	Err      = "-ERR"
	Continue = "+" // a challenge of AUTH (RFC 5034, section 4)
)

// A Reply is the Value of a reply.
type Reply struct {
	Status string // OK, Err or Continue
	Code   string // the response code in brackets that the text begins with, "IN-USE" (RFC 2449, section 8); "" for none
	Text   []byte // what follows the status and a space, the code too, as it came
	Stamp  []byte // the greeting's timestamp for APOP, "<1896.697@host>"; nil for none
}

// String returns the reply's first line.
func (r *Reply) String() string {
	if len(r.Text) == 0 {
		return r.Status
	}
	return r.Status + " " + string(r.Text)
}

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	core line.Core

	// Exchanges: those up to asked are known, those up to answered have their
	// reply or will have none.
	asked, answered, settled int
	ended                    string
	greeted                  bool

	queue []kind // of the exchanges behind answered, the first of them
	text  *line.Text
	hold  bool // the last exchange is AUTH: its reply decides how the client's octets read on
	after bool // the client's next line answers a challenge

	partial [2]proto.Message
}

// A kind says what the reply to an exchange is like.
type kind uint8

const (
	plain kind = iota
	texts      // text follows +OK
	auths      // + may come
)

// maxQueue bounds the exchanges without a reply of which the kind is known; what
// follows them is taken for plain.
const maxQueue = 1 << 16

// New returns a parser.
func New(limits proto.Limits) *Parser {
	p := new(Parser)
	p.core.Init("pop3", limits)
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

// State implements [proto.Parser]. Nothing is due before the first command, and
// what a challenge asks for is not for the server to answer.
func (p *Parser) State() proto.State {
	return proto.State{
		Due: p.asked - p.answered, Settled: p.settled, EndedBy: p.ended,
		Want: -1, Framed: !p.core.Opaque,
		Partial: [2]*proto.Message{p.core.Progress(0, &p.partial[0]), p.progress()},
	}
}

// progress returns what is in progress from the server, nil for nothing.
func (p *Parser) progress() *proto.Message {
	if p.text != nil {
		return p.text.Partial()
	}
	return p.core.Progress(1, &p.partial[1])
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
	if s.Dir == wire.ClientToServer {
		p.hold, p.after = false, false
		p.readClient(s)
		return
	}
	if p.text != nil {
		m := p.text.Message()
		m.EndedBy = why
		p.text = nil
		p.core.Emit(s, m)
	}
}

// Waits implements [line.Reader].
func (r *reader) Waits() bool { return r.hold }

// Secured implements [line.Reader]. RFC 2595, section 4: what was sent ahead is
// not answered.
func (r *reader) Secured() {
	r.answered = r.asked
	r.queue = nil
}
