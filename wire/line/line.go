// Package line reads protocols of command lines and three-digit replies: SMTP,
// FTP, NNTP and their kin. It serves all of them, since they differ in little more
// than in how a reply of several lines ends. What they share with POP3 and IMAP,
// whose replies have no codes, is a [Core] and a [Text].
//
// A [Parser] takes both directions of a connection. Each line of the client is a
// [Command] and each reply of the server, of however many lines, a [Reply]; what
// the client sends after 354 is a [Content]. Replies belong to commands in order,
// however many commands were sent ahead; the greeting belongs to none. A line
// that is neither becomes a raw Message.
package line

import (
	"bytes"
	"strconv"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A Command is the Value of a line of the client.
type Command struct {
	Verb string // up to the first space, in upper case; "" for an empty line
	Args []byte // what follows that space, as it came; nil for nothing
}

// NewCommand reads a line without its end. The command's Args are a part of it.
func NewCommand(line []byte) *Command {
	c, verb := new(Command), line
	if before, after, ok := bytes.Cut(line, []byte{' '}); ok {
		verb, c.Args = before, after
	}
	c.Verb = upper(verb)
	return c
}

// String returns the command as a line without its end, the verb in upper case.
func (c *Command) String() string {
	if c.Args == nil {
		return c.Verb
	}
	return c.Verb + " " + string(c.Args)
}

// A Reply is the Value of a reply. The text that some codes of NNTP announce is
// the Message's body, its dots as they were meant.
type Reply struct {
	Code  int      // of its last line, or of its first where it was cut off
	Lines [][]byte // without code, separator and line end; lines without a code as they came

	// Enhanced is the status code of RFC 3463 that the text begins with, "5.1.1";
	// "" for none. Only SMTP has such.
	Enhanced string
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
	After  int   // code of the reply that asked: 354, 340, 335, 334; 0 where none did
	Size   int64 // what was announced before it, as BDAT and a literal of IMAP do; 0 for nothing
	Answer bool  // one line that answers a challenge
}

// A Parser reads one connection. It implements [proto.Parser].
type Parser struct {
	core Core
	*dialect

	// Exchanges: those up to asked are known, those up to answered have their
	// final reply or will have none.
	asked, answered, settled int
	ended                    string
	greeted                  bool

	reply   reply
	content *content
	text    *Text  // what a reply has behind its line, up to a line of one dot
	hold    int    // exchange whose reply decides how the client's bytes read on; 0 for none
	verb    string // of that exchange
	after   int    // code that asks for one line that is no command; 0 for none
	lists   []int  // exchanges of textVerb without a reply, at most maxLists
	lmtp    lmtp
	partial [2]proto.Message
}

// New returns a parser whose Messages have the Proto name: "smtp", "ftp", "nntp",
// or "line" for any other protocol of this kind.
func New(limits proto.Limits, name string) *Parser {
	p := &Parser{dialect: dialectOf(name)}
	p.core.Init(name, limits)
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message { return p.core.Feed((*reader)(p), e) }

// Close implements [proto.Parser].
func (p *Parser) Close() []proto.Message { return p.core.Close((*reader)(p)) }

// Upgraded reports whether TLS has begun that the recording shows from outside.
func (p *Parser) Upgraded() (token string, ok bool) { return p.core.Upgraded() }

// Rest returns the octets of d from there on, as [Core.Rest] has it.
func (p *Parser) Rest(d wire.Dir) (offset int64, data []byte) { return p.core.Rest(d) }

// A reader is the Parser as its Core sees it.
type reader Parser

// Read implements [Reader].
func (r *reader) Read(s *Side) {
	if s.Dir == wire.ClientToServer {
		(*Parser)(r).readClient(s)
	} else {
		(*Parser)(r).readServer(s)
	}
}

// Flush implements [Reader].
func (r *reader) Flush(s *Side, why string) {
	if s.Dir == wire.ClientToServer {
		(*Parser)(r).flushClient(s, why)
	} else {
		(*Parser)(r).flushServer(s, why)
	}
}

// Waits implements [Reader].
func (r *reader) Waits() bool { return r.hold != 0 }

// Secured implements [Reader]. Commands that were sent ahead are never answered
// by a server that forgets what came before TLS, as it has to.
func (r *reader) Secured() {
	r.answered = r.asked
	r.lists = nil
	r.lmtp = lmtp{}
}
