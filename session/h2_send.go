package session

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"wiretape/session/h2"
	"wiretape/session/view"
)

// writeH2 sends a composed request as frames. One that cannot be turned into
// frames changes nothing.
func (d *dialogue) writeH2(ctx context.Context, h *h2.Link, b []byte) error {
	r, err := h.ParseRequest(b)
	if err != nil {
		return failure(StatusUsage, "%w", err)
	}
	for _, text := range r.Remarks {
		d.s.view.Warn(view.EscapeString(text))
	}
	if r.Folded && !d.s.toldFold {
		d.s.toldFold = true
		d.s.view.Info("names of fields go in lower case (RFC 9113 8.2.1); .h2 names typed, or .send headers, keeps them as typed")
	}
	d.s.tellLint(r.Lint())
	d.sending()
	stream := h.Begin()
	conn := d.link.conn.ID() // ahead of s.mu: the recording's lock is taken before ours, by each event
	d.s.mu.Lock()
	d.s.history.request(typedRequest{conn, stream, bytes.Clone(b)})
	d.s.mu.Unlock()
	rest, err := h.Request(stream, r, d.s.teller())
	if err != nil || rest == nil {
		return sendError(err, len(b))
	}
	return d.s.h2Rest(ctx, h, stream, rest, len(b))
}

// h2Rest sends the rest of what goes on a stream: in the background where nobody
// is to wait for it, behind what is on its way on that stream already.
func (s *Session) h2Rest(ctx context.Context, h *h2.Link, stream uint32, rest func(context.Context) error, n int) error {
	if h.Options().NoWait {
		ctx = context.WithoutCancel(ctx) // the end of the connection ends it
		h.Later(stream, func() error { return rest(ctx) }, func(err error) {
			if err != nil {
				s.view.Warn(view.EscapeString(err.Error()))
			}
			s.wake()
		})
		return nil
	}
	rctx, stop := s.interruptible(ctx)
	defer stop()
	err := rest(rctx)
	if errors.Is(err, h2.ErrGone) {
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
func (d *dialogue) h2Upgrade(ctx context.Context, args string) error {
	words := append(strings.Fields(args), "/")
	target := words[1]
	if len(words) > 3 {
		return failure(StatusUsage, ".send upgrade: want one target such as /index.html, and %q was given too", words[2])
	}
	d.s.mu.Lock()
	h, opts, conn, secure := d.h2, d.s.h2opts, d.peer.conn, d.peer.tls != nil
	d.s.mu.Unlock()
	if h != nil {
		return failure(StatusUsage, ".send upgrade: this connection speaks HTTP/2 already")
	}
	b := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: %s\r\n\r\n",
		target, HostField(d.target), base64.RawURLEncoding.EncodeToString(opts.UpgradeSettings()))
	if d.s.opts.Style.Live {
		d.s.view.Echo(conn, b, secure)
	}
	return d.send(ctx, b, false)
}

// sendH2 is .send with a form that sends frames.
func (d *dialogue) sendH2(ctx context.Context, form *h2.Form, args string) error {
	words, err := splitSend(args)
	if err != nil {
		return failure(StatusUsage, ".send %s: %w", form.Word, err)
	}
	d.s.mu.Lock()
	h := d.h2
	d.s.mu.Unlock()
	if h == nil || !h.Attached() {
		return failure(StatusUsage, ".send %s: this connection does not speak HTTP/2: open h2://HOST or h2c://HOST, or .h2 start", form.Word)
	}
	hand := h2.Hand{Lint: d.s.tellLint, Sending: d.sending, Tell: d.s.teller(), Rest: func(ctx context.Context, stream uint32, rest func(context.Context) error, n int) error {
		return d.s.h2Rest(ctx, h, stream, rest, n)
	}}
	err = form.Send(ctx, hand, h, words[1:])
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if w, ok := errors.AsType[*h2.WriteError](err); ok {
		return sendError(err, w.Octets)
	}
	if err != nil {
		return failure(StatusUsage, ".send %s: %w; want .send %[1]s %[3]s", form.Word, err, form.Args)
	}
	return d.afterFrames(ctx)
}

// afterFrames waits for what frames sent by hand have made due. What the peer
// resets because of them is no failure yet: it may be what was wanted.
func (d *dialogue) afterFrames(ctx context.Context) error {
	d.s.mu.Lock()
	st, h := d.s.stream.State(d.peer.conn), d.h2
	d.s.mu.Unlock()
	if !st.Framed || h == nil || h.Options().NoWait {
		return nil
	}
	if err := d.awaitDue(ctx); err != nil || !d.s.opts.Interactive {
		return err
	}
	d.s.mu.Lock()
	d.peer.fault = "" // its row stands
	d.s.mu.Unlock()
	return nil
}
