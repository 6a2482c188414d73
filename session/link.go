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
func (d *dialogue) linkDone() <-chan struct{} {
	if d.link == nil || d.drained() {
		return nil
	}
	return d.link.done
}

// drained reports whether no event can come any more.
func (d *dialogue) drained() bool {
	if d.link == nil {
		return true
	}
	select {
	case <-d.link.done:
		return true
	default:
		return false
	}
}

// Open connects to t. Its path becomes a draft that a person may edit and send.
func (s *Session) Open(ctx context.Context, t wire.Target) error {
	if err := s.current.connect(ctx, t); err != nil {
		return err
	}
	s.mu.Lock()
	block := s.current.g.block
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
func (d *dialogue) connect(ctx context.Context, t wire.Target) error {
	if d.link != nil && !d.drained() {
		return d.connectedAlready()
	}
	d.closeLink()
	d.stopListening()
	if !t.TLS && t.UsuallyTLS() {
		d.s.view.Warn(fmt.Sprintf("port %d usually speaks TLS; nothing sent yet: .tls, or go on", t.Port))
	}
	t = spokenAs(t, d.s.opts.Proto)
	dctx, stop := d.s.interruptible(ctx)
	d.s.mu.Lock()
	d.target = t
	d.dialling, d.dialTold = true, false
	d.s.mu.Unlock()
	slow := time.AfterFunc(time.Second, d.tellDialling(t))
	conn, err := d.s.dial(dctx, t, d.s.tap)
	slow.Stop()
	stop()
	d.s.mu.Lock()
	d.dialling = false
	d.s.mu.Unlock()
	if err != nil {
		return d.dialFailed(err)
	}
	d.s.mu.Lock()
	d.g.host, d.g.proto = promptHost(t), promptProto(t)
	d.enter(t)
	d.s.mu.Unlock()
	d.tellMode() // before anything is read
	d.s.mu.Lock()
	d.link = newLink(conn)
	d.s.mu.Unlock()
	d.owed = false
	d.startTelnet()
	if d.s.opts.StartTLS != "" && !t.TLS {
		return d.startTLS(ctx, d.s.opts.StartTLS)
	}
	if err := d.startH2(ctx); err != nil {
		return err
	}
	if t.SpeaksFirst() {
		return d.banner(ctx)
	}
	return nil
}

// tellDialling returns what tells a person that a peer has not answered yet.
func (d *dialogue) tellDialling(t wire.Target) func() {
	d.s.mu.Lock()
	before := d.peer.conn
	d.s.mu.Unlock()
	return func() {
		d.s.mu.Lock()
		waiting := d.peer.conn == before
		d.s.mu.Unlock()
		if waiting && d.s.opts.Interactive {
			d.s.view.Info("connecting to " + t.Address() + ": no answer in 1 s (^C stops)")
		}
	}
}

// enter sets the grammar up for a connection that has just been opened or
// secured. s.mu is held.
func (d *dialogue) enter(t wire.Target) {
	alpn := ""
	if d.peer.tls != nil {
		alpn = d.peer.tls.ALPN
	}
	d.g.phase, d.g.lock, d.g.mode, d.g.encode = connected, "", "", nil
	if t.Proto == detect.Redis {
		d.g.encode = redisCommand
	}
	d.g.block = t.Proto == "http" || t.Proto == detect.HTTP2 || alpn == detect.HTTP1 || alpn == detect.HTTP2
	if alpn == detect.HTTP2 && d.g.proto == "https" {
		d.g.proto = "h2"
	}
	if d.peer.ended {
		d.g.phase = peerClosed
	}
}

// tellMode says once how lines are sent.
func (d *dialogue) tellMode() {
	if d.s.told || !d.s.opts.Interactive {
		return
	}
	d.s.told = true
	d.s.mu.Lock()
	block, eol, encoded := d.g.block, strings.ToUpper(d.g.eol.String()), d.g.encode != nil
	d.s.mu.Unlock()
	if encoded {
		d.s.view.Info("each line goes out at Enter as a command in RESP, quoted as in redis-cli (.mode line sends it as it is)")
		return
	}
	if block {
		d.s.view.Info(fmt.Sprintf("a request goes out at its blank line, in one write, with %s line ends (.mode line sends each line; .eol)", eol))
		return
	}
	d.s.view.Info(fmt.Sprintf("each line goes out at Enter, with %s (nc sends LF: .eol lf)", eol))
}

// dialFailed says why a connection did not come to be, and keeps the
// certificates that were refused for .cert.
func (d *dialogue) dialFailed(err error) error {
	d.s.mu.Lock()
	told := d.dialTold
	d.s.mu.Unlock()
	if v, ok := errors.AsType[*wire.VerifyError](err); ok {
		d.s.refused = v.TLS
		if d.s.opts.ShowCerts {
			d.s.view.Certificate(v.TLS, d.s.moment())
		}
		if d.s.opts.Interactive {
			d.s.view.Info(".cert shows the certificate")
		}
	}
	if p, ok := errors.AsType[*wire.PlaintextError](err); ok && d.s.opts.Interactive {
		d.s.view.Info(plaintextHint(p.First, d.target))
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
func (d *dialogue) reconnect(ctx context.Context) error {
	if d.listens != nil {
		return d.reaccept(ctx)
	}
	if d.target.Network == "" {
		return failure(StatusUsage, "not connected: open HOST PORT first")
	}
	d.closeLink()
	return d.connect(ctx, d.target)
}

// closeLink closes the connection, if there is one, and waits for its last
// event.
func (d *dialogue) closeLink() { d.drop((*wire.Conn).Close) }

func (d *dialogue) abortLink() { d.drop((*wire.Conn).Abort) }

func (d *dialogue) drop(end func(*wire.Conn) error) {
	if d.link == nil {
		return
	}
	d.closeData()
	end(d.link.conn) // an error of closing changes nothing for us
	<-d.link.done
	d.stopH2()
	d.stopTelnet()
	d.stopWS()
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.link = nil
	d.g.phase, d.g.lock = unconnected, ""
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
