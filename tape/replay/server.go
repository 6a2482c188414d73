package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/proto"
)

// Unmatched says what a server does with a message that nothing on the tape
// answers. Each time it is a mismatch.
type Unmatched uint8

const (
	Fail      Unmatched = iota // answer nothing and end serving; with Server.Match, serve the other clients
	CloseConn                  // close the connection
	ResetConn                  // reset the connection
	Forward                    // pass it on by Server.Dial, and what answers it back; it is told and is no mismatch
)

// defaultLinger is how long a server that has played all waits for clients to
// close.
const defaultLinger = time.Second

// A Server plays the server's half of a tape. The zero value plays it in order,
// once, to whoever connects.
type Server struct {
	// Match looks messages up, whatever their order, for any number of clients;
	// what repeats on the tape is answered in tape order. Serving ends with the
	// context.
	Match bool
	// Loop begins again at what was played already, with Match for each request
	// on its own.
	Loop bool
	// StickLast, with Match, repeats the last answer to a request.
	StickLast bool
	// Strict has every difference of a client fail, not only one in what it
	// asks for.
	Strict bool
	// Unmatched is the policy for what nothing answers.
	Unmatched Unmatched
	// Dial opens a connection to where messages are passed on, with [Forward]:
	// a request of HTTP/1, or a connection for which the tape has none.
	Dial func(ctx context.Context, tap *wire.Tap) (*wire.Conn, error)
	// Forwarded gets the events of the connections of Dial; nil records nothing.
	Forwarded wire.Sink
	// Once ends serving when there has been a connection and there is none, and, as
	// long as something is not played, none comes within Linger either: a browser
	// closes one connection before it opens the next.
	Once bool
	// Silence ends a wait for a client in the middle of a conversation; zero
	// means none.
	Silence time.Duration
	// Linger is how long clients may stay when all is played, and with Once how
	// long they may be gone before; zero means one second.
	Linger time.Duration
	// Record gets the events of the replay; nil records nothing.
	Record wire.Sink
	// TLS is for handshakes in mid-stream: the certificates.
	TLS *wire.TLSOptions
	// Getenv looks up WIRETAPE_SECRET_ID; nil means os.Getenv. A secret without
	// a value is invented.
	Getenv func(string) string
}

// Serve plays t to the connections that ln accepts. It returns when all is played,
// when an unmatched message fails it, with [Server.Once] when the clients have
// gone, or when ctx ends; ln is closed then. What was not played is a mismatch
// unless t is looked up. The error says that serving was not possible.
func (s Server) Serve(ctx context.Context, ln *wire.Listener, t *match.Tape) (Report, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if s.Linger == 0 {
		s.Linger = defaultLinger
	}
	v := &serving{Server: s, t: t, ln: ln, forwarded: wire.NewTap(s.Forwarded), tally: newTally(t, "server"), vars: &match.Vars{}, cancel: cancel, conns: map[*wire.Conn]bool{}, entered: map[int]bool{}}
	if err := playable(t); err != nil {
		return v.tally.report(), err
	}
	for _, c := range t.Convs {
		sc := newScript(t, c, wire.ServerToClient)
		v.scripts = append(v.scripts, sc)
		v.tally.r.Sent.All += sc.sends
		v.tally.r.Received.All += sc.awaits
	}
	if pool, ok := newPool(t, &v.Server); ok {
		v.pool = pool
	}
	if v.pool == nil && slices.ContainsFunc(t.Convs, (*match.Conv).HTTP2) {
		return v.tally.report(), fmt.Errorf("serve %s: HTTP/2 beside connections that are not HTTP", t.Name)
	}
	if len(t.Convs) == 0 {
		return v.tally.report(), fmt.Errorf("serve %s: no connection is on the tape", t.Name)
	}
	v.taken = make([]bool, len(v.scripts))
	v.data = dataConvs(t)
	announced := map[int]bool{}
	for _, k := range v.data {
		announced[k] = true
	}
	for k := range v.scripts {
		if !announced[k] {
			v.first = append(v.first, k)
		}
	}
	v.tapped = v.tap()
	stop := context.AfterFunc(ctx, v.hangUp)
	err := ln.Serve(ctx, v.tapped, v.handle)
	stop()
	cancel(nil)
	v.handlers.Wait()
	v.mu.Lock()
	v.stopLingering()
	v.mu.Unlock()
	v.leftovers()
	return v.tally.report(), err
}

// A serving is one call of Serve.
type serving struct {
	Server
	t  *match.Tape
	ln *wire.Listener

	tapped    *wire.Tap              // of the listener
	forwarded *wire.Tap              // of what is passed on
	data      map[*match.Message]int // connections that a message announces, by index
	first     []int                  // of scripts, those that none announces
	handlers  sync.WaitGroup         // of the others
	tally     *tally
	scripts   []*script
	pool      *pool // nil where connections are played one by one
	vars      *match.Vars
	cancel    context.CancelCauseFunc

	mu sync.Mutex
	// guarded by mu:
	conns    map[*wire.Conn]bool
	accepted int
	refused  []int        // numbers of connections whose handshake failed
	entered  map[int]bool // numbers of those that are played
	played   []bool       // by connection on the tape
	taken    []bool       // the same: it is or was being played
	over     bool         // all is played

	lingering *time.Timer // ends serving unless somebody comes; nil for none
}

// stopLingering has nothing end serving any more but what is played. v.mu is held.
func (v *serving) stopLingering() {
	if v.lingering != nil {
		v.lingering.Stop()
	}
}

// tap returns what connections are recorded by. Where it matters which of them
// was accepted first, those whose handshake fails are not to be counted.
func (v *serving) tap() *wire.Tap {
	if v.pool != nil {
		return wire.NewTap(v.Record)
	}
	return wire.NewTap(func(e wire.Event) {
		if e.Kind == wire.KindClose {
			v.mu.Lock()
			if !v.entered[e.Conn] {
				v.refused = append(v.refused, e.Conn)
			}
			delete(v.entered, e.Conn)
			v.mu.Unlock()
		}
		if v.Record != nil {
			v.Record(e)
		}
	})
}

// handle plays to one connection.
func (v *serving) handle(ctx context.Context, c *wire.Conn) {
	n, ok := v.enter(ctx, c)
	defer v.leave(c)
	if !ok {
		return
	}
	if v.pool != nil {
		v.http(ctx, c)
		return
	}
	v.bound(ctx, c, n)
}

// enter notes a connection and returns how many were accepted before it. Its
// goroutine may well be the first to run of several.
func (v *serving) enter(ctx context.Context, c *wire.Conn) (int, bool) {
	id := c.ID()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conns[c] = true
	v.accepted++
	v.stopLingering()
	n := id - 1
	for _, r := range v.refused {
		if r < id {
			n--
		}
	}
	v.entered[id] = true
	return n, ctx.Err() == nil
}

// leave forgets a connection. With Once the last one ends serving, in a while if
// something is not played.
func (v *serving) leave(c *wire.Conn) {
	if !v.forget(c) || !v.Once {
		return
	}
	if !v.lacks() {
		v.cancel(nil)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	n := v.accepted
	v.stopLingering()
	v.lingering = time.AfterFunc(v.Linger, func() {
		v.mu.Lock()
		gone := v.accepted == n
		v.mu.Unlock()
		if gone {
			v.cancel(nil)
		}
	})
}

// lacks reports whether something is left that was not played.
func (v *serving) lacks() bool {
	if v.pool != nil {
		return len(v.pool.unplayed()) > 0
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Contains(v.taken, false)
}

// forget closes a connection and reports whether it was the last.
func (v *serving) forget(c *wire.Conn) bool {
	c.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.conns, c)
	return len(v.conns) == 0
}

// hangUp ends what clients are still connected.
func (v *serving) hangUp() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for c := range v.conns {
		if v.over {
			c.SetReadDeadline(time.Now().Add(v.Linger))
		} else {
			go c.Close()
		}
	}
}

// finished ends serving: all is played.
func (v *serving) finished() {
	v.mu.Lock()
	v.over = true
	v.mu.Unlock()
	v.cancel(nil)
}

// isOver reports whether all is played.
func (v *serving) isOver() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.over
}

// unmatched acts on a message that nothing answers.
func (v *serving) unmatched(c *wire.Conn) {
	switch v.Unmatched {
	case Fail:
		if v.Match {
			return // its connection is closed by whoever has it
		}
		v.ln.Close() // before the client can see its end and connect anew
		v.cancel(errUnmatched)
	case ResetConn:
		c.Abort()
	}
}

// bound plays the n-th recorded connection to the n-th accepted one.
func (v *serving) bound(ctx context.Context, c *wire.Conn, n int) {
	all := len(v.first)
	if n >= all && !v.Match && !v.Loop && v.Unmatched == Forward {
		v.through(ctx, c, n)
		return
	}
	if n >= all && !v.Match && !v.Loop {
		v.tally.mismatch(match.Mismatch{Kind: match.Unmatched, Path: "connection", Offset: -1, Got: fmt.Sprintf("connection %d came, the tape has %d", n+1, all)})
		v.unmatched(c)
		return
	}
	if n < all {
		v.tally.conns.Add(1)
	}
	v.playTo(ctx, c, v.first[n%all])
}

// playTo plays a recorded connection, by its index.
func (v *serving) playTo(ctx context.Context, c *wire.Conn, n int) {
	s := v.scripts[n]
	l := newLive(c, s, v.Silence)
	if l.packets() {
		n = v.chosen(ctx, l, n)
		s = l.s
	}
	v.mu.Lock()
	v.taken[n] = true
	v.mu.Unlock()
	vars := v.vars
	if v.Match {
		vars = &match.Vars{}
	}
	p := &player{
		live: l, render: v.renderer(vars), rules: &v.t.Rules, vars: vars, tally: v.tally, strict: v.Strict,
		startTLS: func(ctx context.Context, want *wire.TLS) error {
			_, err := c.StartTLS(ctx, v.TLS)
			return err
		},
	}
	p.looked, p.linger, p.render.packets = v.Match, v.Linger, l.packets()
	p.announce = func(m *match.Message) (edit, bool) { return v.listen(ctx, c, m) }
	err := p.play(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, errUnmatched):
		v.unmatched(c)
	case err != nil && !errors.Is(err, errPlayed):
		v.tally.note("connection %d: %v", s.conv.Conn, err)
	}
	v.done(n)
}

// chosen has the recorded connection played whose first datagram agrees with the
// first that came, of those not yet played: over UDP a client has an address of its
// own for each question, and asks several at once. It returns its number.
func (v *serving) chosen(ctx context.Context, l *live, n int) int {
	for len(l.grams) == 0 {
		if ok, err := l.fill(0); !ok || err != nil || ctx.Err() != nil {
			return n
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i, s := range v.scripts {
		if v.taken[i] && !v.Match && !v.Loop || len(s.peer) == 0 || s.peer[0].Message == nil || s.proto != l.s.proto {
			continue
		}
		want := s.peer[0].Message
		got := match.Live(proto.Message{Conn: want.Conn, Proto: want.Proto, Kind: want.Kind, Dir: want.Dir, Complete: true}, l.in[:l.grams[0]])
		if m := l.peek(); m != nil {
			got = m
		}
		if match.Compare(want, got, &v.t.Rules, nil).Key {
			v.taken[i], l.s = true, s
			return i
		}
	}
	return n
}

// done notes that a recorded connection was played, well or not.
func (v *serving) done(n int) {
	v.mu.Lock()
	if v.played == nil {
		v.played = make([]bool, len(v.scripts))
	}
	all := n < len(v.played)
	if all {
		v.played[n] = true
	}
	for _, p := range v.played {
		all = all && p
	}
	v.mu.Unlock()
	if all && !v.Match && !v.Loop {
		v.finished()
	}
}

func (v *serving) renderer(vars *match.Vars) renderer {
	r := renderer{tape: v.t.Name, vars: vars, invent: true, getenv: v.Getenv}
	r.lookup()
	return r
}

// leftovers tells what was not played.
func (v *serving) leftovers() {
	if v.pool != nil {
		left := v.pool.unplayed()
		whole := make([]bool, len(v.scripts))
		for _, x := range v.pool.all {
			whole[x.conv] = true
		}
		for _, x := range left {
			whole[x.conv] = false
		}
		for _, w := range whole {
			if w {
				v.tally.conns.Add(1)
			}
		}
		for _, x := range left {
			m := match.Mismatch{Kind: match.Unplayed, Path: "request", Tape: x.tape, TapeLine: x.request.Line, Conn: x.request.Message.Conn, N: x.request.Message.N, Offset: -1,
				Got: "never came: " + match.Describe(x.request.Message)}
			if v.Match {
				v.tally.differ(m)
			} else {
				v.tally.mismatch(m)
			}
		}
		return
	}
	for i, s := range v.scripts {
		if v.taken[i] || v.Match || v.Loop {
			continue
		}
		v.tally.mismatch(match.Mismatch{Kind: match.Unplayed, Path: "connection", TapeLine: s.conv.Line, Tape: s.conv.Tape, Conn: s.conv.Conn, Offset: -1, Got: "never came"})
	}
}
