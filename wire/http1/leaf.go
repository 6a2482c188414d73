package http1

import "wiretape/wire/proto"

// leaf adds a leaf that ends at the offset to.
func (s *side) leaf(name proto.LeafName, to int64) {
	s.leaves.add(proto.Leaf{Span: proto.Span{From: s.tiled, To: to}, Name: name})
	s.tiled = to
}

// grow is leaf, but goes on with the last leaf if it has that name.
func (s *side) grow(name proto.LeafName, to int64) {
	if n := len(s.leaves); n > 0 && s.leaves[n-1].Name == name {
		s.leaves[n-1].To = to
		s.tiled = to
		return
	}
	s.leaf(name, to)
}

// A slab is a list in progress at the front of memory that is for the lists of
// several messages: one allocation serves those. T has no pointers, so that a list
// that is kept keeps nothing but its neighbours.
type slab[T any] []T

// slabSize is how many elements a slab has room for, unless one list is longer.
const slabSize = 170 // 4 KiB of leaves

// add appends to the list in progress.
func (s *slab[T]) add(x T) {
	if len(*s) == cap(*s) {
		s.grow()
	}
	*s = append(*s, x)
}

func (s *slab[T]) grow() {
	more := make([]T, len(*s), max(2*len(*s), slabSize))
	copy(more, *s)
	*s = more
}

// take ends the list in progress and returns it, nil for an empty one.
func (s *slab[T]) take() []T {
	n := len(*s)
	if n == 0 {
		return nil
	}
	list := (*s)[:n:n]
	*s = (*s)[n:]
	return list
}

// drop forgets the list in progress.
func (s *slab[T]) drop() { *s = (*s)[:0] }
