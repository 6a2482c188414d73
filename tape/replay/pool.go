package replay

import (
	"slices"
	"sync"

	"wiretape/tape/match"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
)

// A pool is the exchanges of a tape that is HTTP throughout.
type pool struct {
	rules  match.Rules
	match  bool // looked up, not in order
	loop   bool
	stick  bool
	groups []*group
	all    []*exchange

	mu sync.Mutex
	// guarded by mu, as the exchanges' and groups' state is:
	convs [][]*exchange // not yet played, by connection
	known map[string][]known
	asked map[string]*group // the same of HTTP/2, by what appendAsked makes of a request
	kept  int               // octets in both that came from clients
	left  int               // exchanges not yet played

	early   bool // some answer came in the middle of its request
	longest int  // octets of the longest request
}

// newPool returns the exchanges of t, false where a connection is not HTTP or not
// made of exchanges.
func newPool(t *match.Tape, s *Server) (*pool, bool) {
	p := &pool{rules: t.Rules, match: s.Match, loop: s.Loop, stick: s.StickLast, known: map[string][]known{}, asked: map[string]*group{}}
	p.rules.Free = append(p.rules.Free[:len(p.rules.Free):len(p.rules.Free)], "host")
	for i, c := range t.Convs {
		list, ok := exchanges(c, i)
		if !ok {
			return nil, false
		}
		p.all = append(p.all, list...)
		for _, x := range list {
			p.longest = max(p.longest, int(min(x.request.Message.Size(), maxDue)))
			p.early = p.early || slices.ContainsFunc(x.early, func(n int64) bool { return n >= 0 })
		}
	}
	if len(p.all) == 0 {
		return nil, false
	}
	p.left = len(p.all)
	p.sort()
	p.rewind(len(t.Convs))
	return p, true
}

// sort puts exchanges whose requests agree into groups.
func (p *pool) sort() {
	by := map[string][]*group{}
	for _, x := range p.all {
		q := x.request.Message.Value.(*http1.Request)
		name := q.Method + " " + q.Target
		if x.h2 {
			name += " h2"
		}
		for _, g := range by[name] {
			if match.Compare(g.all[0].request.Message, x.request.Message, &p.rules, nil).Key {
				x.group = g
			}
		}
		if x.group == nil {
			x.group = &group{}
			p.groups = append(p.groups, x.group)
			by[name] = append(by[name], x.group)
		}
		x.group.add(x)
	}
	for _, x := range p.all {
		if m := x.request.Message; !x.h2 && x.group.fixed && m.Complete && framed(m) {
			p.learn(m.Raw, x.group)
		}
	}
}

// rewind makes all exchanges unplayed.
func (p *pool) rewind(convs int) {
	p.convs = make([][]*exchange, convs)
	for _, x := range p.all {
		x.played = false
		p.convs[x.conv] = append(p.convs[x.conv], x)
	}
	for _, g := range p.groups {
		g.next = 0
	}
}

// h2Version is what requests over HTTP/2 have as version.
const h2Version = "HTTP/2"

// find returns the group whose request agrees with one that came.
func (p *pool) find(got *match.Message) *group {
	q, ok := got.Value.(*http1.Request)
	if !ok {
		return nil
	}
	for _, g := range p.groups {
		want := g.all[0].request.Message
		if g.all[0].h2 && q.Version != h2Version {
			continue // HTTP/1.1 is not made of HTTP/2
		}
		if want.Value.(*http1.Request).Method == q.Method && match.Compare(want, got, &p.rules, nil).Key {
			return g
		}
	}
	return nil
}

// wanted returns the recorded request with which one of a client is compared while
// it comes, nil for none.
func (p *pool) wanted(like *proto.Message) *match.Message {
	q, ok := like.Value.(*http1.Request)
	if !ok {
		return nil
	}
	for _, g := range p.groups {
		want := g.all[0].request.Message
		if r := want.Value.(*http1.Request); want.Streams(&p.rules) && r.Method == q.Method && r.Target == q.Target {
			return want
		}
	}
	return nil
}

// take returns the exchange that is to be played for a group, nil for none.
func (p *pool) take(g *group) *exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next(g)
}

// next is take with the mutex held.
func (p *pool) next(g *group) *exchange {
	if p.match {
		return p.lookup(g)
	}
	x := p.scripted(g)
	if x == nil && p.loop && p.left == 0 {
		p.rewind(len(p.convs))
		x = p.scripted(g)
	}
	return x
}

// scripted takes the first exchange of the group that is next on its connection.
func (p *pool) scripted(g *group) *exchange {
	for i, list := range p.convs {
		for k, n := 0, nextable(list); k < n; k++ {
			if x := list[k]; x.group == g {
				if k == 0 {
					p.convs[i] = list[1:]
				} else {
					p.convs[i] = slices.Delete(slices.Clone(list), k, k+1)
				}
				p.play(x)
				return x
			}
		}
	}
	return nil
}

// nextable returns how many exchanges of a list may come next: the first; of
// HTTP/2 all, since streams that a client opens at once come in any order, and a
// tape does not tell which of them waited for another.
func nextable(list []*exchange) int {
	if len(list) > 0 && list[0].h2 {
		return len(list)
	}
	return min(1, len(list))
}

// lookup takes the next of the group in tape order.
func (p *pool) lookup(g *group) *exchange {
	if g.next == len(g.all) {
		switch {
		case p.stick:
			g.next--
		case p.loop:
			g.next = 0
		default:
			return nil
		}
	}
	x := g.all[g.next]
	g.next++
	p.play(x)
	return x
}

func (p *pool) play(x *exchange) {
	if !x.played {
		x.played = true
		p.left--
	}
}

// unplayed returns the exchanges that nobody asked for.
func (p *pool) unplayed() []*exchange {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*exchange
	for _, x := range p.all {
		if !x.played {
			out = append(out, x)
		}
	}
	return out
}
