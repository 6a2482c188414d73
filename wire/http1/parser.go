package http1

import (
	"time"

	"wiretape/wire"
	"wiretape/wire/proto"
)

// A Parser reads both directions of one HTTP/1.x connection. It implements
// [proto.Parser].
type Parser struct {
	limits proto.Limits
	sides  [2]side
	runs   proto.Runs
	out    []proto.Message // what the call in progress returns

	now    time.Duration // At of the event in progress
	conn   int
	role   wire.Role
	secure bool

	asked   int        // exchanges so far
	early   int        // exchange that was answered before its request line ended
	due     []exchange // requests in order without a complete final response
	settled int
	endedBy string

	upgraded bool
	token    string
	fresh    bool // the upgrade happened in this call: nothing after it is given yet

	open func(*proto.Message) Tap // who wants the body of a message; may be nil
}

// An exchange is a request that waits for its final response.
type exchange struct {
	n       int
	request *Request
	done    bool // the request is complete
	leaves  bool // it asks for another protocol
	interim int  // interim responses so far
}

// protoName is the Proto of all Messages but those of older versions.
const protoName = "http/1.1"

// maxDue bounds the requests that may wait for a response. Responses to those
// beyond it count as unsolicited.
const maxDue = 4096

// New returns a Parser that holds no more than limits say, per direction.
func New(limits proto.Limits) *Parser {
	p := &Parser{limits: limits.WithDefaults()}
	p.runs.Limits = p.limits
	for i, d := range [2]wire.Dir{wire.ClientToServer, wire.ServerToClient} {
		p.sides[i].p = p
		p.sides[i].dir = d
	}
	return p
}

// Feed implements [proto.Parser].
func (p *Parser) Feed(e wire.Event) []proto.Message {
	p.resume()
	p.now, p.conn = e.At, e.Conn
	known := e.Dir == wire.ClientToServer || e.Dir == wire.ServerToClient
	s, other := &p.sides[proto.Side(e.Dir)], &p.sides[1-proto.Side(e.Dir)]
	if e.Kind != wire.KindData && e.Kind != wire.KindGap {
		for i := range p.sides {
			p.sides[i].stop(proto.Ending(e.Kind))
		}
	}
	switch e.Kind {
	case wire.KindOpen:
		if e.Facts != nil {
			p.role = e.Facts.Role
		}
	case wire.KindSecure:
		p.secure = true
	case wire.KindData:
		if known && len(e.Data) > 0 {
			other.turn()
			s.feed(e.Data)
		}
	case wire.KindGap:
		if known && e.Size > 0 {
			other.turn()
			s.gap(e)
		}
	case wire.KindEOF:
		if known {
			s.end(end{why: "connection closed", whole: true, untold: p.secure && e.Notify == wire.NotifyNo})
		}
	case wire.KindReset:
		s.end(end{why: "connection reset"})
		other.end(end{why: "connection reset"})
	case wire.KindClose:
		// What we sent ended because we wished it to; what the peer sent was
		// cut off by us.
		for i := range p.sides {
			ours := p.role == wire.Accepted && i == 1 || p.role == wire.Dialed && i == 0
			p.sides[i].end(end{why: "connection closed by us", whole: ours})
		}
	}
	return p.out
}

// Close implements [proto.Parser]. A second call returns nothing.
func (p *Parser) Close() []proto.Message {
	p.resume()
	for i := range p.sides {
		p.sides[i].end(end{why: "recording ended"})
	}
	return p.out
}

// resume starts a call: the slice of the last one is free, and so is what came
// with the upgrade and was not taken by Rest.
func (p *Parser) resume() {
	if len(p.out) > 0 {
		clear(p.out)
		p.out = p.out[:0]
	}
	if p.fresh {
		p.fresh = false
		p.sides[0].run()
		p.sides[1].run()
	}
}

// State implements [proto.Parser]. A Partial has no Value until its head is
// complete, and no Leaves.
func (p *Parser) State() proto.State {
	c, s := &p.sides[0], &p.sides[1]
	st := proto.State{
		Settled: p.settled,
		EndedBy: p.endedBy,
		Partial: [2]*proto.Message{c.progress(), s.progress()},
		// Raw octets behind the last reply belong to none.
		Framed: s.state != stateTunnel && (s.state != stateRaw || p.asked > 0 && len(p.due) == 0),
	}
	for _, x := range p.due {
		if x.done {
			st.Due++
		}
	}
	st.Answered = len(p.due) <= 1 && s.tap != nil && s.tap.Answered()
	switch s.state {
	case stateStart, stateHead:
		st.UntilClose = len(p.due) > 0 && p.due[0].request.Version == "HTTP/0.9"
	case stateFixed:
		st.Got, st.Want = s.size, s.size+s.left
	case stateClose:
		st.Got, st.Want = s.size, -1
		st.UntilClose = true
	case stateChunkSize, stateChunkSkip, stateChunkData, stateChunkEnd, stateTrailer:
		st.Got, st.Want = s.size, -1
	}
	return st
}

// Upgraded reports whether the connection has left HTTP, by a 101 or by a 2xx
// that answers CONNECT. The token is the Upgrade field of the 101 as it came, or
// "CONNECT".
func (p *Parser) Upgraded() (token string, ok bool) {
	return p.token, p.upgraded
}

// Rest returns the octets of d after the upgrade that no Message has carried,
// and the offset of the first. All of them are there in the call that follows
// the Feed in which Upgraded became true; who takes them over gives the Parser no
// further event. The slice is valid until the next call.
func (p *Parser) Rest(d wire.Dir) (offset int64, data []byte) {
	s := &p.sides[proto.Side(d)]
	if !p.upgraded {
		return s.buf.Offset(), nil
	}
	return s.buf.Start(), s.buf.Peek()
}

// ask numbers an exchange whose request's head is complete.
func (p *Parser) ask(r *Request) int {
	p.asked++
	if p.early != p.asked && len(p.due) < maxDue {
		p.due = append(p.due, exchange{n: p.asked, request: r, leaves: r.Method == "CONNECT" || r.Fields.Has("Upgrade")})
	}
	return p.asked
}

// asking notes that the request of exchange n is complete.
func (p *Parser) asking(n int) {
	for i := len(p.due) - 1; i >= 0; i-- {
		if p.due[i].n == n {
			p.due[i].done = true
			return
		}
	}
}

// replace makes r the request of exchange n, if it still waits.
func (p *Parser) replace(n int, r *Request) {
	for i := range p.due {
		if p.due[i].n == n {
			p.due[i].request = r
		}
	}
}

// answered drops the exchange that stands first.
func (p *Parser) answered() {
	if len(p.due) > 0 {
		p.due = append(p.due[:0], p.due[1:]...)
	}
	if c := &p.sides[0]; c.waiting && !p.upgraded && !c.waits() {
		// The server stays with HTTP: that was the client's turn, and it is over.
		c.run()
		c.reset()
	}
}

// leave turns both directions into a tunnel.
func (p *Parser) leave(token string) {
	p.upgraded, p.fresh, p.token = true, true, token
	for i := range p.sides {
		p.sides[i].tunnel()
	}
}
