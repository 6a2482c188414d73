package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// TLSOptions say how to shake hands. The zero value verifies the server's
// certificate by the system's roots for the target's host, which is sent as SNI.
// They are read and not modified, and may serve any number of connections.
type TLSOptions struct {
	// ALPN is the list to offer, or as a server the list to choose from. Nil
	// means the target's own; empty means none.
	ALPN []string
	// ServerName is sent as SNI and is what the certificate has to be for; ""
	// means the target's host. An IP address is never sent, nor a port.
	ServerName string
	// NoServerName sends no SNI. The certificate has to fit all the same.
	NoServerName bool
	// Roots are the authorities to trust; nil means the system's.
	Roots *x509.CertPool
	// Certificates are ours: what a server shows, or a client when asked.
	Certificates []tls.Certificate
	// Insecure goes on whatever the certificate is. TLS.Verify still says, on
	// Linux by the system's bundle of roots alone.
	Insecure bool
	// MinVersion and MaxVersion are as in crypto/tls; zero means its defaults. A
	// MinVersion below TLS 1.2 also offers the suites that only such peers need.
	MinVersion, MaxVersion uint16
	// KeyLog gets the secrets in NSS key log format; nil means none.
	KeyLog io.Writer
	// Confirm is asked when a certificate does not verify, while the handshake
	// stands open; nil error means to go on, as with Insecure. No timeout of
	// ours runs meanwhile.
	Confirm func(*TLS) error
	// Timeout is for the handshake, without the time that Confirm takes; zero
	// means none.
	Timeout time.Duration
}

// StartTLS turns the connection into TLS, as the client when we dialled and as
// the server when we accepted. A Read under way in another goroutine is broken
// off, what came in the clear is recorded, and the Read goes on over TLS; writes
// wait meanwhile. Nil options are the zero value.
//
// As a client it returns how many bytes in the clear were waiting: nobody should
// have sent them, and who put them there may want them taken for the peer's
// secured words (CVE-2011-0411). They are recorded before the KindSecure and not
// read as TLS. Bytes that an earlier Read returned are not counted.
//
// After an error, an [*OpError], the connection is closed.
func (c *Conn) StartTLS(ctx context.Context, opts *TLSOptions) (waiting int, err error) {
	return c.startTLS(ctx, opts, true)
}

// startTLS is StartTLS; midway says that bytes in the clear came before.
func (c *Conn) startTLS(ctx context.Context, opts *TLSOptions, midway bool) (waiting int, err error) {
	if opts == nil {
		opts = new(TLSOptions)
	}
	if c.packets {
		return 0, c.tlsError(errors.New("no TLS over datagrams"))
	}
	c.writing <- struct{}{}
	defer func() { <-c.writing }()
	if err := c.breakRead(); err != nil {
		return 0, c.tlsError(err)
	}
	defer c.resumeRead()

	// A server cannot tell: its client's hello may be there already.
	if midway && c.facts.Role == Dialed {
		waiting = c.takeWaiting()
	}
	h := handshake{c: c, opts: opts, began: time.Now()}
	if err := h.run(ctx); err != nil {
		err = c.tlsError(err)
		c.Close()
		return waiting, err
	}
	return waiting, nil
}

// tlsError wraps what a handshake found.
func (c *Conn) tlsError(err error) error {
	return &OpError{Phase: PhaseTLS, Network: c.facts.Network, Target: c.facts.Target, Role: c.facts.Role, Err: err}
}

// breakRead gets the reading gate, from a Read under way if need be.
func (c *Conn) breakRead() error {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return net.ErrClosed
	case c.secure != nil:
		c.mu.Unlock()
		return errors.New("TLS stands already")
	}
	c.upgrade = make(chan struct{})
	err := c.raw.SetReadDeadline(time.Unix(1, 0))
	c.mu.Unlock()
	if err != nil {
		// A socket that is closed under us; its reader leaves by itself.
		c.mu.Lock()
		close(c.upgrade)
		c.upgrade = nil
		c.mu.Unlock()
		return err
	}
	c.reading <- struct{}{}
	return nil
}

// resumeRead gives the reading gate back and restores the deadlines.
func (c *Conn) resumeRead() {
	c.mu.Lock()
	c.raw.SetReadDeadline(c.readDeadline)
	c.raw.SetWriteDeadline(c.writeDeadline)
	close(c.upgrade)
	c.upgrade = nil
	c.mu.Unlock()
	<-c.reading
}

// maxWaiting is how much of what waits in the clear is taken; from a peer that
// goes on, the handshake gets the rest and fails on it.
const maxWaiting = 64 << 10

// takeWaiting records what is in the socket's buffer and returns how much it
// was.
func (c *Conn) takeWaiting() int {
	c.raw.SetReadDeadline(time.Time{})
	buf := make([]byte, 4<<10)
	total := 0
	for total < maxWaiting {
		n := readNow(c.raw.Conn, buf)
		if n <= 0 {
			break
		}
		c.emit(Event{Kind: KindData, Dir: c.in, Data: buf[:n]})
		total += n
	}
	return total
}

// A handshake is one TLS handshake on c, whose two gates its caller holds.
type handshake struct {
	c     *Conn
	opts  *TLSOptions
	began time.Time
	asked time.Duration // time that Confirm took

	offered []string     // the client's ALPN list
	found   string       // verifyChain's finding
	refused *VerifyError // set by verify
}

// run shakes hands. It emits what happened, in either case.
func (h *handshake) run(ctx context.Context) error {
	c := h.c
	c.raw.handshaking = true
	c.raw.first, c.raw.alerted = nil, false
	h.setDeadline()
	var secure *tls.Conn
	if c.facts.Role == Accepted {
		secure = tls.Server(c.raw, h.serverConfig())
	} else {
		secure = tls.Client(c.raw, h.clientConfig())
	}
	err := secure.HandshakeContext(ctx)
	c.raw.handshaking = false
	if err != nil {
		return h.failed(ctx, err)
	}
	facts := h.facts(secure.ConnectionState())
	c.mu.Lock()
	c.secure, c.tls = secure, facts
	closed := c.closed
	c.mu.Unlock()
	if closed || !c.emit(Event{Kind: KindSecure, TLS: facts}) {
		c.raw.Close()
		return net.ErrClosed
	}
	return nil
}

func (h *handshake) setDeadline() {
	var t time.Time
	if h.opts.Timeout > 0 {
		t = time.Now().Add(h.opts.Timeout)
	}
	h.c.raw.SetDeadline(t)
}

// config returns what both roles have in common.
func (h *handshake) config() *tls.Config {
	o := h.opts
	cfg := &tls.Config{
		NextProtos:   o.ALPN,
		Certificates: o.Certificates,
		MinVersion:   o.MinVersion,
		MaxVersion:   o.MaxVersion,
		KeyLogWriter: o.KeyLog,
	}
	if o.MinVersion != 0 && o.MinVersion < tls.VersionTLS12 {
		for _, s := range tls.CipherSuites() {
			cfg.CipherSuites = append(cfg.CipherSuites, s.ID)
		}
		for _, s := range tls.InsecureCipherSuites() {
			cfg.CipherSuites = append(cfg.CipherSuites, s.ID)
		}
	}
	return cfg
}

func (h *handshake) clientConfig() *tls.Config {
	cfg := h.config()
	h.offered = cfg.NextProtos
	if !h.opts.NoServerName {
		cfg.ServerName = h.host()
	}
	// Verification is ours, in verify, so that its finding is known whether or
	// not it decides.
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = h.verify
	return cfg
}

func (h *handshake) serverConfig() *tls.Config {
	cfg := h.config()
	cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		h.offered = hello.SupportedProtos
		return nil, nil
	}
	return cfg
}

// host returns what the server's certificate has to be for.
func (h *handshake) host() string {
	if h.opts.ServerName != "" {
		return hostOf(h.opts.ServerName)
	}
	return h.c.host
}

// verify checks the server's certificate and has the caller decide on a bad one.
func (h *handshake) verify(cs tls.ConnectionState) error {
	roots, mine := h.opts.Roots, h.opts.Roots != nil
	if !mine {
		roots = bundleRoots(cs.PeerCertificates)
	}
	h.found = verifyChain(cs.PeerCertificates, roots, h.host(), time.Now())
	if h.found != verifyOK && roots != nil && !mine && !h.opts.Insecure {
		// Before it is refused, by all the roots that the system has in
		// whatever place.
		h.found = verifyChain(cs.PeerCertificates, nil, h.host(), time.Now())
	}
	if h.found == verifyOK || h.opts.Insecure {
		return nil
	}
	h.refused = &VerifyError{TLS: h.facts(cs)}
	if h.opts.Confirm == nil {
		return h.refused
	}
	h.c.raw.SetDeadline(time.Time{})
	asking := time.Now()
	err := h.opts.Confirm(h.refused.TLS)
	h.asked += time.Since(asking)
	h.setDeadline()
	if err != nil {
		h.refused.Err = err
		return h.refused
	}
	h.refused = nil
	return nil
}

// facts returns what is known at this point.
func (h *handshake) facts(cs tls.ConnectionState) *TLS {
	t := &TLS{
		Version:     cs.Version,
		CipherSuite: cs.CipherSuite,
		Group:       cs.CurveID,
		ALPN:        cs.NegotiatedProtocol,
		Offered:     h.offered,
		ServerName:  cs.ServerName,
		Resumed:     cs.DidResume,
		Verify:      h.found,
		Took:        time.Since(h.began) - h.asked,
	}
	if h.c.facts.Role == Dialed {
		t.ServerName = sentName(cs.ServerName)
	}
	for _, c := range cs.PeerCertificates {
		t.Certificates = append(t.Certificates, c.Raw)
	}
	return t
}

// sentName returns what goes into SNI of a server name. RFC 6066, section 3: no
// addresses.
func sentName(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	return name
}

// failed emits what ended a handshake and returns it as an error that says more
// than crypto/tls does.
func (h *handshake) failed(ctx context.Context, err error) error {
	c := h.c
	alert, sent, isAlert := alertOf(err)
	switch {
	case h.refused != nil:
		// crypto/tls answers an error of VerifyConnection with bad_certificate.
		c.emit(Event{Kind: KindAlert, Dir: c.out, Alert: 42})
		c.emit(Event{Kind: KindError, Text: "TLS handshake: " + h.refused.Error()})
		return h.refused
	case ctx.Err() != nil && !isAlert:
		err = ctx.Err()
	case isPlaintext(c.raw.first):
		err = &PlaintextError{First: c.raw.first}
	case isAlert && !sent:
		c.emit(Event{Kind: KindAlert, Dir: c.in, Alert: alert})
		return &AlertError{Alert: alert}
	case c.raw.eof:
		c.emit(Event{Kind: KindEOF, Dir: c.in, Notify: NotifyNo})
		err = errors.New("the peer closed the connection in the middle of the handshake")
	case errors.Is(err, syscall.ECONNRESET):
		c.emit(Event{Kind: KindReset, Dir: c.in})
		return err
	}
	if c.raw.alerted {
		alert, isAlert = c.raw.alert, true
	}
	if _, plain := errors.AsType[*PlaintextError](err); isAlert && !plain {
		c.emit(Event{Kind: KindAlert, Dir: c.out, Alert: alert})
		err = &AlertError{Alert: alert, Sent: true, Err: err}
	}
	switch {
	case isTimeout(err):
		c.emit(Event{Kind: KindTimeout, Text: "TLS handshake"})
	default:
		c.emit(Event{Kind: KindError, Text: "TLS handshake: " + reason(err)})
	}
	return err
}

// isPlaintext reports whether a peer's first bytes are none of a TLS record's:
// RFC 8446, section 5.1: a type of 20 to 24 and a version of 3.x.
func isPlaintext(first []byte) bool {
	return len(first) > 0 && (first[0] < 20 || first[0] > 24) || len(first) > 1 && first[1] != 3
}

// defaultALPN returns opts with the target's list where opts has none.
func defaultALPN(opts *TLSOptions, t Target) *TLSOptions {
	o := TLSOptions{}
	if opts != nil {
		o = *opts
	}
	if o.ALPN == nil {
		o.ALPN = t.ALPN
	}
	return &o
}
