package replay

import (
	"context"
	"errors"
	"sync"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/http1"
)

// defaultSilence is how long a client waits for the next byte.
const defaultSilence = 10 * time.Second

// A Client plays the client's half of a tape. The zero value works. It may be
// used for several replays, not at once.
type Client struct {
	Pace Pace
	// Step is asked before each message is sent; an error ends the replay. Nil
	// asks nobody.
	Step func(ctx context.Context, item *match.Item) error
	// Silence is how long to wait when nothing comes; zero means
	// 10 seconds, less than zero for ever.
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
		vars: &match.Vars{}, start: time.Now(), data: dataConvs(t), places: map[int]string{},
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
	fields  []secretField          // to be put back in HTTP/2
	data    map[*match.Message]int // connections that a message announces, by index

	mu sync.Mutex
	// guarded by mu:
	places map[int]string // where they go
}

// preflight refuses, before anything is sent, a tape whose secrets have no
// value, neither in the environment nor from the peer, or answer a challenge.
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
	if err := r.checkSecrets(); err != nil {
		return err
	}
	render := r.renderer()
	for _, s := range r.scripts {
		var c challenge
		for _, st := range s.own {
			if st.Message == nil {
				continue
			}
			if err := c.refuse(r.t.Name, st.Message); err != nil {
				return err
			}
			if _, ok := st.Message.Value.(*http1.Request); ok && s.conv.HTTP2() {
				continue // checkSecrets
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
		at := ctx
		if place := r.place(i); place != "" {
			at = context.WithValue(ctx, placeKey{}, place)
		}
		conn, err := r.open(at, s)
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

// play plays one connection and closes it.
func (r *run) play(ctx context.Context, i int, conn *wire.Conn) error {
	s := r.scripts[i]
	stop := context.AfterFunc(ctx, func() { conn.Abort() })
	defer stop()
	err := r.one(ctx, i, conn, s)
	conn.Close()
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case errors.Is(err, errPlayed):
		return nil
	}
	return err
}

// silence is how long to wait, less than zero for ever.
func (r *run) silence() time.Duration {
	if r.c.Silence == 0 {
		return defaultSilence
	}
	return r.c.Silence
}

// one plays one connection by its protocol.
func (r *run) one(ctx context.Context, i int, conn *wire.Conn, s *script) error {
	if s.conv.HTTP2() {
		return r.http2(ctx, i, conn, s)
	}
	p := &player{
		live: newLive(conn, s, max(0, r.silence())), render: r.renderer(), rules: &r.t.Rules, vars: r.vars,
		tally: r.tally, board: r.board, index: i, pace: r.pace(),
		startTLS: func(ctx context.Context, want *wire.TLS) error { return r.upgrade(ctx, conn, s, want) },
	}
	p.announced = func(want, got *match.Message) { r.goneTo(conn, want, got) }
	return p.play(ctx)
}
