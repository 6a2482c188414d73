package http2

// A ring holds how the last streams came to their end.
type ring struct {
	order []uint32 // ids, oldest at next once it is full
	next  int
	by    map[uint32]ended
}

// ended is a stream that was closed.
type ended struct {
	id    uint32
	ended [2]bool
	reset [2]bool
}

// maxClosed is how many streams a ring holds.
const maxClosed = 1024

func (r *ring) add(e ended) {
	if r.by == nil {
		r.by = map[uint32]ended{}
	}
	if _, ok := r.by[e.id]; !ok {
		if len(r.order) < maxClosed {
			r.order = append(r.order, e.id)
		} else {
			delete(r.by, r.order[r.next])
			r.order[r.next] = e.id
			r.next = (r.next + 1) % maxClosed
		}
	}
	r.by[e.id] = e
}

func (r *ring) find(id uint32) (ended, bool) {
	e, ok := r.by[id]
	return e, ok
}
