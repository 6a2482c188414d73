package analyze

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// resolutionDelay is how long the addresses of one family wait for those of the
// other: RFC 8305, section 3.
const resolutionDelay = 50 * time.Millisecond

// A lookup asks the system's resolver once for each name, for both families at a
// time: where questions for one of them go unanswered, the other serves.
type lookup struct {
	ask   func(ctx context.Context, network, host string) ([]netip.Addr, error)
	whole func(ctx context.Context, host string) ([]netip.Addr, error) // who is asked instead, for both families; nil for nobody

	mu   sync.Mutex
	done map[string]*answer
}

// An answer is there when ready is closed.
type answer struct {
	ready chan struct{}
	addrs []netip.Addr
	err   error
}

func newLookup() *lookup {
	return &lookup{ask: net.DefaultResolver.LookupNetIP, done: make(map[string]*answer)}
}

// resolve is a [wire.Dialer]'s Resolve. Each question that is under way is waited
// for as long as the first who asked it would.
func (l *lookup) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	l.mu.Lock()
	a := l.done[host]
	if a == nil {
		a = &answer{ready: make(chan struct{})}
		l.done[host] = a
		go func() {
			a.addrs, a.err = l.both(ctx, host)
			if ctx.Err() != nil && a.err != nil {
				// Who asked first gave up; that is no answer for the others.
				l.mu.Lock()
				delete(l.done, host)
				l.mu.Unlock()
			}
			close(a.ready)
		}()
	}
	l.mu.Unlock()
	select {
	case <-a.ready:
		return a.addrs, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// both asks for both families.
func (l *lookup) both(ctx context.Context, host string) ([]netip.Addr, error) {
	if l.whole != nil {
		return l.whole(ctx, host)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type part struct {
		six   bool
		addrs []netip.Addr
		err   error
	}
	parts := make(chan part, 2)
	for _, network := range []string{"ip6", "ip4"} {
		go func() {
			addrs, err := l.ask(ctx, network, host)
			parts <- part{network == "ip6", addrs, err}
		}()
	}
	var four, six []netip.Addr
	var fault error
	var delay <-chan time.Time
	for range 2 {
		select {
		case p := <-parts:
			switch {
			case p.err != nil:
				if fault == nil {
					fault = p.err
				}
			case p.six:
				six = p.addrs
			default:
				four = p.addrs
			}
			if len(four)+len(six) > 0 && delay == nil {
				t := time.NewTimer(resolutionDelay)
				defer t.Stop()
				delay = t.C
			}
			continue
		case <-delay:
		}
		break
	}
	if len(four)+len(six) == 0 {
		return nil, fault
	}
	return append(six, four...), nil
}

// families reports which families a name was found to have.
func (l *lookup) families(host string) (four, six bool) {
	l.mu.Lock()
	a := l.done[host]
	l.mu.Unlock()
	if a == nil {
		return false, false
	}
	select {
	case <-a.ready:
	default:
		return false, false
	}
	for _, ip := range a.addrs {
		four, six = four || ip.Unmap().Is4(), six || !ip.Unmap().Is4()
	}
	return four, six
}
