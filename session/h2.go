package session

import (
	"context"
	"strings"

	"wiretape/session/h2"
	"wiretape/session/view"
	"wiretape/wire"
	"wiretape/wire/http2"
)

// startH2 opens HTTP/2 where the connection has selected it, or where the scheme
// says so. A script waits until both sides know their SETTINGS, so that what
// follows stands behind them.
func (d *dialogue) startH2(ctx context.Context) error {
	d.s.mu.Lock()
	h := d.h2
	if h == nil || h.Attached() {
		d.s.mu.Unlock()
		return nil
	}
	d.g.block = true
	h.Attach(d.link.conn, d.link.done)
	d.s.mu.Unlock()
	said, err := h.Start()
	if err != nil {
		return failure(StatusProtocol, "open HTTP/2: %w", err)
	}
	if d.s.opts.Interactive || said == 0 {
		return nil
	}
	return d.opening(ctx, h)
}

// opening waits until the SETTINGS of both sides are known, as far as what we
// send by ourselves makes them so.
func (d *dialogue) opening(ctx context.Context, h *h2.Link) error {
	end := d.wait(ctx, waiting{limit: d.s.timeout, silence: true, met: func() bool {
		return h.Opened() || d.peer.broken != "" || d.peer.fault != ""
	}})
	d.s.mu.Lock()
	spoke, broken := d.peer.spoke, d.peer.broken
	if broken == "" {
		broken = d.peer.fault
	}
	d.s.mu.Unlock()
	switch {
	case broken != "":
		return failure(StatusProtocol, "%s", broken)
	case end == waitInterrupted:
		return d.stopped(ctx)
	case end == waitTimeout && !spoke:
		return failure(StatusTimeout, "no SETTINGS of HTTP/2 after %s (.timeout sets how long)", d.s.ranOut)
	case end == waitClosed && !spoke:
		return failure(StatusProtocol, "the connection ended before the SETTINGS of HTTP/2")
	}
	return nil // a peer that acknowledges nothing may answer all the same
}

// stopH2 ends the goroutines of the link. The connection is closed already.
func (d *dialogue) stopH2() {
	d.s.mu.Lock()
	h := d.h2
	d.h2 = nil
	d.s.mu.Unlock()
	if h != nil {
		h.Stop()
	}
}

// h2Upgraded follows a 101 that changes the connection to HTTP/2: the preface goes
// out, and the reply comes on stream 1. It is called from the sink, s.mu is held.
func (d *dialogue) h2Upgraded() {
	if d.h2 != nil || d.link == nil {
		return
	}
	d.h2 = h2.New(d.webScheme(), d.s.h2opts)
	d.g.proto, d.g.block = "h2c", true
	d.h2.Upgrade(d.link.conn, d.link.done)
	d.info("the connection is HTTP/2 now; the reply comes on stream 1 (RFC 7540 3.2)")
}

// h2Message looks at a frame of either side for what the session hangs on. It is
// called from the sink, s.mu is held.
func (d *dialogue) h2Message(f *http2.Frame, dir wire.Dir) {
	if d.h2 == nil {
		return
	}
	if dir == wire.ClientToServer {
		d.h2.Gave(f)
		return
	}
	if d.peer.frames == nil {
		d.peer.frames = h2.Frames{}
	}
	d.peer.frames.Saw(f)
	fault := d.h2.Take(f)
	say := view.EscapeString(fault.Say)
	if fault.Closes {
		d.peer.broken = say
	}
	switch {
	case fault.Failed:
		d.warn(say)
		if d.peer.fault == "" {
			d.peer.fault = say
		}
	case say != "":
		d.info(say)
	}
}

// forgive forgets what the peer has reset or given up: it was waited for.
func (d *dialogue) forgive() {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	d.peer.fault, d.peer.broken = "", ""
}

// webScheme returns the value of :scheme on this connection. s.mu is held.
func (d *dialogue) webScheme() string {
	if d.peer.tls != nil {
		return "https"
	}
	return "http"
}

// h2Command is .h2: it connects, or says and changes what a connection of HTTP/2
// does by itself.
func (d *dialogue) h2Command(ctx context.Context, args string) error {
	words := strings.Fields(args)
	switch {
	case len(words) == 0:
		return d.h2Status()
	case strings.EqualFold(words[0], "start") && len(words) == 1:
		return d.h2Start(ctx)
	case h2.IsOption(words[0]):
		return d.s.h2Set(words)
	}
	return openWith("h2")(d.s, ctx, args)
}

// h2Status is .h2 alone.
func (d *dialogue) h2Status() error {
	d.s.mu.Lock()
	h, opts := d.h2, d.s.h2opts
	d.s.mu.Unlock()
	text := opts.Describe("")
	if h != nil {
		text += "\n" + h.Describe()
	}
	d.s.view.Info(text)
	return nil
}

// h2Set takes an option of HTTP/2 as the words of .h2 have it, for the next
// connections and those that stand.
func (s *Session) h2Set(words []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.h2opts
	if err := o.Set(words); err != nil {
		return failure(StatusUsage, ".h2 %w", err)
	}
	s.h2opts = o
	for _, d := range s.all {
		if d.h2 != nil {
			d.h2.SetOptions(o)
		}
	}
	s.view.Info(o.Describe(words[0]))
	return nil
}

// h2Start is .h2 start: HTTP/2 begins on the connection that stands.
func (d *dialogue) h2Start(ctx context.Context) error {
	if err := d.mustBeOpen("h2 start"); err != nil {
		return err
	}
	d.s.mu.Lock()
	if d.h2 != nil {
		d.s.mu.Unlock()
		return failure(StatusUsage, ".h2 start: this connection speaks HTTP/2 already")
	}
	d.h2 = h2.New(d.webScheme(), d.s.h2opts)
	d.g.proto = "h2c"
	if d.peer.tls != nil {
		d.g.proto = "h2"
	}
	d.s.mu.Unlock()
	return d.startH2(ctx)
}
