package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// A handshake is one TLS handshake on c, whose two gates its caller holds.
type handshake struct {
	c     *Conn
	opts  *TLSOptions
	began time.Time
	asked time.Duration // time that Confirm took

	offered []string     // the client's ALPN list
	wanted  bool         // the server asked for a certificate
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
	switch {
	case o.CipherSuites != nil:
		cfg.CipherSuites = o.CipherSuites
	case o.MinVersion != 0 && o.MinVersion < tls.VersionTLS12:
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
	cfg.GetClientCertificate = h.certificate
	return cfg
}

// certificate returns the first of ours that a server's request fits, an empty one
// for none, as crypto/tls does by itself; but it alone tells that one was asked for.
func (h *handshake) certificate(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	h.wanted = true
	for i := range h.opts.Certificates {
		if asked.SupportsCertificate(&h.opts.Certificates[i]) == nil {
			return &h.opts.Certificates[i], nil
		}
	}
	return new(tls.Certificate), nil
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
	h.found = h.check(cs.PeerCertificates)
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

// check returns what there is to find by the roots that count.
func (h *handshake) check(chain []*x509.Certificate) string {
	if len(chain) == 0 {
		return verifyChain(nil, nil, "", h.host(), time.Now())
	}
	now := time.Now()
	faults := h.opts.Findings.get(chain, h.opts, now, func() []string {
		if h.opts.Roots != nil {
			return chainFaults(chain, h.opts.Roots, "", now)
		}
		if roots := bundleRoots(chain); roots != nil {
			// Before it is refused, by all the roots that the system has in whatever
			// place; where nothing hangs on it, what was not asked is said.
			if faults := chainFaults(chain, roots, bundleAlone, now); len(faults) == 0 || h.opts.Insecure {
				return faults
			}
		}
		return chainFaults(chain, nil, "", now)
	})
	return finding(faults, chain[0], h.host())
}

// bundleAlone qualifies the finding that a chain ends at no root of the system's.
const bundleAlone = " (by the system's bundle of roots alone)"

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
		Asked:       h.wanted,
		OCSP:        len(cs.OCSPResponse) > 0,
		SCTs:        len(cs.SignedCertificateTimestamps),
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
	case IsTimeout(err):
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
