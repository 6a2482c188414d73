package replay

import (
	"bytes"
	"errors"
	"slices"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/proto"
)

// await takes the peer's next item and compares it.
func (p *player) await(it *match.Item) error {
	p.unacked = 0
	if it.Message == nil {
		return p.awaitEnd(it)
	}
	m := it.Message
	p.start = p.taken
	if m.Long() {
		if m.IsRaw() {
			return p.octets(it)
		}
		if !m.Streams(p.rules) || p.looked || p.rules.OrderAny {
			whole, err := m.Whole()
			if err != nil {
				return err
			}
			m = whole
			held := *it
			held.Message = whole
			p.peers[p.j] = &held
			defer func(j int) { p.peers[j] = it }(p.j)
			it = &held
		}
	}
	same := 0 // octets of what came that are known to be the tape's
	for ended := false; ; {
		if m.Long() {
			if got := p.message(m); got != nil {
				return p.compare(it, got)
			}
		} else if equal, more := p.equal(m, &same); equal {
			// Compared without being read.
			if p.announced != nil {
				p.announced(m, m)
			}
			p.takeEqual(len(m.Raw), p.over())
			p.tally.received.Add(1)
			return nil
		} else if !more {
			if got := p.message(m); got != nil {
				return p.compare(it, got)
			}
		}
		if ended {
			if m.Size() == 0 || !m.Complete && m.Span.Len() == 0 {
				return nil
			}
			return p.early(it)
		}
		ok, err := p.fill()
		if err != nil {
			return p.silent(err)
		}
		ended = !ok && p.end != nil
	}
}

// over reports whether all exchanges end with the item that is awaited.
func (p *player) over() bool {
	return p.i == len(p.s.own) || p.j+1 == p.s.own[p.i].gate
}

// equal reports whether what came begins with exactly the recorded message, or,
// with more, whether it may yet. Its first same octets are known to, and same is
// moved on. However the parser reads what came, since a peer may have sent it at
// another turn, octets that are the tape's are what was awaited.
func (p *player) equal(m *match.Message, same *int) (equal, more bool) {
	if len(m.Spans) > 0 || p.packets() {
		return false, false
	}
	lazy := p.s.lazy && !p.busy && len(p.queue) == 0
	n := min(len(p.in), len(m.Raw))
	if !p.s.bytes && !m.IsRaw() && !(m.Complete && framed(m)) && !(len(p.in) == n && (p.end != nil || p.turns())) {
		return false, false
	}
	if *same > n || !bytes.Equal(p.in[*same:n], m.Raw[*same:n]) {
		return false, false
	}
	*same = n
	return n == len(m.Raw), n < len(m.Raw) && p.end == nil && (lazy || p.s.bytes)
}

// turns reports whether on the tape our next message follows the item that is
// awaited: whatever its protocol says, the item was complete then.
func (p *player) turns() bool {
	return p.i < len(p.s.own) && p.s.own[p.i].Message != nil && p.s.own[p.i].gate == p.j+1
}

// fill reads once, for the message that is awaited. How a connection ends that
// we abandon is nothing of the peer's.
func (p *player) fill() (bool, error) {
	due := 0
	if m := p.awaited(); m != nil {
		due = int(min(m.Size(), maxDue))
	}
	more, err := p.live.fill(due)
	if p.end != nil && p.stopped() != nil {
		return false, p.stopped()
	}
	return more, err
}

// maxDue bounds what is held of a message that is compared as a whole, in bytes.
const maxDue = 1 << 30

// awaited returns the message that is awaited, nil for none.
func (p *player) awaited() *match.Message {
	if p.j < len(p.peers) {
		return p.peers[p.j].Message
	}
	return nil
}

// message returns the peer's next message where it is there, or where no more
// will come.
func (p *player) message(want *match.Message) *match.Message {
	if !want.IsRaw() {
		p.parse()
		if m := p.next(); m != nil {
			return m
		}
		if p.parser != nil || len(p.in) == 0 || p.end == nil {
			return nil
		}
	}
	n := int(want.Size())
	switch {
	case p.packets():
		if len(p.grams) == 0 {
			return nil
		}
		n = p.grams[0]
		p.grams = p.grams[1:]
	case len(p.in) == 0:
		return nil
	case len(want.Spans) > 0 && p.end == nil:
		// Of a length that is not known: as much as fits.
		got := p.raw(want, len(p.in))
		if out := match.Compare(want, got, p.rules, &match.Vars{}); len(out.Mismatches) > 0 && len(p.in) < 2*n+64<<10 {
			return nil
		}
		return got
	case len(want.Spans) > 0:
		n = len(p.in)
	case len(p.in) < n && p.end == nil:
		return nil
	}
	return p.raw(want, min(n, len(p.in)))
}

// raw makes a message like want of the next n octets.
func (p *player) raw(want *match.Message, n int) *match.Message {
	return match.Live(proto.Message{
		Conn: want.Conn, Proto: want.Proto, Kind: want.Kind, Dir: want.Dir, Complete: n == int(want.Size()) || len(want.Spans) > 0,
		Span: proto.Span{From: p.taken, To: p.taken + int64(n)}, EndedBy: "end of stream",
		Body: proto.Body{Size: int64(n)},
	}, bytes.Clone(p.in[:n]))
}

// compare compares a message with the item that is awaited.
func (p *player) compare(it *match.Item, got *match.Message) error {
	defer p.drop(got.Span.To)
	if p.rules.OrderAny {
		p.prefer(got)
		it = p.peers[p.j]
	}
	if interim(got) && !interim(it.Message) {
		// One that the tape has not; what is awaited is still to come.
		m := match.Mismatch{Kind: match.Extra, Path: "interim response", Got: match.Describe(got), TapeLine: it.Line, N: it.Message.N, Tape: p.s.conv.Tape, Conn: it.Message.Conn, Offset: -1}
		p.found(m, false)
		p.j--
		if p.interims++; p.interims > maxInterim {
			return errPlayed
		}
		return nil
	}
	if p.announced != nil {
		p.announced(it.Message, got)
	}
	if !it.Message.Long() && len(it.Message.Spans) == 0 && bytes.Equal(it.Message.Raw, got.Raw) && !p.packets() {
		p.tally.received.Add(1)
		return nil // however each is read
	}
	skipped, extra := p.realign(it.Message, got)
	if extra {
		m := match.Mismatch{Kind: match.Extra, Path: string(got.Kind), Got: match.Describe(got), TapeLine: it.Line, N: it.Message.N, Tape: p.s.conv.Tape, Conn: it.Message.Conn, Offset: -1}
		p.found(m, false)
		if p.extras++; p.extras > maxExtra {
			return errPlayed
		}
		p.j--
		return nil
	}
	for range skipped {
		m := match.Mismatch{Kind: match.Missing, Path: string(it.Message.Kind), Want: match.Describe(it.Message), TapeLine: it.Line, N: it.Message.N, Tape: p.s.conv.Tape, Conn: it.Message.Conn, Offset: it.Message.Span.From}
		p.found(m, false)
		p.j++
		it = p.peers[p.j]
	}
	out := match.Compare(it.Message, got, p.rules, p.vars)
	if p.looked && !out.Key {
		out = p.find(got, out)
	}
	if out.Key {
		p.render.came(p.peers[p.j].Message, got)
	}
	p.tally.compared(out)
	p.tally.received.Add(1)
	for _, m := range out.Mismatches {
		p.found(m, !out.Key)
	}
	if p.s.ours == wire.ServerToClient && !out.Key {
		return errUnmatched
	}
	return nil
}

// errUnmatched says that the peer's message is none that the tape answers.
var errUnmatched = errors.New("nothing on the tape answers what came")

// find goes to the recorded message that agrees with one that came: the next that
// does, or else the first. Where none does, nothing moves.
func (p *player) find(got *match.Message, otherwise match.Outcome) match.Outcome {
	n := len(p.peers)
	for k := range n {
		k = (p.j + k) % n
		m := p.peers[k].Message
		if m == nil {
			continue
		}
		if out := match.Compare(m, got, p.rules, p.vars); out.Key {
			p.j = k
			p.i = slices.IndexFunc(p.s.own, func(s step) bool { return s.gate > k })
			if p.i < 0 {
				p.i = len(p.s.own)
			}
			return out
		}
	}
	return otherwise
}

// found tells a mismatch of the peer. A server minds only keys, unless strict.
func (p *player) found(m match.Mismatch, key bool) {
	if p.s.ours == wire.ClientToServer || p.strict || key {
		p.tally.mismatch(m)
	} else {
		p.tally.differ(m)
	}
}

// prefer moves the item that got is equal to, if there is one, to the front.
func (p *player) prefer(got *match.Message) {
	for k := p.j; k < len(p.peers); k++ {
		m := p.peers[k].Message
		if m != nil && len(match.Compare(m, got, p.rules, &match.Vars{}).Mismatches) == 0 {
			it := p.peers[k]
			p.peers = slices.Insert(slices.Delete(p.peers, k, k+1), p.j, it)
			return
		}
	}
}
