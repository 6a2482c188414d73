package analyze

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"wiretape/wire"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
)

// A prober makes the conversations of one analysis.
type prober struct {
	o     Options
	first string // host that was typed
	tap   *wire.Tap
	wg    sync.WaitGroup // probes beside the chain
	names *lookup
	left  atomic.Int64 // connections that a full analysis may make beside the chain's
	aged  sync.Map     // places that speak old versions of TLS alone

	// owned by who follows the chain:
	second bool // the second way to read what was typed was taken
	places map[string]bool

	// guarded by mu:
	mu  sync.Mutex
	rec *recording
}

func newProber(o Options, first string) *prober {
	p := &prober{o: o, first: first, places: make(map[string]bool), rec: newRecording()}
	p.left.Store(maxProbes)
	p.names = newLookup()
	p.names.whole = o.Dialer.Resolve
	p.o.Dialer.Resolve = p.names.resolve
	sink := func(e wire.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if o.Line != nil {
			p.rec.line = o.Line()
		}
		p.rec.feed(e)
	}
	if o.Sink != nil {
		sink = wire.Tee(o.Sink, sink)
	}
	p.tap = wire.NewTap(sink)
	return p
}

// dial connects to a and offers protocols where a is https.
func (p *prober) dial(ctx context.Context, a address, alpn []string, handshake time.Duration) (*wire.Conn, error) {
	return p.dialBy(ctx, p.o.Dialer, a, alpn, handshake)
}

// by returns the dialler for one family, which is not waited for as long.
func (p *prober) by(family wire.Family) wire.Dialer {
	d := p.o.Dialer
	if family != wire.AnyFamily {
		d.Family, d.Timeout = family, replyWait
	}
	return d
}

func (p *prober) dialBy(ctx context.Context, d wire.Dialer, a address, alpn []string, handshake time.Duration) (*wire.Conn, error) {
	var o wire.TLSOptions
	if d.TLS != nil {
		o = *d.TLS
	}
	o.ALPN = alpn
	o.Confirm = func(*wire.TLS) error { return nil }
	if handshake > 0 {
		o.Timeout = handshake
	}
	if a.host != p.first {
		o.ServerName = ""
	}
	d.TLS = &o
	t := wire.Target{Network: "tcp", Host: a.host, Port: a.port, TLS: a.secure}
	if _, old := p.aged.Load(a.target()); old {
		o.MinVersion = tls.VersionTLS10
	}
	c, err := d.Dial(ctx, t, p.tap)
	if a.secure && o.MinVersion == 0 && wantsOldTLS(err) {
		p.aged.Store(a.target(), true)
		o.MinVersion = tls.VersionTLS10
		c, err = d.Dial(ctx, t, p.tap)
	}
	return c, err
}

// closing has c closed when ctx is cancelled. Where the time of ctx is over instead,
// reads and writes end by c's own deadline, which is recorded as a timeout. What it
// returns closes c, and waits: no event of c is under way any more when it returns.
func closing(ctx context.Context, c *wire.Conn) func() {
	if t, ok := ctx.Deadline(); ok {
		c.SetDeadline(t)
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			c.Close()
		}
	})
	return sync.OnceFunc(func() {
		if !stop() {
			<-done
		}
		c.Close()
	})
}

// wantsOldTLS reports whether a handshake failed because the server speaks
// versions alone that are not offered by themselves.
func wantsOldTLS(err error) bool {
	op, ok := errors.AsType[*wire.OpError](err)
	if !ok || op.Phase != wire.PhaseTLS {
		return false
	}
	if alert, ok := errors.AsType[*wire.AlertError](err); ok && !alert.Sent {
		return alert.Alert == 70 // protocol_version
	}
	return strings.Contains(err.Error(), "unsupported protocol version")
}

// spend takes one of the connections that a full analysis may make beside the
// chain's, and reports whether there was one left.
func (p *prober) spend() bool { return !p.o.Full || p.left.Add(-1) >= 0 }

// readBuffers are for reads of a connection, of which nothing is kept: much of what
// an analysis of many sites would have to collect.
var readBuffers = sync.Pool{New: func() any { b := make([]byte, 16<<10); return &b }}

// ask makes the chain's next request and reads the response, as far as the chain
// needs it: the head of a redirect, a final response up to its limits.
func (p *prober) ask(ctx context.Context, ch *chain, guess bool) (*conversation, error) {
	all := ctx
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	w := *ch.next
	var handshake time.Duration
	if guess {
		handshake = guessTimeout
	}
	offer := offerMain
	if w.version == "HTTP/2" {
		offer = offerAlone
	}
	c, err := p.dial(ctx, w.at, offer, handshake)
	if err != nil {
		return nil, err
	}
	end := closing(ctx, c)
	defer end()
	if guess {
		p.probe(all, w.at, false)
	}
	// A failed write is recorded, and what the server has to say may be there
	// all the same.
	var frames *framing
	if w.version == "HTTP/2" {
		if c.TLS().ALPN != "h2" {
			return nil, &ResponseError{Text: w.at.String() + ": h2 was not selected"}
		}
		frames = newFraming(c)
		frames.begin(ch.h2Request(w, c.TLS().Verified(), p.o.UserAgent))
	} else {
		c.Write(ch.request(w, c.TLS().Verified(), p.o.UserAgent))
	}
	b := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(b)
	buf := *b
	headed, read := false, 0
	for {
		n, err := c.Read(buf)
		head, enough := p.progress(c.ID())
		if read += n; read > maxRead {
			break
		}
		if frames != nil && !frames.take(buf[:n]) {
			break // refused
		}
		if err != nil || enough {
			break
		}
		if head && !headed {
			headed = true
			c.SetReadDeadline(soonest(ctx, bodyWait))
		}
	}
	end()
	id := c.ID() // before mu, which the tap's sink takes under the tap's own
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rec.conv(id), nil
}

// progress reports whether the head of a final response is there, and whether
// nothing more is to be read.
func (p *prober) progress(id int) (head, enough bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.rec.conv(id)
	if c == nil {
		return false, true
	}
	if c.settled {
		return true, true
	}
	if spoken := c.tls != nil && c.tls.ALPN == "h2"; !spoken && (c.answeredInFrames() || c.tlsInClear()) {
		return true, true
	}
	m := p.rec.stream.State(id).Partial[1]
	if strange, told := c.strange(m); strange {
		return true, told
	}
	if m == nil {
		return false, false
	}
	r, ok := m.Value.(*http1.Response)
	if !ok || r.Interim() {
		return false, false
	}
	return true, follows(r.Status) && r.Fields.Has("Location") || m.Body.Size >= maxBody
}

// probe starts the probes for HTTP/2 of a URL, unless they were made at that
// place, or the places are too many and this is not the final one.
func (p *prober) probe(ctx context.Context, a address, final bool) {
	at, ok := probed(a)
	if !ok || p.places[at.target()] || len(p.places) >= maxPlaces && !final {
		return
	}
	if p.o.Full && !final && len(p.places) > 0 {
		return // what the final place tells is worth more
	}
	p.places[at.target()] = true
	p.wg.Go(func() {
		if p.spend() && p.probeWith(ctx, at, offerBoth) == "http/1.1" && p.spend() {
			p.probeWith(ctx, at, offerAlone)
		}
	})
}

// probeWith makes one probe and returns what was selected.
func (p *prober) probeWith(ctx context.Context, at address, alpn []string) string {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	c, err := p.dial(ctx, at, alpn, 0)
	if err != nil {
		return ""
	}
	defer closing(ctx, c)()
	selected := c.TLS().ALPN
	if selected == "h2" {
		p.confirm(ctx, c, at)
	}
	return selected
}

// confirm begins HTTP/2 and waits for the server's SETTINGS, and a little for
// what it says then: it may be a GOAWAY. A full analysis asks for the page as well.
func (p *prober) confirm(ctx context.Context, c *wire.Conn, at address) {
	wait := func(d time.Duration) { c.SetReadDeadline(soonest(ctx, d)) }
	wait(settingsWait)
	frames := newFraming(c)
	frames.begin(nil)
	b := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(b)
	buf := *b
	answered, asked := false, false
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		f := p.framesOf(c.ID())
		if f.other || f.goAway {
			return
		}
		going := frames.take(buf[:n])
		if f.settings && !answered {
			answered = true
			wait(ackWait)
		}
		switch _, enough := p.progress(c.ID()); {
		case !f.settings || !f.acked:
		case p.o.Full && !asked:
			asked = true
			wait(replyWait)
			frames.send(h2Fields(at, nil, p.o.UserAgent))
		case !asked || enough || !going:
			c.Write(http2.AppendGoAway(nil, 0, http2.ErrCodeNo, ""))
			return
		}
	}
}

// soonest returns the time in d, or that of ctx where it is earlier.
func soonest(ctx context.Context, d time.Duration) time.Time {
	t := time.Now().Add(d)
	if limit, ok := ctx.Deadline(); ok && limit.Before(t) {
		return limit
	}
	return t
}

// framesOf returns what came of a server's frames so far.
func (p *prober) framesOf(id int) frames {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.rec.conv(id).frames
	// What is no frame becomes a message only when it is over.
	f.other = f.other || !f.settings && !p.rec.stream.State(id).Framed
	return f
}
