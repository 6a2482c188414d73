package view

import (
	"time"

	"wiretape/wire"
)

// A connView is what a Printer knows of one connection.
type connView struct {
	facts  *wire.Facts
	tls    *wire.TLS
	over   bool          // the peer, or an error, ended it: our closing is no news
	closed time.Duration // when a summary said that the server closed; -1 for not

	progress progress              // of the server's Message
	sent     map[int]time.Duration // when the request of an exchange was complete
}

// progress is how much of a Message in progress has been written.
type progress struct {
	from int64 // where the Message begins in its stream; -1 for none
	head int   // octets of its head
	body bodyProgress
}

// maxSent bounds the requests that a connection may have unanswered and timed.
const maxSent = 4096

// conn returns the view of connection n. p.mu is held.
func (p *Printer) conn(n int) *connView {
	v := p.conns[n]
	if v == nil {
		v = &connView{closed: -1, progress: progress{from: -1}, sent: make(map[int]time.Duration)}
		p.conns[n] = v
	}
	return v
}
