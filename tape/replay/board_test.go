package replay

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"

	"wiretape/tape/match"
)

// came returns scripts of which the peer's items were complete at these places.
func came(conns ...[]int) []*script {
	var scripts []*script
	for _, places := range conns {
		s := &script{}
		for _, end := range places {
			s.peer = append(s.peer, &match.Item{Begin: end, End: end})
		}
		scripts = append(scripts, s)
	}
	return scripts
}

func TestBoardHoldsUntilAllBeforeAPlaceCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard(came([]int{1, 5, 9}, []int{3, 7}, nil))
		at := make(map[int]bool)
		for _, place := range []int{8, 1, 4, 6, 100} {
			go func() {
				if b.wait(t.Context(), place) == nil {
					at[place] = true
				}
			}()
			synctest.Wait()
		}
		for _, step := range []struct {
			conn, n int
			want    []int
		}{
			{1, 1, []int{1}}, {0, 1, []int{1, 4}}, {0, 2, []int{1, 4, 6}}, {0, 2, []int{1, 4, 6}},
			{1, math.MaxInt, []int{1, 4, 6, 8}}, {0, 3, []int{1, 4, 6, 8, 100}},
		} {
			b.done(step.conn, step.n)
			synctest.Wait()
			if len(at) != len(step.want) {
				t.Errorf("after item %d of connection %d: %v go on, want %v", step.n, step.conn, at, step.want)
			}
		}
	})
}

func TestBoardWaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newBoard(came([]int{1})).wait(ctx, 2); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
}
