package replay

import (
	"context"
	"errors"
	"slices"
	"time"

	"wiretape/tape/match"
	"wiretape/wire"
)

// A player plays one recorded connection on one that stands.
type player struct {
	*live
	render renderer
	rules  *match.Rules
	vars   *match.Vars
	tally  *tally
	strict bool          // every difference of the peer fails, not only its key
	looked bool          // the peer's messages are looked up, not awaited in order
	linger time.Duration // how long a server waits for a client to close
	board  *board
	index  int // on the board

	// Called before each of our steps; an error ends the replay.
	pace func(context.Context, step) error
	// announce prepares for the connection that a message of ours announces, and
	// returns the edit that names its place; nil where we announce none.
	announce func(*match.Message) (edit, bool)
	// announced is told of a message of the peer that announces one, and of the
	// recorded one; nil tells nobody.
	announced func(want, got *match.Message)
	// startTLS shakes hands in mid-stream.
	startTLS func(context.Context, *wire.TLS) error
	stopped  func() error // by whom the replay was; nil while it goes on

	last time.Time // of the last thing that was played, where timing counts

	start    int64             // where in the peer's stream what is awaited begins
	i, j     int               // our next step, the peer's next item
	peers    []*match.Item     // the peer's items, in the order in which they are awaited
	sent     int               // messages
	interims int               // responses that the tape has not, before others
	extras   int               // replies that the tape has not
	unacked  int               // octets written since the last read
	queued   chan func() error // for the writer; nil while there is none
	written  chan error        // what ended the writer, one value
	writeErr error             // what ended our writing
}

// errPlayed says that a connection ended before its end on the tape; why is a
// mismatch already.
var errPlayed = errors.New("the connection ended early")

// play plays to the end. An error says that it could not.
func (p *player) play(ctx context.Context) error {
	p.peers = slices.Clone(p.s.peer)
	p.wants = p.wanted
	p.stopped = func() error { return context.Cause(ctx) }
	defer func() {
		if p.queued != nil {
			p.c.Abort()
			p.drain()
		}
	}()
	for p.i < len(p.s.own) || p.j < len(p.peers) {
		if p.i < len(p.s.own) && p.j >= p.s.own[p.i].gate {
			ready, err := p.ready(p.s.own[p.i])
			if err != nil {
				return err
			}
			if ready {
				if err := p.act(ctx, p.s.own[p.i]); err != nil {
					return err
				}
				p.i++
				continue
			}
		}
		if p.j >= len(p.peers) || p.i < len(p.s.own) && p.j >= p.s.own[p.i].gate && p.peers[p.j].Begin > p.s.own[p.i].Begin {
			// Ours comes first, and is not ready.
			more, err := p.fill()
			if err != nil {
				return p.silent(err)
			}
			if !more {
				return p.early(nil)
			}
			continue
		}
		if err := p.await(p.peers[p.j]); err != nil {
			return err
		}
		p.timing(p.peers[max(0, p.j)])
		p.j++
		p.board.done(p.index, p.j)
		p.settleAt()
	}
	return p.finish()
}

// finish waits for what we still write and looks for what should not be there.
func (p *player) finish() error {
	if p.queued != nil {
		if p.silence > 0 {
			p.ending.Store(true)
			p.c.SetWriteDeadline(time.Now().Add(p.silence))
		}
		p.drain()
	}
	if err := p.stopped(); err != nil {
		return err
	}
	if p.writeErr != nil {
		m := match.Mismatch{Kind: match.Unsent, TapeLine: p.s.conv.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Got: "write: " + p.writeErr.Error()}
		if p.s.awaits == 0 {
			p.tally.mismatch(m)
		} else {
			// All that was expected came: what the peer left unread it did not need.
			p.tally.differ(m)
		}
	}
	return p.tail()
}

// timing compares how long an item took with the tape's range, where the tape
// has one and requires it.
func (p *player) timing(it *match.Item) {
	if !p.rules.RequireTiming {
		return
	}
	now := time.Now()
	took := now.Sub(p.last)
	if w := it.Wait; w != nil && !p.last.IsZero() && (took < w.Min || took > w.Max) {
		m := match.Mismatch{Kind: match.Timing, Path: "time", TapeLine: it.Line, Tape: p.s.conv.Tape, Conn: p.s.conv.Conn, Offset: -1, Want: w.String(), Got: "took " + took.String()}
		if it.Message != nil {
			m.N = it.Message.N
		}
		p.tally.mismatch(m)
	}
	p.last = now
}

// settleAt settles where nothing is under way.
func (p *player) settleAt() {
	if p.i == len(p.s.own) || p.j == p.s.own[p.i].gate {
		p.settle()
	}
}

// ready reports whether a step of ours may come. A server answers in the middle
// of a message when as much of it came as had on the tape.
func (p *player) ready(s step) (bool, error) {
	if p.s.ours != wire.ServerToClient || s.Message == nil || p.j >= len(p.peers) {
		return true, nil
	}
	m := p.peers[p.j].Message
	if m == nil || p.peers[p.j].Begin > s.Begin {
		return true, nil
	}
	need := s.Seen - m.Span.From
	if need <= 0 || len(p.queue) > 0 {
		return true, nil
	}
	return p.arrivedPart(m, need), nil
}
