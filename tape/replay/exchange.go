package replay

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
)

// An exchange is a recorded request with all that answered it.
type exchange struct {
	tape    string // name of its tape
	conv    int    // index of its connection among the pool's
	request *match.Item
	replies []*match.Item
	early   []int64   // of each reply, how many octets of the request came first; -1 for all
	then    wire.Kind // what the server did to the connection afterwards; 0 for nothing
	ready   []byte    // all replies, where none has a span; nil otherwise
	group   *group
	played  bool
}

// A group is the exchanges whose requests agree: one request, repeated.
type group struct {
	all  []*exchange
	next int // of all, the first that was not played
}

// A known is a request, octet by octet, of which it is known what answers it.
type known struct {
	raw   []byte
	group *group
}

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
	kept  int // octets in known that came from clients
	left  int // exchanges not yet played

	early   bool // some answer came in the middle of its request
	longest int  // octets of the longest request
}

// A prefix is how far the octets that came are known to be those of a request.
type prefix struct {
	raw []byte
	n   int
}

// maxKnown bounds what is remembered of the octets of clients' requests.
const maxKnown = 4 << 20

// newPool returns the exchanges of t, false where a connection is not HTTP or not
// made of exchanges.
func newPool(t *match.Tape, s *Server) (*pool, bool) {
	p := &pool{rules: t.Rules, match: s.Match, loop: s.Loop, stick: s.StickLast, known: map[string][]known{}}
	p.rules.Free = append(p.rules.Free[:len(p.rules.Free):len(p.rules.Free)], "host")
	for i, c := range t.Convs {
		list, ok := exchanges(c, i)
		if !ok {
			return nil, false
		}
		p.all = append(p.all, list...)
		for _, x := range list {
			p.longest = max(p.longest, len(x.request.Message.Raw))
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

// exchanges returns those of a connection.
func exchanges(c *match.Conv, index int) ([]*exchange, bool) {
	var list []*exchange
	by := map[int]*exchange{}
	for i := range c.Items {
		it := &c.Items[i]
		m := it.Message
		switch {
		case m == nil && it.Event.Kind == wire.KindSecure && i > 0:
			return nil, false
		case m == nil:
		case detect.Canonical(m.Proto) != detect.HTTP1 || m.Exchange == 0 || m.IsRaw() || upgrades(m):
			return nil, false
		case it.Dir == wire.ClientToServer:
			if _, ok := m.Value.(*http1.Request); !ok {
				return nil, false
			}
			by[m.Exchange] = &exchange{tape: c.Tape, conv: index, request: it}
			list = append(list, by[m.Exchange])
		}
	}
	for i := range c.Items {
		it := &c.Items[i]
		if it.Dir != wire.ServerToClient {
			continue
		}
		if it.Message == nil {
			// An end of the server's follows what it said last.
			if n := len(list); n > 0 && (it.Event.Kind == wire.KindEOF || it.Event.Kind == wire.KindReset) {
				last := list[n-1]
				for _, x := range list {
					if len(x.replies) > 0 {
						last = x
					}
				}
				last.then = it.Event.Kind
			}
			continue
		}
		x := by[it.Message.Exchange]
		if x == nil {
			return nil, false
		}
		early := int64(-1)
		if it.Begin < x.request.End || !x.request.Message.Complete {
			early = max(1, it.Seen-x.request.Message.Span.From)
		}
		x.replies, x.early = append(x.replies, it), append(x.early, early)
	}
	for _, x := range list {
		x.prepare()
	}
	return list, true
}

// prepare puts the replies together where they are the same each time.
func (x *exchange) prepare() {
	if n := len(x.replies); n > 0 && x.then == 0 && closes(x.replies[n-1].Message) {
		x.then = wire.KindEOF
	}
	for _, r := range x.replies {
		if len(r.Message.Spans) > 0 {
			return
		}
	}
	x.ready = []byte{}
	for _, r := range x.replies {
		x.ready = append(x.ready, r.Message.Raw...)
	}
}

// sort puts exchanges whose requests agree into groups.
func (p *pool) sort() {
	by := map[string][]*group{}
	for _, x := range p.all {
		q := x.request.Message.Value.(*http1.Request)
		name := q.Method + " " + q.Target
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
		x.group.all = append(x.group.all, x)
	}
	for _, x := range p.all {
		if m := x.request.Message; x.group.fixed() && m.Complete && framed(m) {
			p.learn(m.Raw, x.group)
		}
	}
}

// fixed reports whether nothing is captured from the group's requests.
func (g *group) fixed() bool {
	return !slices.ContainsFunc(g.all, func(x *exchange) bool { return len(x.request.Message.Spans) > 0 })
}

// first returns the first exchange not yet played, or the last.
func (g *group) first() *exchange {
	i := slices.IndexFunc(g.all, func(x *exchange) bool { return !x.played })
	if i < 0 {
		i = len(g.all) - 1
	}
	return g.all[i]
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

var headEnd = []byte("\r\n\r\n")

// learn remembers what answers exactly raw.
func (p *pool) learn(raw []byte, g *group) {
	before, _, ok := bytes.Cut(raw, headEnd)
	if !ok {
		return
	}
	head := string(before)
	for _, k := range p.known[head] {
		if bytes.Equal(k.raw, raw) {
			return
		}
	}
	p.known[head] = append(p.known[head], known{raw, g})
}

// recall takes the exchange for the request with which b begins, where that is
// known octet by octet, and tells how long it is. With more, b may be the
// beginning of one; so is what was found out, for the next call with the same b
// and what follows it.
func (p *pool) recall(b []byte, so *prefix) (x *exchange, n int, more bool) {
	before, _, ok := bytes.Cut(b, headEnd)
	if !ok {
		return nil, 0, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.known[string(before)] {
		from := 0
		if so.n > 0 && &so.raw[0] == &k.raw[0] {
			from = so.n
		}
		n := min(len(b), len(k.raw))
		if !bytes.Equal(b[from:n], k.raw[from:n]) {
			continue
		}
		if n == len(k.raw) {
			return p.next(k.group), n, false
		}
		*so, more = prefix{k.raw, n}, true
	}
	return nil, 0, more
}

// remember is learn for a client's request, where what it says beyond its key
// has been told and nothing has to be captured from it.
func (p *pool) remember(m *match.Message, g *group) {
	if !g.fixed() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept += len(m.Raw); p.kept <= maxKnown {
		p.learn(m.Raw, g)
	}
}

// find returns the group whose request agrees with one that came.
func (p *pool) find(got *match.Message) *group {
	q, ok := got.Value.(*http1.Request)
	if !ok {
		return nil
	}
	for _, g := range p.groups {
		want := g.all[0].request.Message
		if want.Value.(*http1.Request).Method == q.Method && match.Compare(want, got, &p.rules, nil).Key {
			return g
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
		if len(list) > 0 && list[0].group == g {
			p.convs[i] = list[1:]
			p.play(list[0])
			return list[0]
		}
	}
	return nil
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

// nearest describes the exchange that comes closest to a request that nothing
// answers: in order the next, looked up the one that differs in least.
func (p *pool) nearest(got *match.Message) (*exchange, string) {
	p.mu.Lock()
	var of []*exchange
	for _, list := range p.convs {
		if !p.match && len(list) > 0 {
			of = append(of, list[0])
		}
	}
	p.mu.Unlock()
	if p.match {
		of = p.all
	}
	var best *exchange
	var first match.Mismatch
	least := -1
	for _, x := range of {
		ms := match.Compare(x.request.Message, got, &p.rules, nil).Mismatches
		n := len(ms)
		if len(ms) > 0 {
			n += keyWeight * keys(ms)
		}
		if least < 0 || n < least {
			best, least = x, n
			first = match.Mismatch{}
			if len(ms) > 0 {
				first = ms[0]
			}
		}
	}
	if best == nil {
		return nil, ""
	}
	s := fmt.Sprintf("%s:%d %s", best.tape, best.request.Line, match.Describe(best.request.Message))
	switch {
	case first.Path != "":
		s += fmt.Sprintf(", whose %s is %s", first.Path, first.Want)
	default:
		s += ", which was played already"
	}
	return best, s
}

// keyWeight is how many fields that differ make a request as distant as one part
// of its key.
const keyWeight = 100

// keys counts the mismatches in method, target and body.
func keys(ms []match.Mismatch) int {
	n := 0
	for _, m := range ms {
		if isKey(m) {
			n++
		}
	}
	return n
}
