package replay

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"wiretape/tape"
	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/proto/prototest"
)

// taped returns a conversation as a tape, read again.
func taped(t testing.TB, name string, events []wire.Event) *match.Tape {
	t.Helper()
	var buf bytes.Buffer
	w := tape.NewWriter(&buf, tape.Options{})
	for _, e := range events {
		w.Event(e)
	}
	last := events[len(events)-1]
	w.Event(wire.Event{Conn: 1, At: last.At, Kind: wire.KindClose})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	tp, err := match.Load(&buf, name)
	if err != nil {
		t.Fatal(err)
	}
	return tp
}

// The round-trip law: what was recorded, served and replayed against that server,
// differs in nothing.
func TestRoundTripOfCaptures(t *testing.T) {
	all := append(prototest.Captures(t), prototest.Datagrams(t)...)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		whole = map[string]int{}
		marks = map[string]int{}
		slots = make(chan struct{}, 16)
	)
	for _, c := range all {
		if c.Gap {
			continue
		}
		whole[c.Proto]++
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if found := roundTrip(t, c); found != "" {
				t.Errorf("%s, %s: %s", c.Proto, c, found)
				return
			}
			mu.Lock()
			marks[c.Proto]++
			mu.Unlock()
		})
	}
	wg.Wait()
	of, held := 0, 0
	for name, n := range whole {
		of, held = of+n, held+marks[name]
		if marks[name] < n {
			t.Logf("%s: %d of %d", name, marks[name], n)
		}
	}
	t.Logf("%d of %d captures", held, of)
}

// roundTrip returns what differs, "" for nothing.
func roundTrip(t testing.TB, c prototest.Capture) string {
	tp := taped(t, "x.tape", c.Events)
	network := tp.Convs[0].Facts.Network
	srv := startOn(t, t.Context(), network, Server{}, tp, nil)
	cl := Client{Silence: 20 * time.Second}
	got, err := cl.Run(t.Context(), tp, To(wire.Dialer{}, srv.target))
	if err != nil {
		return err.Error()
	}
	found := lines(got.Mismatches)
	if got.Received.Done != got.Received.All {
		found += fmt.Sprintf("the client received %v\n", got.Received)
	}
	select {
	case <-srv.done:
	case <-time.After(20 * time.Second):
		return "serving does not end"
	}
	side := srv.wait(t)
	if !side.OK() {
		found += "server: " + lines(side.Mismatches)
	}
	return found
}
