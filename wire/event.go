// Package wire gives the vocabulary of a network conversation and the
// connections that produce it. It serves everything that talks to a peer or
// listens to what was said: the REPL, the analysis, both replays, the demo.
//
// A [Dialer] or a [Listener] makes a [Conn]; whatever happens on a Conn becomes
// an [Event]; the [Tap] of the recording gives each Event its time and its place
// in the one order and hands it to a [Sink]. Tapes, parsers and views take
// Events and do not know whether a socket or a tape sent them.
//
// # Order
//
// A read is stamped and sunk after its system call, a write before it. A request
// therefore stands before its reply, whatever the scheduler does. A write that
// fails, or that sends only a part, is followed by a [KindError] event whose
// Size tells how many of its bytes left.
//
// # Ownership
//
// Event.Data is valid until the Sink returns; who keeps bytes copies them. Under
// the race detector [Conn.Pump] overwrites its buffer after each call, so that
// a sink that keeps what it does not own shows in tests.
package wire

import (
	"fmt"
	"time"
)

// Dir is the direction of bytes. It is absolute: a tape made as the client, as
// the server, by a proxy or from a capture reads alike.
type Dir uint8

const (
	ClientToServer Dir = iota + 1
	ServerToClient
)

// String returns who spoke, "client" or "server", as JSON spells it too.
func (d Dir) String() string {
	switch d {
	case 0:
		return "none"
	case ClientToServer:
		return "client"
	case ServerToClient:
		return "server"
	}
	return fmt.Sprintf("Dir(%d)", uint8(d))
}

// Reverse returns the other direction.
func (d Dir) Reverse() Dir {
	switch d {
	case ClientToServer:
		return ServerToClient
	case ServerToClient:
		return ClientToServer
	}
	return d
}

// Role says which end of a connection was ours.
type Role uint8

const (
	Dialed   Role = iota + 1 // we are the client
	Accepted                 // we are the server
)

// String returns the role as a tape spells it.
func (r Role) String() string {
	switch r {
	case Dialed:
		return "dial"
	case Accepted:
		return "accept"
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// Kind says what an [Event] is. Each is one verb of the tape format.
type Kind uint8

const (
	// KindOpen: a connection stands. Facts is set.
	KindOpen Kind = iota + 1
	// KindTry: an address was tried and did not answer. Addr and Text are set.
	// It comes before the KindOpen of the same Conn, if that came to be.
	KindTry
	// KindData: bytes. Dir and Data are set. Data may be empty only for a
	// datagram.
	KindData
	// KindSecure: a TLS handshake ended, well or with an unverified peer that
	// the caller accepted. TLS is set. Bytes after it went through TLS.
	KindSecure
	// KindAlert: a fatal TLS alert, or one at the end of a handshake. Dir tells
	// who sent it; Alert is set.
	KindAlert
	// KindEOF: Dir's sender will send no more (FIN; over TLS Notify says whether
	// a close_notify came before it).
	KindEOF
	// KindReset: Dir's sender reset the connection (RST).
	KindReset
	// KindTimeout: our own deadline ended a wait. Text may say which.
	KindTimeout
	// KindClose: we closed the connection, or none came to be. It is the last
	// event of a Conn, also of one that had no KindOpen.
	KindClose
	// KindError: anything else that went wrong. Text is set; after a failed
	// write Dir is the writer's and Size the number of its bytes that left.
	KindError
	// KindGap: Size bytes of Dir's stream are missing from the recording.
	KindGap
)

var kindNames = [...]string{
	KindOpen: "open", KindTry: "try", KindData: "data", KindSecure: "tls",
	KindAlert: "alert", KindEOF: "eof", KindReset: "rst", KindTimeout: "timeout",
	KindClose: "close", KindError: "error", KindGap: "gap",
}

// String returns the tape's verb for the kind ("data" for KindData).
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Notify says whether a TLS close_notify came before the end of a stream.
// crypto/tls does not tell; the Conn under it remembers.
type Notify uint8

const (
	NotifyUnknown Notify = iota // no TLS, or not recorded
	NotifyYes                   // close_notify, then FIN
	NotifyNo                    // FIN alone: what came may be truncated
)

// An Event is one thing that happened on a connection. The events of a
// recording are delivered in order, one at a time. Each Kind's comment says
// which fields are set; the others are zero.
type Event struct {
	Conn int           // 1, 2, …: which connection of the recording, in order of the first event
	At   time.Duration // since the start of the recording; never decreases
	Kind Kind
	Dir  Dir    // who sent
	Data []byte // one read, one write, one datagram; valid until the Sink returns
	Size int64  // KindGap: bytes missing. KindError after a write: bytes that left

	Addr   string // KindTry: the address, host:port
	Text   string // KindTry, KindTimeout, KindError: what was found
	Alert  Alert  // KindAlert
	Notify Notify // KindEOF
	Facts  *Facts // KindOpen; not modified afterwards
	TLS    *TLS   // KindSecure; not modified afterwards
}

// A Sink receives the events of a recording, in order, one at a time, in the
// goroutine in which they happened. It does not keep e.Data.
type Sink func(e Event)

// Tee returns a Sink that gives each event to every sink in turn.
func Tee(sinks ...Sink) Sink {
	return func(e Event) {
		for _, s := range sinks {
			s(e)
		}
	}
}
