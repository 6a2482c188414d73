package analyze

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"wiretape/wire"
)

// Limits of an analysis.
const (
	defaultTimeout = 10 * time.Second
	probeTimeout   = 5 * time.Second        // of one connection, from dialling on
	guessTimeout   = 2 * time.Second        // of a handshake with a port that may not speak TLS
	settingsWait   = 2 * time.Second        // for a server's SETTINGS
	ackWait        = 500 * time.Millisecond // after them, for what may follow
	bodyWait       = time.Second            // after a final response's head
	maxBody        = 1 << 20                // of a final response, octets
	maxRead        = 2 * maxBody            // of one connection, octets, whatever they are
	maxPlaces      = 5                      // at which HTTP/2 is probed beside the final one
	replyWait      = 2 * time.Second        // for what a probe asks
	maxProbes      = 12                     // connections of a full analysis beside the chain's
)

// Options say how to analyse. The zero value works.
type Options struct {
	// Dialer makes the connections. Of its TLS options the ALPN list and Confirm
	// are the analysis's own: a certificate that does not verify is reported,
	// and the analysis goes on. ServerName is for the first host alone.
	Dialer wire.Dialer
	// Sink gets the events of all conversations; nil means none. From them
	// [Analyze] makes the report that Run returns. Each Run numbers its
	// connections from 1 and starts its clock at 0: it is a recording of its own.
	Sink wire.Sink
	// Line returns the line of a tape at which Sink wrote the event that it got
	// last; nil where there is no tape. The report then names lines.
	Line func() int
	// Asked is told the URL of the first request before all events, and again
	// where what was typed is read in a second way. A tape that marks it, and gives
	// it to [Collector.Asked], has the same report where nothing was answered.
	Asked func(url string)
	// Created is the wall clock by which cookies are judged, a tape's if one is
	// made; zero means now.
	Created time.Time
	// Timeout is for all of it; zero means 10 s.
	Timeout time.Duration
	// Full asks all that the report can tell, over at most 12 connections beside
	// those of the redirects.
	Full bool
	// Passive asks nothing beside the classic report's: with Full, what that and
	// a name server tell.
	Passive bool
	// Soft follows Refresh fields and meta elements as well.
	Soft bool
	// MaxRedirects is how many redirects are followed; zero means 10.
	MaxRedirects int
	// Auth is user:password, or a token for Bearer; "" asks without. It is tried
	// where the final response asks for it, and over a connection that verified,
	// or in the clear where the URL was.
	Auth string
	// Nameserver is host:port of who is asked for the host's records; "" means
	// the system's, unless the Dialer has ways of its own, and "none" nobody.
	Nameserver string
	// UserAgent is the field of that name; "" means "wiretape (+auto)".
	UserAgent string
}

// A ResponseError says that a server was connected to and gave no response that
// could be read, or none that is final: its redirects lead nowhere.
type ResponseError struct {
	Text    string
	timeout bool
}

// Error names the URL and what was found.
func (e *ResponseError) Error() string { return e.Text }

// Timeout reports whether time ran out.
func (e *ResponseError) Timeout() bool { return e.timeout }

// Run analyses a URL: http, https, or without a scheme. It asks what the classic
// report needs, over about three connections. A host alone is asked over http,
// and over https where port 80 does not answer; host:port over https, and over
// http where the port's first bytes are not TLS.
//
// An error is a [*URLError], after which there is no report, or says why no
// response came: a [*wire.OpError] or a [*ResponseError]; the report then stands
// all the same, as far as it goes, and its Error is not empty. What the peer does
// with the request, and a certificate that does not verify, is no error. A user in
// the URL is not sent.
//
// Where nothing could be asked, the report has the URL as it was typed, of which
// a recording may know the address alone.
func Run(ctx context.Context, url string, o Options) (Report, error) {
	t, err := parseTyped(url)
	if err != nil {
		return Report{}, err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Created.IsZero() {
		o.Created = time.Now()
	}
	if o.UserAgent == "" {
		o.UserAgent = "wiretape (+auto)"
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()

	p := newProber(o, t.first.host)
	p.asked(t.first)
	if o.Full {
		p.askNames(ctx, t.first.host)
	}
	ch, at, err := p.follow(ctx, t)
	p.probe(ctx, at, true)
	if o.Auth != "" {
		p.authenticate(ctx, ch)
	}
	if o.Full {
		p.more(ctx, ch, at)
	}
	p.wg.Wait()

	p.mu.Lock()
	defer p.mu.Unlock()
	asked := t.first
	if t.second != nil && p.second {
		asked = *t.second
	}
	report := p.rec.report(asked, o.Created)
	if err == nil && report.Error != "" {
		err = &ResponseError{Text: string(report.Error)} // redirects that lead nowhere
	}
	if report.HTTP2.Verdict == Yes && len(report.Hops) == 0 {
		err = nil // a server of HTTP/2 alone is not down
	}
	return report, err
}

// asked tells what is asked for.
func (p *prober) asked(a address) {
	if p.o.Asked != nil {
		p.o.Asked(a.String())
	}
}

// follow runs the main chain and returns it with the URL that it came to.
func (p *prober) follow(ctx context.Context, t typed) (*chain, address, error) {
	begin := func(a address) *chain {
		ch := newChain(a, p.o.Created.Truncate(time.Second))
		ch.limit = cmp.Or(p.o.MaxRedirects, maxRedirects)
		ch.soft = func(want) bool { return p.o.Soft }
		return ch
	}
	ch := begin(t.first)
	guess := t.second != nil && t.first.secure
	if !guess {
		p.probe(ctx, t.first, false)
	}
	at := t.first
	for ch.next != nil {
		at = ch.next.at
		c, err := p.ask(ctx, ch, guess)
		if err != nil && t.second != nil && !p.second && len(ch.hops) == 0 && elsewhere(err, guess) {
			p.second, guess = true, false
			p.asked(*t.second)
			ch = begin(*t.second)
			p.probe(ctx, *t.second, false)
			continue
		}
		guess = false
		if c2 := p.inFrames(ctx, ch, c, err); c2 != nil {
			c, err = c2, nil
		}
		if err != nil {
			return ch, at, err
		}
		if ch.take(c); ch.next != nil {
			p.probe(ctx, ch.next.at, false)
		} else if c.final() == nil {
			return ch, at, &ResponseError{Text: ch.fault, timeout: c.timeout && c.unreadable == ""}
		}
	}
	return ch, at, nil
}

// inFrames asks again over HTTP/2 what had no answer over HTTP/1.1, where that is
// worth a try; nil where it is not, or gives no response either.
func (p *prober) inFrames(ctx context.Context, ch *chain, c *conversation, err error) *conversation {
	if alert, ok := errors.AsType[*wire.AlertError](err); err != nil && (!ok || alert.Sent || alert.Alert != alertNoProtocol) {
		return nil
	}
	before := ch.next
	if c != nil && c.final() != nil || !ch.inFrames(c) {
		return nil
	}
	c, err = p.ask(ctx, ch, false)
	if err != nil || c.final() == nil {
		ch.next = before
		return nil
	}
	return c
}

// elsewhere reports whether the other protocol is worth a try: after a guess at
// TLS where the port answered and not in TLS, else where nobody answered.
func elsewhere(err error, guess bool) bool {
	op, ok := errors.AsType[*wire.OpError](err)
	if !ok {
		return false
	}
	if !guess {
		return op.Phase == wire.PhaseConnect
	}
	alert, ok := errors.AsType[*wire.AlertError](err)
	return op.Phase == wire.PhaseTLS && (!ok || alert.Sent)
}

// request returns the octets of a request; verified tells whether the connection
// is one that cookies may go over.
func (c *chain) request(w want, verified bool, agent string) []byte {
	b := fmt.Appendf(nil, "GET %s %s\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n",
		w.at.requestTarget(), w.version, w.at.authority(), agent)
	if cookies := c.cookieHeader(w, verified); len(cookies) > 0 {
		b = fmt.Appendf(b, "Cookie: %s\r\n", cookies)
	}
	return append(b, "Connection: close\r\n\r\n"...)
}
