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
	if s.link != nil && !s.drained() {
		return s.connectedAlready()
	}
	s.closeLink()
	s.stopListening()
	l, err := wire.Listen(ctx, cmp.Or(o.Network, "tcp"), o.Address)
	if err != nil {
		return &Failure{Status: StatusOf(err), Err: err}
	}
	l.TLS = o.TLS
	s.listener, s.listens = l, &o
	s.view.Info(SayListening(l) + "; waiting for a connection")
	return s.accept(ctx)
}

// accept takes the next connection of the listener.
func (s *Session) accept(ctx context.Context) error {
	l, o := s.listener, s.listens
	service := wire.Service{}
	if _, port, err := net.SplitHostPort(l.Addr().String()); err == nil {
		service = wire.ServiceAt(l.Addr().Network(), port)
	}
	if l.Proto = spokenAs(wire.Target{Network: l.Addr().Network()}, s.opts.Proto).Proto; l.Proto != "" {
		service = wire.ServiceAt("tcp", l.Proto)
	}
	s.mu.Lock()
	s.target = wire.Target{}
	s.mu.Unlock()
	actx, stop := s.interruptible(ctx)
	conn, err := l.Accept(actx, s.tap)
	interrupted := actx.Err() != nil
	stop()
	if err != nil && interrupted {
		s.stopListening()
		return s.stoppedListening(ctx)
	}
	if !o.Keep {
		l.Close()
		s.listener = nil
		o.Address = l.Addr().String() // a port that was free stays the same
	}
	if err != nil {
		return &Failure{Status: StatusOf(err), Err: err}
	}
	t := wire.Target{Network: o.Network, Host: "client", Proto: service.Proto}
	if ap, err := netip.ParseAddrPort(conn.Facts().Remote); err == nil {
		t.Host, t.Port = ap.Addr().String(), ap.Port()
	}
	s.mu.Lock()
	s.target = t
	s.g.host, s.g.proto = t.Address(), cmp.Or(t.Proto, o.Network)
	switch {
	case conn.TLS() == nil:
	case t.Proto == "":
		s.g.proto = "tls"
	default:
		s.g.proto = t.Proto + "+tls"
	}
	s.enter(t)
	s.g.block = false // what is typed is replies
	s.mu.Unlock()
	s.tellMode()
	s.mu.Lock()
	s.link = newLink(conn)
	s.mu.Unlock()
	s.owed = false
	if s.opts.Interactive || service.Greets {
		return nil
	}
	return s.awaitRequest(ctx)
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
func (s *Session) awaitRequest(ctx context.Context) error {
	w := waiting{limit: s.timeout, silence: true, met: func() bool {
		st := s.stream.State(s.peer.conn)
		return s.peer.ended || st.Due > 0 || !st.Framed && s.peer.gotN > 0 && st.Partial[0] == nil
	}}
	switch s.wait(ctx, w) {
	case waitTimeout:
		return failure(StatusTimeout, "no complete request after %s (.timeout sets how long)", s.ranOut)
	case waitClosed:
		return failure(StatusProtocol, "the connection ended before a request")
	case waitInterrupted:
		return s.stopped(ctx)
	}
	return nil
}

// accepted reports whether the current connection is one that came to us.
func (s *Session) accepted() bool { return s.listens != nil && s.link != nil }

// stopListening closes the listener that is kept, if there is one.
func (s *Session) stopListening() {
	if s.listener != nil {
		s.listener.Close()
	}
	s.listener, s.listens = nil, nil
}

// listenWord is the word listen.
func (s *Session) listenWord(ctx context.Context, args string) error {
	words, err := splitArgs(args)
	if err != nil {
		return failure(StatusUsage, "listen: %w", err)
	}
	o, err := ParseListen(words)
	if err != nil {
		return err
	}
	return s.Listen(ctx, o)
}

// reaccept is .reconnect where connections came to us.
func (s *Session) reaccept(ctx context.Context) error {
	s.closeLink()
	if s.listener == nil {
		l, err := wire.Listen(ctx, cmp.Or(s.listens.Network, "tcp"), s.listens.Address)
		if err != nil {
			return &Failure{Status: StatusOf(err), Err: err}
		}
		l.TLS = s.listens.TLS
		s.listener = l
	}
	s.view.Info(SayListening(s.listener) + "; waiting for the next connection")
	return s.accept(ctx)
}

// dir returns the direction in which the peer speaks. s.mu is held.
func (p *peer) dir() wire.Dir {
	if p.facts != nil && p.facts.Role == wire.Accepted {
		return wire.ClientToServer
	}
	return wire.ServerToClient
}
