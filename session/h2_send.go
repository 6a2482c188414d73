package session

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/http2"
)

// writeH2 sends a composed request as frames. One that cannot be turned into
// frames changes nothing.
func (s *Session) writeH2(ctx context.Context, h *h2Link, b []byte) error {
	opts := h.options()
	r, err := newH2Request(b, h.scheme, opts.typedNames)
	if err != nil {
		return failure(StatusUsage, "%w", err)
	}
	for _, text := range r.remarks {
		s.view.Warn(view.EscapeString(text))
	}
	if r.folded && !s.toldFold {
		s.toldFold = true
		s.view.Info("names of fields go in lower case (RFC 9113 8.2.1); .h2 names typed, or .send headers, keeps them as typed")
	}
	s.sending()
	stream := h.begin()
	s.mu.Lock()
	s.history.request(typedRequest{s.link.conn.ID(), stream, bytes.Clone(b)})
	s.mu.Unlock()
	rest, err := h.request(stream, r, s.teller())
	if err != nil || rest == nil {
		return sendError(err, len(b))
	}
	return s.h2Rest(ctx, h, stream, rest, len(b))
}

// h2Rest sends the rest of what goes on a stream: in the background where nobody
// is to wait for it, behind what is on its way on that stream already.
func (s *Session) h2Rest(ctx context.Context, h *h2Link, stream uint32, rest func(context.Context) error, n int) error {
	if h.options().noWait {
		ctx = context.WithoutCancel(ctx) // the end of the connection ends it
		before, done := h.queue(stream)
		h.running.Go(func() {
			<-before
			err := rest(ctx)
			done()
			if err != nil {
				s.view.Warn(view.EscapeString(err.Error()))
			}
			token(s.changed)
		})
		return nil
	}
	rctx, stop := s.interruptible(ctx)
	defer stop()
	err := rest(rctx)
	if errors.Is(err, errH2Gone) {
		// Whether the reply is whole all the same its frames tell.
		s.view.Warn(err.Error())
		return nil
	}
	return sendError(err, n)
}

// teller returns what tells a person how far something is, nil without one.
func (s *Session) teller() func(string) {
	if !s.opts.Interactive {
		return nil
	}
	return s.view.Info
}

// h2Upgrade is .send upgrade: a request of HTTP/1.1 that asks for HTTP/2 in the
// clear (RFC 7540, section 3.2).
func (s *Session) h2Upgrade(ctx context.Context, args string) error {
	words := append(strings.Fields(args), "/")
	target := words[1]
	if len(words) > 3 {
		return failure(StatusUsage, ".send upgrade: want one target such as /index.html, and %q was given too", words[2])
	}
	s.mu.Lock()
	h, opts, conn, secure := s.h2, s.h2opts, s.peer.conn, s.peer.tls != nil
	s.mu.Unlock()
	if h != nil {
		return failure(StatusUsage, ".send upgrade: this connection speaks HTTP/2 already")
	}
	settings := http2.AppendSettings(nil, opts.chosen()...)[h2FrameHeader:]
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: %s\r\n\r\n",
		target, hostField(s.target), base64.RawURLEncoding.EncodeToString(settings))
	if s.opts.Style.Live {
		s.view.Echo(conn, b, secure)
	}
	return s.send(ctx, b, false)
}

// h2Upgraded follows a 101 that changes the connection to HTTP/2: the preface goes
// out, and the reply comes on stream 1. It is called from the sink, s.mu is held.
func (d *dialogue) h2Upgraded() {
	if d.h2 != nil || d.link == nil {
		return
	}
	h := newH2Link(d.webScheme(), d.s.h2opts)
	h.upgrade()
	d.h2 = h
	d.g.proto, d.g.block = "h2c", true
	h.attach(d.link)
	h.start()
	d.info("the connection is HTTP/2 now; the reply comes on stream 1 (RFC 7540 3.2)")
}

// h2Message looks at a frame of either side for what the session hangs on. It is
// called from the sink, s.mu is held.
func (d *dialogue) h2Message(f *http2.Frame, dir wire.Dir) {
	if d.h2 == nil {
		return
	}
	if dir == wire.ClientToServer {
		d.h2.gave(f)
		return
	}
	d.peer.saw(f)
	fault := d.h2.fault(f)
	if wrong := d.h2.take(f); wrong != "" {
		fault = h2Fault{wrong, true}
		d.peer.broken = wrong
	}
	switch {
	case fault.failed:
		d.warn(fault.say)
		if d.peer.fault == "" {
			d.peer.fault = fault.say
		}
	case fault.say != "":
		d.info(fault.say)
	}
}

// An h2Seen is a frame that has come.
type h2Seen struct {
	typ    http2.FrameType
	stream uint32 // h2AnyStream as well
}

const (
	h2AnyStream = 1 << 31
	heldSeen    = 4096 // different frames that are remembered
)

// saw notes that a frame has come since the last line was sent.
func (p *peer) saw(f *http2.Frame) {
	if p.frames == nil {
		p.frames = map[h2Seen]bool{}
	}
	p.frames[h2Seen{f.Type, h2AnyStream}] = true
	if len(p.frames) < heldSeen {
		p.frames[h2Seen{f.Type, f.Stream}] = true
	}
}

// forgive forgets what the peer has reset or given up: it was waited for.
func (s *Session) forgive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peer.fault, s.peer.broken = "", ""
}
