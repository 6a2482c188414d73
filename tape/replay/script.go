package replay

import (
	"cmp"
	"fmt"
	"slices"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/detect"
)

// A script is one recorded connection as one of its sides plays it.
type script struct {
	tape   *match.Tape
	conv   *match.Conv
	ours   wire.Dir
	own    []step
	peer   []*match.Item
	bytes  bool // no protocol frames it: a message is a number of bytes
	lazy   bool // equal bytes need no parsing
	proto  string
	sends  int // messages of ours
	awaits int // messages of the peer
}

// A step is something of ours: a message, an end, a handshake.
type step struct {
	*match.Item
	gate int // how many of the peer's items of this connection come before it
}

// playable refuses a tape whose rules would not be obeyed.
func playable(t *match.Tape) error {
	if slices.ContainsFunc(t.Convs, (*match.Conv).HTTP2) {
		return nil
	}
	for form, names := range map[string]map[string]string{"header": t.Rules.Secrets, "field": t.Rules.SecretFields} {
		for name, id := range names {
			return fmt.Errorf("replay %s: rule \"secret %s %s %s\": it is for HTTP/2, where a secret cannot stand in text", t.Name, form, name, id)
		}
	}
	return nil
}

func newScript(t *match.Tape, c *match.Conv, ours wire.Dir) *script {
	s := &script{tape: t, conv: c, ours: ours, proto: c.Spoken()}
	s.bytes = detect.Canonical(s.proto) == detect.Raw
	s.lazy = detect.Canonical(s.proto) == detect.HTTP1
	for i := range c.Items {
		it := &c.Items[i]
		switch {
		case it.Event.Kind == wire.KindSecure:
			if i > 0 {
				s.own = append(s.own, step{Item: it})
				s.lazy = false
			}
		case it.Event.Kind == wire.KindAlert:
			// An alert of ours would have to be made by crypto/tls; one of the
			// peer is seen as it comes.
			if it.Dir != ours {
				s.peer = append(s.peer, it)
			}
		case it.Dir == ours:
			s.own = append(s.own, step{Item: it})
		default:
			s.peer = append(s.peer, it)
		}
		if m := it.Message; m != nil {
			if it.Dir == ours {
				s.sends++
			} else {
				s.awaits++
			}
			s.lazy = s.lazy && detect.Canonical(m.Proto) == detect.HTTP1 && !m.IsRaw() && !upgrades(m)
		}
	}
	for i := range s.own {
		s.own[i].gate = s.before(s.own[i].Item)
	}
	return s
}

// before returns how many of the peer's items come before one of ours. The end
// of the peer's stream counts only where nothing else tells that it has said all.
func (s *script) before(it *match.Item) int {
	// What began later was complete later.
	n, _ := slices.BinarySearchFunc(s.peer, it.Begin, func(p *match.Item, place int) int { return cmp.Compare(p.Begin, place) })
	for ; n > 0; n-- {
		p := s.peer[n-1]
		if m := p.Message; m != nil && !m.Complete && s.ours == wire.ServerToClient {
			continue // waited for by its octets
		}
		if p.Message == nil && !s.bytes && s.ours == wire.ServerToClient && it.Message != nil {
			continue
		}
		if p.End < it.Begin {
			break
		}
	}
	return n
}
