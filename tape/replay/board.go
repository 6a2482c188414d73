package replay

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
)

// A board tells the connections of a client how far they are together: up to
// which place of the tape all that came from the peer has come again. A nil board
// is that of a connection alone.
type board struct {
	mu sync.Mutex
	// guarded by mu:
	marks  []mark // by place
	next   int    // of marks, the first that was not passed
	counts []int  // of the peer's items, taken, by connection
	waits  []hold // by place
}

// A mark is the place at which an item of the peer was complete.
type mark struct {
	end, conn int
	item      int // its number on the connection, from 0
}

// A hold is somebody who waits for a place.
type hold struct {
	place int
	ready chan struct{}
}

func newBoard(scripts []*script) *board {
	b := &board{counts: make([]int, len(scripts))}
	for conn, s := range scripts {
		end := math.MaxInt
		for i := len(s.peer) - 1; i >= 0; i-- {
			// Items are taken in order: what comes after one has to wait for it.
			end = min(end, s.peer[i].End)
			b.marks = append(b.marks, mark{end, conn, i})
		}
	}
	slices.SortFunc(b.marks, func(x, y mark) int { return cmp.Compare(x.end, y.end) })
	return b
}

// done says how many items of the peer were taken on a connection.
func (b *board) done(conn, n int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counts[conn] = n
	for b.next < len(b.marks) && b.marks[b.next].item < b.counts[b.marks[b.next].conn] {
		b.next++
	}
	for len(b.waits) > 0 && b.passed(b.waits[0].place) {
		close(b.waits[0].ready)
		b.waits = b.waits[1:]
	}
}

// finish says that a connection is over: nobody has to wait for it.
func (b *board) finish(conn int) { b.done(conn, math.MaxInt) }

// passed reports whether all of the peer before a place has come.
func (b *board) passed(place int) bool {
	return b.next == len(b.marks) || b.marks[b.next].end >= place
}

// wait waits until all of the peer before a place has come.
func (b *board) wait(ctx context.Context, place int) error {
	if b == nil {
		return ctx.Err()
	}
	b.mu.Lock()
	if b.passed(place) {
		b.mu.Unlock()
		return ctx.Err()
	}
	h := hold{place, make(chan struct{})}
	i, _ := slices.BinarySearchFunc(b.waits, place, func(h hold, place int) int { return cmp.Compare(h.place, place) })
	b.waits = slices.Insert(b.waits, i, h)
	b.mu.Unlock()
	select {
	case <-h.ready:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
