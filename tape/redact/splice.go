package redact

// A splice is a text that stands in parts in a stream, with other octets between
// them: a body in chunks, or in frames of HTTP/2. It is read as if nothing stood
// there, so that a secret is found across them; what is masked are the parts of it.
type splice struct {
	text  stream // as which it is read
	found results
	held  []byte // of the text, not decided
	parts []part // where that stands
}

// A part of a text begins at index from of what is held of it, and at index at of the
// stream.
type part struct{ from, at int }

// newSplice returns a splice of a stream whose secrets are noted in r.
func newSplice(r *results) *splice {
	c := newConn()
	c.client.begun = true
	return &splice{text: stream{conn: c, server: true, begun: true, spliced: true, start: -1}, found: results{needles: r.needles}}
}

// take has the text go on with b[from:to], and notes in r what is decided.
func (p *splice) take(r *results, b []byte, from, to int) {
	text, seen := b[from:to], len(p.held)
	if seen > 0 {
		p.held = append(p.held, text...)
		text = p.held
	}
	if n := len(p.parts) - 1; n < 0 || p.parts[n].at+seen-p.parts[n].from != from {
		p.parts = append(p.parts, part{seen, from})
	}
	p.decide(r, text, seen, false)
}

// between takes the end of a part, before the octet at index i: what is held across
// such ends is bounded as that within a line is. The nil splice holds nothing.
func (p *splice) between(r *results, i int) {
	if i-p.low(i) >= maxHeld {
		p.finish(r)
	}
}

// finish masks what is held. The nil splice holds nothing.
func (p *splice) finish(r *results) {
	if p != nil && len(p.held) > 0 {
		p.decide(r, p.held, len(p.held), true)
	}
}

// low returns where in the stream what is held begins, or i if nothing is.
func (p *splice) low(i int) int {
	if p == nil || len(p.held) == 0 {
		return i
	}
	return p.parts[0].at
}

// drop takes n octets of the stream for gone that were decided.
func (p *splice) drop(n int) {
	if p == nil {
		return
	}
	for k := range p.parts {
		p.parts[k].at -= n
	}
}

// decide goes over the text, of which all but seen octets are new.
func (p *splice) decide(r *results, text []byte, seen int, final bool) {
	n := p.found.find(&p.text, text, seen, final)
	if p.found.any() {
		for _, m := range p.found.merge(n) {
			p.mark(r, m)
		}
		for _, x := range p.found.patches {
			for i := x.from; i < min(x.to, n); i++ {
				r.overwrite(p.at(i), x.with, x.base)
			}
		}
	}
	p.text.drop(n)
	p.found.drop(n)
	p.held = append(p.held[:0], text[n:]...)
	first := 0
	for k := range p.parts {
		if p.parts[k].from -= n; p.parts[k].from <= 0 {
			first = k
		}
	}
	if p.parts = p.parts[:copy(p.parts, p.parts[first:])]; len(p.held) == 0 {
		p.parts = p.parts[:0]
		return
	}
	p.parts[0].at -= p.parts[0].from
	p.parts[0].from = 0
}

// at returns where in the stream the octet of the text at index i stands.
func (p *splice) at(i int) int {
	k := len(p.parts) - 1
	for p.parts[k].from > i {
		k--
	}
	return p.parts[k].at + i - p.parts[k].from
}

// mark notes a secret of the text: each part of one that is cut is a secret of its
// own, since no span reaches across what stands between them.
func (p *splice) mark(r *results, m mark) {
	for k, part := range p.parts {
		from, to := max(m.from, part.from), m.to
		if k+1 < len(p.parts) {
			to = min(to, p.parts[k+1].from)
		}
		if from >= to {
			continue
		}
		piece := mark{from: part.at + from - part.from, to: part.at + to - part.from, base: m.base}
		if to-from == m.to-m.from {
			piece.enc, piece.given = m.enc, m.given
		}
		r.parts = append(r.parts, piece)
	}
}
