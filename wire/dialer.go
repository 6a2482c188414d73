package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Family restricts the addresses that a [Dialer] tries.
type Family uint8

const (
	AnyFamily Family = iota
	IPv4Only
	IPv6Only
)

// String returns "IP", "IPv4" or "IPv6".
func (f Family) String() string {
	switch f {
	case AnyFamily:
		return "IP"
	case IPv4Only:
		return "IPv4"
	case IPv6Only:
		return "IPv6"
	}
	return fmt.Sprintf("Family(%d)", uint8(f))
}

// fits reports whether a is of the family.
func (f Family) fits(a netip.Addr) bool {
	return f == AnyFamily || (f == IPv4Only) == a.Is4()
}

// A Dialer makes connections. The zero value works: it has no timeouts of its
// own, asks the system's resolver and verifies certificates. It may be used by
// any number of goroutines.
type Dialer struct {
	// Timeout is for each of the phases: the name, connecting, the handshake.
	// Zero means none but the system's.
	Timeout time.Duration
	// Family restricts the addresses tried.
	Family Family
	// Resolve looks a name up; nil means the system's resolver. It is not called
	// for addresses. The order that it returns is kept, but for the families,
	// which alternate.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// TLS is for targets that ask for TLS; nil means the zero value. Its Timeout
	// is the Dialer's where it has none.
	TLS *TLSOptions
}

// Dial connects to t, and shakes hands where t says TLS. Over TCP it tries the
// addresses of a name as RFC 8305 has it; each that does not answer is a KindTry
// event. A nil tap records nothing. An error is an [*OpError]; what led to it is
// recorded all the same, with a KindClose at its end.
func (d Dialer) Dial(ctx context.Context, t Target, tap *Tap) (*Conn, error) {
	c := newConn(tap)
	facts := Facts{Network: t.Network, Role: Dialed, Target: t.Address(), Start: time.Now()}
	nc, err := d.connect(ctx, t, c, &facts.Phases)
	if err != nil {
		if op := err.(*OpError); op.Phase != PhaseConnect || t.Network == "unix" {
			c.emit(Event{Kind: KindError, Text: err.Error()})
		}
		c.emit(Event{Kind: KindClose})
		return nil, err
	}
	c.open(nc, facts)
	if t.TLS {
		opts := defaultALPN(d.TLS, t)
		if opts.Timeout == 0 {
			opts.Timeout = d.Timeout
		}
		if _, err := c.startTLS(ctx, opts, false); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// connect makes the connection below TLS. Its error is an *OpError.
func (d Dialer) connect(ctx context.Context, t Target, c *Conn, phases *Phases) (net.Conn, error) {
	fail := func(p Phase, err error) (net.Conn, error) {
		target := t.Address()
		if p == PhaseName {
			target = t.Host
		}
		return nil, &OpError{Phase: p, Network: t.Network, Target: target, Role: Dialed, Err: err}
	}
	if t.Network != "unix" && t.Port == 0 {
		return fail(PhaseTarget, errors.New("no port"))
	}

	var addrs []netip.Addr
	if t.Network != "unix" {
		began := time.Now()
		var err error
		nctx, cancel := d.limit(ctx)
		addrs, err = d.lookUp(nctx, t.Host)
		cancel()
		if err != nil {
			return fail(PhaseName, err)
		}
		if _, err := netip.ParseAddr(t.Host); err != nil {
			phases.DNS = time.Since(began)
		}
	}

	began := time.Now()
	cctx, cancel := d.limit(ctx)
	defer cancel()
	dial := new(net.Dialer).DialContext
	var nc net.Conn
	var err error
	switch t.Network {
	case "unix":
		nc, err = dial(cctx, "unix", t.Host)
	case "udp":
		// Nothing is sent: connecting says only whether there is a route.
		nc, err = raceAddrs(cctx, dial, "udp", addrs, t.Port, c)
	case "tcp":
		nc, err = raceAddrs(cctx, dial, "tcp", addrs, t.Port, c)
	default:
		return fail(PhaseTarget, fmt.Errorf("network %q: want tcp, udp or unix", t.Network))
	}
	if err != nil {
		return fail(PhaseConnect, err)
	}
	phases.Connect = time.Since(began)
	return nc, nil
}

// limit returns ctx with the Dialer's timeout.
func (d Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.Timeout)
}

// lookUp returns the addresses of a host that the Dialer may try.
func (d Dialer) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a}
	} else {
		resolve := d.Resolve
		if resolve == nil {
			resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
				return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
			}
		}
		if addrs, err = resolve(ctx, host); err != nil {
			return nil, err
		}
	}
	var fit []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); d.Family.fits(a) {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("no %s address", d.Family)
	}
	return fit, nil
}
