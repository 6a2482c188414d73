package detect

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"wiretape/wire"
)

// cpu returns the processor time that this thread has taken, which other work on
// the machine does not change.
func cpu(t *testing.T) time.Duration {
	const thread = 1 // RUSAGE_THREAD of getrusage(2)
	var u syscall.Rusage
	if err := syscall.Getrusage(thread, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// octetByOctet returns the time that a parser takes for size octets of what is
// endless, which come one at a time.
func octetByOctet(t *testing.T, name string, size int, client, server, repeat string) time.Duration {
	s := New(Options{Proto: name})
	octets := []byte(server + strings.Repeat(repeat, size/len(repeat)+1))[:size]
	s.Feed(wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ClientToServer, Data: []byte(client)})
	e := wire.Event{Conn: 1, Kind: wire.KindData, Dir: wire.ServerToClient}
	before := cpu(t)
	for i := range octets {
		e.Data = octets[i : i+1]
		s.Feed(e)
		s.State(1)
	}
	return cpu(t) - before
}

// TestTimeIsLinear: ten times as many octets, one at a time, take ten times as
// long and not a hundred times. What is between is left to the collector.
func TestTimeIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("long: run without -short")
	}
	if testing.Short() {
		t.Skip("takes some seconds: run without -short")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const few, many, most = 5_000, 50_000, 30
	for _, name := range Protos() {
		for _, e := range endless {
			var short, long time.Duration
			for try := range 3 {
				short = octetByOctet(t, name, few, e.client, e.server, e.repeat)
				long = octetByOctet(t, name, many, e.client, e.server, e.repeat)
				if long <= most*short || long < 20*time.Millisecond {
					break
				}
				if try == 2 {
					t.Errorf("%s, %s: %d octets take %v, %d take %v", name, e.name, few, short, many, long)
				}
			}
		}
	}
}
