package redact

import "bytes"

// overlay appends the marks of over, and those of under where there is none of
// them, as far as they begin in the first n octets.
func overlay(all, over, under []mark, n int) []mark {
	for _, u := range under {
		if u.from >= n {
			break
		}
		for len(over) > 0 && over[0].to <= u.from {
			all, over = append(all, over[0]), over[1:]
		}
		for len(over) > 0 && over[0].from < u.to {
			u.given = false
			if o := over[0]; u.from < o.from {
				all = append(all, mark{from: u.from, to: o.from, base: u.base, enc: u.enc})
			}
			u.from = over[0].to
			if u.from >= u.to {
				break
			}
			all, over = append(all, over[0]), over[1:]
		}
		if u.from < u.to {
			all = append(all, u)
		}
	}
	for _, o := range over {
		if o.from >= n {
			break
		}
		all = append(all, o)
	}
	return all
}

// search notes in r.found where given values stand in b, the longest of those
// that begin first, and returns how much of b is decided: what follows may begin
// one.
func (r *results) search(b []byte, final bool) int {
	i := r.sought
	r.ahead = r.ahead[:0]
	for range r.needles {
		r.ahead = append(r.ahead, -1)
	}
	open, of := r.opens(b, i)
	for {
		best, at := -1, len(b)
		for k, n := range r.needles {
			// Each looks for its next place only when it is past the last.
			if r.ahead[k] < i {
				r.ahead[k] = len(b)
				if j := bytes.Index(b[i:], n.b); j >= 0 {
					r.ahead[k] = i + j
				}
			}
			if r.ahead[k] < at {
				best, at = k, r.ahead[k]
			}
		}
		if !final && open <= at {
			r.sought = open
			return open
		}
		if best < 0 {
			break
		}
		n := r.needles[best]
		r.found = append(r.found, mark{from: at, to: at + len(n.b), base: n.id, enc: n.enc, given: n.own})
		if i = at + len(n.b); open < i {
			open, of = r.opens(b, i)
		}
	}
	if len(b)-open >= minValue {
		r.found = append(r.found, mark{from: open, to: len(b), base: of.id, enc: of.enc})
	}
	r.sought = len(b)
	return len(b)
}

// opens returns the first place from i on where b ends with the beginning of a
// given value, and of which: the end of b for none.
func (r *results) opens(b []byte, i int) (at int, of needle) {
	most := 0
	for _, n := range r.needles {
		if k := n.begins(b[i:]); k > most {
			most, of = k, n
		}
	}
	return len(b) - most, of
}
