package replay

import (
	"context"
	"sync"
)

// A board tells each connection of a replay how far the others are. A nil board
// is that of a connection alone.
type board struct {
	mu   sync.Mutex
	cond sync.Cond
	// guarded by mu:
	items []int // of the peer, taken, by connection
	over  []bool
	stop  error
}

func newBoard(n int) *board {
	b := &board{items: make([]int, n), over: make([]bool, n)}
	b.cond.L = &b.mu
	return b
}

// done says how many items of the peer were taken on a connection.
func (b *board) done(conn, n int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items[conn] = n
	b.cond.Broadcast()
}

// finish says that a connection is over: nobody has to wait for it.
func (b *board) finish(conn int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over[conn] = true
	b.cond.Broadcast()
}

// wait waits until the others are as far as needs say.
func (b *board) wait(ctx context.Context, needs []need) error {
	if b == nil || len(needs) == 0 {
		return ctx.Err()
	}
	stop := context.AfterFunc(ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.stop = ctx.Err()
		b.cond.Broadcast()
	})
	defer stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range needs {
		for b.items[n.conv] < n.n && !b.over[n.conv] {
			if b.stop != nil {
				return b.stop
			}
			b.cond.Wait()
		}
	}
	return nil
}
