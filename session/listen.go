package session

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"wiretape/wire"
)

// A ListenOptions says where a session waits for a connection.
type ListenOptions struct {
	Network string // "tcp", "udp" or "unix"; "" is "tcp"
	Address string // as [wire.Listen] takes it
	// TLS has every connection begin with a handshake; nil for none.
	TLS *wire.TLSOptions
	// Keep goes on listening, so that who comes while a connection stands waits
	// for .reconnect.
	Keep bool
}

// ParseListen reads the arguments of listen: [ADDRESS:]PORT, ADDRESS PORT,
// udp:[ADDRESS:]PORT or unix:PATH. Its error is a *Failure of StatusUsage.
func ParseListen(args []string) (ListenOptions, error) {
	if len(args) < 1 || len(args) > 2 {
		return ListenOptions{}, usage("listen", strings.Join(args, " "))
	}
	o := ListenOptions{Network: "tcp", Address: args[0]}
	for _, network := range []string{"udp", "unix", "tcp"} {
		if rest, ok := strings.CutPrefix(o.Address, network+":"); ok {
			o.Network, o.Address = network, strings.TrimPrefix(rest, "//")
			break
		}
	}
	if len(args) == 2 {
		if o.Network == "unix" {
			return ListenOptions{}, usage("listen", strings.Join(args, " "))
		}
		o.Address = net.JoinHostPort(strings.Trim(o.Address, "[]"), args[1])
	}
	if o.Address == "" {
		return ListenOptions{}, usage("listen", strings.Join(args, " "))
	}
	return o, nil
}

// SayListening says what is listened on and, where it is this machine alone, how
// to widen it.
func SayListening(l *wire.Listener) string {
	addr := l.Addr()
	text := "listening on " + addr.String()
	if addr.Network() != "tcp" {
		text += " (" + addr.Network() + ")"
	}
	if ap, err := netip.ParseAddrPort(addr.String()); err == nil {
		switch {
		case ap.Addr().IsLoopback():
			text += fmt.Sprintf(", this machine only; *:%d is for every interface", ap.Port())
		case ap.Addr().IsUnspecified():
			text += ", every interface"
		}
	}
	return text
}

// Listen waits for a connection, and goes on with it as Open does with its own:
// what is typed then is the server's part.
func (s *Session) Listen(ctx context.Context, o ListenOptions) error {
	return s.current.listen(ctx, o)
}

func (d *dialogue) listen(ctx context.Context, o ListenOptions) error {
	if d.link != nil && !d.drained() {
		return d.connectedAlready()
	}
	d.closeLink()
	d.stopListening()
	l, err := wire.Listen(ctx, cmp.Or(o.Network, "tcp"), o.Address)
	if err != nil {
		return &Failure{Status: StatusOf(err), Err: err}
	}
	l.TLS = o.TLS
	d.listener, d.listens = l, &o
	d.s.view.Info(SayListening(l) + "; waiting for a connection")
	return d.accept(ctx)
}

// accept takes the next connection of the listener.
func (d *dialogue) accept(ctx context.Context) error {
	l, o := d.listener, d.listens
	service := wire.Service{}
	if _, port, err := net.SplitHostPort(l.Addr().String()); err == nil {
		service = wire.ServiceAt(l.Addr().Network(), port)
	}
	if l.Proto = spokenAs(wire.Target{Network: l.Addr().Network()}, d.s.opts.Proto).Proto; l.Proto != "" {
		service = wire.ServiceAt("tcp", l.Proto)
	}
	d.s.mu.Lock()
	d.target = wire.Target{}
	d.s.mu.Unlock()
	actx, stop := d.s.interruptible(ctx)
	conn, err := l.Accept(actx, d.s.tap)
	interrupted := actx.Err() != nil
	stop()
	if err != nil && interrupted {
		d.stopListening()
		return d.s.stoppedListening(ctx)
	}
	if !o.Keep {
		l.Close()
		d.listener = nil
		o.Address = l.Addr().String() // a port that was free stays the same
	}
	if err != nil {
		return &Failure{Status: StatusOf(err), Err: err}
	}
	t := wire.Target{Network: o.Network, Host: "client", Proto: service.Proto}
	if ap, err := netip.ParseAddrPort(conn.Facts().Remote); err == nil {
		t.Host, t.Port = ap.Addr().String(), ap.Port()
	}
	d.s.mu.Lock()
	d.target = t
	d.g.host, d.g.proto = t.Address(), cmp.Or(t.Proto, o.Network)
	switch {
	case conn.TLS() == nil:
	case t.Proto == "":
		d.g.proto = "tls"
	default:
		d.g.proto = t.Proto + "+tls"
	}
	d.enter(t)
	d.g.block = false // what is typed is replies
	d.s.mu.Unlock()
	d.tellMode()
	d.s.mu.Lock()
	d.link = newLink(conn)
	d.s.mu.Unlock()
	d.owed = false
	if d.s.opts.Interactive || service.Greets {
		return nil
	}
	return d.awaitRequest(ctx)
}

// stoppedListening is ^C while nobody came.
func (s *Session) stoppedListening(ctx context.Context) error {
	if !s.opts.Interactive || ctx.Err() != nil {
		return failure(StatusInterrupted, "interrupted")
	}
	s.view.Info("stopped listening")
	return nil
}

// awaitRequest has a script wait for what the client asks: a complete request
// where the protocol tells, and otherwise anything.
func (d *dialogue) awaitRequest(ctx context.Context) error {
	w := waiting{limit: d.s.timeout, silence: true, met: func() bool {
		st := d.s.stream.State(d.peer.conn)
		return d.peer.ended || st.Due > 0 || !st.Framed && d.peer.gotN > 0 && st.Partial[0] == nil
	}}
	switch d.wait(ctx, w) {
	case waitTimeout:
		return failure(StatusTimeout, "no complete request after %s (.timeout sets how long)", d.s.ranOut)
	case waitClosed:
		return failure(StatusProtocol, "the connection ended before a request")
	case waitInterrupted:
		return d.stopped(ctx)
	}
	return nil
}

// accepted reports whether the current connection is one that came to us.
func (d *dialogue) accepted() bool { return d.listens != nil && d.link != nil }

// stopListening closes the listener that is kept, if there is one.
func (d *dialogue) stopListening() {
	if d.listener != nil {
		d.listener.Close()
	}
	d.listener, d.listens = nil, nil
}

// listenWord is the word listen.
func (d *dialogue) listenWord(ctx context.Context, args string) error {
	words, err := splitArgs(args)
	if err != nil {
		return failure(StatusUsage, "listen: %w", err)
	}
	o, err := ParseListen(words)
	if err != nil {
		return err
	}
	return d.listen(ctx, o)
}

// reaccept is .reconnect where connections came to us.
func (d *dialogue) reaccept(ctx context.Context) error {
	d.closeLink()
	if d.listener == nil {
		l, err := wire.Listen(ctx, cmp.Or(d.listens.Network, "tcp"), d.listens.Address)
		if err != nil {
			return &Failure{Status: StatusOf(err), Err: err}
		}
		l.TLS = d.listens.TLS
		d.listener = l
	}
	d.s.view.Info(SayListening(d.listener) + "; waiting for the next connection")
	return d.accept(ctx)
}

// dir returns the direction in which the peer speaks. s.mu is held.
func (p *peer) dir() wire.Dir {
	if p.facts != nil && p.facts.Role == wire.Accepted {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}
