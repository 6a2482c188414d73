package wire

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"
)

// stagger is RFC 8305's Connection Attempt Delay: section 8 recommends 250 ms.
const stagger = 250 * time.Millisecond

// oneAtATime in place of the stagger has an attempt wait for the end of the one
// before it: a port of our own serves one.
const oneAtATime = 1<<63 - 1

// A dialFunc connects to one address, as [net.Dialer.DialContext] does.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// raceAddrs connects to the first of addrs that answers. The next attempt begins
// when the one before it has failed or is apart old; c gets a KindTry for
// each that failed. No attempt outlives the call.
func raceAddrs(ctx context.Context, dial dialFunc, network string, addrs []netip.Addr, port uint16, apart time.Duration, c *Conn) (net.Conn, error) {
	type result struct {
		addr netip.AddrPort
		nc   net.Conn
		err  error
	}
	addrs = interleave(addrs)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result, len(addrs))
	timer := time.NewTimer(0)
	defer timer.Stop()

	var won net.Conn
	var failed connectError
	next, pending := 0, 0
	for won == nil && (next < len(addrs) || pending > 0) {
		select {
		case <-timer.C:
			if next == len(addrs) {
				break
			}
			addr := netip.AddrPortFrom(addrs[next], port)
			next++
			pending++
			go func() {
				nc, err := dial(ctx, network, addr.String())
				results <- result{addr, nc, err}
			}()
			timer.Reset(apart)
		case r := <-results:
			pending--
			if r.err == nil {
				won = r.nc
				break
			}
			c.emit(Event{Kind: KindTry, Addr: r.addr.String(), Text: reason(r.err)})
			failed = append(failed, attempt{r.addr.String(), r.err})
			if ctx.Err() != nil {
				next = len(addrs)
			} else if next < len(addrs) {
				timer.Reset(0)
			}
		}
	}
	cancel()
	for ; pending > 0; pending-- {
		if r := <-results; r.nc != nil {
			r.nc.Close()
		}
	}
	if won == nil {
		return nil, failed
	}
	return won, nil
}

// interleave orders addresses by RFC 8305, section 4: families alternate, that
// of the first address first, each in its order.
func interleave(addrs []netip.Addr) []netip.Addr {
	if len(addrs) == 0 {
		return nil
	}
	var first, second []netip.Addr
	for _, a := range addrs {
		if a.Is4() == addrs[0].Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	var out []netip.Addr
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			out = append(out, first[i])
		}
		if i < len(second) {
			out = append(out, second[i])
		}
	}
	return out
}

// An attempt is one address that did not answer.
type attempt struct {
	addr string
	err  error
}

// A connectError is what all addresses of a name came to.
type connectError []attempt

// Error gives each reason with its address, or the one that all have.
func (e connectError) Error() string {
	if len(e) == 0 {
		return "no address was tried"
	}
	same := true
	var parts []string
	for _, a := range e {
		same = same && reason(a.err) == reason(e[0].err)
		parts = append(parts, a.addr+": "+reason(a.err))
	}
	if len(e) == 1 {
		return reason(e[0].err)
	}
	if same {
		var addrs []string
		for _, a := range e {
			addrs = append(addrs, a.addr)
		}
		return reason(e[0].err) + " (" + strings.Join(addrs, ", ") + ")"
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns the reasons.
func (e connectError) Unwrap() []error {
	var errs []error
	for _, a := range e {
		errs = append(errs, a.err)
	}
	return errs
}
