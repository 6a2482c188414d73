package replay

import (
	"context"
	"errors"
	"fmt"

	"wiretape/tape/match"
	"wiretape/wire"
	"wiretape/wire/detect"
	"wiretape/wire/http1"
	"wiretape/wire/http2"
	"wiretape/wire/proto"
)

// An answerer answers the requests of one connection out of a pool.
type answerer struct {
	*live
	ctx    context.Context
	v      *serving
	vars   *match.Vars
	render renderer
}

// http plays exchanges to a connection, whichever they ask for.
func (v *serving) http(ctx context.Context, c *wire.Conn) {
	vars := v.vars
	if v.Match {
		vars = &match.Vars{}
	}
	s := *v.scripts[0]
	s.lazy, s.bytes, s.proto = true, false, detect.HTTP1
	a := &answerer{ctx: ctx, live: newLive(c, &s, v.Silence), v: v, vars: vars, render: v.renderer(vars)}
	a.wants = v.wants()
	for {
		is, more := isPreface(a.in)
		if is {
			v.http2(ctx, c, vars, a.in)
			return
		}
		if !more {
			break
		}
		if ok, err := a.fill(len(http2.Preface)); !ok || err != nil {
			break
		}
	}
	for ctx.Err() == nil || v.isOver() {
		more, err := a.one()
		if errors.Is(err, errUnmatched) {
			v.unmatched(c)
			return
		}
		if err != nil && !errors.Is(err, errSilence) {
			v.tally.note("a client: %v", err)
		}
		if err != nil || !more {
			return
		}
	}
}

// wants returns what finds the recorded request with which one is compared while it
// comes. What may be passed on is held.
func (v *serving) wants() func(*proto.Message) *match.Message {
	if v.Unmatched == Forward {
		return nil
	}
	return v.pool.wanted
}

// one takes a request and answers it. It returns false where the connection is
// over.
func (a *answerer) one() (bool, error) {
	p := a.v.pool
	var so prefix
	for {
		if len(a.in) > 0 && !a.busy && len(a.queue) == 0 {
			x, n, more := p.recall(a.in, &so)
			if x != nil {
				a.takeEqual(n, true)
				return a.answer(x)
			}
			if more && !p.early {
				if ok, err := a.fill(a.v.pool.longest); !ok || err != nil {
					return a.rest(err)
				}
				continue
			}
		}
		a.parse()
		if m := a.next(); m != nil {
			return a.request(m)
		}
		if done, more, err := a.midway(); done {
			return more, err
		}
		if ok, err := a.fill(a.v.pool.longest); !ok || err != nil {
			return a.rest(err)
		}
	}
}

// rest takes what there is of a request that does not go on.
func (a *answerer) rest(err error) (bool, error) {
	if m := a.next(); m != nil && err == nil {
		return a.request(m)
	}
	return a.lost(err)
}

// lost tells of a request that its client did not finish.
func (a *answerer) lost(err error) (bool, error) {
	n := len(a.in)
	switch {
	case errors.Is(err, errBeyond):
		a.v.tally.mismatch(match.Mismatch{Kind: match.Extra, Path: "request", Offset: -1, Why: "longer than each of the tape",
			Got: fmt.Sprintf("%d bytes, and no end: %s", n, match.Show(a.in))})
		return false, errUnmatched
	case n > 0 && err == nil:
		a.v.tally.mismatch(match.Mismatch{Kind: match.Cut, Path: "request", Offset: -1, Got: fmt.Sprintf("cut off after %d bytes: %s", n, match.Show(a.in))})
		return false, errUnmatched
	}
	return false, err
}

// request answers a request that is complete, or that was cut off.
func (a *answerer) request(m *match.Message) (bool, error) {
	p := a.v.pool
	a.drop(m.Span.To)
	g := p.find(m)
	var x *exchange
	if g != nil {
		x = p.take(g)
	}
	if x == nil && a.v.Unmatched == Forward && m.Complete {
		err := a.forward(a.ctx, m)
		return err == nil, nil
	}
	if x == nil {
		return false, a.v.nothing(m)
	}
	if a.v.compare(x, m, a.vars) && framed(m) {
		p.remember(m, g)
	}
	return a.answer(x)
}

// compare tells what differs beyond the key, and reports whether it need not be
// told again.
func (v *serving) compare(x *exchange, m *match.Message, vars *match.Vars) bool {
	out := match.Compare(x.request.Message, m, &v.pool.rules, vars)
	v.tell(out)
	return m.Complete && (!v.Strict || len(out.Mismatches) == 0)
}

// tell tells what differs of a request that is answered.
func (v *serving) tell(out match.Outcome) {
	v.tally.compared(out)
	for _, mm := range out.Mismatches {
		if v.Strict || mm.Kind == match.Cut {
			v.tally.mismatch(mm)
		} else {
			v.tally.differ(mm)
		}
	}
}

// nothing tells of a request that nothing answers.
func (v *serving) nothing(m *match.Message) error {
	x, nearest := v.pool.nearest(m)
	mm := match.Mismatch{Kind: match.Unmatched, Path: "request", Offset: -1, Got: "nothing answers " + match.Describe(m), Nearest: nearest}
	if !m.Complete {
		mm.Kind, mm.Got = match.Cut, fmt.Sprintf("cut off after %d bytes: %s: %s", len(m.Raw), match.Describe(m), m.EndedBy)
	}
	if x != nil {
		mm.Tape, mm.TapeLine, mm.N, mm.Conn = x.tape, x.request.Line, x.request.Message.N, x.request.Message.Conn
	}
	v.tally.mismatch(mm)
	return errUnmatched
}

// midway answers a request of which a part is there, where the tape does so.
func (a *answerer) midway() (done, more bool, err error) {
	p := a.v.pool
	if !p.early || a.parser == nil {
		return false, false, nil
	}
	part := a.parser.State(1).Partial[0]
	if part == nil || part.Value == nil {
		return false, false, nil
	}
	x := p.earlyFor(part, a.live)
	if x == nil {
		return false, false, nil
	}
	sent := 0
	for sent < len(x.replies) && x.early[sent] >= 0 && a.arrivedPart(x.request.Message, x.early[sent]) {
		if err := a.reply(x, sent); err != nil {
			return true, false, nil
		}
		sent++
	}
	if sent == len(x.replies) && x.then != 0 {
		// The rest of the request is read by nobody, as it was.
		a.v.tally.received.Add(1)
		ok, err := a.after(x)
		return true, ok, err
	}
	// What is left of it, and then what is left of the answer.
	for {
		a.parse()
		if m := a.next(); m != nil {
			a.drop(m.Span.To)
			a.v.compare(x, m, a.vars)
			for sent < len(x.replies) {
				if err := a.reply(x, sent); err != nil {
					return true, false, nil
				}
				sent++
			}
			more, err := a.finish(x)
			return true, more, err
		}
		if sent < len(x.replies) && x.early[sent] >= 0 && a.arrivedPart(x.request.Message, x.early[sent]) {
			if err := a.reply(x, sent); err != nil {
				return true, false, nil
			}
			sent++
			continue
		}
		if ok, err := a.fill(a.v.pool.longest); !ok || err != nil {
			if len(a.queue) > 0 {
				continue
			}
			more, err := a.lost(err)
			return true, more, err
		}
	}
}

// earlyFor takes the exchange that is answered before its request is complete,
// and whose request is the one in progress.
func (p *pool) earlyFor(part *proto.Message, l *live) *exchange {
	q, ok := part.Value.(*http1.Request)
	if !ok {
		return nil
	}
	for _, g := range p.groups {
		p.mu.Lock()
		x := g.first()
		p.mu.Unlock()
		w := x.request.Message.Value.(*http1.Request)
		if len(x.early) > 0 && x.early[0] >= 0 && w.Method == q.Method && w.Target == q.Target && l.arrivedPart(x.request.Message, x.early[0]) {
			return p.take(g)
		}
	}
	return nil
}

// answer sends the replies, and does to the connection what the recorded server
// did.
func (a *answerer) answer(x *exchange) (bool, error) {
	if x.ready != nil {
		a.v.tally.sent.Add(int64(len(x.replies)))
		a.writes(x.ready)
		if len(x.ready) > 0 {
			if _, err := a.c.Write(x.ready); err != nil {
				a.v.tally.note("a client did not take its answer: %v", err)
				return false, nil
			}
		}
		return a.finish(x)
	}
	for i := range x.replies {
		if err := a.reply(x, i); err != nil {
			return false, nil
		}
	}
	return a.finish(x)
}

// reply sends one reply.
func (a *answerer) reply(x *exchange, i int) error {
	data, notes, err := a.render.render(x.replies[i].Message)
	if err != nil {
		return err
	}
	for _, n := range notes {
		a.v.tally.note("%s", n)
	}
	a.writes(data)
	if _, err = a.c.Write(data); err == nil && x.replies[i].Message.Long() {
		if err = a.writesRest(x.replies[i].Message); err == nil {
			err = a.copyRest(x.replies[i].Message)
		}
	}
	if err != nil {
		a.v.tally.note("a client did not take its answer: %v", err)
	} else {
		a.v.tally.sent.Add(1)
	}
	return err
}

// finish counts an exchange.
func (a *answerer) finish(x *exchange) (bool, error) {
	a.v.tally.received.Add(1)
	a.settle()
	return a.after(x)
}

// after does to the connection what the recorded server did after an exchange.
func (a *answerer) after(x *exchange) (bool, error) {
	a.v.playedOne()
	switch x.then {
	case wire.KindReset:
		a.c.Abort()
		return false, nil
	case wire.KindEOF:
		a.c.CloseWrite()
		// A close with bytes unread would be a reset, which may take the
		// answer with it.
		for {
			a.in, a.queue, a.unfed, a.parser = a.in[:0], nil, nil, nil
			if ok, err := a.fill(a.v.pool.longest); !ok || err != nil {
				return false, nil
			}
		}
	}
	return true, nil
}

// playedOne ends serving where all is played.
func (v *serving) playedOne() {
	if v.allPlayed() {
		v.finished()
	}
}

// allPlayed reports whether serving ends with what was played.
func (v *serving) allPlayed() bool {
	if v.Match || v.Loop {
		return false
	}
	v.pool.mu.Lock()
	defer v.pool.mu.Unlock()
	return v.pool.left == 0
}
