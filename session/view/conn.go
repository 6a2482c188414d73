package view

import (
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A connView is what a Printer knows of one connection.
type connView struct {
	facts  *wire.Facts
	tls    *wire.TLS
	over   bool          // the peer, or an error, ended it: our closing is no news
	alert  *wire.Event   // that we sent, until its reason is known
	closed time.Duration // when a summary said that the server closed; -1 for not

	progress [2]progress           // of each side's Message
	events   []proto.Message       // of an event stream whose head is not written yet
	sent     map[int]time.Duration // when the request of an exchange was complete

	websocket bool    // frames of WebSocket went by
	finished  [2]bool // which side has sent its Close frame

	toldDots bool // that dots are doubled has been said

	folded   []negotiation // of Telnet, which share a row that is due
	unfolded bool          // there was such a row
}

// progress is how much of a Message in progress has been written.
type progress struct {
	from   int64 // where the Message begins in its stream; -1 for none
	mark   mark  // of its rows
	head   int   // octets of its head
	headed bool  // all of its head is written
	fits   int   // octets of its body that can be written as they stand
	body   bodyProgress
}

// written reports whether anything of the Message has been written.
func (p *progress) written() bool { return p.head > 0 || p.body.at > 0 }

// maxSent bounds the requests that a connection may have unanswered and timed.
const maxSent = 4096

// peer returns the direction of whoever is at the other end of the connection.
func (v *connView) peer() wire.Dir {
	if v.facts != nil && v.facts.Role == wire.Accepted {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}

// conn returns the view of connection n. p.mu is held.
func (p *Printer) conn(n int) *connView {
	v := p.conns[n]
	if v == nil {
		v = &connView{closed: -1, progress: [2]progress{{from: -1}, {from: -1}}, sent: make(map[int]time.Duration)}
		p.conns[n] = v
	}
	return v
}

// Reread forgets how much of the Messages in progress on a connection has been
// written: it is read anew, and they may begin elsewhere.
func (p *Printer) Reread(conn int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn(conn).progress = [2]progress{{from: -1}, {from: -1}}
}
