// Package proto says what a parser is. It serves those who write one (the
// packages beside it) and those who read what parsers give: the view, the
// matcher, the analysis.
//
// A [Parser] is pushed. It sees both directions of one connection and cannot
// fail: a violation is a [Note] on a [Message], and bytes that make no sense
// become a Message of [KindRaw]. The laws that every parser keeps are checked by
// package prototest:
//
//   - Split law: the same bytes, cut or merged within one direction's run, give
//     the same Messages, times apart.
//   - Cover law: the Leaves of a direction's Messages tile its stream; no byte
//     is lost and none counted twice. A gap is a tile.
//
// Where a protocol's units are not what a reader asks for (a request over HTTP/2
// is several frames, a message over WebSocket may be), the parser gives both: the
// units, which tile the stream, and behind the last of them one Message that is
// Derived from them.
package proto

import (
	"time"

	"wiretape/wire"
)

// A Parser turns the events of one connection into Messages.
type Parser interface {
	// Feed takes the next event and returns the Messages that it completed, in
	// the order of their completion. The slice is reused by the next call; the
	// Messages in it are the caller's, and share no memory with e.Data.
	Feed(e wire.Event) []Message
	// Close says that no event will follow and returns what was pending,
	// incomplete Messages among them. Feed must not be called again.
	Close() []Message
	// State says where the conversation stands.
	State() State
}

// Kind says what a [Message] is to its protocol.
type Kind string

// The kinds. They stand in JSON as they are spelled here.
const (
	KindRequest  Kind = "request"
	KindResponse Kind = "response" // interim responses too
	KindCommand  Kind = "command"  // of a line protocol
	KindReply    Kind = "reply"    // of a line protocol
	KindContent  Kind = "content"  // lines of free text in a line protocol (SMTP DATA)
	KindQuery    Kind = "query"    // of DNS
	KindAnswer   Kind = "answer"   // of DNS
	KindPush     Kind = "push"     // from a server that was not asked: RESP3's push, IMAP's untagged data between commands
	KindFrame    Kind = "frame"
	KindMessage  Kind = "message" // of a protocol that is neither asked nor answered: WebSocket, telnet, SSH
	KindEvent    Kind = "event"   // of an event stream
	KindRecord   Kind = "record"  // of TLS
	KindRaw      Kind = "raw"
	KindGap      Kind = "gap"
)

// A Message is a unit of a protocol: a request, a reply, a frame.
type Message struct {
	Conn     int    // wire.Event.Conn
	N        int    // number of its exchange over all connections, from 1; 0 for none. Set by detect.Stream
	Exchange int    // number of its exchange on this connection, from 1; 0 for none (a banner, a push). Set by the parser
	Proto    string // what its connection is read as, "http/1.1"; raw and gap Messages bear it too
	Kind     Kind
	Dir      wire.Dir
	Value    any    // the protocol's own type, such as *http1.Response; nil for raw and gap
	Head     []byte // its bytes, exactly as they came, from Span.From on, up to the body, or all of them where there is no body
	Body     Body
	Leaves   []Leaf // tiles of Span in stream order; none where it is Derived
	Span     Span
	// Derived says that other Messages have the octets of this one: it is what
	// they amount to. Span goes from the first of those octets to the last, over
	// whatever stands between; Head is nil, and Body is decoded.
	Derived  bool
	Stream   uint32        // of a connection that has several at once (HTTP/2); 0 for none
	First    time.Duration // At of the event that held its first byte
	Last     time.Duration // At of the event that completed it
	Secure   bool          // its bytes went through TLS
	Complete bool          // false: the stream ended, or became unreadable, in the middle of it
	EndedBy  string        // why it is complete, or how it was cut: "Content-Length 5 reached"
	Notes    []Note        // in order of offset; a bounded number
}

// A Span is a range of octets in the stream of one direction of a connection,
// as counted from 0 at its first octet; To is exclusive. TLS is transparent: the
// offsets count plain octets.
type Span struct{ From, To int64 }

// Len returns the number of octets in s.
func (s Span) Len() int64 { return s.To - s.From }

// A Body is the payload of a Message after its transfer coding is undone and
// before its content coding is. It is one, complete or cut at a named limit;
// progress comes from [State] and from events.
type Body struct {
	Data []byte // the first octets, up to Limits.Body
	Size int64  // how many there were in all
	Cut  bool   // Size > len(Data)
}

// Keep counts p and appends what limit leaves room for.
func (b *Body) Keep(p []byte, limit int) {
	b.Data = append(b.Data, p[:min(len(p), max(0, limit-len(b.Data)))]...)
	b.Size += int64(len(p))
	b.Cut = b.Size > int64(len(b.Data))
}

// A Note is a deviation, or a thing worth knowing, about the octet at Offset of
// the Message's direction.
type Note struct {
	Offset int64
	Text   string // "header line ends in bare LF"
	Rule   string // "RFC 9112 2.2"
}

// maxNotes bounds the notes of a Message: a peer chooses how much of what it sends
// deviates.
const maxNotes = 64

// AddNote appends n to the notes of a Message, up to 64 of them. One more says
// that there are others.
func AddNote(notes []Note, n Note) []Note {
	switch {
	case len(notes) < maxNotes:
		return append(notes, n)
	case len(notes) == maxNotes:
		return append(notes, Note{Offset: n.Offset, Text: "further deviations are not listed"})
	}
	return notes
}

// A State says where a conversation stands, for prompts, pipes and waits.
type State struct {
	// Due is the number of replies that the server owes: complete requests (or
	// commands) without a complete final reply.
	Due int
	// Settled is the number of exchanges that have been answered completely.
	Settled int
	// EndedBy is why the last complete reply was complete; "" before the first.
	EndedBy string
	// Partial[0] is the client's Message in progress and Partial[1] the
	// server's, as far as they are read; nil for none. They are valid until the
	// next call of the parser and are not to be modified.
	Partial [2]*Message
	// Got and Want are octets of the body in progress from the server; Want is
	// -1 where its length is not known beforehand.
	Got, Want int64
	// Framed reports whether the protocol tells when a reply is complete. It is
	// false for raw bytes: there only the peer's end is an end.
	Framed bool
	// UntilClose reports that only the end of the connection completes the
	// reply in progress.
	UntilClose bool
	// Answered reports that the reply in progress is a stream of replies, as events
	// are, and that one of them has come: who waits for a reply has it, though Due
	// counts the request and the end may never come.
	Answered bool
}

// Side returns the index of d in State.Partial: 0 for the client, 1 for the
// server.
func Side(d wire.Dir) int {
	if d == wire.ServerToClient {
		return 1
	}
	return 0
}

// Limits bound what a parser holds. The zero value means the defaults.
type Limits struct {
	Line int // one line, octets
	Head int // one head: start line and fields
	Body int // body kept in a Message; the rest is counted
}

// The default limits, in octets.
const (
	DefaultLine = 64 << 10  // 64 KiB
	DefaultHead = 256 << 10 // 256 KiB
	DefaultBody = 1 << 20   // 1 MiB
)

// RawRun is where a raw Message is cut: at multiples of it in its stream.
const RawRun = 64 << 10

// WithDefaults returns l with each zero replaced by its default.
func (l Limits) WithDefaults() Limits {
	if l.Line == 0 {
		l.Line = DefaultLine
	}
	if l.Head == 0 {
		l.Head = DefaultHead
	}
	if l.Body == 0 {
		l.Body = DefaultBody
	}
	return l
}
