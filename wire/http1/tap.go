package http1

import (
	"slices"
	"time"

	"wiretape/wire/proto"
)

// A Tap is given the body of a message while it comes, chunk framing undone, and
// returns the Messages that it amounts to: those of a protocol within the body. It
// sees all octets, whatever limit there is to those that a Message keeps.
type Tap interface {
	// Body takes the next octets. Offset is that of the first of them in the
	// stream, behind which data stands without a gap; like has what is known of the
	// message. It appends Messages to out, which share no memory with data.
	Body(out []proto.Message, like proto.Message, at time.Duration, offset int64, data []byte) []proto.Message
	// End says that no more octets follow those that were given, and why. After
	// octets that are missing from a recording, Body may be called again.
	End(out []proto.Message, why string) []proto.Message
	// Answered reports whether what has come so far holds a reply in itself.
	Answered() bool
}

// A Drain is a [Tap] that has the body to itself: of what it is given a Message keeps
// nothing but the size, and is cut.
type Drain interface {
	Tap
	Drain()
}

// Tap has open asked, before the body of each message, for what is to be given that
// body; it returns nil for nothing. Of the Message that it is given Value stands,
// and what else is known before the body. It is to be called before the first Feed.
func (p *Parser) Tap(open func(*proto.Message) Tap) { p.open = open }

// tapped gives octets of a body, the first of which stands at an offset, to the
// tap of the message in progress.
func (s *side) tapped(offset int64, data []byte) {
	if s.size == 0 && s.tap == nil && s.p.open != nil && !s.coded() {
		like := s.like()
		s.tap = s.p.open(&like)
	}
	if s.tap != nil {
		s.p.out = s.tap.Body(s.p.out, s.like(), s.p.now, offset, data)
	}
}

// like is what is known of the message in progress before its body.
func (s *side) like() proto.Message {
	var m proto.Message
	s.message(&m)
	return proto.Message{Conn: m.Conn, Exchange: m.Exchange, Proto: m.Proto, Kind: m.Kind, Dir: m.Dir, Secure: m.Secure, Value: m.Value}
}

// coded reports whether a transfer coding beside chunked is applied, which is
// undone at the end of the body.
func (s *side) coded() bool {
	var codings []string
	switch {
	case s.response != nil:
		codings = s.response.Codings
	case s.request != nil:
		codings = s.request.Codings
	}
	return slices.ContainsFunc(codings, func(c string) bool { return c != "chunked" && c != "identity" })
}

// untap ends what the tap has in progress.
func (s *side) untap(why string) {
	if s.tap != nil {
		s.p.out = s.tap.End(s.p.out, why)
	}
}
