package replay

import (
	"context"
	"errors"
	"fmt"

	"wiretape/tape/match"
	"wiretape/wire"
)

// A Dial opens a connection for a recorded one and has its events go to tap. The
// handshake with which the recorded one began, if it did, is secure; nil for
// none.
type Dial func(ctx context.Context, conv *match.Conv, secure *wire.TLS, tap *wire.Tap) (*wire.Conn, error)

// To returns a Dial that connects to target whatever the tape's own was. Where
// the recorded connection began with a handshake, so does this one, offering the
// same ALPN; where it did not, the target decides.
func To(d wire.Dialer, target wire.Target) Dial {
	return func(ctx context.Context, conv *match.Conv, secure *wire.TLS, tap *wire.Tap) (*wire.Conn, error) {
		if conv.Facts != nil && conv.Facts.Network != target.Network && target.Network != "unix" {
			if conv.Facts.Network == "udp" || target.Network == "udp" {
				return nil, fmt.Errorf("connection %d is recorded over %s: %s is %s", conv.Conn, conv.Facts.Network, target.Address(), target.Network)
			}
		}
		d, target := d, target
		if place, ok := ctx.Value(placeKey{}).(string); ok {
			at, err := wire.ParseTarget(place)
			if err != nil {
				return nil, err
			}
			target = at
		}
		if secure != nil {
			target.TLS = true
			d.TLS = tlsOptions(d.TLS, secure)
		}
		return d.Dial(ctx, target, tap)
	}
}

// tlsOptions returns base with what a recorded handshake tells: the ALPN list that
// was offered, and that a certificate which did not verify then was taken.
func tlsOptions(base *wire.TLSOptions, recorded *wire.TLS) *wire.TLSOptions {
	o := wire.TLSOptions{}
	if base != nil {
		o = *base
	}
	if recorded != nil {
		if o.ALPN == nil {
			o.ALPN = recorded.Offered
		}
		if o.ALPN == nil {
			o.ALPN = []string{} // none was offered
		}
		o.NoServerName = o.NoServerName || recorded.ServerName == "" && o.ServerName == ""
		o.Insecure = o.Insecure || !recorded.Verified()
	}
	return &o
}

// open dials and compares the facts. Nil without an error means that there is
// nothing to play on, which is told.
func (r *run) open(ctx context.Context, s *script) (*wire.Conn, error) {
	secure := s.conv.Secure()
	c, err := r.dial(ctx, s.conv, secure, r.tap)
	if err != nil {
		if v, ok := errors.AsType[*wire.VerifyError](err); ok && secure.Verified() {
			r.tally.mismatch(match.Mismatch{Kind: match.Verify, Path: "certificate", TapeLine: s.conv.Items[0].Line, Tape: s.conv.Tape, Conn: s.conv.Conn, Offset: -1,
				Want: "verify=ok", Got: v.Error(), Why: "nothing was sent"})
			return nil, nil
		}
		return nil, err
	}
	r.tally.conns.Add(1)
	if secure != nil && !r.facts(s, secure, c.TLS()) {
		c.Close()
		return nil, nil
	}
	return c, nil
}

// facts compares those of TLS. It returns false where nothing is to be sent.
func (r *run) facts(s *script, want, got *wire.TLS) bool {
	item := s.conv.Items[0]
	rules := &r.t.Rules
	m := match.Mismatch{Kind: match.Fact, TapeLine: item.Line, Tape: s.conv.Tape, Conn: s.conv.Conn, Offset: -1}
	tell := func(required bool, path, want, got string) {
		if want == got {
			return
		}
		m.Path, m.Want, m.Got = path, want, got
		if required {
			r.tally.mismatch(m)
		} else {
			r.tally.differ(m)
		}
	}
	if got == nil {
		tell(rules.RequireTLS, "tls", want.VersionName(), "none")
		return true
	}
	tell(rules.RequireTLS, "tls version", want.VersionName(), got.VersionName())
	tell(rules.RequireALPN, "alpn", want.ALPN, got.ALPN)
	if want.Verified() && !got.Verified() {
		m.Kind, m.Path, m.Want, m.Got, m.Why = match.Verify, "certificate", "verify=ok", got.Verify, "nothing was sent"
		r.tally.mismatch(m)
		return false
	}
	if want.Verify != "" {
		tell(rules.RequireVerify, "verify", want.Verify, got.Verify)
	}
	return true
}

// upgrade shakes hands in mid-stream, by the tape's facts.
func (r *run) upgrade(ctx context.Context, conn *wire.Conn, s *script, want *wire.TLS) error {
	waiting, err := conn.StartTLS(ctx, tlsOptions(r.c.TLS, want))
	if waiting > 0 {
		r.tally.note("connection %d: %d bytes in the clear came with the answer to STARTTLS", s.conv.Conn, waiting)
	}
	if v, ok := errors.AsType[*wire.VerifyError](err); ok {
		r.tally.mismatch(match.Mismatch{Kind: match.Verify, Path: "certificate", TapeLine: s.conv.Line, Tape: s.conv.Tape, Conn: s.conv.Conn, Offset: -1,
			Want: "verify=ok", Got: v.Error(), Why: "nothing was sent over it"})
		return errPlayed
	}
	return err
}
