package detect

import "sort"

// numbering gives the exchanges of one connection their numbers over all
// connections. While no other connection is numbered in between, consecutive
// exchanges have consecutive numbers: it keeps such stretches, not exchanges.
type numbering struct {
	stretches []stretch // by exchange, ascending
	last      int       // highest exchange seen
}

// stretch: from exchange on, number = exchange + shift.
type stretch struct{ exchange, shift int }

// maxStretches bounds the memory of a connection. An exchange so old that its
// stretch was dropped has no number any more.
const maxStretches = 4096

// number returns the number of an exchange. An exchange not seen before takes
// the next after *n; those that it skips, whose Messages are still in progress
// on a multiplexed connection, have theirs reserved.
func (t *numbering) number(exchange int, n *int) int {
	if exchange > t.last {
		*n += exchange - t.last
		shift := *n - exchange
		if k := len(t.stretches); k == 0 || t.stretches[k-1].shift != shift {
			t.stretches = append(t.stretches, stretch{t.last + 1, shift})
		}
		t.last = exchange
		if len(t.stretches) > maxStretches {
			t.stretches = append(t.stretches[:0], t.stretches[maxStretches/2:]...)
		}
		return *n
	}
	i := sort.Search(len(t.stretches), func(i int) bool { return t.stretches[i].exchange > exchange })
	if i == 0 {
		return 0
	}
	return exchange + t.stretches[i-1].shift
}
