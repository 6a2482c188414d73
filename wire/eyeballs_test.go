package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// answer is what a fake address does: it answers or fails after a time, or is
// silent until nobody waits any more.
type answer struct {
	after  time.Duration
	err    error
	silent bool
}

func TestSilentAddressIsOvertaken(t *testing.T) {
	silent := answer{silent: true}
	refused := answer{err: syscall.ECONNREFUSED}
	tests := []struct {
		name    string
		answers []answer
		won     int           // which answers the race, -1 for none
		took    time.Duration // of a race whose context ends after 10 s
		story   string
	}{
		{"the first is silent", []answer{silent, {}}, 1, stagger, ""},
		{"two are silent", []answer{silent, silent, {}}, 2, 2 * stagger, ""},
		{"the first is slower than the second", []answer{{after: 400 * time.Millisecond}, {after: 100 * time.Millisecond}}, 1, 350 * time.Millisecond, ""},
		{"the first is slow and faster", []answer{{after: 300 * time.Millisecond}, {after: 100 * time.Millisecond}}, 0, 300 * time.Millisecond, ""},
		{"a refusal does not wait", []answer{refused, {}}, 1, 0, "try"},
		{"a refusal after a silent one", []answer{silent, refused, {}}, 2, stagger, "try"},
		{"all are silent", []answer{silent, silent}, -1, 10 * time.Second, "try\ntry"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				peers := make([]net.Conn, len(tt.answers))
				dial := func(ctx context.Context, _, address string) (net.Conn, error) {
					i := int(netip.MustParseAddrPort(address).Addr().As4()[3])
					a := tt.answers[i]
					var answered <-chan time.Time
					if !a.silent {
						answered = time.After(a.after)
					}
					select {
					case <-ctx.Done():
						return nil, ctx.Err()
					case <-answered:
					}
					if a.err != nil {
						return nil, a.err
					}
					var ours net.Conn
					ours, peers[i] = net.Pipe()
					return ours, nil
				}
				var addrs []netip.Addr
				for i := range tt.answers {
					addrs = append(addrs, netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}))
				}
				rec := &recorder{}
				began := time.Now()
				nc, err := raceAddrs(ctx, dial, "tcp", addrs, 80, stagger, newConn(NewTap(rec.sink)))
				if took := time.Since(began); took != tt.took {
					t.Errorf("it took %v, want %v", took, tt.took)
				}
				rec.wantStory(t, tt.story)
				if tt.won < 0 {
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				nc.Close()
				if peers[tt.won] == nil {
					t.Errorf("address %d was not connected to", tt.won)
				}
			})
		})
	}
}
