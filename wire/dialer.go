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
	// Local is where connections begin: an address restricts what is tried to its
	// family, and port 0 is any that is free. A port of our own is used by one
	// attempt at a time. It does not count for Unix sockets.
	Local netip.AddrPort
	// Routes lead a host and port to another, before a name is looked up; the
	// first that fits counts. SNI and the certificate stay those of the target.
	Routes []Route
	// Pins are addresses about which no resolver is asked. The last that fits
	// counts, and one for every host only where none names it.
	Pins []Pin
	// Proxy leads TCP through a proxy; nil means there is none. What is said to
	// it is not recorded, but that it was there: Facts.Via.
	Proxy *Proxy
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
	facts := t.Facts()
	facts.Start = time.Now()
	nc, err := d.connect(ctx, t, c, &facts)
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
func (d Dialer) connect(ctx context.Context, t Target, c *Conn, facts *Facts) (net.Conn, error) {
	fail := func(p Phase, err error) (net.Conn, error) {
		return nil, &OpError{Phase: p, Network: t.Network, Target: t.Address(), Role: Dialed, Err: err}
	}
	if t.Network != "unix" && t.Port == 0 {
		return fail(PhaseTarget, errors.New("no port"))
	}
	host, port := d.route(t.Host, t.Port)
	switch {
	case t.Network == "unix":
		began := time.Now()
		cctx, cancel := d.limit(ctx)
		defer cancel()
		nc, err := new(net.Dialer).DialContext(cctx, "unix", t.Host)
		if err != nil {
			return fail(PhaseConnect, err)
		}
		facts.Phases.Connect = time.Since(began)
		return nc, nil
	case t.Network != "tcp" && t.Network != "udp":
		return fail(PhaseTarget, fmt.Errorf("network %q: want tcp, udp or unix", t.Network))
	case d.Proxy != nil && t.Network != "tcp":
		return fail(PhaseTarget, fmt.Errorf("%s does not go through a proxy", t.Network))
	case d.Proxy != nil:
		return d.connectVia(ctx, t, host, port, c, facts)
	}
	// Of UDP nothing is sent: connecting says only whether there is a route.
	nc, phase, err := d.connectTo(ctx, t.Network, host, port, c, facts)
	if phase == PhaseName {
		return nil, &OpError{Phase: phase, Network: t.Network, Target: host, Role: Dialed, Err: err}
	}
	if err != nil {
		return fail(phase, err)
	}
	return nc, nil
}

// connectTo looks a host up and connects to it. Its error is of the phase that
// it returns.
func (d Dialer) connectTo(ctx context.Context, network, host string, port uint16, c *Conn, facts *Facts) (net.Conn, Phase, error) {
	addrs, err := d.lookUp(ctx, host, port, facts)
	if err != nil {
		return nil, PhaseName, err
	}
	began := time.Now()
	cctx, cancel := d.limit(ctx)
	defer cancel()
	nc, err := d.race(cctx, network, addrs, port, c)
	if err != nil {
		return nil, PhaseConnect, err
	}
	facts.Phases.Connect = time.Since(began)
	return nc, 0, nil
}

// race is raceAddrs from the Dialer's own address.
func (d Dialer) race(ctx context.Context, network string, addrs []netip.Addr, port uint16, c *Conn) (net.Conn, error) {
	var nd net.Dialer
	apart := stagger
	if d.Local != (netip.AddrPort{}) {
		var ip net.IP
		if d.Local.Addr().IsValid() {
			ip = d.Local.Addr().AsSlice()
		}
		if network == "udp" {
			nd.LocalAddr = &net.UDPAddr{IP: ip, Port: int(d.Local.Port()), Zone: d.Local.Addr().Zone()}
		} else {
			nd.LocalAddr = &net.TCPAddr{IP: ip, Port: int(d.Local.Port()), Zone: d.Local.Addr().Zone()}
		}
		if d.Local.Port() != 0 {
			apart = oneAtATime
		}
	}
	return raceAddrs(ctx, nd.DialContext, network, addrs, port, apart, c)
}

// limit returns ctx with the Dialer's timeout.
func (d Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if d.Timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.Timeout)
}

// lookUp returns the addresses of a host that the Dialer may try, and notes how
// long it took to ask for them.
func (d Dialer) lookUp(ctx context.Context, host string, port uint16, facts *Facts) ([]netip.Addr, error) {
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{a}
	}
	if pinned := d.pinned(host, port); pinned != nil {
		addrs = pinned
	}
	if addrs == nil {
		resolve := d.Resolve
		if resolve == nil {
			resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
				return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
			}
		}
		began := time.Now()
		ctx, cancel := d.limit(ctx)
		defer cancel()
		var err error
		if addrs, err = resolve(ctx, host); err != nil {
			return nil, err
		}
		facts.Phases.DNS += time.Since(began)
	}
	var fit []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); d.family().fits(a) {
			fit = append(fit, a)
		}
	}
	if len(fit) == 0 {
		return nil, fmt.Errorf("no %s address", d.family())
	}
	return fit, nil
}

// family returns what may be tried, from our own address where there is one.
func (d Dialer) family() Family {
	switch local := d.Local.Addr(); {
	case d.Family != AnyFamily || !local.IsValid() || local.IsUnspecified():
		return d.Family
	case local.Unmap().Is4():
		return IPv4Only
	}
	return IPv6Only
}
