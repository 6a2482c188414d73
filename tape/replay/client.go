package replay

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
)

// Pace says when a client sends.
type Pace uint8

const (
	// Causal: the first write of a message waits for the complete messages that
	// had been read before it; nothing else waits.
	Causal Pace = iota
	// Timed is causal, and no sooner than at the recorded time.
	Timed
)

// DefaultSilence is how long a client waits for the next byte.
const DefaultSilence = 10 * time.Second

// A Dial opens a connection for a recorded one and has its events go to tap. The
// handshake with which the recorded one began, if it did, is secure; nil for
// none.
type Dial func(ctx context.Context, conv *match.Conv, secure *wire.TLS, tap *wire.Tap) (*wire.Conn, error)

// A Client plays the client's half of a tape. The zero value works. It may be
// used for several replays, not at once.
type Client struct {
	Pace Pace
	// Step is asked before each message is sent; an error ends the replay. Nil
	// asks nobody.
	Step func(ctx context.Context, item *match.Item) error
	// Silence is how long to wait when nothing comes; zero means
	// [DefaultSilence], less than zero for ever.
	Silence time.Duration
	// Host is what the Host field names where the tape's rules say that it is
	// to be rewritten: host, or host:port.
	Host string
	// Record gets the events of the replay; nil records nothing.
	Record wire.Sink
	// TLS is for handshakes in mid-stream; nil means the zero value.
	TLS *wire.TLSOptions
	// Getenv looks up WIRETAPE_SECRET_ID; nil means os.Getenv.
	Getenv func(string) string
}

// Run replays t over connections that dial opens, and compares what comes. The
// error says that replaying was not possible; the Report is what was found up to
// then. An *[wire.OpError] of dial is such an error, but for a certificate that
// was good when t was recorded: that is a mismatch.
func (c Client) Run(ctx context.Context, t *match.Tape, dial Dial) (Report, error) {
	tally := newTally(t, "client")
	if err := playable(t); err != nil {
		return tally.report(), err
	}
	scripts := make([]*script, len(t.Convs))
	for i, conv := range t.Convs {
		scripts[i] = newScript(t, conv, wire.ClientToServer)
		tally.r.Sent.All += scripts[i].sends
		tally.r.Received.All += scripts[i].awaits
	}
	r := run{
		c: c, t: t, tally: tally, dial: dial, scripts: scripts, tap: wire.NewTap(c.Record),
		vars: &match.Vars{}, start: time.Now(),
	}
	if len(scripts) > 1 {
		r.board = newBoard(scripts)
	}
	if err := r.preflight(); err != nil {
		return tally.report(), err
	}
	err := r.all(ctx)
	return tally.report(), err
}

// A run is one replay of a client.
type run struct {
	c       Client
	t       *match.Tape
	tally   *tally
	dial    Dial
	scripts []*script
	tap     *wire.Tap
	vars    *match.Vars
	board   *board
	start   time.Time
}

// preflight refuses, before anything is sent, a tape whose secrets have no
// value: neither in the environment nor from the peer.
func (r *run) preflight() error {
	seen := map[string]bool{}
	for _, s := range r.scripts {
		for _, it := range s.peer {
			if it.Message != nil {
				for _, span := range it.Message.Spans {
					seen[span.ID] = true
				}
			}
		}
	}
	render := r.renderer()
	for _, s := range r.scripts {
		for _, st := range s.own {
			if st.Message == nil {
				continue
			}
			for _, span := range st.Message.Spans {
				if !seen[span.ID] {
					if _, err := render.value(st.Message, span); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (r *run) renderer() renderer {
	re := renderer{tape: r.t.Name, vars: r.vars, getenv: r.c.Getenv}
	if r.t.Rules.RewriteHost {
		re.host = r.c.Host
	}
	re.lookup()
	return re
}

// all plays the connections: one after the other where they were so, else at
// once, each opened when what came before it on the tape has come.
func (r *run) all(ctx context.Context) error {
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	latest := 0
	for i, s := range r.scripts {
		if s.conv.Begin > latest {
			wg.Wait()
		}
		latest = max(latest, s.conv.End)
		if err := r.board.wait(ctx, s.conv.Begin); err != nil {
			break
		}
		conn, err := r.open(ctx, s)
		if err != nil {
			cancel(err)
			break
		}
		if conn == nil {
			r.board.finish(i)
			continue
		}
		wg.Go(func() {
			defer r.board.finish(i)
			if err := r.play(ctx, i, conn); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return nil
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

// play plays one connection and closes it.
func (r *run) play(ctx context.Context, i int, conn *wire.Conn) error {
	s := r.scripts[i]
	silence := r.c.Silence
	if silence == 0 {
		silence = DefaultSilence
	}
	p := &player{
		live: newLive(conn, s, max(0, silence)), render: r.renderer(), rules: &r.t.Rules, vars: r.vars,
		tally: r.tally, board: r.board, index: i, pace: r.pace(),
		startTLS: func(ctx context.Context, want *wire.TLS) error { return r.upgrade(ctx, conn, s, want) },
	}
	stop := context.AfterFunc(ctx, func() { conn.Abort() })
	defer stop()
	err := p.play(ctx)
	conn.Close()
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case errors.Is(err, errPlayed):
		return nil
	}
	return err
}

func (r *run) pace() func(context.Context, step) error {
	if r.c.Pace == Causal && r.c.Step == nil {
		return nil
	}
	return func(ctx context.Context, s step) error {
		if r.c.Pace == Timed {
			at := s.Event.At
			if s.Message != nil {
				at = s.Message.First
			}
			if err := wait(ctx, r.start.Add(at)); err != nil {
				return err
			}
		}
		if r.c.Step != nil && s.Message != nil {
			return r.c.Step(ctx, s.Item)
		}
		return nil
	}
}

// upgrade shakes hands in mid-stream, by the tape's facts.
func (r *run) upgrade(ctx context.Context, conn *wire.Conn, s *script, want *wire.TLS) error {
	waiting, err := conn.StartTLS(ctx, Options(r.c.TLS, want))
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

// Options returns base with what a recorded handshake tells: the ALPN list that
// was offered, and that a certificate which did not verify then was taken.
func Options(base *wire.TLSOptions, recorded *wire.TLS) *wire.TLSOptions {
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

// To returns a Dial that connects to target whatever the tape's own was. Where
// the recorded connection began with a handshake, so does this one, offering the
// same ALPN; where it did not, the target decides.
func To(d wire.Dialer, target wire.Target) Dial {
	return func(ctx context.Context, conv *match.Conv, secure *wire.TLS, tap *wire.Tap) (*wire.Conn, error) {
		if conv.Facts != nil && conv.Facts.Network != target.Network && target.Network != "unix" {
			if conv.Facts.Network == "udp" || target.Network == "udp" {
				return nil, fmt.Errorf("connection %d is recorded over %s: %s is %s", conv.Conn, conv.Facts.Network, target, target.Network)
			}
		}
		d, target := d, target
		if secure != nil {
			target.TLS = true
			d.TLS = Options(d.TLS, secure)
		}
		return d.Dial(ctx, target, tap)
	}
}
