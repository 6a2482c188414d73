package redact

import "bytes"

// overlay adds what was found in the first n bytes to the marks, but for where a
// mark is already. Of given values, what is beyond is remembered.
func (r *Redactor) overlay(s *stream, found []mark, n int) {
	var all []mark
	marks := r.marks
	for _, f := range found {
		if f.from >= n {
			break
		}
		if f.to > n {
			s.carry = mark{to: f.to - n, base: f.base, enc: f.enc}
			f.to, f.given = n, false
		}
		for len(marks) > 0 && marks[0].to <= f.from {
			all, marks = append(all, marks[0]), marks[1:]
		}
		for len(marks) > 0 && marks[0].from < f.to {
			f.given = false
			if m := marks[0]; f.from < m.from {
				all = append(all, mark{f.from, m.from, f.base, f.enc, false})
			}
			f.from = marks[0].to
			if f.from >= f.to {
				break
			}
			all, marks = append(all, marks[0]), marks[1:]
		}
		if f.from < f.to {
			all = append(all, f)
		}
	}
	r.marks = append(all, marks...)
}

// search notes in r.found where given values stand in b, and returns how much of
// b is decided: what follows may begin one.
func (r *Redactor) search(s *stream, b []byte, final bool) int {
	i := 0
	if s.carry.to > 0 {
		i = min(s.carry.to, len(b))
		r.found = append(r.found, s.carry)
	}
	r.ahead = r.ahead[:0]
	for range r.needles {
		r.ahead = append(r.ahead, -1)
	}
	for i < len(b) {
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
		if best < 0 {
			break
		}
		n := r.needles[best]
		r.found = append(r.found, mark{at, at + len(n.b), n.id, n.enc, n.own})
		i = at + len(n.b)
	}
	held, of := 0, needle{}
	for _, n := range r.needles {
		if k := n.begins(b[i:]); k > held {
			held, of = k, n
		}
	}
	if !final {
		return len(b) - held
	}
	if held >= minValue {
		r.found = append(r.found, mark{len(b) - held, len(b), of.id, of.enc, false})
	}
	return len(b)
}
