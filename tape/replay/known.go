package replay

import (
	"bytes"

	"wiretape/tape/match"
)

// A known is a request, octet by octet, of which it is known what answers it.
type known struct {
	raw   []byte
	group *group
}

// A prefix is how far the octets that came are known to be those of a request.
type prefix struct {
	raw []byte
	n   int
}

// maxKnown bounds what is remembered of the octets of clients' requests.
const maxKnown = 4 << 20

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
	if !g.fixed() || g.all[0].request.Message.Long() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept += len(m.Raw); p.kept <= maxKnown {
		p.learn(m.Raw, g)
	}
}
