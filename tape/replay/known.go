package replay

import (
	"bytes"
	"encoding/binary"

	"wiretape/tape/match"
	"wiretape/wire/http1"
	"wiretape/wire/proto"
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
	if !g.fixed {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept += len(m.Raw); p.kept <= maxKnown {
		p.learn(m.Raw, g)
	}
}

// appendAsked appends to dst what a request over HTTP/2 is compared by, so that two of
// them are alike only if they are equal. It reports whether that is all of it: it has
// no body and no trailers.
func appendAsked(dst []byte, m *proto.Message) ([]byte, bool) {
	q, ok := m.Value.(*http1.Request)
	if !ok || !m.Complete || m.Body.Size > 0 || q.Trailers.Len() > 0 {
		return dst, false
	}
	for _, s := range [...]string{q.Method, q.Target, q.Scheme, q.Authority} {
		dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	}
	for _, f := range q.Fields.List() {
		dst = append(binary.AppendUvarint(dst, uint64(len(f.Name))), f.Name...)
		dst = append(binary.AppendUvarint(dst, uint64(len(f.Value))), f.Value...)
	}
	return dst, true
}

// recallAsked takes the exchange for a request over HTTP/2 of which it is known what
// answers it; nil for none, or where it is not bare.
func (p *pool) recallAsked(asked []byte, bare bool) *exchange {
	if !bare {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if g := p.asked[string(asked)]; g != nil {
		return p.next(g)
	}
	return nil
}

// rememberAsked is remember for HTTP/2.
func (p *pool) rememberAsked(asked []byte, g *group) {
	if !g.fixed {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept += len(asked); p.kept <= maxKnown {
		p.asked[string(asked)] = g
	}
}
