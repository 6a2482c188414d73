package session

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/detect"
)

// A link is a connection with the goroutine that reads it.
type link struct {
	conn *wire.Conn
	done chan struct{} // closed when the goroutine has ended and conn is closed
}

// newLink starts to read conn. It is closed when the peer has ended it.
func newLink(conn *wire.Conn) *link {
	l := &link{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for {
			err := conn.Pump()
			// Of UDP an error is about one datagram, such as "port unreachable".
			if conn.Facts().Network != "udp" || err == nil || errors.Is(err, net.ErrClosed) {
				break
			}
		}
		conn.Close()
	}()
	return l
}

// linkDone returns a channel that is closed when the connection is closed and
// read to its end; nil when there is none.
func (s *Session) linkDone() <-chan struct{} {
	if s.link == nil || s.drained() {
		return nil
	}
	return s.link.done
}

// drained reports whether no event can come any more.
func (s *Session) drained() bool {
	if s.link == nil {
		return true
	}
	select {
	case <-s.link.done:
		return true
	default:
		return false
	}
}

// Open connects to t. Its path becomes a draft that a person may edit and send.
func (s *Session) Open(ctx context.Context, t wire.Target) error {
	if err := s.connect(ctx, t); err != nil {
		return err
	}
	s.mu.Lock()
	block := s.g.block
	s.mu.Unlock()
	if isWS(t) {
		if s.opts.Interactive {
			s.view.Info("the request for WebSocket is ready to be edited: Enter sends it, ^C drops it")
		}
		s.prefill(strings.Join(s.wsHandshake(t, t.Path), "\n") + "\n")
		return nil
	}
	if t.Path != "" && block {
		s.prefill("GET " + t.Path + " HTTP/1.1\nHost: " + HostField(t) + "\n")
	}
	return nil
}

// HostField returns the value of Host for a target (RFC 9110, section 7.2).
func HostField(t wire.Target) string {
	if h := promptHost(t); h != t.Host {
		return h
	}
	t.Port = 0
	return t.Address()
}

// connect is Open without a draft.
func (s *Session) connect(ctx context.Context, t wire.Target) error {
	if s.link != nil && !s.drained() {
		return s.connectedAlready()
	}
	s.closeLink()
	s.stopListening()
	if !t.TLS && t.UsuallyTLS() {
		s.view.Warn(fmt.Sprintf("port %d usually speaks TLS; nothing sent yet: .tls, or go on", t.Port))
	}
	t = spokenAs(t, s.opts.Proto)
	dctx, stop := s.interruptible(ctx)
	s.mu.Lock()
	s.target = t
	s.dialling, s.dialTold = true, false
	s.mu.Unlock()
	slow := time.AfterFunc(time.Second, s.tellDialling(t))
	conn, err := s.dial(dctx, t, s.tap)
	slow.Stop()
	stop()
	s.mu.Lock()
	s.dialling = false
	s.mu.Unlock()
	if err != nil {
		return s.dialFailed(err)
	}
	s.mu.Lock()
	s.g.host, s.g.proto = promptHost(t), promptProto(t)
	s.enter(t)
	s.mu.Unlock()
	s.tellMode() // before anything is read
	s.mu.Lock()
	s.link = newLink(conn)
	s.mu.Unlock()
	s.owed = false
	s.startTelnet()
	if s.opts.StartTLS != "" && !t.TLS {
		return s.startTLS(ctx, s.opts.StartTLS)
	}
	if err := s.startH2(ctx); err != nil {
		return err
	}
	if t.SpeaksFirst() {
		return s.banner(ctx)
	}
	return nil
}

// tellDialling returns what tells a person that a peer has not answered yet.
func (s *Session) tellDialling(t wire.Target) func() {
	s.mu.Lock()
	before := s.peer.conn
	s.mu.Unlock()
	return func() {
		s.mu.Lock()
		waiting := s.peer.conn == before
		s.mu.Unlock()
		if waiting && s.opts.Interactive {
			s.view.Info("connecting to " + t.Address() + ": no answer in 1 s (^C stops)")
		}
	}
}

// enter sets the grammar up for a connection that has just been opened or
// secured. s.mu is held.
func (s *Session) enter(t wire.Target) {
	alpn := ""
	if s.peer.tls != nil {
		alpn = s.peer.tls.ALPN
	}
	s.g.phase, s.g.lock, s.g.mode, s.g.encode = connected, "", "", nil
	if t.Proto == detect.Redis {
		s.g.encode = redisCommand
	}
	s.g.block = t.Proto == "http" || t.Proto == detect.HTTP2 || alpn == detect.HTTP1 || alpn == detect.HTTP2
	if alpn == detect.HTTP2 && s.g.proto == "https" {
		s.g.proto = "h2"
	}
	if s.peer.ended {
		s.g.phase = peerClosed
	}
}

// tellMode says once how lines are sent.
func (s *Session) tellMode() {
	if s.told || !s.opts.Interactive {
		return
	}
	s.told = true
	s.mu.Lock()
	block, eol, encoded := s.g.block, strings.ToUpper(s.g.eol.String()), s.g.encode != nil
	s.mu.Unlock()
	if encoded {
		s.view.Info("each line goes out at Enter as a command in RESP, quoted as in redis-cli (.mode line sends it as it is)")
		return
	}
	if block {
		s.view.Info(fmt.Sprintf("a request goes out at its blank line, in one write, with %s line ends (.mode line sends each line; .eol)", eol))
		return
	}
	s.view.Info(fmt.Sprintf("each line goes out at Enter, with %s (nc sends LF: .eol lf)", eol))
}

// dialFailed says why a connection did not come to be, and keeps the
// certificates that were refused for .cert.
func (s *Session) dialFailed(err error) error {
	s.mu.Lock()
	told := s.dialTold
	s.mu.Unlock()
	if v, ok := errors.AsType[*wire.VerifyError](err); ok {
		s.refused = v.TLS
		if s.opts.ShowCerts {
			s.view.Certificate(v.TLS, s.moment())
		}
		if s.opts.Interactive {
			s.view.Info(".cert shows the certificate")
		}
	}
	if p, ok := errors.AsType[*wire.PlaintextError](err); ok && s.opts.Interactive {
		s.view.Info(plaintextHint(p.First, s.target))
	}
	if told {
		err = toldDial{err}
	}
	return &Failure{Status: StatusOf(err), Err: err}
}

// A toldDial is an error of dialling whose row stands already.
type toldDial struct{ error }

func (e toldDial) Unwrap() error        { return e.error }
func (e toldDial) Is(target error) bool { return target == errTold }

// interruptible returns ctx with ^C ending it, and the escape key, which asks for
// the prompt.
func (s *Session) interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if s.opts.Interrupts == nil && s.escaped == nil {
		return ctx, cancel
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-s.opts.Interrupts:
			cancel()
		case <-s.escaped:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// reconnect connects to the same target again.
func (s *Session) reconnect(ctx context.Context) error {
	if s.listens != nil {
		return s.reaccept(ctx)
	}
	if s.target.Network == "" {
		return failure(StatusUsage, "not connected: open HOST PORT first")
	}
	s.closeLink()
	return s.connect(ctx, s.target)
}

// closeLink closes the connection, if there is one, and waits for its last
// event.
func (s *Session) closeLink() { s.drop((*wire.Conn).Close) }

func (s *Session) abortLink() { s.drop((*wire.Conn).Abort) }

func (s *Session) drop(end func(*wire.Conn) error) {
	if s.link == nil {
		return
	}
	s.closeData()
	end(s.link.conn) // an error of closing changes nothing for us
	<-s.link.done
	s.stopH2()
	s.stopTelnet()
	s.stopWS()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = nil
	s.g.phase, s.g.lock = unconnected, ""
}

// trust is Env.Trust.
func (s *Session) trust(pem []byte) error {
	opts := wire.TLSOptions{}
	if s.opts.Dialer.TLS != nil {
		opts = *s.opts.Dialer.TLS
	}
	roots := opts.Roots
	if roots == nil {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			roots = x509.NewCertPool()
		}
	}
	opts.Roots = roots.Clone()
	if !opts.Roots.AppendCertsFromPEM(pem) {
		return failure(StatusUsage, "no certificate in PEM form to trust")
	}
	s.opts.Dialer.TLS = &opts
	d := s.opts.Dialer
	d.TLS = s.tlsOptions()
	s.dial = d.Dial
	return nil
}

// tlsOptions returns the Dialer's options, with which a person decides about a
// certificate that does not verify while the handshake stands open.
func (s *Session) tlsOptions() *wire.TLSOptions {
	opts := new(wire.TLSOptions)
	if s.opts.Dialer.TLS != nil {
		*opts = *s.opts.Dialer.TLS
	}
	if opts.Timeout == 0 {
		opts.Timeout = s.opts.Dialer.Timeout
	}
	if opts.Timeout == 0 && !s.opts.Interactive {
		opts.Timeout = s.timeout // nobody is there to stop a handshake that goes unanswered
	}
	if !s.opts.Interactive || opts.Insecure || opts.Confirm != nil {
		return opts
	}
	opts.Confirm = func(t *wire.TLS) error {
		s.view.Warn("certificate not trusted: " + view.EscapeString(t.Verify) + ", " + view.Holder(t) +
			".  [s]how  [y] go on, this connection only  Enter = stop   (handshake held open)")
		for {
			if p, ok := s.lines.(prompter); ok {
				p.SetPrompt("s, y or Enter> ")
			}
			line, err := s.lines.ReadLine()
			if first, _, several := strings.Cut(line, "\n"); several {
				line = first
			}
			if p, ok := s.lines.(paster); ok {
				p.Rest() // a paste answers with its first line at most
			}
			switch {
			case err != nil || line == "":
				return errors.New("stopped")
			case line == "y":
				return nil
			case line == "s":
				s.view.Chain(t, s.moment())
			default:
				s.view.Info("s = show the certificate, y = go on, this connection only, Enter = stop; nothing else is read here")
			}
		}
	}
	return opts
}

// spokenAs returns t with what it is read as, where that says more of a connection
// than how to read it: who speaks first, and what is secret before anybody has.
func spokenAs(t wire.Target, as string) wire.Target {
	switch name := detect.Canonical(as); name {
	case detect.SMTP, detect.FTP, detect.POP3, detect.IMAP, detect.NNTP, detect.Redis, detect.Telnet, detect.SSH:
		if t.Network == "tcp" {
			t.Proto = name
		}
	}
	return t
}

// promptProto names what a target speaks, for the prompt.
func promptProto(t wire.Target) string {
	switch {
	case t.Scheme != "" && t.Scheme != "tcp" && t.Scheme != "tls" && t.Scheme != "udp":
		return t.Scheme
	case t.Network != "tcp":
		return t.Network
	case t.Proto == "http" && t.TLS:
		return "https"
	case t.Proto != "" && t.TLS:
		return t.Proto + "+tls"
	case t.Proto != "":
		return t.Proto
	case t.TLS:
		return "tls"
	}
	return "tcp"
}

// promptHost names the peer for the prompt, with its port unless that is usual
// for what it speaks.
func promptHost(t wire.Target) string {
	if usual, err := wire.ParseTarget(promptProto(t) + "://h"); err == nil && usual.Port == t.Port {
		return t.Host
	}
	return t.Address()
}

// A dialFunc is Dialer.Dial.
type dialFunc func(context.Context, wire.Target, *wire.Tap) (*wire.Conn, error)
