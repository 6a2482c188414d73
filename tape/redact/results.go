package redact

// results are what was decided on of a stream. Indexes are of the octets that are
// looked at: those that are held, and those that follow them.
type results struct {
	needles []needle // the given values

	marks   []mark  // in order, as all of these
	found   []mark  // given values
	inline  []mark  // what is secret within a line
	parts   []mark  // of a text that stands in parts
	patches []patch // where no span can stand
	sought  int     // where the search for given values goes on

	merged, spare []mark
	alone         []mark // what is secret within a value of HTTP/2
	ahead         []int  // by needle: where it stands next
}

// A mark is a secret.
type mark struct {
	from, to int
	base     string // what to name it after
	enc      string
	given    bool // base is the name

	// In a header block of HTTP/2, where no span can stand.
	bare  bool   // its octets are overwritten with the sample
	at    []int  // which those are, if a frame's header is between them
	value []byte // what it says, where they are coded and overwritten already
}

// A patch is a range that is overwritten with one octet, where no span can stand.
type patch struct {
	from, to int
	with     byte
	base     string // to be counted as, "" for not
}

// find has the readers of s go over b, of which they have seen the beginning, and
// returns how much of it is decided: all when final.
func (r *results) find(s *stream, b []byte, seen int, final bool) int {
	n := len(b)
	if len(r.needles) > 0 {
		n = r.search(b, final)
	}
	return r.uncut(min(n, s.scan(r, b, seen, final)))
}

// any reports whether there is anything to be masked.
func (r *results) any() bool {
	return len(r.marks)+len(r.found)+len(r.inline)+len(r.parts)+len(r.patches) > 0
}

// merge returns what is secret in the first n octets, in order and each octet once.
// It is valid until the next call.
func (r *results) merge(n int) []mark {
	r.spare = overlay(r.spare[:0], r.marks, r.found, n)
	r.merged = overlay(r.merged[:0], r.spare, r.inline, n)
	if len(r.parts) > 0 {
		r.spare = overlay(r.spare[:0], r.parts, r.merged, n)
		return r.spare
	}
	return r.merged
}

// uncut returns n, or less if a mark would be cut in two there.
func (r *results) uncut(n int) int {
	for before := -1; before != n; {
		before = n
		for _, list := range [][]mark{r.parts, r.marks, r.found, r.inline} {
			for i := len(list) - 1; i >= 0 && list[i].to > n; i-- {
				n = min(n, list[i].from)
			}
		}
	}
	return n
}

// drop takes n octets for gone that were decided.
func (r *results) drop(n int) {
	r.sought = max(0, r.sought-n)
	if !r.any() {
		return
	}
	for _, list := range []*[]mark{&r.parts, &r.marks, &r.found, &r.inline} {
		left := (*list)[:0]
		for _, m := range *list {
			if m.from < n {
				continue
			}
			m.from, m.to = m.from-n, m.to-n
			for k := range m.at {
				m.at[k] -= n
			}
			left = append(left, m)
		}
		clear((*list)[len(left):])
		*list = left
	}
	left := r.patches[:0]
	for _, p := range r.patches {
		if p.to > n {
			left = append(left, patch{max(0, p.from-n), p.to - n, p.with, p.base})
		}
	}
	r.patches = left
}

// overwrite has c stand at index i, in place of what is counted as base.
func (r *results) overwrite(i int, c byte, base string) {
	if n := len(r.patches) - 1; n >= 0 && r.patches[n].to == i && r.patches[n].with == c && r.patches[n].base == base {
		r.patches[n].to++
		return
	}
	r.patches = append(r.patches, patch{i, i + 1, c, base})
}

// blot overwrites a range that may have secrets anywhere.
func (r *results) blot(from, to int) {
	for i := from; i < to; i++ {
		r.overwrite(i, blot, "FIELD")
	}
}
