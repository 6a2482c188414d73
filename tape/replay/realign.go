package replay

import (
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/imap"
	"wiretape/wire/line"
	"wiretape/wire/proto"
	"wiretape/wire/resp"
)

// maxExtra is how many replies may come, on one connection, that are not on the tape.
const maxExtra = 100

// realign tells, where a server's message is not the one that is awaited, what of the
// two lists of replies is alike: that it is the one after so many others, which did
// not come, or that it is extra. Otherwise one reply too many would have all that
// follow differ.
func (p *player) realign(want, got *match.Message) (skipped int, extra bool) {
	if p.s.ours != wire.ClientToServer || p.looked || p.rules.OrderAny || !listed(got) || !listed(want) {
		return 0, false
	}
	if p.agrees(want, got) {
		return 0, false
	}
	end := len(p.peers)
	if p.i < len(p.s.own) {
		end = min(end, p.s.own[p.i].gate)
	}
	for k := p.j + 1; k < end; k++ {
		m := p.peers[k].Message
		if m == nil {
			break
		}
		if p.agrees(m, got) || final(got) && final(m) && !final(want) {
			return k - p.j, false
		}
	}
	if !final(got) && final(want) {
		return 0, true
	}
	next := p.following()
	for next == nil && !final(got) && p.j+1 < end { // the end is to come
		if ok, err := p.fill(); !ok || err != nil {
			break
		}
		p.parse()
		next = p.following()
	}
	return 0, next != nil && !final(got) && p.agrees(want, next)
}

// agrees reports whether nothing differs. It captures nothing.
func (p *player) agrees(want, got *match.Message) bool {
	return len(match.Compare(want, got, p.rules, p.vars.Clone()).Mismatches) == 0
}

// following returns the message that came after the one that was taken last, nil
// where none is there yet.
func (p *player) following() *match.Message {
	base := p.taken
	for _, m := range p.queue {
		if from, to := m.Span.From-base, m.Span.To-base; from >= 0 && to <= int64(len(p.in)) {
			return match.Live(m, p.in[from:to])
		}
	}
	return nil
}

// listed reports whether a message is one of those of which a server sends several.
func listed(m *match.Message) bool {
	switch m.Value.(type) {
	case *imap.Response, *line.Reply, *resp.Reply:
		return m.Kind == proto.KindReply || m.Kind == proto.KindPush
	}
	return false
}

// final reports whether a message is the reply that ends a command.
func final(m *match.Message) bool {
	if v, ok := m.Value.(*imap.Response); ok {
		return v.Tag != "*" && v.Tag != "+"
	}
	return m.Kind == proto.KindReply
}
